import Kubernetes

/// The definitions of the custom resources that the core works on, for servers that have none.
///
/// As minimal as Argo's own "minimal" manifests: no schema, unknown fields kept. Workflows and CronWorkflows have no
/// status subresource there, task sets have one (argo-workflows manifests/base/crds/minimal).
enum CustomResources {
    static func definition(of resource: APIResource, labels: [String: String]) -> JSONObject {
        let hasStatus = resource == .workflowTaskSets
        var version: JSONObject = [
            "name": .string(resource.version), "served": true, "storage": true,
            "schema": [
                "openAPIV3Schema": ["type": "object", "x-kubernetes-preserve-unknown-fields": true]
            ],
        ]
        if hasStatus { version["subresources"] = ["status": [:]] }
        if resource == .workflows { version["additionalPrinterColumns"] = printerColumns }
        return [
            "apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition",
            "metadata": ["name": .string(resource.qualifiedName), "labels": .object(JSONObject(labels))],
            "spec": [
                "group": .string(resource.group), "scope": "Namespaced",
                "names": [
                    "plural": .string(resource.name), "kind": .string(resource.kind),
                    "singular": .string(resource.kind.lowercased()), "listKind": .string("\(resource.kind)List"),
                    "shortNames": JSONValue(resource.shortNames),
                ],
                "versions": [.object(version)],
            ],
        ]
    }

    private static let printerColumns: JSONValue = [
        ["name": "Status", "type": "string", "jsonPath": ".status.phase"],
        ["name": "Age", "type": "date", "jsonPath": ".status.startedAt"],
        ["name": "Message", "type": "string", "jsonPath": ".status.message"],
    ]
}
