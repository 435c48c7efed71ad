import APIMachinery
import Foundation
import Kubernetes
import KubernetesServer
import Subprocess
import Testing

/// What a real kubectl makes of the server. Each test has a server of its own.
@Suite(
    "With kubectl", .enabled(if: Command.isInstalled("kubectl"), "kubectl is not in PATH"), .timeLimit(.minutes(3)))
struct KubectlTests {
    private static let configMap = """
        apiVersion: v1
        kind: ConfigMap
        metadata: {name: settings, labels: {app: demo}}
        data: {mode: fast}
        """

    private static let pod = """
        apiVersion: v1
        kind: Pod
        metadata: {name: web}
        spec:
          containers: [{name: main, image: "nginx:1.25"}]
        """

    @Test("version tells both versions")
    func showsVersion() async throws {
        try await TestServer.run { test in
            let version = try await test.kubectl("version")
            #expect(version.status == 0, "\(version)")
            #expect(version.output.contains("Server Version: v1.36.2"))
        }
    }

    @Test("api-resources lists what is served, custom resources too")
    func listsResources() async throws {
        try await TestServer.run { test in
            let resources = try await test.kubectl("api-resources", "--no-headers")
            #expect(resources.status == 0, "\(resources)")
            let lines = resources.output.split(separator: "\n").map { $0.split(separator: " ").map(String.init) }
            #expect(lines.contains(["configmaps", "cm", "v1", "true", "ConfigMap"]))
            #expect(lines.contains(["leases", "coordination.k8s.io/v1", "true", "Lease"]))
            #expect(lines.contains { $0.first == "workflows" && $0.contains("argoproj.io/v1alpha1") })
            let versions = try await test.kubectl("api-versions")
            #expect(versions.output.split(separator: "\n").contains("argoproj.io/v1alpha1"))
        }
    }

    @Test("create -f, get, and create again, which says that it is there")
    func createsFromFile() async throws {
        try await TestServer.run { test in
            let created = try await test.kubectl("create", "-f", "-", input: Self.configMap)
            #expect(created.status == 0, "\(created)")
            #expect(created.output == "configmap/settings created\n")
            let shown = try await test.kubectl("get", "configmap", "settings", "-o", "jsonpath={.data.mode}")
            #expect(shown.output == "fast")
            let again = try await test.kubectl("create", "-f", "-", input: Self.configMap)
            #expect(again.status == 1)
            #expect(again.errors.contains(#"configmaps "settings" already exists"#))
            let table = try await test.kubectl("get", "cm")
            #expect(table.output.split(separator: "\n").first?.hasPrefix("NAME       DATA   AGE") == true, "\(table)")
        }
    }

    @Test("get of what is not there fails in the server's words")
    func missesObjects() async throws {
        try await TestServer.run { test in
            let missing = try await test.kubectl("get", "pod", "none")
            #expect(missing.status == 1)
            #expect(missing.errors == "Error from server (NotFound): pods \"none\" not found\n")
            let unknown = try await test.kubectl("get", "nonsense")
            #expect(unknown.errors.contains(#"the server doesn't have a resource type "nonsense""#))
            let none = try await test.kubectl("get", "pods")
            #expect(none.status == 0)
            #expect(none.errors == "No resources found in default namespace.\n")
        }
    }

