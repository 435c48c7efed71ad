import Kubernetes

/// A served resource together with the rules of its kind.
struct ResourceType: Hashable, Sendable {
    /// Which rules apply.
    enum Kind: Hashable, Sendable {
        case configMap, event, lease, namespace, node, pod, resourceQuota, secret, serviceAccount
        /// The Event of `events.k8s.io`: another view of the core's.
        case eventView
        case accessReview
        case definition
        case webhookConfiguration
        /// An object of a CustomResourceDefinition.
        case custom
    }

    let served: ServedResource
    let kind: Kind
    /// The name of its type in ``ObjectSchema/builtIn``; nil where the type is not known.
    let schemaName: String?
    /// Where its objects are kept: two views of events share one table.
    let table: String

    init(served: ServedResource, kind: Kind, schemaName: String? = nil) {
        self.served = served
        self.kind = kind
        self.schemaName = schemaName
        table = kind == .eventView ? APIResource.events.qualifiedName : served.resource.qualifiedName
    }

    var resource: APIResource { served.resource }

    var schema: ObjectSchema? { schemaName.flatMap { ObjectSchema.builtIn[$0] } }

    /// Whether a PUT without a resourceVersion is refused.
    var requiresVersionOnUpdate: Bool {
        kind == .lease || kind == .custom || kind == .definition || kind == .webhookConfiguration
    }

    /// Whether a PUT to a name that is not there creates it.
    var createsOnUpdate: Bool { kind == .lease || kind == .event || kind == .eventView }

    /// Whether a deletion is answered with the object and not with a Status.
    var returnsDeletedObject: Bool { kind == .pod || kind == .namespace }

    /// Whether the server counts changes of the spec in `metadata.generation`.
    var hasGeneration: Bool {
        kind == .pod || kind == .custom || kind == .definition || kind == .webhookConfiguration
    }

    /// Whether a patch may be strategic.
    var allowsStrategicMerge: Bool { schemaName != nil || kind == .definition }
}

extension ResourceType {
    private static let allVerbs = ["create", "delete", "deletecollection", "get", "list", "patch", "update", "watch"]

    private static func make(
        _ resource: APIResource, _ kind: Kind, schema: String?, singular: String? = nil, verbs: [String] = allVerbs,
        categories: [String] = [], subresources: [ServedResource.Subresource] = []
    ) -> ResourceType {
        ResourceType(
            served: ServedResource(
                resource: resource, singularName: singular ?? resource.kind.lowercased(), verbs: verbs,
                categories: categories, subresources: subresources, printerColumns: [], isCustom: false),
            kind: kind, schemaName: schema)
    }

    private static func status(of resource: APIResource) -> ServedResource.Subresource {
        ServedResource.Subresource(name: "status", kind: resource.kind, verbs: ["get", "patch", "update"])
    }

    /// What is served before any definition of a custom resource.
    static let builtIn: [ResourceType] = [
        make(.configMaps, .configMap, schema: "ConfigMap"),
        make(.events, .event, schema: "Event"),
        make(
            .namespaces, .namespace, schema: "Namespace",
            verbs: ["create", "delete", "get", "list", "patch", "update", "watch"],
            subresources: [
                .init(name: "finalize", kind: "Namespace", verbs: ["update"]), status(of: .namespaces),
            ]),
        make(.nodes, .node, schema: "Node", subresources: [status(of: .nodes)]),
        make(.pods, .pod, schema: "Pod", categories: ["all"], subresources: podSubresources),
        make(.resourceQuotas, .resourceQuota, schema: "ResourceQuota", subresources: [status(of: .resourceQuotas)]),
        make(.secrets, .secret, schema: "Secret"),
        make(.serviceAccounts, .serviceAccount, schema: "ServiceAccount"),
        make(
            .customResourceDefinitions, .definition, schema: nil, categories: ["api-extensions"],
            subresources: [status(of: .customResourceDefinitions)]),
        make(
            .validatingWebhookConfigurations, .webhookConfiguration, schema: "ValidatingWebhookConfiguration",
            categories: ["api-extensions"]),
        make(
            APIResource(
                group: "authorization.k8s.io", name: "selfsubjectaccessreviews", kind: "SelfSubjectAccessReview",
                isNamespaced: false), .accessReview, schema: "SelfSubjectAccessReview", verbs: ["create"]),
        make(.leases, .lease, schema: "Lease"),
        make(
            APIResource(group: "events.k8s.io", name: "events", kind: "Event", shortNames: ["ev"]), .eventView,
            schema: "EventsEvent"),
    ]

    private static let podSubresources: [ServedResource.Subresource] = [
        .init(name: "attach", kind: "PodAttachOptions", verbs: ["create", "get"]),
        .init(name: "binding", kind: "Binding", verbs: ["create"]),
        .init(name: "eviction", kind: "Eviction", groupVersion: "policy/v1", verbs: ["create"]),
        .init(name: "exec", kind: "PodExecOptions", verbs: ["create", "get"]),
        .init(name: "log", kind: "Pod", verbs: ["get"]),
        .init(name: "portforward", kind: "PodPortForwardOptions", verbs: ["create", "get"]),
        status(of: .pods),
    ]
}
