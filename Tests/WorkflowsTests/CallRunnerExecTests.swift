import Determinism
import Kubernetes
import Resilience
import Synchronization
import Testing
import Workflows

struct CallRunnerExecTests {
    private let time = VirtualTime()
    private let log = ObserverLog()
    private let request = ExecRequest(pod: ObjectKey(namespace: "n", name: "p"), container: "main", command: ["true"])

    private func runner(
        _ policy: Policy, _ execute: @escaping @Sendable (ExecRequest) async throws -> ExecResult
    ) -> CallRunner {
        CallRunner(
            api: ScriptedAPI(execute: execute), policy: policy, clock: time.clock, streams: RandomStreams(seed: 1),
            attempts: AttemptCounter(), observer: log.observer)
    }

    @Test("a command that never ends is given up at the policy's limit, by a client that keeps none, too")
    func timeout() throws {
        let limit = try #require(Policy.boreas.exec.timeout)
        let runner = runner(.boreas) { [time] request in
            #expect(request.timeout == limit && request.trace?.requestID == "exec/n/p/main.1")
            try await time.clock.sleep(for: .seconds(1_000_000))
            return ExecResult(exitCode: 0)
        }
        let failure = try time.run { [request] in
            await #expect(throws: CallFailed.self) {
                try await runner.perform(.exec, request.identity, part: "main") { try await $0.exec(request) }
            }
        }
        #expect(time.now == limit)
        #expect(failure?.error.transport?.kind == .timeout && failure?.error.mayHaveBeenApplied == true)
        #expect(failure?.classification == .transient && failure?.disposition == .requeue)
        #expect(log.operations.isEmpty)
        runner.giveUp(try #require(failure))
        #expect(log.operations.map(\.outcome) == [.failed(.transient)])
    }

    @Test("without a limit it is never given up")
    func noLimit() throws {
        let runner = runner(.argo358) { [time] request in
            #expect(request.timeout == nil)
            try await time.clock.sleep(for: .seconds(80_000))
            return ExecResult(exitCode: 3)
        }
        let result = try time.run { [request] in
            try await runner.perform(.exec, request.identity) { try await $0.exec(request) }
        }
        #expect(result.exitCode == 3 && time.now == .seconds(80_000))
        #expect(log.operations.map(\.outcome) == [.succeeded])
    }

    @Test("a policy that tries execs again in place does so here as elsewhere")
    func inPlace() throws {
        var policy = Policy.boreas
        policy.paths[.exec]?.retriesInPlace = true
        let tries = Mutex(0)
        let runner = runner(policy) { _ in
            let ordinal = tries.withLock { count in
                count += 1
                return count
            }
            if ordinal < 3 { throw APIError(Status(code: 503, reason: "ServiceUnavailable", message: "busy")) }
            return ExecResult(exitCode: 0)
        }
        _ = try time.run { [request] in
            try await runner.perform(.exec, request.identity) { try await $0.exec(request) }
        }
        #expect(log.decisions.map(\.layer) == [.call, .call])
        #expect(log.operations.map(\.attempts) == [3])
    }

    @Test("an object that is gone ends its operations, but for one that is just running")
    func abandon() throws {
        let runner = runner(.boreas) { _ in throw APIError.lostAnswer }
        try time.run { [request] in
            let key = request.pod
            for part in ["a", "b"] {
                await #expect(throws: CallFailed.self) {
                    try await runner.perform(.exec, request.identity, part: part) { try await $0.exec(request) }
                }
            }
            _ = try await runner.perform(.exec, request.identity, part: "a") { _ in
                runner.abandon(about: key, at: .podDelete)
                #expect(log.operations.isEmpty)
                runner.abandon(about: key)
                #expect(log.operations.map(\.operation) == ["exec/n/p/b"])
            }
        }
        #expect(log.operations.map(\.outcome) == [.abandoned, .succeeded])
    }
}
