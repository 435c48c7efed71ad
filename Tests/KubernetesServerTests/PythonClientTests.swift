import Foundation
import Testing

/// What the Python client of the Kubernetes project makes of the server.
@Suite("With the Python client", .timeLimit(.minutes(2)))
struct PythonClientTests {
    /// The interpreter that has the package `kubernetes`; a name or a path, which `env` takes both.
    private static let python = ProcessInfo.processInfo.environment["BOREAS_PYTHON"] ?? "python3"

    private static func isUsable() async -> Bool {
        let probe = try? await Command.run("env", [python, "-c", "import kubernetes"])
        return probe?.status == 0
    }

    @Test(
        "It creates, lists, patches, watches and deletes",
        .enabled("no Python with the package kubernetes: set BOREAS_PYTHON") { await isUsable() })
    func works() async throws {
        try await TestServer.run { test in
            let script = try test.write(Self.script, to: "client.py")
            let result = try await Command.run("env", [Self.python, script, test.kubeconfig])
            #expect(result.status == 0, "\(result)")
            #expect(
                result.output == """
                    created a
                    listed ['a']
                    patched {'k': '2'}
                    event ADDED {'k': '2'}
                    event MODIFIED {'k': '3'}
                    event DELETED {'k': '3'}
                    conflict Conflict
                    missing 404 NotFound
                    workflow Running
                    access True

                    """)
        }
    }

    private static let script = """
        import json, sys, threading
        from kubernetes import client, config, watch

        config.load_kube_config(sys.argv[1])
        core = client.CoreV1Api()
        body = client.V1ConfigMap(metadata=client.V1ObjectMeta(name="a", labels={"t": "y"}), data={"k": "1"})
        first = core.create_namespaced_config_map("default", body)
        print("created", first.metadata.name)
        items = core.list_namespaced_config_map("default", label_selector="t=y").items
        print("listed", [item.metadata.name for item in items])
        print("patched", core.patch_namespaced_config_map("a", "default", {"data": {"k": "2"}}).data)

        def act():
            core.patch_namespaced_config_map("a", "default", {"data": {"k": "3"}})
            core.delete_namespaced_config_map("a", "default")

        w = watch.Watch()
        for event in w.stream(core.list_namespaced_config_map, "default", label_selector="t=y", timeout_seconds=30):
            print("event", event["type"], event["object"].data)
            if event["type"] == "ADDED":
                threading.Thread(target=act).start()
            if event["type"] == "DELETED":
                w.stop()

        second = core.create_namespaced_config_map("default", body)
        second.metadata.resource_version = first.metadata.resource_version
        try:
            core.replace_namespaced_config_map("a", "default", second)
        except client.ApiException as error:
            print("conflict", json.loads(error.body)["reason"])
        try:
            core.read_namespaced_pod("none", "default")
        except client.ApiException as error:
            print("missing", error.status, json.loads(error.body)["reason"])

        custom = client.CustomObjectsApi()
        place = ("argoproj.io", "v1alpha1", "default", "workflows")
        custom.create_namespaced_custom_object(*place, {
            "apiVersion": "argoproj.io/v1alpha1", "kind": "Workflow", "metadata": {"name": "w"}, "spec": {}})
        patched = custom.patch_namespaced_custom_object(*place, "w", {"status": {"phase": "Running"}})
        print("workflow", patched["status"]["phase"])
        review = client.V1SelfSubjectAccessReview(spec=client.V1SelfSubjectAccessReviewSpec(
            resource_attributes=client.V1ResourceAttributes(verb="list", resource="pods")))
        print("access", client.AuthorizationV1Api().create_self_subject_access_review(review).status.allowed)

        """
}
