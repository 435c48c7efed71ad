import Kubernetes

/// How an object is to be deleted: the body of the request, or its queries.
/// https://kubernetes.io/docs/reference/kubernetes-api/common-definitions/delete-options/
struct DeleteOptions {
    var gracePeriodSeconds: Int64?
    /// `Background`, `Foreground` or `Orphan`; nil where it was not said.
    var propagation: String?
    var uid: String?
    var version: String?
    var isDryRun: Bool

    init(gracePeriodSeconds: Int64? = nil, propagation: String? = nil, uid: String? = nil) {
        self.gracePeriodSeconds = gracePeriodSeconds
        self.propagation = propagation
        self.uid = uid
        isDryRun = false
    }

    init(_ request: ServerRequest) throws(Refusal) {
        var body = try Self.decode(request.body)
        for name in ["propagationPolicy"] where body[name] == nil {
            body[name] = request.parameter(name).map(JSONValue.string)
        }
        if body["gracePeriodSeconds"] == nil, let text = request.parameter("gracePeriodSeconds") {
            guard let seconds = Int64(text) else {
                throw Refusal(.badRequest("strconv.ParseInt: parsing \(JSONValue.string(text).text): invalid syntax"))
            }
            body["gracePeriodSeconds"] = .integer(seconds)
        }
        if body["orphanDependents"] == nil, let text = request.parameter("orphanDependents") {
            body["orphanDependents"] = .bool(text == "true" || text == "1")
        }
        let dryRun = (body["dryRun"]?.strings ?? []) + (request.query["dryRun"] ?? []).filter { !$0.isEmpty }
        gracePeriodSeconds = body["gracePeriodSeconds"]?.integer
        propagation = body["propagationPolicy"]?.string
        uid = body["preconditions", "uid"]?.string
        version = body["preconditions", "resourceVersion"]?.string
        isDryRun = !dryRun.isEmpty
        let errors = Self.errors(propagation, orphans: body["orphanDependents"]?.bool, dryRun)
        guard errors.isEmpty else { throw Refusal(.invalidOptions("DeleteOptions", errors)) }
        if let orphans = body["orphanDependents"]?.bool { propagation = orphans ? "Orphan" : "Background" }
    }

    private static func decode(_ body: JSONValue?) throws(Refusal) -> JSONObject {
        guard let body, !body.isNull else { return JSONObject() }
        guard let object = body.object, let schema = ObjectSchema.builtIn["DeleteOptions"] else {
            throw Refusal(
                .badRequest("json: cannot unmarshal \(body.typeName) into Go value of type v1.DeleteOptions"))
        }
        var decoder = ObjectDecoder()
        do throws(ObjectDecoder.Failure) {
            return try decoder.decode(object, as: schema)
        } catch {
            throw Refusal(.badRequest(error.message))
        }
    }

    private static func errors(_ propagation: String?, orphans: Bool?, _ dryRun: [String]) -> [FieldError] {
        var errors: [FieldError] = []
        if let propagation {
            if orphans != nil {
                let why = "orphanDependents and deletionPropagation cannot be both set"
                errors.append(.invalid("propagationPolicy", .string(propagation), why))
            }
            if !["Foreground", "Background", "Orphan"].contains(propagation) {
                errors.append(
                    .notSupported(
                        "propagationPolicy", .string(propagation), ["Foreground", "Background", "Orphan", "nil"]))
            }
        }
        if dryRun.contains(where: { $0 != "All" }) {
            errors.append(.notSupported("dryRun", JSONValue(dryRun), ["All"]))
        }
        return errors
    }
}

