import Kubernetes

extension ClusterStore {
    mutating func update(
        _ request: ServerRequest, _ type: ResourceType, id: RequestTicket
    ) throws(Refusal) -> ServerResponse? {
        let options = try WriteOptions(request, kind: "UpdateOptions")
        var (object, warnings) = try decode(request, type, options)
        let given = object["metadata", "name"]?.string ?? ""
        let name = request.name ?? ""
        guard given == name else {
            let why =
                given.isEmpty
                ? "the name of the object (\(name) based on URL) was undeterminable: name must be provided"
                : "the name of the object (\(given)) does not match the name on the URL (\(name))"
            throw Refusal(.badRequest(why))
        }
        try adopt(namespaceOf: request, into: &object, type)
        guard let old = tables[type.table]?[key(request, type)] else {
            guard type.createsOnUpdate, request.subresource == nil else {
                throw Refusal(.notFound(type.resource, name: name))
            }
            object["metadata", "resourceVersion"] = nil
            return try create(object, request, type, options, warnings: warnings, id: id)
        }
        if let uid = object["metadata", "uid"]?.string, let current = old["metadata", "uid"]?.string, uid != current,
            !uid.isEmpty
        {
            let key = "/registry/\(type.resource.name)/\(self.key(request, type))"
            throw Refusal(
                .conflict(
                    type.resource, name: name,
                    why: "StorageError: invalid object, Code: 4, Key: \(key), ResourceVersion: 0, AdditionalErrorMsg: "
                        + "Precondition failed: UID in precondition: \(uid), UID in object meta: \(current)"))
        }
        return try replace(old, with: object, request, type, options, warnings: warnings, id: id)
    }

    /// Writes a new state of an object, by the rules of its type and of the subresource.
    mutating func replace(
        _ old: JSONObject, with object: JSONObject, _ request: ServerRequest, _ type: ResourceType,
        _ options: WriteOptions, warnings: [String], id: RequestTicket
    ) throws(Refusal) -> ServerResponse? {
        var object = object
        let name = request.name ?? ""
        try checkVersion(of: &object, against: old, type, name: name)
        keepServerFields(of: old, in: &object, isApply: request.patchType == .apply)
        type.prepareForUpdate(&object, old: old, subresource: request.subresource)
        // The rules of every object and the type's own both look at the metadata, and both speak.
        let common = ObjectMetaRules.updateErrors(object, old: old)
        var errors = common + common
        errors += ObjectMetaRules.errors(of: object, type)
        errors += type.updateErrors(object, old: old, subresource: request.subresource)
        guard errors.isEmpty else { throw refusal(type, name, errors) }
        if hasWebhooks {
            let subject = update(old, to: object, request, type, isDryRun: options.isDryRun)
            if awaitsWebhooks(about: [subject], of: request, id: id) { return nil }
        }
        keepTimeOfUnchangedManagers(of: old, in: &object)
        let isUnchanged = Self.withoutVersion(object) == Self.withoutVersion(old)
        guard !isUnchanged, !options.isDryRun else {
            var answer = isUnchanged ? old : object
            if options.isDryRun { answer["metadata", "resourceVersion"] = old["metadata", "resourceVersion"] }
            return ServerResponse(code: 200, body: type.present(answer), warnings: warnings)
        }
        let stored = write(object, type, key: key(request, type))
        if type.kind == .definition { definitionChanged(stored) }
        return ServerResponse(code: 200, body: type.present(stored), warnings: warnings)
    }

    func update(
        _ old: JSONObject, to object: JSONObject, _ request: ServerRequest, _ type: ResourceType, isDryRun: Bool
    ) -> AdmissionSubject {
        AdmissionSubject(
            operation: .update, type: type, subresource: request.subresource, namespace: request.namespace ?? "",
            name: request.name ?? "", object: object, oldObject: old, isDryRun: isDryRun, user: request.user)
    }