    @Test("The commands that send protobuf are understood")
    func createsByProtobuf() async throws {
        try await TestServer.run { test in
            let namespace = try await test.kubectl("create", "namespace", "team")
            #expect(namespace.output == "namespace/team created\n", "\(namespace)")
            let map = try await test.kubectl(
                "create", "configmap", "m", "-n", "team", "--from-literal=a=1", "--from-literal=b=x y")
            #expect(map.output == "configmap/m created\n", "\(map)")
            let secret = try await test.kubectl(
                "create", "secret", "generic", "s", "-n", "team", "--from-literal=password=hunter2")
            #expect(secret.output == "secret/s created\n", "\(secret)")
            let quota = try await test.kubectl("create", "quota", "q", "-n", "team", "--hard=pods=2,cpu=1500m")
            #expect(quota.output == "resourcequota/q created\n", "\(quota)")
            let account = try await test.kubectl("create", "serviceaccount", "bot", "-n", "team")
            #expect(account.output == "serviceaccount/bot created\n", "\(account)")
            let data = try await test.kubectl("get", "cm", "m", "-n", "team", "-o", "jsonpath={.data.b}")
            #expect(data.output == "x y")
            let password = try await test.kubectl(
                "get", "secret", "s", "-n", "team", "-o", "jsonpath={.data.password}")
            #expect(password.output == "aHVudGVyMg==")
            let hard = try await test.kubectl("get", "quota", "q", "-n", "team", "-o", "jsonpath={.spec.hard.pods}")
            #expect(hard.output == "2")
        }
    }

    @Test("apply creates, changes nothing, and changes something")
    func applies() async throws {
        try await TestServer.run { test in
            let file = try test.write(Self.configMap, to: "cm.yaml")
            let first = try await test.kubectl("apply", "-f", file)
            #expect(first.output == "configmap/settings created\n", "\(first)")
            let second = try await test.kubectl("apply", "-f", file)
            #expect(second.output == "configmap/settings unchanged\n", "\(second)")
            try test.write(Self.configMap.replacing("fast", with: "slow"), to: "cm.yaml")
            let third = try await test.kubectl("apply", "-f", file)
            #expect(third.output == "configmap/settings configured\n", "\(third)")
            let mode = try await test.kubectl("get", "-f", file, "-o", "jsonpath={.data.mode}")
            #expect(mode.output == "slow")
        }
    }

    @Test("apply changes a pod's image by a strategic patch")
    func appliesPods() async throws {
        try await TestServer.run { test in
            let file = try test.write(Self.pod, to: "pod.yaml")
            let first = try await test.kubectl("apply", "-f", file)
            #expect(first.output == "pod/web created\n", "\(first)")
            try test.write(Self.pod.replacing("1.25", with: "1.26"), to: "pod.yaml")
            let second = try await test.kubectl("apply", "-f", file)
            #expect(second.output == "pod/web configured\n", "\(second)")
            let image = try await test.kubectl("get", "pod", "web", "-o", "jsonpath={.spec.containers[0].image}")
            #expect(image.output == "nginx:1.26")
        }
    }

    @Test("apply --server-side owns fields, and meets conflicts")
    func appliesOnServer() async throws {
        try await TestServer.run { test in
            let file = try test.write(Self.configMap, to: "cm.yaml")
            let first = try await test.kubectl("apply", "--server-side", "-f", file)
            #expect(first.output == "configmap/settings serverside-applied\n", "\(first)")
            let other = try test.write(Self.configMap.replacing("fast", with: "slow"), to: "other.yaml")
            let conflict = try await test.kubectl(
                "apply", "--server-side", "--field-manager=other", "-f", other)
            #expect(conflict.status != 0)
            #expect(conflict.errors.contains("conflict with \"kubectl\""), "\(conflict)")
            let forced = try await test.kubectl(
                "apply", "--server-side", "--field-manager=other", "--force-conflicts", "-f", other)
            #expect(forced.status == 0, "\(forced)")
        }
    }

