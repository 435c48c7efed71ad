import Kubernetes

/// https://kubernetes.io/docs/reference/using-api/server-side-apply/
///
/// Ownership is kept for managers that apply; what others write by PUT and PATCH is not recorded as theirs.
extension ClusterStore {
    mutating func apply(
        _ request: ServerRequest, _ type: ResourceType, _ options: WriteOptions, id: RequestTicket
    ) throws(Refusal) -> ServerResponse? {
        guard var configuration = request.body?.object else {
            throw Refusal(.badRequest("error decoding YAML: the patch is not an object"))
        }
        guard configuration["metadata", "managedFields"] == nil else {
            throw Refusal(.badRequest("metadata.managedFields must be nil"))
        }
        guard configuration["kind"] != nil, configuration["apiVersion"] != nil else {
            let version = configuration["apiVersion"]?.string ?? "/"
            throw Refusal(
                .badRequest("invalid object type: \(version), Kind=\(configuration["kind"]?.string ?? "")"))
        }
        if configuration["metadata", "name"] == nil {
            configuration["metadata", "name"] = request.name.map(JSONValue.string)
        }
        if type.resource.isNamespaced, configuration["metadata", "namespace"] == nil {
            configuration["metadata", "namespace"] = request.namespace.map(JSONValue.string)
        }
        // Also refuses what does not fit the type, and words the warnings.
        let (decoded, warnings) = try decode(
            .object(configuration), duplicateKeys: request.duplicateKeys, type, options)
        guard decoded["metadata", "name"]?.string == request.name else {
            let name = decoded["metadata", "name"]?.string ?? ""
            throw Refusal(
                .badRequest(
                    "the name of the object (\(name)) does not match the name on the URL (\(request.name ?? ""))"))
        }
        let fields = FieldSet(of: configuration, schema: type.schema)
        guard let old = tables[type.table]?[key(request, type)] else {
            return try create(
                decoded, applying: fields, request, type, options, warnings: warnings, id: id)
        }
        var merged = try merge(configuration, fields, into: old, request, type, options)
        merged.object["metadata", "managedFields"] = nil
        var next = try decode(.object(merged.object), duplicateKeys: [], type, options).object
        next["metadata", "managedFields"] = .array(merged.managers.map { .object($0) })
        return try replace(old, with: next, request, type, options, warnings: warnings, id: id)
    }

    private mutating func create(
        _ object: JSONObject, applying fields: FieldSet, _ request: ServerRequest, _ type: ResourceType,
        _ options: WriteOptions, warnings: [String], id: RequestTicket
    ) throws(Refusal) -> ServerResponse? {
        guard object["metadata", "uid"] == nil else {
            throw Refusal(
                .conflict(
                    type.resource, name: request.name ?? "",
                    why: "uid mismatch: the provided object specified uid \(object["metadata", "uid"]?.string ?? ""), "
                        + "and no existing object was found"))
        }
        guard request.subresource == nil else { throw Refusal(.notFound(type.resource, name: request.name ?? "")) }
        var creation = request
        creation.body = .object(object)
        return try create(
            object, creation, type, options, warnings: warnings, id: id,
            managers: [entry(fields, request, type, options)])
    }

    private func entry(
        _ fields: FieldSet, _ request: ServerRequest, _ type: ResourceType, _ options: WriteOptions
    ) -> JSONObject {
        var entry: JSONObject = [
            "manager": .string(options.fieldManager), "operation": "Apply",
            "apiVersion": .string(type.resource.groupVersion), "time": .string(now.rfc3339),
            "fieldsType": "FieldsV1", "fieldsV1": .object(fields.fieldsV1),
        ]
        entry["subresource"] = request.subresource.map(JSONValue.string)
        return entry
    }

    private func merge(
        _ configuration: JSONObject, _ fields: FieldSet, into old: JSONObject, _ request: ServerRequest,
        _ type: ResourceType, _ options: WriteOptions
    ) throws(Refusal) -> (object: JSONObject, managers: [JSONObject]) {
        var managers = (old["metadata", "managedFields"]?.array ?? []).compactMap(\.object)
        let isOwn = { (entry: JSONObject) in
            entry["manager"]?.string == options.fieldManager && entry["operation"]?.string == "Apply"
                && entry["subresource"]?.string == request.subresource
        }
        let previous = managers.first(where: isOwn)
        managers.removeAll(where: isOwn)
        let live = JSONValue.object(old)
        let wanted = JSONValue.object(configuration)
        let changed = fields.paths.filter { path in
            FieldSet.value(at: path, in: live) != Self.canonical(FieldSet.value(at: path, in: wanted))
        }
        try takeOver(changed, from: &managers, options)
        var result = JSONValue.object(
            Self.merge(old, configuration, schema: type.schema, isRoot: true))
        if let own = previous?["fieldsV1"]?.object {
            let others = managers.reduce(into: Set<[FieldSet.Step]>()) { union, entry in
                union.formUnion(FieldSet(fieldsV1: entry["fieldsV1"]?.object ?? JSONObject()).paths)
            }
            let abandoned = FieldSet(fieldsV1: own).paths.subtracting(fields.paths).subtracting(others)
            // Longer paths first, so that an element goes after its members.
            for path in abandoned.sorted(by: { $0.count > $1.count }) { FieldSet.remove(path[...], from: &result) }
        }
        var mine = entry(fields, request, type, options)
        if let previous, previous["fieldsV1"] == mine["fieldsV1"] { mine["time"] = previous["time"] }
        return (result.object ?? old, managers + [mine])
    }