extension ClusterStore {
    mutating func delete(
        _ request: ServerRequest, _ type: ResourceType, id: RequestTicket
    ) throws(Refusal) -> ServerResponse? {
        let options = try DeleteOptions(request)
        let object = try existing(request, type)
        try checkPreconditions(object, type, options)
        if hasWebhooks {
            let subject = deletion(of: object, request, type, isDryRun: options.isDryRun)
            if awaitsWebhooks(about: [subject], of: request, id: id) { return nil }
        }
        let remaining = try delete(object, type, key: key(request, type), options)
        if let remaining { return ServerResponse(code: 200, body: type.present(remaining)) }
        if type.returnsDeletedObject { return ServerResponse(code: 200, body: type.present(object)) }
        return ServerResponse(code: 200, body: Status.success(details: details(object, type)))
    }

    private func deletion(
        of object: JSONObject, _ request: ServerRequest, _ type: ResourceType, isDryRun: Bool
    ) -> AdmissionSubject {
        AdmissionSubject(
            operation: .delete, type: type, namespace: object["metadata", "namespace"]?.string ?? "",
            name: object["metadata", "name"]?.string ?? "", oldObject: object, isDryRun: isDryRun, user: request.user)
    }

    private func details(_ object: JSONObject, _ type: ResourceType) -> JSONObject {
        var details: JSONObject = [
            "name": object["metadata", "name"] ?? "", "kind": .string(type.resource.name),
            "uid": object["metadata", "uid"] ?? "",
        ]
        if !type.resource.group.isEmpty { details["group"] = .string(type.resource.group) }
        return details
    }

    /// Deletes, or begins to delete, one object.
    ///
    /// - Returns: The object as it is shown to the client, where something remains or the type answers so; nil where
    ///   it is gone and a Status says so.
    @discardableResult
    mutating func delete(
        _ object: JSONObject, _ type: ResourceType, key: String, _ options: DeleteOptions
    ) throws(Refusal) -> JSONObject? {
        try checkPreconditions(object, type, options)
        if type.kind == .namespace { return try deleteNamespace(object, type, options) }
        var object = object
        var grace = Grace.none
        if type.kind == .pod { grace = beginGrace(of: &object, options) }
        if grace == .pending { return object }
        let finalizers = finalizers(of: object, options)
        if finalizers != ObjectMeta(json: object["metadata"]?.object ?? JSONObject()).finalizers {
            object["metadata", "finalizers"] = finalizers.isEmpty ? nil : JSONValue(finalizers)
        }
        if !finalizers.isEmpty, grace == .none { markDying(&object) }
        let staysBehind = !finalizers.isEmpty || grace == .running
        guard !options.isDryRun else { return staysBehind || type.kind == .pod ? object : nil }
        if staysBehind || grace == .over {
            let old = tables[type.table]?[key] ?? JSONObject()
            if Self.withoutVersion(object) != Self.withoutVersion(old) {
                object = commit(object, table: type.table, key: key)
            }
            if staysBehind { return object }
        }
        let last = commit(nil, table: type.table, key: key)
        if type.kind == .definition { definitionDeleted(last) }
        // Every deletion of a pod is two writes, and is answered with what the second deleted.
        return type.kind == .pod ? last : nil
    }

    private func checkPreconditions(
        _ object: JSONObject, _ type: ResourceType, _ options: DeleteOptions
    ) throws(Refusal) {
        let name = object["metadata", "name"]?.string ?? ""
        func conflict(_ why: String) -> Refusal {
            var resource = type.resource
            resource.name = resource.kind
            return Refusal(.conflict(resource, name: name, why: why))
        }
        if let uid = options.uid, let current = object["metadata", "uid"]?.string, uid != current {
            throw conflict(
                "the UID in the precondition (\(uid)) does not match the UID in record (\(current)). The object might "
                    + "have been deleted and then recreated")
        }
        if let version = options.version, let current = object["metadata", "resourceVersion"]?.string,
            version != current
        {
            throw conflict(
                "the ResourceVersion in the precondition (\(version)) does not match the ResourceVersion in record "
                    + "(\(current)). The object might have been modified")
        }
    }

    /// How far a graceful deletion is.
    private enum Grace: Equatable {
        /// The type knows none, or it is over and the object goes now.
        case none
        /// It begins, or is cut short, and no time is left: one more write, then the object goes.
        case over
        /// It begins, or is cut short; someone else will end it.
        case running
        /// It runs already, and stays as it is.
        case pending
    }

