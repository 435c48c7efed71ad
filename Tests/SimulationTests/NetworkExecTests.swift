import APIMachinery
import Determinism
import Faults
import Kubernetes
import Simulation
import Testing

/// Commands in containers: over a connection of their own, through the same faults.
@Suite struct NetworkExecTests {
    private static let request = ExecRequest(
        pod: ObjectKey(namespace: "default", name: "p"), container: "main", command: ["true"], timeout: .seconds(30))
    private static let place =
        #"Get "https://127.0.0.1:6443/api/v1/namespaces/default/pods/p/exec?command=true&container=main&"#
        + #"stdout=true&stderr=true": "#

    private final class Node: @unchecked Sendable {
        var started = 0
        var ended = 0
    }

    /// A setup with a pod, and a node that takes 2 s for a command.
    private func with(
        _ fault: Fault?, _ body: @escaping @Sendable (NetworkSetup) async throws -> Void
    ) throws -> (setup: NetworkSetup, started: Int, ended: Int) {
        let rule = fault.map { Rule(name: "storm", match: RequestMatch(verb: [.connect]), fault: $0) }
        let node = Node()
        let clock = Box<TrialClock?>(nil)
        let setup = NetworkSetup(rule.map { [$0] } ?? []) { configuration in
            configuration.execute = { _ in
                node.started += 1
                try await clock.value?.sleep(for: .seconds(2))
                node.ended += 1
                return ExecResult(exitCode: 3, standardOutput: Array("out".utf8))
            }
        }
        clock.value = setup.clock
        try setup.run { setup in
            let pod: JSONValue = [
                "apiVersion": "v1", "kind": "Pod", "metadata": ["name": "p", "namespace": "default"],
                "spec": ["nodeName": "n", "containers": [["name": "main", "image": "i"]]],
            ]
            _ = try await setup.direct.send(APIRequest(.create, .pods, namespace: "default", body: pod))
            try await body(setup)
        }
        return (setup, node.started, node.ended)
    }

    private static func failure(_ setup: NetworkSetup) async throws -> APIError? {
        do {
            _ = try await setup.client.exec(request)
            return nil
        } catch let error as APIError {
            return error
        }
    }

    @Test("a command's end comes back")
    func runs() throws {
        let (setup, started, _) = try with(nil) { setup in
            let result = try await setup.client.exec(Self.request)
            #expect(result == ExecResult(exitCode: 3, standardOutput: Array("out".utf8)))
            try await setup.create("a")
        }
        #expect(started == 1)
        #expect(setup.exchanges.map(\.httpStatus) == [101, 201])
        // Connecting takes three times there and back, the request one way, the command 2 s, its end the other way.
        #expect(setup.exchanges[0].duration == .milliseconds(2_008))
        #expect(setup.network.connectionsOpened == 2)
    }

    @Test("a pod that is not there is told of by the server")
    func refusal() throws {
        let (setup, started, _) = try with(nil) { setup in
            var request = Self.request
            request.pod.name = "q"
            let asked = request
            let error = await #expect(throws: APIError.self) { try await setup.client.exec(asked) }
            #expect(error?.code == .notFound)
        }
        #expect(started == 0 && setup.exchanges.map(\.httpStatus) == [404])
    }

    @Test("a reset before the request: no command; after the commit: it runs, and nobody learns of its end")
    func resets() throws {
        for point in Fault.Reset.Point.allCases {
            let (setup, started, _) = try with(.reset(.init(at: point))) { setup in
                let error = try await Self.failure(setup)
                #expect(error?.transport == TransportFailure(kind: .connectionReset))
                #expect(error?.message == Self.place + "read tcp: connection reset by peer")
                #expect(error?.mayHaveBeenApplied == true)
            }
            #expect(started == (point == .beforeRequest ? 0 : 1))
            #expect(setup.injections.map(\.kind) == [.reset])
            #expect(setup.exchanges.map(\.httpStatus) == [0])
        }
    }

    @Test("half open: the command runs, its end never comes, and other requests go on")
    func halfOpen() throws {
        let (setup, started, ended) = try with(.halfOpen(.init())) { setup in
            async let failed = Self.failure(setup)
            try await setup.clock.sleep(for: .seconds(1))
            try await setup.create("a")
            let error = try await failed
            #expect(setup.loop.now == .seconds(30))
            #expect(
                error?.message == Self.place
                    + "context deadline exceeded (Client.Timeout exceeded while awaiting headers)"
                    || error?.message == Self.place + "context deadline exceeded (the command's status did not come)")
        }
        #expect(started == 1 && ended == 1)
        #expect(setup.exchanges.map(\.httpStatus) == [201, 0])
    }

    @Test("a black hole answers nothing, and no command runs")
    func blackHole() throws {
        let (_, started, _) = try with(.blackHole(.init())) { setup in
            let error = try await Self.failure(setup)
            #expect(setup.loop.now == .seconds(30))
            #expect(
                error?.message == Self.place
                    + "context deadline exceeded (Client.Timeout exceeded while awaiting headers)")
        }
        #expect(started == 0)
    }

    @Test("a forged status is an answer to the request for the upgrade")
    func status() throws {
        let (setup, started, _) = try with(.status(.init(code: 500))) { setup in
            let error = try await Self.failure(setup)
            #expect(error?.code == .serverFailure)
        }
        #expect(started == 0 && setup.exchanges.map(\.httpStatus) == [500])
    }

    @Test("a caller that gives up ends the command's connection, and waits no longer")
    func cancellation() throws {
        let (setup, started, ended) = try with(nil) { setup in
            await #expect(throws: CancellationError.self) {
                try await withThrowingTaskGroup(of: Void.self) { group in
                    group.addTask { _ = try await setup.client.exec(Self.request) }
                    try await setup.clock.sleep(for: .seconds(1))
                    group.cancelAll()
                    try await group.waitForAll()
                }
            }
            #expect(setup.loop.now == .seconds(1))
        }
        #expect(started == 1 && ended == 0)
        #expect(setup.exchanges.map(\.reason) == ["cancelled"])
        #expect(setup.exchanges.map(\.httpStatus) == [101])
    }
}