    @Test("patch, label, annotate and replace change an object")
    func changes() async throws {
        try await TestServer.run { test in
            let file = try test.write(Self.configMap, to: "cm.yaml")
            _ = try await test.kubectl("create", "-f", file)
            let patched = try await test.kubectl(
                "patch", "cm", "settings", "--type=merge", "-p", #"{"data":{"mode":null,"extra":"1"}}"#)
            #expect(patched.output == "configmap/settings patched\n", "\(patched)")
            let json = try await test.kubectl(
                "patch", "cm", "settings", "--type=json",
                "-p", #"[{"op":"add","path":"/data/more","value":"2"}]"#)
            #expect(json.output == "configmap/settings patched\n", "\(json)")
            let labelled = try await test.kubectl("label", "cm", "settings", "tier=back", "app-")
            #expect(labelled.output == "configmap/settings labeled\n", "\(labelled)")
            let annotated = try await test.kubectl("annotate", "cm", "settings", "note=hello")
            #expect(annotated.output == "configmap/settings annotated\n", "\(annotated)")
            let shown = try await test.kubectl("get", "cm", "settings", "-o", "json")
            let object = try #require(try JSONValue(parsing: Array(shown.output.utf8)).object)
            #expect(object["data"] == ["extra": "1", "more": "2"])
            #expect(object["metadata", "labels"] == ["tier": "back"])
            #expect(object["metadata", "annotations", "note"] == "hello")
            let replaced = try await test.kubectl("replace", "-f", file)
            #expect(replaced.output == "configmap/settings replaced\n", "\(replaced)")
            let mode = try await test.kubectl("get", "cm", "settings", "-o", "jsonpath={.data.mode}")
            #expect(mode.output == "fast")
        }
    }

    @Test("An unknown field is refused before anything is stored")
    func validatesFields() async throws {
        try await TestServer.run { test in
            let created = try await test.kubectl(
                "create", "-f", "-", input: Self.configMap + "\nbogus: 1\n")
            #expect(created.status == 1)
            #expect(created.errors.contains(#"unknown field "bogus""#), "\(created)")
            let missing = try await test.kubectl("get", "cm", "settings")
            #expect(missing.status == 1)
        }
    }

    @Test("delete of a configmap, and of a pod that never ran")
    func deletes() async throws {
        try await TestServer.run { test in
            _ = try await test.kubectl("create", "-f", "-", input: Self.configMap)
            _ = try await test.kubectl("create", "-f", "-", input: Self.pod)
            let map = try await test.kubectl("delete", "cm", "settings")
            #expect(map.output == "configmap \"settings\" deleted\n", "\(map)")
            let pod = try await test.kubectl("delete", "pod", "web")
            #expect(pod.output == "pod \"web\" deleted\n", "\(pod)")
            let again = try await test.kubectl("delete", "cm", "settings")
            #expect(again.status == 1)
            let ignored = try await test.kubectl("delete", "cm", "settings", "--ignore-not-found")
            #expect(ignored.status == 0)
        }
    }

    @Test("delete of a namespace waits until it is empty and gone")
    func deletesNamespaces() async throws {
        try await TestServer.run { test in
            _ = try await test.kubectl("create", "namespace", "team")
            _ = try await test.kubectl("create", "cm", "m", "-n", "team")
            let deleted = try await test.kubectl("delete", "namespace", "team", "--timeout=30s")
            #expect(deleted.status == 0, "\(deleted)")
            let missing = try await test.kubectl("get", "namespace", "team")
            #expect(missing.status == 1)
        }
    }

    @Test("get -w shows changes as they happen")
    func watches() async throws {
        try await TestServer.run { test in
            _ = try await test.kubectl("create", "cm", "marker")
            let lines = try await Self.watch(test, ["get", "cm", "-w", "--output-watch-events", "--no-headers"]) {
                _ = try await test.kubectl("create", "cm", "one")
                _ = try await test.kubectl("label", "cm", "one", "a=b")
                _ = try await test.kubectl("delete", "cm", "one")
            } until: {
                $0.hasPrefix("DELETED") && $0.contains(" one ")
            }
            let events = lines.filter { $0.contains(" one ") }.compactMap { $0.split(separator: " ").first }
            #expect(events == ["ADDED", "MODIFIED", "DELETED"])
        }
    }

    @Test("wait ends when the condition is there")
    func waits() async throws {
        try await TestServer.run { test in
            _ = try await test.kubectl("create", "-f", "-", input: Self.pod)
            async let waited = test.kubectl("wait", "--for=condition=Ready", "pod/web", "--timeout=30s")
            try await test.setPodStatus([
                "phase": "Running", "conditions": [["type": "Ready", "status": "True"]],
                "containerStatuses": [["name": "main", "ready": true, "state": ["running": [:]]]],
            ])
            let result = try await waited
            #expect(result.output == "pod/web condition met\n", "\(result)")
            let table = try await test.kubectl("get", "pods", "--no-headers")
            let words = table.output.split(separator: " ").prefix(4).joined(separator: " ")
            #expect(words == "web 1/1 Running 0")
            let late = try await test.kubectl("wait", "--for=delete", "pod/web", "--timeout=1s")
            #expect(late.status == 1)
        }
    }

    @Test("logs of a pod on no node are empty, and those of one whose node is not there say so")
    func readsLogs() async throws {
        try await TestServer.run { test in
            _ = try await test.kubectl("create", "-f", "-", input: Self.pod)
            let early = try await test.kubectl("logs", "web")
            #expect(early.status == 0, "\(early)")
            #expect(early.output.isEmpty)
            try await test.bindPod()
            let lost = try await test.kubectl("logs", "web", "--tail=7")
            #expect(lost.status == 1)
            #expect(lost.errors.contains("nodes \"n1\" not found"), "\(lost)")
            let wrong = try await test.kubectl("logs", "web", "-c", "nope")
            #expect(wrong.status == 1)
            #expect(wrong.errors.contains("container nope is not valid for pod web"), "\(wrong)")
        }
    }

    @Test("exec on a node that is not there says so, and so does what has no node at all")
    func refusesExec() async throws {
        try await TestServer.run { test in
            _ = try await test.kubectl("create", "-f", "-", input: Self.pod)
            let early = try await test.kubectl("exec", "web", "--", "true")
            #expect(early.errors.contains("pod web does not have a host assigned"), "\(early)")
            try await test.bindPod()
            let exec = try await test.kubectl("exec", "web", "--", "true")
            #expect(exec.status == 1)
            #expect(exec.errors.contains("nodes \"n1\" not found"), "\(exec)")
        }
    }

    @Test("auth can-i says yes, and no to who has no token")
    func asksForAccess() async throws {
        try await TestServer.run { test in
            let may = try await test.kubectl("auth", "can-i", "delete", "pods")
            #expect(may.output == "yes\n", "\(may)")
            let wrong = try await test.kubectl("--token=wrong", "get", "pods")
            #expect(wrong.status == 1)
            #expect(wrong.errors.contains("You must be logged in to the server"), "\(wrong)")
        }
    }

    @Test("Workflows are created, listed with their columns, and patched")
    func servesWorkflows() async throws {
        try await TestServer.run { test in
            let workflow = """
                apiVersion: argoproj.io/v1alpha1
                kind: Workflow
                metadata: {name: hello}
                spec: {entrypoint: main, templates: [{name: main, container: {image: busybox}}]}
                """
            let created = try await test.kubectl("create", "-f", "-", input: workflow)
            #expect(created.output == "workflow.argoproj.io/hello created\n", "\(created)")
            let patched = try await test.kubectl(
                "patch", "wf", "hello", "--type=merge", "-p", #"{"status":{"phase":"Running"}}"#)
            #expect(patched.status == 0, "\(patched)")
            let phase = try await test.kubectl("get", "workflow", "hello", "-o", "jsonpath={.status.phase}")
            #expect(phase.output == "Running")
            let table = try await test.kubectl("get", "wf")
            #expect(table.output.hasPrefix("NAME"), "\(table)")
            let applied = try await test.kubectl("apply", "-f", "-", input: workflow)
            #expect(applied.status == 0, "\(applied)")
        }
    }

    @Test("A definition of a custom resource is served soon after")
    func servesDefinitions() async throws {
        try await TestServer.run { test in
            let definition = """
                apiVersion: apiextensions.k8s.io/v1
                kind: CustomResourceDefinition
                metadata: {name: widgets.example.com}
                spec:
                  group: example.com
                  scope: Namespaced
                  names: {plural: widgets, singular: widget, kind: Widget}
                  versions:
                  - name: v1
                    served: true
                    storage: true
                    schema:
                      openAPIV3Schema: {type: object, x-kubernetes-preserve-unknown-fields: true}
                    additionalPrinterColumns: [{name: Size, type: integer, jsonPath: .spec.size}]
                """
            let created = try await test.kubectl("apply", "-f", "-", input: definition)
            #expect(created.status == 0, "\(created)")
            // kubectl gives up on the `conditions: null` that servers answer with at first, real ones too.
            var established = created
            repeat {
                established = try await test.kubectl(
                    "wait", "--for=condition=Established", "crd/widgets.example.com", "--timeout=20s")
            } while "\(established)".contains(".status.conditions accessor error")
            #expect(established.status == 0, "\(established)")
            let widget = """
                apiVersion: example.com/v1
                kind: Widget
                metadata: {name: w}
                spec: {size: 7}
                """
            let made = try await test.kubectl("create", "-f", "-", input: widget)
            #expect(made.output == "widget.example.com/w created\n", "\(made)")
            let table = try await test.kubectl("get", "widgets", "--no-headers")
            #expect(table.output == "w      7\n" || table.output.split(separator: " ").last == "7\n", "\(table)")
        }
    }

    @Test("events, describe, diff and get --raw work")
    func readsMore() async throws {
        try await TestServer.run { test in
            let file = try test.write(Self.pod, to: "pod.yaml")
            _ = try await test.kubectl("create", "-f", file)
            let events = try await test.kubectl("events")
            #expect(events.status == 0, "\(events)")
            let described = try await test.kubectl("describe", "pod", "web")
            #expect(described.status == 0, "\(described)")
            #expect(described.output.contains("nginx:1.25"))
            let raw = try await test.kubectl("get", "--raw", "/readyz?verbose")
            #expect(raw.output == "[+]ping ok\nreadyz check passed\n", "\(raw)")
            let changed = try test.write(Self.pod.replacing("1.25", with: "1.26"), to: "changed.yaml")
            let diff = try await test.kubectl("diff", "-f", changed)
            #expect(diff.status == 1, "\(diff)")
            #expect(diff.output.contains("nginx:1.26"))
        }
    }

    /// Runs kubectl until it has printed a certain line; `act` runs when it has printed its first.
    private static func watch(
        _ test: TestServer, _ arguments: [String], _ act: @escaping @Sendable () async throws -> Void,
        until isLast: @escaping @Sendable (String) -> Bool
    ) async throws -> [String] {
        let result = try await Subprocess.run(
            .name("kubectl"), arguments: Arguments(test.kubectlOptions + arguments), input: .none,
            output: .sequence, error: .discarded
        ) { execution in
            var lines: [String] = []
            for try await line in execution.standardOutput.strings() {
                lines.append(line)
                if lines.count == 1 { try await act() }
                if isLast(line) { break }
            }
            await execution.teardown(using: [])
            return lines
        }
        return result.closureResult
    }
}

extension TestServer {
    /// Puts the pod `web` on a node.
    fileprivate func bindPod() async throws {
        _ = try await api.send(
            APIRequest(
                .create, .pods, namespace: "default", name: "web", subresource: "binding",
                body: [
                    "apiVersion": "v1", "kind": "Binding", "metadata": ["name": "web"],
                    "target": ["kind": "Node", "name": "n1"],
                ]))
    }

    /// Plays the kubelet of the pod `web`.
    fileprivate func setPodStatus(_ status: JSONValue) async throws {
        _ = try await api.send(
            APIRequest(
                .patch, .pods, namespace: "default", name: "web", subresource: "status", body: ["status": status],
                patchType: .merge))
    }
}
