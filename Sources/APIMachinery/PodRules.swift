import Kubernetes

/// What a pod has to be, as far as controllers' pods go (`ValidatePodCreate`, `ValidatePodUpdate`).
enum PodRules {
    static func errors(of object: JSONObject) -> [FieldError] {
        let spec = object["spec"]?.object ?? JSONObject()
        var errors: [FieldError] = []
        let volumes = volumeErrors(spec, &errors)
        var names: Set<String> = []
        let containers = spec["containers"]?.array ?? []
        if containers.isEmpty { errors.append(.required("spec.containers")) }
        for list in ["containers", "initContainers"] {
            for (index, container) in (spec[list]?.array ?? []).enumerated() {
                let field = "spec.\(list)[\(index)]"
                guard let container = container.object else { continue }
                errors += containerErrors(container, field, volumes: volumes)
                let name = container["name"]?.string ?? ""
                if !names.insert(name).inserted { errors.append(.duplicate("\(field).name", .string(name))) }
            }
        }
        errors += choiceErrors("spec.restartPolicy", spec["restartPolicy"], ["Always", "OnFailure", "Never"])
        errors += choiceErrors(
            "spec.dnsPolicy", spec["dnsPolicy"], ["ClusterFirstWithHostNet", "ClusterFirst", "Default", "None"])
        if let deadline = spec["activeDeadlineSeconds"], !(1...2_147_483_647).contains(deadline.integer ?? 1) {
            errors.append(
                .invalid("spec.activeDeadlineSeconds", deadline, "must be between 1 and 2147483647, inclusive"))
        }
        if let account = spec["serviceAccountName"]?.string, !account.isEmpty {
            errors += ObjectName.subdomainErrors(account).map {
                .invalid("spec.serviceAccountName", .string(account), $0)
            }
        }
        return errors
    }

    private static func choiceErrors(_ field: String, _ value: JSONValue?, _ choices: [String]) -> [FieldError] {
        guard let value, let text = value.string else { return [.required(field)] }
        return choices.contains(text) ? [] : [.notSupported(field, value, choices)]
    }

    private static func volumeErrors(_ spec: JSONObject, _ errors: inout [FieldError]) -> Set<String> {
        var names: Set<String> = []
        for (index, volume) in (spec["volumes"]?.array ?? []).enumerated() {
            let field = "spec.volumes[\(index)].name"
            let name = volume.object?["name"]?.string ?? ""
            if name.isEmpty {
                errors.append(.required(field))
            } else if !ObjectName.labelErrors(name).isEmpty {
                errors += ObjectName.labelErrors(name).map { .invalid(field, .string(name), $0) }
            } else if !names.insert(name).inserted {
                errors.append(.duplicate(field, .string(name)))
            }
        }
        return names
    }

    private static func containerErrors(
        _ container: JSONObject, _ field: String, volumes: Set<String>
    ) -> [FieldError] {
        var errors: [FieldError] = []
        let name = container["name"]?.string ?? ""
        if name.isEmpty {
            errors.append(.required("\(field).name"))
        } else {
            errors += ObjectName.labelErrors(name).map { .invalid("\(field).name", .string(name), $0) }
        }
        if container["image"]?.string?.isEmpty ?? true { errors.append(.required("\(field).image")) }
        for (index, port) in (container["ports"]?.array ?? []).enumerated() {
            let number = port.object?["containerPort"]?.integer ?? 0
            if number == 0 {
                errors.append(.required("\(field).ports[\(index)].containerPort"))
            } else if !(1...65_535).contains(number) {
                errors.append(
                    .invalid(
                        "\(field).ports[\(index)].containerPort", .integer(number),
                        "must be between 1 and 65535, inclusive"))
            }
        }
        for (index, variable) in (container["env"]?.array ?? []).enumerated()
        where variable.object?["name"]?.string?.isEmpty ?? true {
            errors.append(.required("\(field).env[\(index)].name"))
        }
        for (index, mount) in (container["volumeMounts"]?.array ?? []).enumerated() {
            let place = "\(field).volumeMounts[\(index)]"
            let volume = mount.object?["name"]?.string ?? ""
            if volume.isEmpty {
                errors.append(.required("\(place).name"))
            } else if !volumes.contains(volume) {
                errors.append(.notFound("\(place).name", .string(volume)))
            }
            if mount.object?["mountPath"]?.string?.isEmpty ?? true { errors.append(.required("\(place).mountPath")) }
        }
        errors += choiceErrors(
            "\(field).imagePullPolicy", container["imagePullPolicy"], ["Always", "IfNotPresent", "Never"])
        return errors + resourceErrors(container["resources"]?.object, "\(field).resources")
    }

