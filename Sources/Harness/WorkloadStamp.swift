import Experiments
import Foundation
import Kubernetes

/// What makes an object of a workload this trial's own.
struct WorkloadStamp: Sendable {
    var namespace: String
    /// Keeps every other controller of the cluster away from the workflows.
    var instanceID: String
    var runID: String
    /// Leaves the pods to the trial's own node, whatever scheduler the cluster has.
    var schedulerName: String
    /// Stand in manifests as `$(name)`.
    var variables: [String: String]

    /// The object in a manifest, with the trial's labels and place.
    ///
    /// - Throws: ``HarnessError`` for what is no object.
    func object(_ manifest: String, what: String) throws -> JSONObject {
        let text = variables.sorted { $0.key < $1.key }.reduce(manifest) { text, variable in
            text.replacingOccurrences(of: "$(\(variable.key))", with: variable.value)
        }
        let json: JSONValue
        do {
            json = try JSONValue(parsing: Array(text.utf8))
        } catch {
            throw HarnessError(.unavailable, "\(what) is not a manifest: \(error)")
        }
        guard let object = json.object else { throw HarnessError(.unavailable, "\(what) is no object") }
        return stamped(object)
    }

    private func stamped(_ object: JSONObject) -> JSONObject {
        var result = DynamicObject(json: object)
        result.metadata.namespace = namespace
        result.metadata.labels[Ground.runLabel] = runID
        switch result.kind {
        case Workflow.resource.kind:
            result.metadata.labels[Self.instanceLabel] = instanceID
            result.json["spec", "schedulerName"] = .string(schedulerName)
        case CronWorkflow.resource.kind:
            result.metadata.labels[Self.instanceLabel] = instanceID
            result.json["spec", "workflowSpec", "schedulerName"] = .string(schedulerName)
            result.json["spec", "workflowMetadata", "labels", Ground.runLabel] = .string(runID)
        case WorkflowTemplate.resource.kind:
            result.json["spec", "schedulerName"] = .string(schedulerName)
        default: break
        }
        return result.json
    }

    private static let instanceLabel = "workflows.argoproj.io/controller-instanceid"
}
