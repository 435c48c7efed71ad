import APIMachinery
import FaultProxy
import Faults
import Foundation
import Kubernetes
import KubernetesClient
import NIOCore
import Testing

/// Which requests are hit, and when, as it comes out behind sockets. One after another: some of them measure time.
@Suite(.serialized, .timeLimit(.minutes(3)))
struct TargetingTests {
    private static let pods = "/api/v1/namespaces/t/pods"

    private func refusal(_ match: RequestMatch, when: Timing = Timing(), during: Phase? = nil) -> Rule {
        Rule(name: "r", during: during, match: match, when: when, fault: .status(Fault.ForgedStatus(code: 503)))
    }

    private func code(
        _ setup: ProxySetup, _ path: String = Self.pods, _ arguments: String..., version: String = "1.1"
    ) async throws -> String {
        try await setup.curl(
            path, arguments: ["-o", "/dev/null", "-w", "%{http_code}"] + arguments, version: version
        ).output
    }

    @Test("a user agent is matched as a glob", arguments: ["1.1", "2"])
    func userAgent(version: String) async throws {
        try await ProxySetup.with(refusal(RequestMatch(userAgent: "argo*"))) { setup async throws in
            #expect(try await code(setup, Self.pods, "-A", "argo-controller/v4", version: version) == "503")
            #expect(try await code(setup, Self.pods, "-A", "kubectl/v1", version: version) == "200")
        }
    }

