package import Kubernetes

/// A resource type as this server serves it: what discovery tells of it, and the rules of its kind.
package struct ServedResource: Hashable, Sendable {
    package var resource: APIResource
    /// `configmap`.
    package var singularName: String
    /// In the order of discovery: `create`, `delete`, `deletecollection`, `get`, `list`, `patch`, `update`, `watch`.
    package var verbs: [String]
    package var categories: [String]
    package var subresources: [Subresource]
    /// The columns of a custom resource beyond Name, as its definition gives them.
    package var printerColumns: [PrinterColumn]
    /// Defined by a CustomResourceDefinition.
    package var isCustom: Bool

    package struct Subresource: Hashable, Sendable {
        package var name: String
        package var kind: String
        /// The group and version of the kind, where they are not the resource's own: `policy/v1` of an Eviction.
        package var groupVersion: String?
        package var verbs: [String]

        package init(name: String, kind: String, groupVersion: String? = nil, verbs: [String]) {
            self.name = name
            self.kind = kind
            self.groupVersion = groupVersion
            self.verbs = verbs
        }
    }

    /// https://kubernetes.io/docs/tasks/extend-kubernetes/custom-resources/custom-resource-definitions/#additional-printer-columns
    package struct PrinterColumn: Hashable, Sendable {
        package var name: String
        package var type: String
        package var format: String
        package var description: String
        package var jsonPath: String
        package var priority: Int64
    }

    package var hasStatus: Bool { subresources.contains { $0.name == "status" } }
}
