import Kubernetes

/// A creation that has been checked, on its way through quota admission into the store.
struct PendingCreation: Sendable {
    var request: ServerRequest
    var type: ResourceType
    var object: JSONObject
    var isDryRun: Bool
    var warnings: [String]
    /// The base of a generated name, and how often a name of it was taken.
    var nameBase: String?
    var collisions = 0

    var namespace: String { object["metadata", "namespace"]?.string ?? "" }

    var name: String { object["metadata", "name"]?.string ?? "" }
}

extension ClusterStore {
    mutating func create(
        _ request: ServerRequest, _ type: ResourceType, id: RequestTicket
    ) throws(Refusal) -> ServerResponse? {
        let options = try WriteOptions(request, kind: "CreateOptions")
        let body = try decode(request, type, options)
        if type.kind == .accessReview { return try review(body.object, type) }
        return try create(body.object, request, type, options, warnings: body.warnings, id: id)
    }

    /// Everything from the decoded object on: also for a PUT and an apply patch that create.
    mutating func create(
        _ object: JSONObject, _ request: ServerRequest, _ type: ResourceType, _ options: WriteOptions,
        warnings: [String], id: RequestTicket, managers: [JSONObject] = []
    ) throws(Refusal) -> ServerResponse? {
        var object = object
        try adopt(namespaceOf: request, into: &object, type)
        try admitNamespace(of: object, type)
        var pending = PendingCreation(
            request: request, type: type, object: object, isDryRun: options.isDryRun, warnings: warnings)
        try prepare(&pending)
        if !managers.isEmpty {
            pending.object["metadata", "managedFields"] = .array(managers.map(JSONValue.object))
        }
        return admit(pending, id: id)
    }

    /// Gives the object its identity and name, completes it, and validates it.
    private mutating func prepare(_ pending: inout PendingCreation) throws(Refusal) {
        let type = pending.type
        for member in ["deletionTimestamp", "deletionGracePeriodSeconds", "selfLink"] {
            pending.object["metadata", member] = nil
        }
        stamp(&pending.object)
        let base = pending.object["metadata", "generateName"]?.string
        if pending.name.isEmpty, let base, !base.isEmpty {
            pending.nameBase = base
            pending.object["metadata", "name"] = .string(generateName(from: base))
        }
        try admitServiceAccount(&pending)
        type.prepareForCreation(&pending.object)
        var errors = ObjectMetaRules.errors(of: pending.object, type)
        errors += type.validationErrors(pending.object)
        if type.kind == .definition { errors += definitionErrors(pending.object) }
        guard errors.isEmpty else { throw refusal(type, pending.name, errors) }
    }

    func refusal(_ type: ResourceType, _ name: String, _ errors: [FieldError]) -> Refusal {
        // Both views of events are validated as the core's.
        let group = type.kind == .eventView ? "" : type.resource.group
        return Refusal(.invalid(group: group, kind: type.resource.kind, name: name, errors))
    }

    /// Hands the creation to the webhooks that want to see it, and then to quota admission.
    private mutating func admit(_ pending: PendingCreation, id: RequestTicket) -> ServerResponse? {
        if hasWebhooks, awaitsWebhooks(about: [subject(of: pending)], .creation(id, pending)) { return nil }
        admitToQuotas(pending, id: id)
        return nil
    }

    private func subject(of pending: PendingCreation) -> AdmissionSubject {
        AdmissionSubject(
            operation: .create, type: pending.type, namespace: pending.namespace, name: pending.name,
            object: pending.object, isDryRun: pending.isDryRun, user: pending.request.user)
    }

    /// Hands the creation to quota admission, if a quota could be concerned, or stores it.
    mutating func admitToQuotas(_ pending: PendingCreation, id: RequestTicket) {
        let isCounted = pending.type.resource.isNamespaced && pending.type.isCountedByQuotas
        if isCounted, quotaAdmission.hasQuotas(in: pending.namespace) {
            enqueue(pending, id: id)
        } else {
            begin(.creation(id, pending), cost: configuration.serviceTimes.storage)
        }
    }

    /// The storage's round for a creation is over.
    mutating func finishCreation(_ creation: PendingCreation, id: RequestTicket) {
        do throws(Refusal) {
            if let response = try store(creation, id: id) { outbox.append(.respond(id, response)) }
        } catch {
            outbox.append(.respond(id, ServerResponse(error.status)))
        }
    }