    /// Stores an update; one that takes the last finalizer off a dying object deletes it.
    private mutating func write(_ object: JSONObject, _ type: ResourceType, key: String) -> JSONObject {
        let meta = ObjectMeta(json: object["metadata"]?.object ?? JSONObject())
        let isDying = meta.deletionTimestamp != nil && meta.finalizers.isEmpty
        guard isDying, meta.deletionGracePeriodSeconds ?? 0 == 0, !isHeldNamespace(object, type) else {
            return commit(object, table: type.table, key: key)
        }
        commit(nil, table: type.table, key: key)
        return object
    }

    private func isHeldNamespace(_ object: JSONObject, _ type: ResourceType) -> Bool {
        type.kind == .namespace && !(object["spec", "finalizers"]?.strings ?? []).isEmpty
    }

    private func checkVersion(
        of object: inout JSONObject, against old: JSONObject, _ type: ResourceType, name: String
    ) throws(Refusal) {
        let text = object["metadata", "resourceVersion"]?.string ?? ""
        let current = old["metadata", "resourceVersion"]
        guard let version = text.isEmpty ? 0 : UInt64(text) else {
            let quoted = JSONValue.string(text).text
            throw Refusal(.bare("strconv.ParseUint: parsing \(quoted): invalid syntax"))
        }
        if version == 0 {
            guard !type.requiresVersionOnUpdate else {
                let error = FieldError.invalid("metadata.resourceVersion", 0, "must be specified for an update")
                throw Refusal(
                    .invalid(group: type.resource.group, kind: type.resource.name, name: name, [error]))
            }
            object["metadata", "resourceVersion"] = current
        } else if text != current?.string {
            throw Refusal(.conflict(type.resource, name: name))
        }
    }

    /// What only the server writes stays as it is.
    private func keepServerFields(of old: JSONObject, in object: inout JSONObject, isApply: Bool) {
        if object["metadata", "uid"]?.string?.isEmpty ?? true {
            object["metadata", "uid"] = old["metadata", "uid"]
        }
        for member in ["creationTimestamp", "deletionTimestamp", "generation"] {
            object["metadata", member] = old["metadata", member]
        }
        if object["metadata", "deletionGracePeriodSeconds"] == nil {
            object["metadata", "deletionGracePeriodSeconds"] = old["metadata", "deletionGracePeriodSeconds"]
        }
        object["metadata", "selfLink"] = nil
        if !isApply { object["metadata", "managedFields"] = old["metadata", "managedFields"] }
    }

    static func withoutVersion(_ object: JSONObject) -> JSONObject {
        var result = object
        result["metadata", "resourceVersion"] = nil
        return result
    }

    /// PUT of a namespace's `finalize`: only its finalizers change; without any it is gone.
    mutating func finalizeNamespace(
        _ request: ServerRequest, _ type: ResourceType, id: RequestTicket
    ) throws(Refusal) -> ServerResponse? {
        let options = try WriteOptions(request, kind: "UpdateOptions")
        let (object, warnings) = try decode(request, type, options)
        let current = try existing(request, type)
        var old = current
        if let version = object["metadata", "resourceVersion"]?.string, !version.isEmpty,
            version != old["metadata", "resourceVersion"]?.string
        {
            throw Refusal(.conflict(type.resource, name: request.name ?? ""))
        }
        let finalizers = object["spec", "finalizers"]
        old["spec"] = finalizers?.array?.isEmpty ?? true ? [:] : ["finalizers": finalizers ?? []]
        if hasWebhooks {
            let subject = update(current, to: old, request, type, isDryRun: options.isDryRun)
            if awaitsWebhooks(about: [subject], of: request, id: id) { return nil }
        }
        guard !options.isDryRun else { return ServerResponse(code: 200, body: old, warnings: warnings) }
        let stored = write(old, type, key: key(request, type))
        return ServerResponse(code: 200, body: stored, warnings: warnings)
    }
}
