import Kubernetes

extension ClusterStore {
    /// Answers a request, unless it has to wait for a quota or for a state that is still to come.
    mutating func answer(_ request: ServerRequest, id: RequestTicket) {
        do throws(Refusal) {
            let type = try route(request)
            try checkCaches(request, type)
            if let response = try handle(request, type, id: id) { outbox.append(.respond(id, response)) }
        } catch {
            outbox.append(.respond(id, ServerResponse(error.status)))
        }
    }

    private func route(_ request: ServerRequest) throws(Refusal) -> ResourceType {
        guard let type = type(request.group, request.version, request.resource) else {
            throw Refusal(.unknownResource)
        }
        guard let subresource = request.subresource else {
            let namesObject = request.name != nil
            let fits =
                switch request.verb {
                case .create: !namesObject
                case .update, .patch: namesObject
                default: true
                }
            guard fits, type.served.verbs.contains(request.verb.rawValue) else { throw Refusal(.methodNotAllowed) }
            return type
        }
        guard let served = type.served.subresources.first(where: { $0.name == subresource }) else {
            guard type.kind == .custom else { throw Refusal(.unknownResource) }
            throw Refusal(.notFound(type.resource, name: request.name ?? ""))
        }
        let verb = request.verb == .connect ? "create" : request.verb.rawValue
        guard served.verbs.contains(verb) else { throw Refusal(.methodNotAllowed) }
        return type
    }

    private mutating func handle(
        _ request: ServerRequest, _ type: ResourceType, id: RequestTicket
    ) throws(Refusal) -> ServerResponse? {
        switch (request.verb, request.subresource) {
        case (.get, _), (.connect, _): return try get(request, type, id: id)
        case (.list, _): return try list(request, type, id: id)
        case (.create, nil): return try create(request, type, id: id)
        case (.create, "binding"): return try bind(request, type, id: id)
        case (.create, "eviction"): return try evict(request, type, id: id)
        case (.update, "finalize"): return try finalizeNamespace(request, type, id: id)
        case (.update, _): return try update(request, type, id: id)
        case (.patch, _): return try patch(request, type, id: id)
        case (.delete, _): return try delete(request, type, id: id)
        case (.deleteCollection, _): return try deleteCollection(request, type, id: id)
        default: throw Refusal(.methodNotAllowed)
        }
    }

    /// The key under which a request's object is kept.
    func key(_ request: ServerRequest, _ type: ResourceType, name: String? = nil) -> String {
        let namespace = type.resource.isNamespaced ? request.namespace ?? "" : ""
        return ObjectTable.key(namespace: namespace, name: name ?? request.name ?? "")
    }

    /// The object that a request names.
    func existing(_ request: ServerRequest, _ type: ResourceType) throws(Refusal) -> JSONObject {
        guard let object = tables[type.table]?[key(request, type)] else {
            throw Refusal(.notFound(type.resource, name: request.name ?? ""))
        }
        return object
    }
}

/// The queries of a request that writes: https://kubernetes.io/docs/reference/using-api/api-concepts/#dry-run
struct WriteOptions {
    var isDryRun: Bool
    var fieldManager: String
    /// `Ignore`, `Warn` or `Strict`.
    var validation: String
    var isForced: Bool

    /// - Parameter kind: `CreateOptions`, say: the kind that a refusal names.
    init(_ request: ServerRequest, kind: String) throws(Refusal) {
        var errors: [FieldError] = []
        let manager = request.parameter("fieldManager")
        let force = request.parameter("force").map { !["0", "f", "F", "false", "FALSE", "False"].contains($0) }
        if kind == "PatchOptions" {
            if request.patchType == .apply {
                if manager == nil { errors.append(.required("fieldManager", "is required for apply patch")) }
            } else if force != nil {
                errors.append(.forbidden("force", "may not be specified for non-apply patch"))
            }
        }
        if let manager, manager.utf8.count > 128 { errors.append(.tooLong("fieldManager", bytes: 128)) }
        let dryRun = (request.query["dryRun"] ?? []).filter { !$0.isEmpty }
        if dryRun.contains(where: { $0 != "All" }) {
            errors.append(.notSupported("dryRun", JSONValue(dryRun), ["All"]))
        }
        let validation = request.parameter("fieldValidation") ?? ""
        if !["", "Ignore", "Strict", "Warn"].contains(validation) {
            errors.append(.notSupported("fieldValidation", .string(validation), ["", "Ignore", "Strict", "Warn"]))
        }
        guard errors.isEmpty else { throw Refusal(.invalidOptions(kind, errors)) }
        isDryRun = !dryRun.isEmpty
        fieldManager = manager ?? String(request.userAgent.prefix { $0 != "/" })
        self.validation = validation.isEmpty ? "Warn" : validation
        isForced = force ?? false
    }
}
