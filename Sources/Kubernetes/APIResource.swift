/// A resource type as API servers name it: `apps/v1, Resource=deployments`.
package struct APIResource: Hashable, Sendable {
    /// Empty for the core group.
    package var group: String
    package var version: String
    /// The plural, lower-case name that stands in paths: `configmaps`.
    package var name: String
    package var kind: String
    package var isNamespaced: Bool
    package var shortNames: [String]

    package init(
        group: String = "", version: String = "v1", name: String, kind: String, isNamespaced: Bool = true,
        shortNames: [String] = []
    ) {
        self.group = group
        self.version = version
        self.name = name
        self.kind = kind
        self.isNamespaced = isNamespaced
        self.shortNames = shortNames
    }

    /// `v1`, or `batch/v1`: an object's `apiVersion`.
    package var groupVersion: String { group.isEmpty ? version : "\(group)/\(version)" }

    /// `pods`, or `workflows.argoproj.io`: how Status messages and quotas name the resource.
    package var qualifiedName: String { group.isEmpty ? name : "\(name).\(group)" }

    /// `/api/v1`, or `/apis/batch/v1`.
    package var pathPrefix: String { group.isEmpty ? "/api/\(version)" : "/apis/\(group)/\(version)" }

    /// The path of the collection, or of one object in it.
    package func path(namespace: String?, name: String? = nil, subresource: String? = nil) -> String {
        var path = pathPrefix
        if isNamespaced, let namespace { path += "/namespaces/\(namespace)" }
        path += "/\(self.name)"
        if let name { path += "/\(name)" }
        if let subresource { path += "/\(subresource)" }
        return path
    }
}

extension APIResource {
    package static let configMaps = APIResource(name: "configmaps", kind: "ConfigMap", shortNames: ["cm"])
    package static let events = APIResource(name: "events", kind: "Event", shortNames: ["ev"])
    package static let namespaces = APIResource(
        name: "namespaces", kind: "Namespace", isNamespaced: false, shortNames: ["ns"])
    package static let nodes = APIResource(name: "nodes", kind: "Node", isNamespaced: false, shortNames: ["no"])
    package static let pods = APIResource(name: "pods", kind: "Pod", shortNames: ["po"])
    package static let resourceQuotas = APIResource(
        name: "resourcequotas", kind: "ResourceQuota", shortNames: ["quota"])
    package static let secrets = APIResource(name: "secrets", kind: "Secret")
    package static let serviceAccounts = APIResource(
        name: "serviceaccounts", kind: "ServiceAccount", shortNames: ["sa"])
    package static let leases = APIResource(group: "coordination.k8s.io", name: "leases", kind: "Lease")
    package static let customResourceDefinitions = APIResource(
        group: "apiextensions.k8s.io", name: "customresourcedefinitions", kind: "CustomResourceDefinition",
        isNamespaced: false, shortNames: ["crd", "crds"])
    package static let validatingWebhookConfigurations = APIResource(
        group: "admissionregistration.k8s.io", name: "validatingwebhookconfigurations",
        kind: "ValidatingWebhookConfiguration", isNamespaced: false)
    package static let workflows = argo("workflows", "Workflow", ["wf"])
    package static let cronWorkflows = argo("cronworkflows", "CronWorkflow", ["cwf", "cronwf"])
    package static let workflowTemplates = argo("workflowtemplates", "WorkflowTemplate", ["wftmpl"])
    package static let workflowTaskSets = argo("workflowtasksets", "WorkflowTaskSet", ["wfts"])

    /// The custom resources that Boreas installs where a server does not have them.
    package static let argoproj = [workflows, cronWorkflows, workflowTemplates, workflowTaskSets]

    private static func argo(_ name: String, _ kind: String, _ shortNames: [String]) -> APIResource {
        APIResource(group: "argoproj.io", version: "v1alpha1", name: name, kind: kind, shortNames: shortNames)
    }
}
