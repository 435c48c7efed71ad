/// What a request does, in the words of Kubernetes authorization.
/// https://kubernetes.io/docs/reference/access-authn-authz/authorization/#determine-the-request-verb
package enum Verb: String, Hashable, Sendable, CaseIterable, Codable {
    case get, list, watch, create, update, patch, delete
    case deleteCollection = "deletecollection"
    /// An upgraded connection: exec, attach, port-forward.
    case connect

    /// Whether the request may change what the server stores.
    package var isWrite: Bool {
        switch self {
        case .get, .list, .watch, .connect: false
        case .create, .update, .patch, .delete, .deleteCollection: true
        }
    }

    /// Whether the request is a GET.
    package var isRead: Bool { self == .get || self == .list || self == .watch }
}

/// How a patch body is to be understood, by its media type.
package enum PatchType: String, Hashable, Sendable, CaseIterable {
    case json = "application/json-patch+json"
    case merge = "application/merge-patch+json"
    case strategicMerge = "application/strategic-merge-patch+json"
    case apply = "application/apply-patch+yaml"
}

/// One request to an API server.
package struct APIRequest: Hashable, Sendable {
    package var verb: Verb
    package var resource: APIResource
    package var subresource: String?
    package var namespace: String?
    package var name: String?
    package var body: JSONValue?
    package var patchType: PatchType?
    package var options: RequestOptions
    /// What the request is part of; travels with it into the record.
    package var trace: RequestTrace?
    /// How long one attempt may take, from connecting to the last byte. Nil leaves it unbounded, as a watch is.
    package var timeout: Duration?

    package init(
        _ verb: Verb, _ resource: APIResource, namespace: String? = nil, name: String? = nil,
        subresource: String? = nil, body: JSONValue? = nil, patchType: PatchType? = nil,
        options: RequestOptions = RequestOptions(), trace: RequestTrace? = nil, timeout: Duration? = nil
    ) {
        self.verb = verb
        self.resource = resource
        self.namespace = namespace
        self.name = name
        self.subresource = subresource
        self.body = body
        self.patchType = patchType
        self.options = options
        self.trace = trace
        self.timeout = timeout
    }

    package var identity: RequestIdentity {
        RequestIdentity(
            verb: verb, group: resource.group, resource: resource.name, subresource: subresource ?? "",
            namespace: namespace ?? "", name: name ?? body?.object?["metadata"]?.object?["name"]?.string ?? "")
    }
}

/// The query parameters that Boreas uses.
/// https://kubernetes.io/docs/reference/kubernetes-api/common-parameters/common-parameters/
package struct RequestOptions: Hashable, Sendable {
    package var labelSelector: String?
    package var fieldSelector: String?
    package var resourceVersion: String?
    package var resourceVersionMatch: String?
    package var limit: Int?
    package var continueToken: String?
    package var timeoutSeconds: Int?
    package var allowWatchBookmarks: Bool
    package var sendInitialEvents: Bool?
    package var isDryRun: Bool
    package var fieldManager: String?
    package var fieldValidation: String?
    package var force: Bool?
    package var gracePeriodSeconds: Int64?
    package var propagationPolicy: String?
    /// Refuses the deletion of an object with another UID; sent in the body of DeleteOptions.
    package var preconditionUID: String?

    package init(
        labelSelector: String? = nil, fieldSelector: String? = nil, resourceVersion: String? = nil,
        resourceVersionMatch: String? = nil, limit: Int? = nil, continueToken: String? = nil,
        timeoutSeconds: Int? = nil, allowWatchBookmarks: Bool = false, sendInitialEvents: Bool? = nil,
        isDryRun: Bool = false, fieldManager: String? = nil, fieldValidation: String? = nil, force: Bool? = nil,
        gracePeriodSeconds: Int64? = nil, propagationPolicy: String? = nil, preconditionUID: String? = nil
    ) {
        self.labelSelector = labelSelector
        self.fieldSelector = fieldSelector
        self.resourceVersion = resourceVersion
        self.resourceVersionMatch = resourceVersionMatch
        self.limit = limit
        self.continueToken = continueToken
        self.timeoutSeconds = timeoutSeconds
        self.allowWatchBookmarks = allowWatchBookmarks
        self.sendInitialEvents = sendInitialEvents
        self.isDryRun = isDryRun
        self.fieldManager = fieldManager
        self.fieldValidation = fieldValidation
        self.force = force
        self.gracePeriodSeconds = gracePeriodSeconds
        self.propagationPolicy = propagationPolicy
        self.preconditionUID = preconditionUID
    }
}

/// Who a request is, as fault rules see it: the same in every world, whatever the bytes on the wire.
package struct RequestIdentity: Hashable, Sendable {
    package var verb: Verb
    package var group: String
    package var resource: String
    package var subresource: String
    package var namespace: String
    /// The object's name from the path, or, in a create, from the body; empty for collections and generated names.
    package var name: String

    package init(
        verb: Verb, group: String, resource: String, subresource: String = "", namespace: String, name: String
    ) {
        self.verb = verb
        self.group = group
        self.resource = resource
        self.subresource = subresource
        self.namespace = namespace
        self.name = name
    }
}

extension RequestIdentity: CustomStringConvertible {
    package var description: String {
        let type = [resource, subresource].filter { !$0.isEmpty }.joined(separator: "/")
        let place = [namespace, name].filter { !$0.isEmpty }.joined(separator: "/")
        return "\(verb.rawValue) \(group.isEmpty ? type : "\(type).\(group)")\(place.isEmpty ? "" : " \(place)")"
    }
}

/// Ties a request to the operation that it is an attempt of.
package struct RequestTrace: Hashable, Sendable {
    /// Unique in a trial: one thing the subject wanted from the API.
    package var operation: String
    /// From 1; every request that reaches a wire has a number of its own, transport retries included.
    package var attempt: Int
    /// The place in the subject that wanted it: `agentPodCreate`, say.
    package var path: String

    package init(operation: String, attempt: Int, path: String) {
        self.operation = operation
        self.attempt = attempt
        self.path = path
    }

    /// The HTTP header that carries ``requestID``, so that a server's side can prove a replay.
    package static let header = "X-Boreas-Request-Id"

    /// Unique for each time a request is meant to be sent.
    package var requestID: String { "\(operation).\(attempt)" }
}