    /// A pod is given time only where a kubelet has it.
    private func beginGrace(of object: inout JSONObject, _ options: DeleteOptions) -> Grace {
        var pod = Pod(json: object)
        let asked = options.gracePeriodSeconds.map { $0 < 0 ? 1 : $0 }
        if let deletion = pod.metadata.deletionTimestamp {
            guard let running = pod.metadata.deletionGracePeriodSeconds, running > 0 else { return .none }
            guard let asked, asked < running else { return .pending }
            let moved = deletion + .seconds(asked - running)
            pod.metadata.deletionTimestamp = max(moved, now)
            pod.metadata.deletionGracePeriodSeconds = moved < now && asked != 0 ? 1 : asked
        } else {
            var period = asked ?? pod.json["spec", "terminationGracePeriodSeconds"]?.integer ?? 0
            if pod.nodeName?.isEmpty ?? true || pod.phase.isTerminal { period = 0 }
            if period < 0 { period = 1 }
            pod.metadata.deletionTimestamp = now + .seconds(period)
            pod.metadata.deletionGracePeriodSeconds = period
            if let generation = pod.metadata.generation { pod.metadata.generation = generation + 1 }
        }
        object = pod.json
        return pod.metadata.deletionGracePeriodSeconds == 0 ? .over : .running
    }

    private func finalizers(of object: JSONObject, _ options: DeleteOptions) -> [String] {
        let current = object["metadata", "finalizers"]?.strings ?? []
        var result = current.filter { $0 != "orphan" && $0 != "foregroundDeletion" }
        switch options.propagation {
        case "Orphan": result.append("orphan")
        case "Foreground": result.append("foregroundDeletion")
        case .some: break
        case nil: return current
        }
        return Set(result) == Set(current) ? current : result
    }

    private func markDying(_ object: inout JSONObject) {
        var meta = ObjectMeta(json: object["metadata"]?.object ?? JSONObject())
        if meta.deletionTimestamp == nil, let generation = meta.generation { meta.generation = generation + 1 }
        if meta.deletionTimestamp == nil { meta.deletionTimestamp = now }
        meta.deletionGracePeriodSeconds = 0
        object["metadata"] = .object(meta.json)
    }

    private mutating func deleteNamespace(
        _ object: JSONObject, _ type: ResourceType, _ options: DeleteOptions
    ) throws(Refusal) -> JSONObject? {
        let name = object["metadata", "name"]?.string ?? ""
        guard !["default", "kube-system", "kube-public"].contains(name) else {
            throw Refusal(.forbidden(type.resource, name: name, why: "this namespace may not be deleted"))
        }
        if object["metadata", "deletionTimestamp"] != nil {
            guard object["spec", "finalizers"]?.array?.isEmpty ?? true else { return object }
            if !options.isDryRun { commit(nil, table: type.table, key: name) }
            return object
        }
        var dying = object
        dying["metadata", "deletionTimestamp"] = .string(now.rfc3339)
        dying["status", "phase"] = "Terminating"
        guard !options.isDryRun else { return dying }
        guard !(object["spec", "finalizers"]?.array?.isEmpty ?? true) else {
            commit(nil, table: type.table, key: name)
            return dying
        }
        return commit(dying, table: type.table, key: name)
    }

