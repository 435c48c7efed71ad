import APIMachinery
import Determinism
import Faults
import Foundation
import Kubernetes
package import Logging
import Resilience
import Simulation
import Synchronization
import VirtualNode
import Workflows

/// A world without sockets, threads and real time: each trial has an API server, a network, a node and a clock of its
/// own, in one thread, and the same seed gives the same history, byte for byte.
package struct SimulatedWorld: World {
    private let logger: Logger
    /// What all trials in this world together have done.
    package let tally = SimulationTally()

    /// - Throws: ``HarnessError`` on a runtime on which nothing can be simulated.
    package init(logger: Logger) throws {
        do {
            try SelfTest.run()
        } catch {
            throw HarnessError(.unavailable, "\(error)")
        }
        self.logger = logger
    }

    package var kind: WorldKind { .simulated }

    /// The rules that the server goes by.
    package var serverVersion: String { "simulated" }

    /// Runs the trial on a thread of its own, which it needs for as long as it takes.
    package func perform<Result: Sendable>(
        seed: UInt64, _ body: @escaping @Sendable () async throws -> Result
    ) async throws -> Result {
        // Somewhere within a minute, as real trials begin, so that schedules do not always find the same moment.
        var moment = RandomStreams(seed: seed).stream("start")
        let offset = Int64(moment.uniform() * 60e6)
        let loop = SimulationLoop(startEpochMicroseconds: SimulationLoop.epochMicroseconds + offset)
        return try await withTaskCancellationHandler {
            try await withCheckedThrowingContinuation { continuation in
                let thread = Thread {
                    let result = Swift.Result { try loop.run(body) }
                    tally.add(events: loop.eventCount, time: loop.now)
                    continuation.resume(with: result)
                }
                // As much as a main thread has: values that are nested deeply are walked recursively.
                thread.stackSize = 8 << 20
                thread.start()
            }
        } onCancel: {
            loop.stop()
        }
    }

    package func withSite<Result: Sendable>(
        _ request: SiteRequest, _ body: (TrialSite) async throws -> Result
    ) async throws -> Result {
        guard let loop = SimulationLoop.current else {
            preconditionFailure("a simulated trial runs in its world's perform")
        }
        let server = SimulatedServer(
            loop, configuration: ClusterStore.Configuration(seed: request.seed, serviceTimes: .measured))
        let network = SimulatedNetwork(loop, server: server, network(request))
        let weather = CapacityWeather(plan: request.plan, server: server, onInjection: request.observer.onInjection)
        let node = TrialNode()
        var subject = SimulatedClient.Configuration()
        subject.name = "subject"
        subject.transport = request.policy.transport
        subject.rateLimit = request.policy.rateLimit
        subject.attempts = request.attempts
        subject.execute = { try await node.exec($0) }
        subject.onExchange = request.observer.onExchange
        subject.onDecision = request.observer.onDecision
        defer {
            // These hold each other.
            server.shutDown()
            network.shutDown()
            node.use(nil)
        }
        return try await body(
            TrialSite(
                clock: loop.clock, harness: InProcessAPI(server.core), subject: SimulatedClient(network, subject),
                http: responder(loop.clock, request.observer), responderURL: Self.responderURL,
                enter: { phase in
                    network.enter(phase)
                    weather.enter(phase, at: loop.now)
                }, nodeAccess: .direct { node.use($0) }, isDisposable: true))
    }

    private func network(_ request: SiteRequest) -> SimulatedNetwork.Configuration {
        var configuration = SimulatedNetwork.Configuration()
        configuration.plan = request.plan
        configuration.seed = request.seed
        configuration.onInjection = request.observer.onInjection
        return configuration
    }

    private static let responderURL = "http://responder.boreas"
    /// There and back on the loopback, with the responder's own time.
    private static let responderLatency = Duration.microseconds(500)

    /// What workflows call: answers every request with 200.
    private func responder(_ clock: TrialClock, _ observer: SiteObserver) -> HTTPPort {
        HTTPPort { request in
            guard request.url.hasPrefix(Self.responderURL) else {
                throw HarnessError(
                    .unavailable,
                    "\(request.method) \(request.url): the simulated world has no server but \(Self.responderURL)")
            }
            try await clock.sleep(for: Self.responderLatency / 2)
            let path = request.url.dropFirst(Self.responderURL.count)
            observer.onCall(request.method, path.isEmpty ? "/" : String(path))
            try await clock.sleep(for: Self.responderLatency / 2)
            return HTTPPort.Response(status: 200, body: "")
        }
    }
}

/// Takes away from the server's capacity what the plan says, phase by phase.
private struct CapacityWeather: Sendable {
    let plan: Plan
    let server: SimulatedServer
    let onInjection: @Sendable (Injection) -> Void

    func enter(_ phase: Phase, at now: Duration) {
        var capacity = 1.0
        for rule in plan.rules {
            guard case .capacity(let fault) = rule.fault, rule.during == phase else { continue }
            capacity *= fault.factor
            // It hits every request of the phase; the record has it once.
            let nothing = RequestIdentity(verb: .get, group: "", resource: "", namespace: "", name: "")
            onInjection(
                Injection(rule: rule.name, kind: .capacity, identity: nothing, ordinal: 1, requestID: nil, at: now))
        }
        server.setCapacity(capacity)
    }
}

/// The node of a trial, as soon as there is one.
private final class TrialNode: Sendable {
    private let kubelet = Mutex<Kubelet?>(nil)

    func use(_ node: Kubelet?) { kubelet.withLock { $0 = node } }

    func exec(_ request: ExecRequest) async throws -> ExecResult {
        guard let node = kubelet.withLock({ $0 }) else {
            throw APIError(code: .invalid, message: "pod \(request.pod.name) does not have a host assigned")
        }
        return try await node.exec(request)
    }
}
