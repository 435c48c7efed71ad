import Kubernetes

/// What every object's metadata has to be (`k8s.io/apimachinery/pkg/api/validation/objectmeta.go`).
enum ObjectMetaRules {
    static func errors(of object: JSONObject, _ type: ResourceType) -> [FieldError] {
        let meta = ObjectMeta(json: object["metadata"]?.object ?? JSONObject())
        var errors: [FieldError] = []
        let nameErrors = { (name: String) in
            type.kind == .namespace ? ObjectName.labelErrors(name) : ObjectName.subdomainErrors(name)
        }
        if let base = meta.generateName, !base.isEmpty {
            // A base may end in a dash, which the letters that follow make right.
            let checked = base.hasSuffix("-") ? "\(base.dropLast())a" : base
            errors += nameErrors(checked).map { .invalid("metadata.generateName", .string(base), $0) }
        }
        if meta.name.isEmpty {
            errors.append(.required("metadata.name", "name or generateName is required"))
        } else {
            errors += nameErrors(meta.name).map { .invalid("metadata.name", .string(meta.name), $0) }
        }
        return errors + commonErrors(of: meta) + finalizerErrors(meta.finalizers)
    }

    static func updateErrors(_ object: JSONObject, old: JSONObject) -> [FieldError] {
        let new = object["metadata"]?.object ?? JSONObject()
        let old = old["metadata"]?.object ?? JSONObject()
        var errors: [FieldError] = []
        if old["deletionTimestamp"] != nil {
            let known = Set(old["finalizers"]?.strings ?? [])
            let added = Set(new["finalizers"]?.strings ?? []).subtracting(known).sorted()
            if !added.isEmpty {
                let list = added.map { JSONValue.string($0).text }.joined(separator: ", ")
                errors.append(
                    .forbidden(
                        "metadata.finalizers",
                        "no new finalizers can be added if the object is being deleted, found new finalizers "
                            + "[]string{\(list)}"))
            }
        }
        for name in ["name", "namespace", "uid"] where new[name] != old[name] {
            errors.append(.immutable("metadata.\(name)", new[name] ?? ""))
        }
        if new["deletionGracePeriodSeconds"] != old["deletionGracePeriodSeconds"] {
            let value = new["deletionGracePeriodSeconds"] ?? .null
            errors.append(.immutable("metadata.deletionGracePeriodSeconds", value))
        }
        return errors
    }

    private static func commonErrors(of meta: ObjectMeta) -> [FieldError] {
        var errors: [FieldError] = []
        for (key, value) in meta.json["labels"]?.object ?? JSONObject() {
            guard let value = value.string else { continue }
            if let why = ObjectName.labelKeyError(key) { errors.append(.invalid("metadata.labels", .string(key), why)) }
            if let why = ObjectName.labelValueError(value) {
                errors.append(.invalid("metadata.labels", .string(value), why))
            }
        }
        var size = 0
        for (key, value) in meta.json["annotations"]?.object ?? JSONObject() {
            guard let value = value.string else { continue }
            size += key.utf8.count + value.utf8.count
            // What is right as it is, is right in lower case too.
            if ObjectName.labelKeyError(key) != nil, let why = ObjectName.labelKeyError(key.lowercased()) {
                errors.append(.invalid("metadata.annotations", .string(key), why))
            }
        }
        if size > 256 * 1024 { errors.append(.tooLong("metadata.annotations", bytes: 256 * 1024)) }
        let owners = meta.ownerReferences
        for (index, owner) in owners.enumerated() { errors += ownerErrors(owner, at: index) }
        let controllers = owners.filter(\.isController)
        if controllers.count > 1 {
            let names = controllers.map { "\($0.kind)/\($0.name)" }
            let value = JSONValue.array(owners.map { .object($0.json) })
            let why =
                "Only one reference can have Controller set to true. Found \"true\" in references for \(names[0]) and "
                + names[1]
            errors.append(.invalid("metadata.ownerReferences", value, why))
        }
        return errors
    }

    private static func ownerErrors(_ owner: OwnerReference, at index: Int) -> [FieldError] {
        var errors: [FieldError] = []
        let version = owner.json["apiVersion"]?.string ?? ""
        func note(_ name: String, _ why: String) {
            errors.append(.invalid("metadata.ownerReferences[\(index)].\(name)", "", why))
        }
        if version.isEmpty { note("apiVersion", "version must not be empty") }
        if owner.kind.isEmpty { note("kind", "must not be empty") }
        if owner.name.isEmpty { note("name", "must not be empty") }
        if owner.uid.isEmpty { note("uid", "must not be empty") }
        return errors
    }

    private static func finalizerErrors(_ finalizers: [String]) -> [FieldError] {
        var errors: [FieldError] = finalizers.compactMap { name in
            ObjectName.labelKeyError(name).map { .invalid("metadata.finalizers", .string(name), $0) }
        }
        if finalizers.contains("orphan"), finalizers.contains("foregroundDeletion") {
            let why = "finalizer orphan and foregroundDeletion cannot be both set"
            errors.append(.invalid("metadata.finalizers", JSONValue(finalizers), why))
        }
        return errors
    }
}