    /// Writes an object that every check has passed. A generated name that is taken is generated anew.
    mutating func store(_ pending: PendingCreation, id: RequestTicket) throws(Refusal) -> ServerResponse? {
        var pending = pending
        let type = pending.type
        if let version = pending.object["metadata", "resourceVersion"]?.string, !version.isEmpty, version != "0" {
            throw Refusal(.bare("resourceVersion should not be set on objects to be created"))
        }
        let key = ObjectTable.key(
            namespace: type.resource.isNamespaced ? pending.namespace : "", name: pending.name)
        if let existing = tables[type.table]?[key] {
            guard let base = pending.nameBase else { throw Refusal(alreadyExists(type, pending.name, existing)) }
            pending.collisions += 1
            guard pending.collisions < 8 else {
                var status = Status.alreadyExists(type.resource, name: pending.name)
                status.json["message"] = .string(
                    "\(status.message), the server was not able to generate a unique name for the object")
                status.retryAfterSeconds = 1
                throw Refusal(status)
            }
            pending.object["metadata", "name"] = .string(generateName(from: base))
            return admit(pending, id: id)
        }
        var stored = pending.object
        if !pending.isDryRun { stored = commit(stored, table: type.table, key: key) }
        if type.kind == .definition, !pending.isDryRun { definitionCreated(stored) }
        return ServerResponse(code: 201, body: type.present(stored), warnings: pending.warnings)
    }

    private func alreadyExists(_ type: ResourceType, _ name: String, _ existing: JSONObject) -> Status {
        var status = Status.alreadyExists(type.resource, name: name)
        if existing["metadata", "deletionTimestamp"] != nil {
            status.json["message"] = .string("object is being deleted: \(status.message)")
        }
        return status
    }

    /// Who asks may: access control belongs to the shell, which knows the users.
    private func review(_ object: JSONObject, _ type: ResourceType) throws(Refusal) -> ServerResponse {
        let spec = object["spec"]?.object ?? JSONObject()
        guard spec["resourceAttributes"] != nil || spec["nonResourceAttributes"] != nil else {
            let why = "exactly one of nonResourceAttributes or resourceAttributes must be specified"
            // The real server leaves out the kind here.
            let error = FieldError.invalid("spec.resourceAttributes", .null, why)
            throw Refusal(.invalid(group: type.resource.group, kind: "", name: "", [error]))
        }
        var result = object
        result["status"] = ["allowed": true]
        return ServerResponse(code: 201, body: result)
    }
}

extension ClusterStore {
    /// An object of a request's body, in the form that the server keeps, with warnings of what was dropped.
    func decode(
        _ request: ServerRequest, _ type: ResourceType, _ options: WriteOptions
    ) throws(Refusal) -> (object: JSONObject, warnings: [String]) {
        try decode(request.body ?? .null, duplicateKeys: request.duplicateKeys, type, options)
    }

    /// - Parameter decoded: Members that were decoded before.
    func decode(
        _ body: JSONValue, duplicateKeys: [String], _ type: ResourceType, _ options: WriteOptions,
        decoded: JSONObject = JSONObject()
    ) throws(Refusal) -> (object: JSONObject, warnings: [String]) {
        let resource = type.resource
        guard var object = body.object else {
            let why =
                "couldn't get version/kind; json parse error: json: cannot unmarshal \(body.typeName) into Go value of type "
                + "struct { APIVersion string \"json:\\\"apiVersion,omitempty\\\"\"; Kind string "
                + "\"json:\\\"kind,omitempty\\\"\" }"
            throw Refusal(.unrecognized(why, body: body.bytes, kind: resource.kind))
        }
        try checkKind(&object, type)
        var decoder = ObjectDecoder()
        do throws(ObjectDecoder.Failure) {
            if let schema = type.schema {
                object = try decoder.decode(object, as: schema, decoded: decoded)
            } else {
                object = try decoder.decode(metadataOf: object)
            }
        } catch {
            throw Refusal(.badRequest(cannotHandle(type, error.message)))
        }
        let problems =
            decoder.unknownFields.map { "unknown field \(JSONValue.string($0).text)" }
            + duplicateKeys.map { "duplicate field \(JSONValue.string($0).text)" }
        if options.validation == "Strict", !problems.isEmpty {
            let list = problems.joined(separator: ", ")
            throw Refusal(.badRequest(cannotHandle(type, "strict decoding error: \(list)")))
        }
        if type.kind == .eventView { object = EventView.core(of: object) }
        type.setDefaults(&object)
        return (object, options.validation == "Warn" ? problems : [])
    }

