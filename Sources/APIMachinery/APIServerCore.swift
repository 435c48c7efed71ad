package import Determinism
import Kubernetes
import Synchronization

/// The one place where a ``ClusterStore`` meets time and threads: it owns the lock, keeps the timers, and hands each
/// ticket's actions to whoever submitted it, in order.
///
/// The socket server and ``InProcessAPI`` share one core, and so one cluster.
package final class APIServerCore: Sendable {
    /// Receives the actions for one ticket: from any thread, one at a time, in order, and never with a lock held. It
    /// must not block. After `respond` or `endWatch` nothing more comes.
    package typealias Receiver = @Sendable (ClusterStore.Action) -> Void

    package let clock: TrialClock
    private let state: Mutex<State>

    private struct State: Sendable {
        var store: ClusterStore
        var receivers: [RequestTicket: Receiver] = [:]
        var lastTicket: UInt64 = 0
        /// Actions that are decided but not yet handed out.
        var outbox: [ClusterStore.Action] = []
        var isDelivering = false
    }

    package init(configuration: ClusterStore.Configuration = ClusterStore.Configuration(), clock: TrialClock) {
        self.clock = clock
        let now = Timestamp(microsecondsSinceEpoch: clock.epochMicrosecondsNow)
        state = Mutex(State(store: ClusterStore(configuration: configuration, now: now)))
    }

    /// Keeps the store's timers until the task is cancelled. Without it, nothing that takes time ever happens.
    package func run() async throws {}

    /// Takes a request in; its answer, or its watch's events, go to `receiver`.
    @discardableResult
    package func submit(_ request: ServerRequest, receiver: @escaping Receiver) -> RequestTicket {
        RequestTicket(number: 0)
    }

    /// The client has left; the receiver hears nothing more.
    package func cancel(_ ticket: RequestTicket) {}

    /// What discovery lists; changes as custom resources are defined.
    package var servedResources: [ServedResource] { state.withLock { $0.store.servedResources } }
}
