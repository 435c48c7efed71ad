import FaultProxy
import Faults
import Foundation
import Kubernetes
import KubernetesClient
import Testing

/// Writes that are done twice, and writes before which somebody else was there; on a real store.
@Suite(.timeLimit(.minutes(3)))
struct WriteFaultTests {
    private func rule(
        _ verbs: [Verb], _ fault: Fault, resource: String = "configmaps", name: String? = nil
    ) -> Rule {
        Rule(
            name: "storm", match: RequestMatch(verb: verbs, resource: resource, name: name), when: Timing(first: 1),
            fault: fault)
    }

    private func configMap(_ name: String, _ value: String = "1") -> JSONObject {
        [
            "apiVersion": "v1", "kind": "ConfigMap", "metadata": ["name": .string(name), "namespace": "default"],
            "data": ["k": .string(value)],
        ]
    }

    private func request(_ verb: Verb, _ object: JSONObject? = nil, name: String? = nil) -> APIRequest {
        APIRequest(
            verb, .configMaps, namespace: "default", name: name, body: object.map { .object($0) },
            patchType: verb == .patch ? .merge : nil, timeout: .seconds(20))
    }

    // MARK: Twice

    @Test("a create that is done twice is answered with AlreadyExists, and the next one is done once")
    func createdTwice() async throws {
        try await ClusterSetup.with(rule([.create], .applyTwice(.init()), name: "a")) { setup in
            try await setup.withClient { client in
                let error = await #expect(throws: APIError.self) {
                    try await client.send(request(.create, configMap("a")))
                }
                #expect(error?.code == .alreadyExists)
                #expect(error?.message == "configmaps \"a\" already exists")
                #expect(setup.injections.map(\.identity.description) == ["create configmaps default/a"])
                _ = try await client.send(request(.create, configMap("b")))
                #expect(setup.injections.count == 1)
            }
        }
    }

    @Test("a create that leaves its name to the server makes two objects")
    func generatedTwice() async throws {
        try await ClusterSetup.with(rule([.create], .applyTwice(.init()))) { setup in
            try await setup.withClient { client in
                _ = try await client.send(
                    request(.create, ["metadata": ["generateName": "a-"], "apiVersion": "v1", "kind": "ConfigMap"]))
                let list = try await client.send(request(.list))
                let names = (list["items"]?.array ?? []).compactMap { $0.object?["metadata", "name"]?.string }
                #expect(names.filter { $0.hasPrefix("a-") }.count == 2, "\(names)")
            }
        }
    }

    @Test("both times the server sees the same request, over HTTP/1.1 and HTTP/2", arguments: ["1.1", "2"])
    func sameTwice(version: String) async throws {
        try await ProxySetup.with(rule([.create], .applyTwice(.init()))) { setup in
            let body = String(repeating: "b", count: 100_000)
            try await withFile(body) { file in
                let result = try await setup.curl(
                    "/api/v1/namespaces/t/configmaps", "-H", "Content-Type: application/json", "--data-binary",
                    "@\(file)", "-w", " %{http_code}", version: version)
                #expect(result.output.hasSuffix(#""bytes":100000} 200"#))
            }
            #expect(setup.server.seen.count == 2)
            #expect(setup.server.seen.allSatisfy { $0.body == Array(body.utf8) })
            #expect(setup.server.seen[0].headers == setup.server.seen[1].headers)
            #expect(setup.injections.map(\.kind) == [.applyTwice])
        }
    }

    @Test("a body that is too large to be kept passes once, and counts as not hit")
    func tooLargeForTwice() async throws {
        func configure(_ configuration: inout ReverseProxy.Configuration) { configuration.bodyBytesMax = 1000 }
        try await ProxySetup.with(
            rules: [rule([.create], .applyTwice(.init()))], configure: configure
        ) { setup in
            try await withFile(String(repeating: "b", count: 5000)) { file in
                let result = try await setup.curl(
                    "/api/v1/namespaces/t/configmaps", "--data-binary", "@\(file)")
                #expect(result.output.hasSuffix(#""bytes":5000}"#))
            }
            #expect(setup.server.seen.count == 1)
            #expect(setup.injections.isEmpty)
        }
    }

    // MARK: In between

    @Test("an update meets a conflict that the server itself tells of, and the object tells of the interloper")
    func interlope() async throws {
        try await ClusterSetup.with(rule([.update], .interlope(.init()))) { setup in
            try await setup.withClient { client in
                let created = try await client.send(request(.create, configMap("a")))
                let error = await #expect(throws: APIError.self) {
                    try await client.send(request(.update, created, name: "a"))
                }
                #expect(error?.code == .conflict)
                #expect(
                    error?.message
                        == "Operation cannot be fulfilled on configmaps \"a\": the object has been modified; "
                        + "please apply your changes to the latest version and try again")
                #expect(setup.injections.map(\.identity.description) == ["update configmaps default/a"])
                let now = try await client.send(request(.get, name: "a"))
                let annotations = now["metadata", "annotations"]?.object
                #expect(annotations?[Fault.Interloper.annotation]?.string?.hasPrefix("storm update 1 ") == true)
                let managers = (now["metadata", "managedFields"]?.array ?? []).compactMap {
                    $0.object?["manager"]?.string
                }
                #expect(managers.isEmpty || managers.contains(Fault.Interloper.fieldManager), "\(managers)")
                _ = try await client.send(request(.update, now, name: "a"))
                #expect(setup.injections.count == 1)
            }
        }
    }

    @Test("an object that is not there is not hit: the server says so, and nothing is injected")
    func interlopeNothing() async throws {
        try await ClusterSetup.with(rule([.update], .interlope(.init()))) { setup in
            try await setup.withClient { client in
                let error = await #expect(throws: APIError.self) {
                    try await client.send(request(.update, configMap("none"), name: "none"))
                }
                #expect(error?.code == .notFound)
                #expect(setup.injections.isEmpty)
            }
        }
    }

    @Test("of patches those meet a conflict that name a version, and the others are left alone")
    func interlopePatches() async throws {
        try await ClusterSetup.with(
            Rule(
                name: "storm", match: RequestMatch(verb: [.patch], resource: "configmaps"), fault: .interlope(.init()))
        ) { setup in
            try await setup.withClient { client in
                let created = try await client.send(request(.create, configMap("a")))
                _ = try await client.send(request(.patch, ["data": ["k": "2"]], name: "a"))
                #expect(setup.injections.isEmpty)
                let now = try await client.send(request(.get, name: "a"))
                #expect(now["metadata", "annotations"] == created["metadata", "annotations"])
                let version = now["metadata", "resourceVersion"]?.string ?? ""
                let patch: JSONObject = ["metadata": ["resourceVersion": .string(version)], "data": ["k": "3"]]
                let error = await #expect(throws: APIError.self) {
                    try await client.send(request(.patch, patch, name: "a"))
                }
                #expect(error?.code == .conflict)
                #expect(setup.injections.map(\.kind) == [.interlope])
            }
        }
    }

    @Test("an update of a status is about the object all the same")
    func interlopeStatus() async throws {
        try await ClusterSetup.with(rule([.update], .interlope(.init()), resource: "pods/status")) { setup in
            try await setup.withClient { client in
                let pod: JSONObject = [
                    "apiVersion": "v1", "kind": "Pod", "metadata": ["name": "p", "namespace": "default"],
                    "spec": ["containers": [["name": "main", "image": "busybox"]]],
                ]
                let created = try await client.send(
                    APIRequest(.create, .pods, namespace: "default", body: .object(pod)))
                let error = await #expect(throws: APIError.self) {
                    try await client.send(
                        APIRequest(
                            .update, .pods, namespace: "default", name: "p", subresource: "status",
                            body: .object(created)))
                }
                #expect(error?.code == .conflict)
                #expect(setup.injections.map(\.identity.description) == ["update pods/status default/p"])
            }
        }
    }
}
