import Determinism
import Faults
import Kubernetes
import Resilience
import Synchronization
import Testing

@testable import Harness

/// The same faults and the same requests over sockets and over the simulated network: what the caller is told, what the
/// server did, and what is recorded are the same.
@Suite(.serialized, .timeLimit(.minutes(3)))
struct NetworkParityTests {
    private static let faults: [Fault] = [
        .reset(.init(at: .beforeRequest)), .reset(.init(at: .afterCommit)), .blackHole(.init()), .halfOpen(.init()),
        .latency(.init(fixed: .milliseconds(300))), .refuse(.init(span: .milliseconds(700))),
        .status(.init(code: 429, retryAfter: .seconds(1))), .status(.init(code: 502)), .status(.init(code: 503)),
    ]

    @Test("a fault has the same effect in both worlds", arguments: faults, [false, true])
    func parity(fault: Fault, isShared: Bool) async throws {
        let embedded = try await SocketWorld.withEmbedded(logger: Fixtures.logger) { world in
            try await Self.play(fault, isShared, in: world)
        }
        let simulated = try await Self.play(fault, isShared, in: try SimulatedWorld(logger: Fixtures.logger))
        #expect(simulated == embedded)
        #expect(embedded.contains { $0.hasPrefix("injected") })
    }

    private static func play(_ fault: Fault, _ isShared: Bool, in world: some World) async throws -> [String] {
        let rule = Rule(
            name: "storm", match: RequestMatch(verb: [.create], resource: "configmaps", name: "hit"),
            when: Timing(first: 1), fault: fault)
        let log = Log()
        let isRefusal = fault.kind == .refuse
        var policy = try Fixtures.policy("client-go")
        policy.transport = .none
        policy.rateLimit = nil
        let request = SiteRequest(
            policy: policy, plan: Plan(rules: [rule]), seed: 1, attempts: AttemptCounter(),
            observer: SiteObserver(
                onExchange: { log.exchanged($0) }, onDecision: { _ in }, onInjection: { log.injected($0) }))
        return try await world.perform(seed: 1) {
            try await world.withSite(request) { site in
                try await Script(site: site, log: log, isRefusal: isRefusal).play(isShared)
            }
            return log.all
        }
    }

    /// What was seen, in this order: by the caller, in exchanges, in injections.
    private final class Log: Sendable {
        private let state = Mutex<(seen: [String], exchanges: [String], injections: [String])>(([], [], []))

        var all: [String] { state.withLock { $0.seen + $0.exchanges + $0.injections } }

        func saw(_ line: String) { state.withLock { $0.seen.append(line) } }

        func exchanged(_ exchange: Exchange) {
            let failure = "\(exchange.httpStatus) \(exchange.curlCode) \(exchange.reason)"
            state.withLock { $0.exchanges.append("exchange \(exchange.identity) \(failure)") }
        }

        func injected(_ injection: Injection) {
            state.withLock {
                $0.injections.append("injected \(injection.kind) \(injection.identity) \(injection.ordinal)")
            }
        }
    }

    private struct Script: Sendable {
        var site: TrialSite
        var log: Log
        /// Whether connects are refused for a while.
        var isRefusal: Bool

        func play(_ isShared: Bool) async throws {
            await create("warm")
            if isShared {
                do {
                    try await site.subject.withWatch(Self.watch) { stream in
                        try await storm()
                        _ = try await site.harness.send(Self.creation("last"))
                        for try await event in stream where event.object["metadata", "name"]?.string == "last" { break }
                    }
                    log.saw("watch went on")
                } catch let error as APIError {
                    log.saw("watch \(Self.describe(error))")
                }
            } else {
                try await storm()
            }
            // Until a refusal is over.
            if isRefusal { try await site.clock.sleep(for: .seconds(1)) }
            await create("after")
        }

        private func storm() async throws {
            await create("hit")
            try await look(for: "hit")
            await create("next")
            try await look(for: "next")
        }

        private static let watch = APIRequest(.watch, .configMaps, namespace: "default", timeout: .seconds(3))

        private static func creation(_ name: String) -> APIRequest {
            APIRequest(
                .create, .configMaps, namespace: "default",
                body: ["apiVersion": "v1", "kind": "ConfigMap", "metadata": ["name": .string(name)]],
                timeout: .seconds(1))
        }

        private func create(_ name: String) async {
            do {
                _ = try await site.subject.send(Self.creation(name))
                log.saw("\(name) created")
            } catch let error as APIError {
                log.saw("\(name) \(Self.describe(error))")
            } catch {
                log.saw("\(name) \(error)")
            }
        }

        private func look(for name: String) async throws {
            do {
                _ = try await site.harness.send(APIRequest(.get, .configMaps, namespace: "default", name: name))
                log.saw("\(name) is there")
            } catch let error as APIError where error.code == .notFound {
                log.saw("\(name) is not there")
            }
        }

        /// The failure without the address, and without libcurl's own words.
        private static func describe(_ error: APIError) -> String {
            var words = error.message
            if let end = words.firstRange(of: " (curl ") { words = String(words[..<end.lowerBound]) }
            if let start = words.firstRange(of: "https://127.0.0.1:") {
                let port = words[start.upperBound...].prefix { $0.isNumber }
                words = words.replacing("127.0.0.1:\(port)", with: "server")
            }
            let transport = error.transport.map { "\($0.kind) \($0.curlCode)" } ?? "\(error.httpStatus)"
            let retryAfter = error.retryAfter?.text ?? "no Retry-After"
            return "\(error.code) \(transport) \(error.mayHaveBeenApplied) \(retryAfter) \(words)"
        }
    }
}