    /// Webhooks are asked about each object before any is deleted.
    mutating func deleteCollection(
        _ request: ServerRequest, _ type: ResourceType, id: RequestTicket
    ) throws(Refusal) -> ServerResponse? {
        let options = try DeleteOptions(request)
        let selection = try Selection(request, type)
        guard let table = tables[type.table] else { throw Refusal(.unknownResource) }
        let selected = table.keys(namespace: selection.namespace).filter { key in
            table[key].map { selection.matches($0, key: key) } ?? false
        }
        if hasWebhooks {
            let subjects = selected.compactMap { table[$0] }.map {
                deletion(of: $0, request, type, isDryRun: options.isDryRun)
            }
            if awaitsWebhooks(about: subjects, of: request, id: id) { return nil }
        }
        var items: [JSONValue] = []
        for key in selected {
            guard let object = table[key] else { continue }
            let shown = try delete(object, type, key: key, options) ?? object
            items.append(.object(type.present(shown, inList: true)))
        }
        return ServerResponse(
            code: 200,
            body: [
                "kind": .string("\(type.resource.kind)List"), "apiVersion": .string(type.resource.groupVersion),
                "metadata": ["resourceVersion": .string(String(revision))], "items": .array(items),
            ])
    }
}

extension ClusterStore {
    /// POST of `pods/binding`: puts the pod on a node, once.
    mutating func bind(
        _ request: ServerRequest, _ type: ResourceType, id: RequestTicket
    ) throws(Refusal) -> ServerResponse? {
        let options = try WriteOptions(request, kind: "CreateOptions")
        var pod = Pod(json: try existing(request, type))
        let name = pod.metadata.name
        let target = request.body?.object?["target"]?.object
        guard let node = target?["name"]?.string, !node.isEmpty else {
            throw Refusal(.bare(FieldError.required("target.name").message))
        }
        guard pod.metadata.deletionTimestamp == nil else {
            throw Refusal(conflictOfBinding(name, "pod \(name) is being deleted, cannot be assigned to a host"))
        }
        if let assigned = pod.nodeName, !assigned.isEmpty {
            throw Refusal(conflictOfBinding(name, "pod \(name) is already assigned to node \"\(assigned)\""))
        }
        if hasWebhooks {
            let subject = creation(of: request, type, isDryRun: options.isDryRun)
            if awaitsWebhooks(about: [subject], of: request, id: id) { return nil }
        }
        pod.nodeName = node
        var conditions = (pod.json["status", "conditions"]?.array ?? []).filter {
            $0.object?["type"]?.string != "PodScheduled"
        }
        conditions.append([
            "type": "PodScheduled", "status": "True", "lastProbeTime": .null,
            "lastTransitionTime": .string(now.rfc3339),
        ])
        pod.json["status", "conditions"] = .array(conditions)
        if !options.isDryRun { commit(pod.json, table: type.table, key: key(request, type)) }
        return ServerResponse(code: 201, body: Status.success(code: 201))
    }

    /// What is posted to a subresource.
    private func creation(of request: ServerRequest, _ type: ResourceType, isDryRun: Bool) -> AdmissionSubject {
        AdmissionSubject(
            operation: .create, type: type, subresource: request.subresource, namespace: request.namespace ?? "",
            name: request.name ?? "", object: request.body?.object ?? JSONObject(), isDryRun: isDryRun,
            user: request.user)
    }

    private func conflictOfBinding(_ name: String, _ why: String) -> Status {
        var resource = APIResource.pods
        resource.name = "pods/binding"
        return .conflict(resource, name: name, why: why)
    }

    /// POST of `pods/eviction`: a deletion that a disruption budget could refuse, if this server had them.
    mutating func evict(
        _ request: ServerRequest, _ type: ResourceType, id: RequestTicket
    ) throws(Refusal) -> ServerResponse? {
        let write = try WriteOptions(request, kind: "CreateOptions")
        let object = try existing(request, type)
        var deletion = request
        deletion.body = request.body?.object?["deleteOptions"]
        deletion.query = [:]
        var options = try DeleteOptions(deletion)
        options.isDryRun = options.isDryRun || write.isDryRun
        if hasWebhooks {
            let subject = creation(of: request, type, isDryRun: options.isDryRun)
            if awaitsWebhooks(about: [subject], of: request, id: id) { return nil }
        }
        try delete(object, type, key: key(request, type), options)
        return ServerResponse(code: 201, body: Status.success(code: 201))
    }
}