    private func cannotHandle(_ type: ResourceType, _ why: String) -> String {
        let resource = type.resource
        return "\(resource.kind) in version \"\(resource.version)\" cannot be handled as a \(resource.kind): \(why)"
    }

    /// Built-in types may leave out their kind; custom ones may not.
    private func checkKind(_ object: inout JSONObject, _ type: ResourceType) throws(Refusal) {
        let resource = type.resource
        let kind = object["kind"]?.string ?? ""
        let apiVersion = object["apiVersion"]?.string ?? ""
        if type.kind == .custom {
            for (name, value) in [("Kind", kind), ("apiVersion", apiVersion)] where value.isEmpty {
                let body = JSONValue.object(object)
                let why = "Object '\(name)' is missing in '\(body.text)'"
                throw Refusal(.unrecognized(why, body: body.bytes, kind: resource.kind))
            }
        }
        guard apiVersion.isEmpty || apiVersion == resource.groupVersion else {
            throw Refusal(.badRequest(wrongVersion(apiVersion, kind: kind, type)))
        }
        guard kind.isEmpty || kind == resource.kind else {
            guard type.kind != .custom else {
                let error = FieldError.invalid("kind", .string(kind), "must be \(resource.kind)")
                let name = object["metadata", "name"]?.string ?? ""
                throw Refusal(.invalid(group: resource.group, kind: kind, name: name, [error]))
            }
            throw Refusal(
                .badRequest(
                    "\(kind) in version \"\(resource.version)\" cannot be handled as a \(resource.kind): converting "
                        + "(v1.\(kind)) to (core.\(resource.kind)): unknown conversion"))
        }
        object["kind"] = .string(resource.kind)
        object["apiVersion"] = .string(resource.groupVersion)
    }

    private func wrongVersion(_ apiVersion: String, kind: String, _ type: ResourceType) -> String {
        let resource = type.resource
        guard type.kind != .custom else {
            return "the API version in the data (\(apiVersion)) does not match the expected API version "
                + "(\(resource.groupVersion))"
        }
        let name = kind.isEmpty ? resource.kind : kind
        return "\(name) in version \"\(apiVersion)\" cannot be handled as a \(resource.kind): no kind \"\(name)\" is "
            + "registered for version \"\(apiVersion)\" in scheme "
            + "\"k8s.io/kubernetes/pkg/api/legacyscheme/scheme.go:30\""
    }

    /// The object's namespace must be the request's, or none.
    func adopt(
        namespaceOf request: ServerRequest, into object: inout JSONObject, _ type: ResourceType
    ) throws(Refusal) {
        let given = object["metadata", "namespace"]?.string ?? ""
        let expected = type.resource.isNamespaced ? request.namespace ?? "" : ""
        guard given.isEmpty || given == expected || !type.resource.isNamespaced else {
            throw Refusal(
                .badRequest("the namespace of the provided object does not match the namespace sent on the request"))
        }
        object["metadata", "namespace"] = expected.isEmpty ? nil : .string(expected)
    }

    /// Nothing new is created in a namespace that is not there, or is going.
    private func admitNamespace(of object: JSONObject, _ type: ResourceType) throws(Refusal) {
        guard type.resource.isNamespaced, let name = object["metadata", "namespace"]?.string else { return }
        guard let namespace = tables[APIResource.namespaces.qualifiedName]?[name] else {
            throw Refusal(.notFound(.namespaces, name: name))
        }
        guard Namespace(json: namespace).isTerminating else { return }
        var status = Status.forbidden(
            type.resource, name: object["metadata", "name"]?.string ?? "",
            why: "unable to create new content in namespace \(name) because it is being terminated")
        status.json["details", "causes"] = [
            [
                "reason": "NamespaceTerminating", "message": .string("namespace \(name) is being terminated"),
                "field": "metadata.namespace",
            ]
        ]
        throw Refusal(status)
    }
}
