import Kubernetes

/// A parameter whose value stands in a ConfigMap: `valueFrom.configMapKeyRef`.
struct ConfigMapParameter {
    /// Why there is no value, in Argo's words.
    struct Failure: Error {
        var message: String
        /// Whether the ConfigMap or its key is missing, rather than not to be used.
        var isNotFound: Bool
    }

    static let typeLabel = "workflows.argoproj.io/configmap-type"
    static let parameterType = "Parameter"

    var name: String
    var key: String
    /// What the parameter is where the ConfigMap says nothing.
    var fallback: String?

    /// - Returns: Nil for a parameter that has its value from elsewhere.
    init?(_ parameter: JSONObject) {
        guard let reference = parameter["valueFrom"]?.object?["configMapKeyRef"]?.object else { return nil }
        name = reference["name"]?.string ?? ""
        key = reference["key"]?.string ?? ""
        fallback = parameter["valueFrom"]?.object?["default"]?.parameterText
    }

    func value(in configMaps: (String) -> ConfigMap?) throws(Failure) -> String {
        let label = "\(Self.typeLabel): \(Self.parameterType)"
        guard let configMap = configMaps(name) else {
            throw Failure(
                message: "ConfigMap '\(name)' does not exist. Please make sure it has the label \(label) to be "
                    + "detectable by the controller", isNotFound: true)
        }
        guard configMap.metadata[label: Self.typeLabel] == Self.parameterType else {
            throw Failure(
                message: "ConfigMap '\(name)' needs to have the label \(label) to load parameters", isNotFound: false)
        }
        guard let value = configMap.data[key] else {
            throw Failure(message: "ConfigMap '\(name)' does not have the key '\(key)'", isNotFound: true)
        }
        return value
    }
}

extension Reconciler {
    /// Gives the workflow's arguments that stand in ConfigMaps their values.
    ///
    /// - Returns: Why the workflow fails, in Argo's words; nil where it does not.
    mutating func takeArgumentsFromConfigMaps() -> String? {
        for parameter in (specification.json["arguments", "parameters"]?.array ?? []).compactMap(\.object) {
            guard let name = parameter["name"]?.string, parameter["value"] == nil,
                let source = ConfigMapParameter(parameter)
            else { continue }
            do throws(ConfigMapParameter.Failure) {
                specification.setArgument(name, try source.value(in: observation.configMaps))
            } catch {
                guard let fallback = source.fallback else {
                    return "failed to set global parameters: failed to set global parameter \(name) from configmap "
                        + "with name \(source.name) and key \(source.key): \(error.message)"
                }
                specification.setArgument(name, fallback)
            }
        }
        return nil
    }

    /// The value of a template's input that stands in a ConfigMap; nil for another input.
    func valueFromConfigMap(of input: JSONObject, _ scope: Substitution, field: String) throws(Halt) -> String? {
        guard var source = ConfigMapParameter(input) else { return nil }
        source.name = try fill(source.name, scope, field: "\(field).valueFrom.configMapKeyRef.name")
        source.key = try fill(source.key, scope, field: "\(field).valueFrom.configMapKeyRef.key")
        do throws(ConfigMapParameter.Failure) {
            return try source.value(in: observation.configMaps)
        } catch {
            guard error.isNotFound, let fallback = source.fallback else {
                throw Halt(
                    "unable to retrieve inputs.parameters.\(input["name"]?.string ?? "") from ConfigMap: "
                        + error.message)
            }
            return try fill(fallback, scope, field: "\(field).valueFrom.default")
        }
    }
}
