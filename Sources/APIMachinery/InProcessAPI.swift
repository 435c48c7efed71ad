import Determinism
package import Kubernetes
import Synchronization

/// The API of an ``APIServerCore`` without sockets: for tests of controllers, and for the harness beside the weather.
package final class InProcessAPI: KubernetesAPI {
    private let core: APIServerCore
    private let user: String
    private let userAgent: String
    private let watchBufferLimit: Int
    private let execute: @Sendable (ExecRequest) async throws -> ExecResult

    /// - Parameters:
    ///   - watchBufferLimit: Events that may wait for a slow reader before its watch is cut.
    ///   - execute: Runs commands in containers, as the node of a pod does; without it no pod has a host.
    package init(
        _ core: APIServerCore, user: String = ServerRequest.administrator, userAgent: String = "boreas",
        watchBufferLimit: Int = 1_000,
        execute: @escaping @Sendable (ExecRequest) async throws -> ExecResult = { request in
            let message = "pod \(request.pod.name) does not have a host assigned"
            throw APIError(code: .invalid, message: message)
        }
    ) {
        self.execute = execute
        self.core = core
        self.user = user
        self.userAgent = userAgent
        self.watchBufferLimit = watchBufferLimit
    }

    package func send(_ request: APIRequest) async throws -> JSONObject {
        let answer = PendingAnswer()
        let ticket = core.submit(ServerRequest(request, user: user, userAgent: userAgent)) { action in
            if case .respond(_, let response) = action { answer.resolve(.response(response)) }
        }
        switch await outcome(of: answer, ticket, within: request.timeout) {
        case .response(let response):
            if let failure = response.failure { throw APIError(failure) }
            return response.body
        case .cancelled: throw CancellationError()
        case .timedOut(let timeout):
            core.cancel(ticket)
            throw APIError(
                code: .unreachable, message: "no answer within \(timeout)", transport: TransportFailure(kind: .timeout),
                mayHaveBeenApplied: request.verb.isWrite)
        }
    }

    private func outcome(
        of answer: PendingAnswer, _ ticket: RequestTicket, within timeout: Duration?
    ) async -> PendingAnswer.Outcome {
        // What is decided at once needs no timer.
        if let known = answer.known { return known }
        guard let timeout else { return await outcome(of: answer, ticket) }
        return await withDiscardingTaskGroup { group in
            group.addTask { [clock = core.clock] in
                do {
                    try await clock.sleep(for: timeout)
                } catch {
                    return
                }
                answer.resolve(.timedOut(timeout))
            }
            let outcome = await outcome(of: answer, ticket)
            group.cancelAll()
            return outcome
        }
    }

    private func outcome(of answer: PendingAnswer, _ ticket: RequestTicket) async -> PendingAnswer.Outcome {
        await withTaskCancellationHandler {
            await answer.outcome()
        } onCancel: {
            core.cancel(ticket)
            answer.resolve(.cancelled)
        }
    }

    package func withWatch<Result: Sendable>(
        _ request: APIRequest, _ body: (WatchStream) async throws -> Result
    ) async throws -> Result {
        let mailbox = WatchMailbox(limit: watchBufferLimit)
        let ticket = core.submit(ServerRequest(request, user: user, userAgent: userAgent)) { mailbox.receive($0) }
        defer { core.cancel(ticket) }
        try await mailbox.opened()
        return try await body(WatchStream { try await mailbox.next() })
    }

    package func exec(_ request: ExecRequest) async throws -> ExecResult { try await execute(request) }

    package func discover(timeout: Duration) async throws -> ResourceDiscovery {
        var discovery = ResourceDiscovery()
        for served in core.servedResources { discovery.add(served.resource, verbs: served.verbs) }
        return discovery
    }
}

/// One answer, whichever comes first: it, the end of the time for it, or the end of who waits for it.
private final class PendingAnswer: Sendable {
    enum Outcome: Sendable {
        case response(ServerResponse)
        case timedOut(Duration)
        case cancelled
    }

    private enum State: Sendable {
        case pending
        case awaited(CheckedContinuation<Outcome, Never>)
        case resolved(Outcome)
    }

    private let state = Mutex(State.pending)

    func resolve(_ outcome: Outcome) {
        let continuation: CheckedContinuation<Outcome, Never>? = state.withLock { state in
            switch state {
            case .pending:
                state = .resolved(outcome)
                return nil
            case .awaited(let continuation):
                state = .resolved(outcome)
                return continuation
            case .resolved: return nil
            }
        }
        continuation?.resume(returning: outcome)
    }

    /// The outcome, where there is one yet.
    var known: Outcome? { state.withLock { if case .resolved(let outcome) = $0 { outcome } else { nil } } }

    func outcome() async -> Outcome {
        await withCheckedContinuation { continuation in
            let known: Outcome? = state.withLock { state in
                guard case .resolved(let outcome) = state else {
                    state = .awaited(continuation)
                    return nil
                }
                return outcome
            }
            if let known { continuation.resume(returning: known) }
        }
    }
}

/// The events of one watch on their way to its reader, and no more of them than a bound.
private final class WatchMailbox: Sendable {
    private struct State: Sendable {
        static let startLimit = 200_000

        var isOpen = false
        var events: [WatchEvent] = []
        /// How many of the events were read.
        var read = 0
        /// Events that came before the reader's first look: the state that the watch began with may be longer than the
        /// bound, and is no sign of a slow reader. Nil after it.
        var unreadStart: Int? = 0
        var startLeft = 0
        var hasEnded = false
        var failure: APIError?

        mutating func append(_ event: WatchEvent, limit: Int) {
            let bound = unreadStart == nil ? limit + startLeft : Self.startLimit
            guard events.count - read < bound else {
                hasEnded = true
                return
            }
            events.append(event)
            unreadStart? += 1
        }

        mutating func beginReading() {
            guard let start = unreadStart else { return }
            startLeft = start
            unreadStart = nil
        }

        mutating func advance() {
            read += 1
            startLeft = max(0, startLeft - 1)
            guard read == events.count || read >= 256 else { return }
            events.removeFirst(read)
            read = 0
        }
    }

    private let state = Mutex(State())
    private let limit: Int
    private let news = Signal()

    init(limit: Int) { self.limit = limit }

    func receive(_ action: ClusterStore.Action) {
        state.withLock { state in
            switch action {
            case .respond(_, let response):
                state.failure = APIError(Status(json: response.body))
                state.hasEnded = true
            case .startWatch: state.isOpen = true
            case .watchEvent(_, let event):
                if !state.hasEnded { state.append(event, limit: limit) }
            case .endWatch: state.hasEnded = true
            }
        }
        news.raise()
    }

    /// Returns once the watch is open.
    ///
    /// - Throws: ``APIError`` where it was refused.
    func opened() async throws {
        while true {
            let isOpen = try state.withLock { state in
                if let failure = state.failure { throw failure }
                return state.isOpen || state.hasEnded
            }
            if isOpen { return }
            try Task.checkCancellation()
            await news.wait()
        }
    }

    /// The next event; nil at the stream's end, which is also where a reader that fell behind is cut off.
    func next() async throws -> WatchEvent? {
        while true {
            try Task.checkCancellation()
            let found: WatchEvent?? = state.withLock { state in
                state.beginReading()
                guard state.read < state.events.count else { return state.hasEnded ? .some(nil) : nil }
                defer { state.advance() }
                return state.events[state.read]
            }
            if let found { return found }
            await news.wait()
        }
    }
}