    private static func canonical(_ value: JSONValue?) -> JSONValue? { value.flatMap { $0.isNull ? nil : $0 } }

    /// Fields that others applied and this one changes: a conflict or, by force, this one's from now on.
    private func takeOver(
        _ changed: Set<[FieldSet.Step]>, from managers: inout [JSONObject], _ options: WriteOptions
    ) throws(Refusal) {
        var conflicts: [(manager: String, path: String)] = []
        for (index, entry) in managers.enumerated() {
            var set = FieldSet(fieldsV1: entry["fieldsV1"]?.object ?? JSONObject())
            let contested = set.paths.intersection(changed)
            let name = JSONValue.string(entry["manager"]?.string ?? "").text
            conflicts += contested.map { (name, $0.map(\.text).joined()) }.sorted { $0.1 < $1.1 }
            set.paths.subtract(contested)
            managers[index]["fieldsV1"] = .object(set.fieldsV1)
        }
        managers.removeAll { $0["fieldsV1"]?.object?.isEmpty ?? true }
        guard !conflicts.isEmpty, !options.isForced else { return }
        throw Refusal(Self.applyConflict(conflicts))
    }

    private static func applyConflict(_ conflicts: [(manager: String, path: String)]) -> Status {
        var message = "Apply failed with \(conflicts.count) conflicts: "
        if let only = conflicts.first, conflicts.count == 1 {
            message = "Apply failed with 1 conflict: conflict with \(only.manager): \(only.path)"
        } else {
            var lines: [String] = []
            for manager in Set(conflicts.map(\.manager)).sorted() {
                lines.append("conflicts with \(manager):")
                lines += conflicts.filter { $0.manager == manager }.map { "- \($0.path)" }
            }
            message += lines.joined(separator: "\n")
        }
        return Status(
            code: 409, reason: Status.Reason.conflict, message: message,
            details: [
                "causes": .array(
                    conflicts.map {
                        [
                            "reason": "FieldManagerConflict", "message": .string("conflict with \($0.manager)"),
                            "field": .string($0.path),
                        ]
                    })
            ])
    }

    /// Objects merge, lists with keys merge by them, everything else is replaced.
    private static func merge(
        _ old: JSONObject, _ new: JSONObject, schema: ObjectSchema?, isRoot: Bool = false
    ) -> JSONObject {
        var result = old
        for (name, value) in new {
            let field = isRoot && name == "metadata" ? FieldSet.metadata : schema?.fields[name]
            switch (old[name], value) {
            case (.object(let left), .object(let right)):
                result[name] = .object(merge(left, right, schema: field?.type.element))
            case (.array(let left), .array(let right)):
                guard let keys = field?.listKeys else {
                    result[name] = value
                    continue
                }
                result[name] = .array(merge(left, right, keys: keys, schema: field?.type.element))
            default: result[name] = value
            }
        }
        return result
    }

    private static func merge(
        _ old: [JSONValue], _ new: [JSONValue], keys: [String], schema: ObjectSchema?
    ) -> [JSONValue] {
        var result = old
        for element in new {
            let step = FieldSet.step(element, keys: keys)
            guard let index = result.firstIndex(where: { FieldSet.step($0, keys: keys) == step }) else {
                result.append(element)
                continue
            }
            if let left = result[index].object, let right = element.object {
                result[index] = .object(merge(left, right, schema: schema))
            }
        }
        return result
    }

    /// A manager's time moves only when something else of the object does.
    func keepTimeOfUnchangedManagers(of old: JSONObject, in object: inout JSONObject) {
        guard object["metadata", "managedFields"] != old["metadata", "managedFields"] else { return }
        func timeless(_ object: JSONObject) -> JSONObject {
            var result = Self.withoutVersion(object)
            let entries = (object["metadata", "managedFields"]?.array ?? []).map { entry in
                var members = entry.object ?? JSONObject()
                members["time"] = nil
                return JSONValue.object(members)
            }
            result["metadata", "managedFields"] = entries.isEmpty ? nil : .array(entries)
            return result
        }
        if timeless(object) == timeless(old) {
            object["metadata", "managedFields"] = old["metadata", "managedFields"]
        }
    }
}