    @Test("the labels of an object that is created or updated are matched, and its body passes whole")
    func labels() async throws {
        try await ProxySetup.with(refusal(RequestMatch(resource: "pods", labels: ["app": "web*"]))) {
            setup async throws in
            func body(_ app: String) -> String { #"{"metadata":{"name":"p","labels":{"app":"\#(app)"}}}"# }
            for (path, method) in [(Self.pods, "POST"), (Self.pods + "/p", "PUT")] {
                #expect(try await code(setup, path, "-X", method, "-d", body("web-1")) == "503")
                #expect(try await code(setup, path, "-X", method, "-d", body("db")) == "200")
                #expect(setup.server.seen.last?.body == Array(body("db").utf8))
            }
            // A read has no object.
            #expect(try await code(setup, Self.pods + "/p") == "200")
            #expect(setup.injections.count == 2)
        }
    }

    @Test("labels stand in a protobuf body, too")
    func protobufLabels() async throws {
        func field(_ number: UInt8, _ bytes: [UInt8]) -> [UInt8] { [number << 3 | 2, UInt8(bytes.count)] + bytes }
        func label(_ name: String, _ value: String) -> [UInt8] {
            field(11, field(1, Array(name.utf8)) + field(2, Array(value.utf8)))
        }
        let metadata = field(1, Array("p".utf8)) + label("tier", "front") + label("app", "web")
        let type = field(1, Array("v1".utf8)) + field(2, Array("Pod".utf8))
        let body = [0x6B, 0x38, 0x73, 0x00] + field(1, type) + field(2, field(1, metadata))
        let file = FileManager.default.temporaryDirectory.appending(path: UUID().uuidString)
        try Data(body).write(to: file)
        defer { try? FileManager.default.removeItem(at: file) }
        for (app, expected) in [("web", "503"), ("db", "200")] {
            try await ProxySetup.with(refusal(RequestMatch(labels: ["app": app]))) { setup async throws in
                #expect(try await code(setup, Self.pods, "--data-binary", "@\(file.path)") == expected)
            }
        }
    }

    @Test("a window is one of its phase, and counts from the phase's beginning")
    func window() async throws {
        let early = Timing(window: Timing.Window(from: .zero, to: .seconds(2)))
        try await ProxySetup.with(refusal(RequestMatch(), when: early, during: .storm)) { setup async throws in
            #expect(try await code(setup) == "200")
            setup.proxy.enter(.storm)
            #expect(try await code(setup) == "503")
            let start = ContinuousClock.now
            while try await code(setup) == "503" { #expect(ContinuousClock.now - start < .seconds(10)) }
            #expect(ContinuousClock.now - start > .seconds(1))
            // A new storm has a new beginning.
            setup.proxy.enter(.calm)
            setup.proxy.enter(.storm)
            #expect(try await code(setup) == "503")
        }
        let late = Timing(window: Timing.Window(from: .seconds(600)))
        try await ProxySetup.with(refusal(RequestMatch(), when: late)) { setup async throws in
            #expect(try await code(setup) == "200")
        }
    }

    @Test("a rule sleeps until the n-th request of another kind has passed")
    func sinceRequest() async throws {
        let trigger = Timing.Trigger(request: RequestMatch(verb: [.create], resource: "configmaps"), count: 2)
        try await ProxySetup.with(refusal(RequestMatch(resource: "pods"), when: Timing(since: trigger))) {
            setup async throws in
            for _ in 0..<2 {
                #expect(try await code(setup) == "200")
                _ = try await setup.curl("/api/v1/namespaces/t/configmaps", "-d", "{}")
            }
            #expect(try await code(setup) == "503")
        }
    }

    @Test("a rule sleeps until an object that passes is in a state", arguments: [false, true])
    func sinceObject(isInList: Bool) async throws {
        let state = Timing.ObjectState(resource: "configmaps", name: "a", field: "data.phase", equals: "Done")
        let rule = Rule(
            name: "r", match: RequestMatch(resource: "secrets"), when: Timing(since: Timing.Trigger(object: state)),
            fault: .status(Fault.ForgedStatus(code: 503)))
        try await ClusterSetup.with(rule) { setup async throws in
            try await setup.withClient { client in
                func send(_ verb: Verb, name: String? = nil, body: JSONObject? = nil) async throws {
                    _ = try await client.send(
                        APIRequest(
                            verb, .configMaps, namespace: "default", name: name, body: body.map { .object($0) }))
                }
                func isAwake() async throws -> Bool {
                    let secrets = APIRequest(.list, .secrets, namespace: "default")
                    do {
                        _ = try await client.send(secrets)
                        return false
                    } catch let error as APIError where error.httpStatus == 503 {
                        return true
                    }
                }
                func object(_ name: String, _ phase: String) -> JSONObject {
                    [
                        "apiVersion": "v1", "kind": "ConfigMap", "metadata": ["name": .string(name)],
                        "data": ["phase": .string(phase)],
                    ]
                }
                try await send(.create, body: object("b", "Done"))
                try await send(.get, name: "b")
                #expect(try await isAwake() == false)
                if isInList {
                    _ = try await setup.api.send(
                        APIRequest(
                            .create, .configMaps, namespace: "default", body: .object(object("a", "Done"))))
                    #expect(try await isAwake() == false)
                    try await send(.list)
                } else {
                    try await send(.create, body: object("a", "Done"))
                }
                #expect(try await isAwake())
            }
        }
    }

    @Test("no more requests are held at a time than a rule may hold", arguments: ["1.1", "2"])
    func limitActive(version: String) async throws {
        let hole = Rule(name: "r", when: Timing(limitActive: 2), fault: .blackHole(.init()))
        try await ProxySetup.with(hole) { setup async throws in
            try await withThrowingTaskGroup(of: Int32.self) { group in
                for _ in 0..<2 {
                    group.addTask { try await setup.curl(Self.pods, "--max-time", "6", version: version).status }
                }
                try await eventually("two are held") { setup.injections.count == 2 }
                for _ in 0..<3 { #expect(try await code(setup, version: version) == "200") }
                #expect(setup.injections.count == 2)
                for try await status in group { #expect(status == 28) }
            }
            // Who has given up makes room.
            #expect(try await setup.curl(Self.pods, "--max-time", "1", version: version).status == 28)
            #expect(setup.injections.count == 3)
        }
    }

    @Test("an upgraded connection that a rule holds counts for as long as it is open")
    func limitActiveUpgraded() async throws {
        let slow = Rule(
            name: "r", match: RequestMatch(verb: [.connect], resource: "pods/exec"), when: Timing(limitActive: 1),
            fault: .bandwidth(Fault.Bandwidth(bytesPerSecond: 100_000)))
        try await ProxySetup.with(slow) { setup async throws in
            try await setup.withUpgrade(early: "a") { first, _ in
                var bytes = first.makeAsyncIterator()
                _ = try await bytes.next()
                #expect(setup.injections.count == 1)
                try await setup.withUpgrade(early: "b") { second, _ in
                    var bytes = second.makeAsyncIterator()
                    _ = try await bytes.next()
                    #expect(setup.injections.count == 1)
                }
            }
            try await eventually("the connections have ended") { setup.proxy.overview.connections == 0 }
            try await setup.withUpgrade(early: "c") { third, _ in
                var bytes = third.makeAsyncIterator()
                _ = try await bytes.next()
                #expect(setup.injections.count == 2)
            }
        }
    }
}
