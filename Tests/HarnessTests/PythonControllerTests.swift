import Experiments
import Faults
import Foundation
import Kubernetes
import Subprocess
import Testing

@testable import Harness

/// A controller on the Python client of the Kubernetes project, tried as its users run it.
@Suite(.serialized, .timeLimit(.minutes(5)))
struct PythonControllerTests {
    /// The interpreter that has the package `kubernetes`; a name or a path.
    private static let python = ProcessInfo.processInfo.environment["BOREAS_PYTHON"] ?? "python3"

    private static func isUsable() async -> Bool {
        let probe = try? await Subprocess.run(
            .name("env"), arguments: [python, "-c", "import kubernetes"], output: .discarded, error: .discarded)
        return probe?.terminationStatus.isSuccess ?? false
    }

    /// Gives each website a pod and a service account, and writes down in its status that it has.
    private static let controller = """
        import os, time
        from kubernetes import client, config, watch

        config.load_kube_config()
        space = os.environ["NAMESPACE"]
        core, custom = client.CoreV1Api(), client.CustomObjectsApi()
        place = ("example.com", "v1", space, "websites")

        def ensure(create, body):
            try:
                create(space, body)
            except client.ApiException as error:
                if error.status != 409:
                    raise

        def reconcile(site):
            name = site["metadata"]["name"]
            meta = client.V1ObjectMeta(name=name)
            ensure(core.create_namespaced_service_account, client.V1ServiceAccount(metadata=meta))
            ensure(core.create_namespaced_config_map, client.V1ConfigMap(metadata=meta, data={"page": site["spec"]["page"]}))
            if site.get("status", {}).get("phase") != "Ready":
                custom.patch_namespaced_custom_object(*place, name, {"status": {"phase": "Ready"}})
                print("ready:", name)

        while True:
            try:
                for event in watch.Watch().stream(custom.list_namespaced_custom_object, *place, timeout_seconds=60):
                    if event["type"] in ("ADDED", "MODIFIED"):
                        reconcile(event["object"])
            except Exception as error:
                print("failed:", error)
                time.sleep(0.2)
        """

    private static let definition = """
        {"apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition",
         "metadata": {"name": "websites.example.com"},
         "spec": {"group": "example.com", "scope": "Namespaced",
           "names": {"plural": "websites", "kind": "Website", "singular": "website", "listKind": "WebsiteList"},
           "versions": [{"name": "v1", "served": true, "storage": true, "schema": {"openAPIV3Schema":
             {"type": "object", "x-kubernetes-preserve-unknown-fields": true}}}]}}
        """

    @Test(
        "it comes to the same under a kill after its first write, a lost answer and a cut watch as in calm",
        .enabled("no Python with the package kubernetes: set BOREAS_PYTHON") { await isUsable() })
    func plans() async throws {
        let load = Experiment.ObjectLoad(
            manifest: #"{"apiVersion":"example.com/v1","kind":"Website","metadata":{"name":"w"},"spec":{"page":"hi"}}"#,
            count: 3, every: .milliseconds(50))
        let subject = Fixtures.python(Self.controller, interpreter: Self.python)
        func variation(_ rule: Rule) -> Experiment.Variation {
            Fixtures.variation(subject, setup: [Self.definition], arrivals: [load], rule)
        }
        let specs = Fixtures.specs(
            variation(
                Rule(
                    name: "kill", match: RequestMatch(verb: [.create], resource: "serviceaccounts"),
                    fault: .crash(Fault.Crash(afterWrites: 1)))),
            variation(
                Rule(
                    name: "lost", match: RequestMatch(verb: [.create], resource: "configmaps"),
                    when: Timing(first: 1), fault: .reset(Fault.Reset(at: .afterCommit)))))
        let records = try await Fixtures.run(specs)
        for record in records {
            #expect(record.outcome == .pass, "\(record.key): \(record.reason)")
            #expect(record.facts(.endState).count { $0.message.contains(#""phase":"Ready""#) } == 3)
            #expect(record.isAllDead)
        }
        #expect(records[2].facts(.processExited).map(\.detail) == ["signal 9"])
        #expect(records[3].facts(.processExited).isEmpty)
        // What the client library says of itself, by which rules can tell clients apart.
        let agents = Set(records[0].attempts.map(\.exchange.identity.resource))
        #expect(agents.isSuperset(of: ["websites", "configmaps", "serviceaccounts"]))
    }
}
