import Determinism
import Faults
import Kubernetes
import Synchronization

/// Says when a subject's controllers are to die: one count of writes for all of them, whichever makes them.
final class CrashSwitch: Sendable {
    private let counter: Mutex<CrashCounter>
    /// Whether no write kills.
    let isIdle: Bool
    private let phase: @Sendable () -> Phase?

    init(plan: Plan, phase: @escaping @Sendable () -> Phase?) {
        let counter = CrashCounter(plan: plan)
        isIdle = counter.isIdle
        self.counter = Mutex(counter)
        self.phase = phase
    }

    /// The crash that is due before the request goes out.
    func due(_ identity: RequestIdentity) -> CrashCounter.Crash? {
        let phase = phase()
        return counter.withLock { $0.due(identity, in: phase) }
    }

    /// The crash that is due at a request that the server has done.
    func done(_ identity: RequestIdentity) -> CrashCounter.Crash? {
        let phase = phase()
        return counter.withLock { $0.done(identity, in: phase) }
    }
}

/// An API through which one life of a controller reaches the server, and which ends that life.
///
/// After its death nothing goes out any more and nothing comes in: no lease is given back, no answer is seen, whatever
/// the controller's tasks still try on their way out.
final class MortalAPI: KubernetesAPI {
    /// The crash that ended the life, and the request that it came at.
    struct Death: Sendable {
        var crash: CrashCounter.Crash
        var requestID: String?
    }

    private let api: any KubernetesAPI
    private let crashes: CrashSwitch
    private let state = Mutex<Death?>(nil)
    private let deaths: AsyncStream<Death>
    private let announce: AsyncStream<Death>.Continuation

    init(_ api: any KubernetesAPI, _ crashes: CrashSwitch) {
        self.api = api
        self.crashes = crashes
        (deaths, announce) = AsyncStream.makeStream(of: Death.self, bufferingPolicy: .bufferingOldest(1))
    }

    /// Nil while the life lasts.
    var death: Death? { state.withLock { $0 } }

    /// Returns at the death; with nil when the task is cancelled before. For one caller.
    func untilDeath() async -> Death? { await deaths.first { _ in true } }

    func send(_ request: APIRequest) async throws -> JSONObject {
        try checkAlive()
        if request.verb.isWrite, let crash = crashes.due(request.identity) {
            die(Death(crash: crash, requestID: request.trace?.requestID))
            throw CancellationError()
        }
        let answer = try await api.send(request)
        // An answer that comes after a death is seen by nobody.
        try checkAlive()
        guard request.verb.isWrite, let crash = crashes.done(request.identity) else { return answer }
        die(Death(crash: crash, requestID: request.trace?.requestID))
        if crash.fault.at == .beforeAnswer { throw CancellationError() }
        return answer
    }

    func withWatch<Result: Sendable>(
        _ request: APIRequest, _ body: (WatchStream) async throws -> Result
    ) async throws -> Result {
        try checkAlive()
        return try await api.withWatch(request, body)
    }

    func exec(_ request: ExecRequest) async throws -> ExecResult {
        try checkAlive()
        return try await api.exec(request)
    }

    private func checkAlive() throws {
        if death != nil { throw CancellationError() }
    }

    private func die(_ death: Death) {
        let isFirst = state.withLock { state in
            guard state == nil else { return false }
            state = death
            return true
        }
        if isFirst { announce.yield(death) }
    }
}
