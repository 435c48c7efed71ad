package import Determinism
package import Kubernetes
import Synchronization

/// The one place where a ``ClusterStore`` meets time and threads: it owns the lock, keeps the timers, and hands each
/// ticket's actions to whoever submitted it, in order.
///
/// The socket server and ``InProcessAPI`` share one core, and so one cluster.
package final class APIServerCore: Sendable {
    /// Receives the actions for one ticket: from any thread, one at a time, in order, and never with a lock held. It
    /// must not block. The first may come before `submit` has returned. After `respond` or `endWatch` nothing more does.
    package typealias Receiver = @Sendable (ClusterStore.Action) -> Void

    /// Asks a webhook, and gives its answer once, from any thread. It must not block.
    package typealias WebhookCaller = @Sendable (WebhookCall, @escaping @Sendable (WebhookAnswer) -> Void) -> Void

    package let clock: TrialClock
    private let state: Mutex<State>
    private let earlierDeadline = Signal()
    private let onDeadline: (@Sendable (Timestamp) -> Void)?

    private struct State: Sendable {
        var store: ClusterStore
        var webhookCaller: WebhookCaller?
        var receivers: [RequestTicket: Receiver] = [:]
        var lastTicket: UInt64 = 0
        /// Actions that are decided but not yet handed out.
        var outbox: [ClusterStore.Action] = []
        /// Whether some thread is handing actions out; it will take along whatever is added meanwhile.
        var isDelivering = false
        /// What ``APIServerCore/run()`` sleeps until; nil while it does not sleep, or has nothing to wait for.
        var alarm: Timestamp?

        /// The next actions with their receivers; nil, and no longer delivering, where there are none.
        mutating func takeOutbox() -> [(receiver: Receiver, action: ClusterStore.Action)]? {
            guard !outbox.isEmpty else {
                isDelivering = false
                return nil
            }
            let actions = outbox
            outbox = []
            return actions.compactMap { action in
                guard let receiver = receivers[action.ticket] else { return nil }
                switch action {
                case .respond(let ticket, _), .endWatch(let ticket): receivers[ticket] = nil
                case .startWatch, .watchEvent: break
                }
                return (receiver, action)
            }
        }
    }

    /// - Parameter onDeadline: Told when the store is next to be given the time, with ``timePassed()``, where that is
    ///   earlier than it was told before; whoever gives it keeps the timers in place of ``run()``.
    package init(
        configuration: ClusterStore.Configuration = ClusterStore.Configuration(), clock: TrialClock,
        onDeadline: (@Sendable (Timestamp) -> Void)? = nil
    ) {
        self.clock = clock
        self.onDeadline = onDeadline
        let now = Timestamp(microsecondsSinceEpoch: clock.epochMicrosecondsNow)
        state = Mutex(State(store: ClusterStore(configuration: configuration, now: now)))
    }

    /// Keeps the store's timers until the task is cancelled. Without it, nothing that takes time ever happens.
    package func run() async throws {
        while true {
            let wait: Duration? = state.withLock { state in
                state.alarm = state.store.nextDeadline
                return state.alarm.map { $0 - now }
            }
            await sleep(for: wait)
            try Task.checkCancellation()
            perform { store, now in store.timePassed(now: now) }
        }
    }

    /// Does what is due, for whoever keeps the timers in place of ``run()``; the next deadline is told of again.
    package func timePassed() {
        state.withLock { $0.alarm = nil }
        perform { store, now in store.timePassed(now: now) }
    }

    /// Changes how much of the server's processor there is, see ``ClusterStore/setCapacity(_:now:)``.
    package func setCapacity(_ factor: Double) {
        perform { store, now in store.setCapacity(factor, now: now) }
    }

    /// Gives webhooks a way to be asked; without one, each is as good as not there.
    package func callWebhooks(with caller: @escaping WebhookCaller) { state.withLock { $0.webhookCaller = caller } }

    /// The server dies, see ``ClusterStore/stop(now:)``: those who still wait for an answer get 503.
    package func stop() {
        perform { store, now in store.stop(now: now) }
        let mustDeliver = state.withLock { state in
            state.outbox = state.receivers.keys.sorted().map { .respond($0, ClusterStore.unavailable) }
            let mustDeliver = !state.isDelivering && !state.outbox.isEmpty
            if mustDeliver { state.isDelivering = true }
            return mustDeliver
        }
        if mustDeliver { deliver() }
    }

    /// The server is there again, see ``ClusterStore/start(now:)``.
    package func start() { perform { store, now in store.start(now: now) } }

    /// Whether the server has just been started, and cannot serve everything yet.
    package var isInitializing: Bool { state.withLock { $0.store.isInitializing(at: now) } }

    /// Takes a request in; its answer, or its watch's events, go to `receiver`.
    @discardableResult
    package func submit(_ request: ServerRequest, receiver: @escaping Receiver) -> RequestTicket {
        let ticket = state.withLock { state in
            state.lastTicket += 1
            let ticket = RequestTicket(number: state.lastTicket)
            state.receivers[ticket] = receiver
            return ticket
        }
        perform { store, now in store.receive(request, id: ticket, now: now) }
        return ticket
    }

    /// The client has left; the receiver hears nothing more, but for what is being handed out at this moment.
    package func cancel(_ ticket: RequestTicket) {
        let isKnown = state.withLock { $0.receivers.removeValue(forKey: ticket) != nil }
        if isKnown { perform { store, now in store.closeWatch(ticket, now: now) } }
    }

    /// Nobody is told of anything any more: for whoever gives the server up, with all that still waits for it.
    package func forgetReceivers() { state.withLock { $0.receivers = [:] } }

    /// What discovery lists; changes as custom resources are defined.
    package var servedResources: [ServedResource] { state.withLock { $0.store.servedResources } }

    private var now: Timestamp { Timestamp(microsecondsSinceEpoch: clock.epochMicrosecondsNow) }

    /// Lets the store decide, then hands out what it decided.
    private func perform(_ event: (inout ClusterStore, Timestamp) -> [ClusterStore.Action]) {
        let (mustDeliver, earlier, calls): (Bool, Timestamp?, [WebhookCall]) = state.withLock { state in
            state.outbox += event(&state.store, now)
            let next = state.store.nextDeadline
            let isEarlier = next.map { next in state.alarm.map { next < $0 } ?? true } ?? false
            if isEarlier { state.alarm = next }
            let mustDeliver = !state.isDelivering && !state.outbox.isEmpty
            if mustDeliver { state.isDelivering = true }
            return (mustDeliver, isEarlier ? next : nil, state.store.takeWebhookCalls())
        }
        if let earlier {
            if let onDeadline { onDeadline(earlier) } else { earlierDeadline.raise() }
        }
        for call in calls { ask(call) }
        if mustDeliver { deliver() }
    }

    private func ask(_ call: WebhookCall) {
        let answered: @Sendable (WebhookAnswer) -> Void = { answer in
            self.perform { store, now in store.webhookAnswered(call.number, answer, now: now) }
        }
        guard let caller = state.withLock({ $0.webhookCaller }) else {
            return answered(.failure("Post \"\(call.url)\": this server has no way to webhooks"))
        }
        caller(call, answered)
    }

    private func deliver() {
        while let batch = state.withLock({ $0.takeOutbox() }) {
            for (receiver, action) in batch { receiver(action) }
        }
    }

    /// Sleeps for a span, or until something is due earlier.
    private func sleep(for wait: Duration?) async {
        guard let wait else {
            await earlierDeadline.wait()
            return
        }
        guard wait > .zero else { return }
        // One task and one signal: this is done for nearly every request that takes time. A signal too many makes no more
        // than one look too many.
        await withDiscardingTaskGroup { group in
            group.addTask {
                do {
                    try await self.clock.sleep(for: wait)
                } catch {
                    return
                }
                self.earlierDeadline.raise()
            }
            await self.earlierDeadline.wait()
            group.cancelAll()
        }
    }
}
