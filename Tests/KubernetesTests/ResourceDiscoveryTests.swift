import Kubernetes
import Testing

struct ResourceDiscoveryTests {
    private static func json(_ text: String) throws -> JSONObject {
        try #require(try JSONValue(parsing: Array(text.utf8)).object)
    }

    @Test("of each group the preferred version goes first, wherever it stands")
    func versions() throws {
        let groups = try Self.json(
            """
            {"groups": [
              {"name": "apps", "versions": [{"version": "v1"}], "preferredVersion": {"version": "v1"}},
              {"name": "example.com", "versions": [{"version": "v1alpha1"}, {"version": "v1"}, {"version": "v2"}],
               "preferredVersion": {"version": "v1"}}]}
            """)
        let versions = ResourceDiscovery.versions(in: groups).map { "\($0.group)/\($0.version)" }
        #expect(versions == ["apps/v1", "example.com/v1", "example.com/v1alpha1", "example.com/v2"])
    }

    @Test("a resource counts once, where it can be listed and watched, and subresources do not")
    func lists() throws {
        let list = try Self.json(
            """
            {"resources": [
              {"name": "pods", "kind": "Pod", "namespaced": true, "verbs": ["get", "list", "watch"], "shortNames": ["po"]},
              {"name": "pods/status", "kind": "Pod", "namespaced": true, "verbs": ["get", "list", "watch"]},
              {"name": "bindings", "kind": "Binding", "namespaced": true, "verbs": ["create"]},
              {"name": "podmetrics", "kind": "PodMetrics", "namespaced": true, "verbs": ["get", "list"]},
              {"name": "nodes", "kind": "Node", "namespaced": false, "verbs": ["list", "watch"]}]}
            """)
        var discovery = ResourceDiscovery()
        discovery.add(list, group: "", version: "v1")
        discovery.add(list, group: "", version: "v1beta1")
        #expect(discovery.watchable.map { $0.path(namespace: nil) } == ["/api/v1/pods", "/api/v1/nodes"])
    }
}
