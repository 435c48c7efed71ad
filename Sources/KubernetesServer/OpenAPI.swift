import APIMachinery
import Kubernetes

/// The least of OpenAPI v3 that kubectl needs before it creates or applies: that a kind can be patched, and that the
/// server itself validates its fields.
/// https://kubernetes.io/docs/concepts/overview/kubernetes-api/#openapi-v3
struct OpenAPI {
    let resources: [ServedResource]

    /// `/openapi/v3`: where each group and version has its document.
    var index: JSONObject {
        var paths = JSONObject()
        for path in documentPaths {
            guard let document = document(path) else { continue }
            let hash = Discovery.hash(JSONValue.object(document).bytes)
            paths[path] = ["serverRelativeURL": .string("/openapi/v3/\(path)?hash=\(hash)")]
        }
        return ["paths": .object(paths)]
    }

    /// The document of `api/v1` or `apis/batch/v1`; nil for a version that is not served.
    func document(_ path: String) -> JSONObject? {
        let served = resources.filter { String($0.resource.pathPrefix.dropFirst()) == path }
        guard !served.isEmpty else { return nil }
        var paths = JSONObject()
        for resource in served where resource.verbs.contains("patch") {
            paths[Self.path(of: resource.resource)] = Self.operations(of: resource.resource)
        }
        return [
            "openapi": "3.0.0", "info": ["title": "Kubernetes", "version": .string(Discovery.gitVersion)],
            "paths": .object(paths), "components": ["schemas": [:]],
        ]
    }

    private var documentPaths: [String] {
        Set(resources.map { String($0.resource.pathPrefix.dropFirst()) }).sorted()
    }

    private static func path(of resource: APIResource) -> String {
        resource.path(namespace: "{namespace}", name: "{name}")
    }

    private static func operations(of resource: APIResource) -> JSONValue {
        let kind: JSONValue = [
            "group": .string(resource.group), "version": .string(resource.version), "kind": .string(resource.kind),
        ]
        let parameters: [JSONValue] = ["dryRun", "fieldManager", "fieldValidation", "force"].map {
            ["name": .string($0), "in": "query", "schema": ["type": $0 == "force" ? "boolean" : "string"]]
        }
        return [
            "patch": [
                "x-kubernetes-action": "patch", "x-kubernetes-group-version-kind": kind,
                "parameters": .array(parameters), "responses": ["200": ["description": "OK"]],
            ]
        ]
    }
}