    private static func resourceErrors(_ resources: JSONObject?, _ field: String) -> [FieldError] {
        var errors: [FieldError] = []
        let limits = amounts(resources?["limits"])
        for list in ["limits", "requests"] {
            for (name, amount) in amounts(resources?[list]).sorted(by: { $0.key < $1.key }) {
                if amount.isNegative {
                    let why = "must be greater than or equal to 0"
                    errors.append(.invalid("\(field).\(list)[\(name)]", .string(amount.description), why))
                }
                if !isResourceName(name) {
                    let why = "must be a standard resource type or fully qualified"
                    errors.append(.invalid("\(field).\(list)[\(name)]", .string(name), why))
                }
                if list == "requests", let limit = limits[name], amount > limit {
                    let why = "must be less than or equal to \(name) limit of \(limit)"
                    errors.append(.invalid("\(field).requests", .string(amount.description), why))
                }
            }
        }
        return errors
    }

    private static func isResourceName(_ name: String) -> Bool {
        ["cpu", "memory", "ephemeral-storage"].contains(name) || name.contains("/") || name.hasPrefix("hugepages-")
    }

    static func amounts(_ value: JSONValue?) -> [String: Quantity] {
        (value?.object?.stringMembers ?? [:]).compactMapValues { try? Quantity(parsing: $0) }
    }

    static func updateErrors(_ object: JSONObject, old: JSONObject) -> [FieldError] {
        guard let new = object["spec"]?.object, let old = old["spec"]?.object, new != old else { return [] }
        var allowed = new
        for list in ["containers", "initContainers"] {
            allowed[list] = withImages(of: old[list]?.array ?? [], new[list])
        }
        if let error = deadlineError(new, old: old) { return [error] }
        allowed["activeDeadlineSeconds"] = old["activeDeadlineSeconds"]
        let oldTolerations = old["tolerations"]?.array ?? []
        if Set(oldTolerations).isSubset(of: new["tolerations"]?.array ?? []) {
            allowed["tolerations"] = old["tolerations"]
        }
        if old["terminationGracePeriodSeconds"]?.integer ?? 0 < 0, new["terminationGracePeriodSeconds"] == 1 {
            allowed["terminationGracePeriodSeconds"] = old["terminationGracePeriodSeconds"]
        }
        guard allowed != old else { return [] }
        return [
            .forbidden(
                "spec",
                "pod updates may not change fields other than `spec.containers[*].image`,`spec.initContainers[*].image`,"
                    + "`spec.activeDeadlineSeconds`,`spec.tolerations` (only additions to existing tolerations),"
                    + "`spec.terminationGracePeriodSeconds` (allow it to be set to 1 if it was previously negative)\n"
                    + difference(allowed, old))
        ]
    }

    private static func withImages(of old: [JSONValue], _ new: JSONValue?) -> JSONValue? {
        guard let containers = new?.array, containers.count == old.count else { return new }
        return .array(
            zip(containers, old).map { container, old in
                guard var members = container.object else { return container }
                members["image"] = old.object?["image"]
                return .object(members)
            })
    }

    private static func deadlineError(_ new: JSONObject, old: JSONObject) -> FieldError? {
        guard let before = old["activeDeadlineSeconds"]?.integer else { return nil }
        guard let after = new["activeDeadlineSeconds"]?.integer else {
            return .invalid("spec.activeDeadlineSeconds", .null, "must not update from a positive integer to nil value")
        }
        guard after > before else { return nil }
        let why = "must be less than or equal to previous value"
        return .invalid("spec.activeDeadlineSeconds", .integer(after), why)
    }

    /// The members that differ; a kube-apiserver prints a diff of Go structs here.
    private static func difference(_ new: JSONObject, _ old: JSONObject) -> String {
        Set(new.keys).union(old.keys).sorted().filter { new[$0] != old[$0] }
            .map { "  \($0): \((old[$0] ?? .null).text) -> \((new[$0] ?? .null).text)" }.joined(separator: "\n")
    }
}
