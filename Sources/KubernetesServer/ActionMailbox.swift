import APIMachinery
import NIOConcurrencyHelpers
import NIOCore

/// Carries a ticket's actions from whatever thread decided them to the event loop of the channel that they are for.
///
/// The loop is woken once for all actions that wait, so that they go out in one write.
final class ActionMailbox: Sendable {
    private struct State {
        var actions: [ClusterStore.Action] = []
        var isLoopWoken = false
    }

    private let state = NIOLockedValueBox(State())
    private let eventLoop: any EventLoop
    private let drain: @Sendable (ActionMailbox) -> Void

    /// - Parameter drain: Called on the event loop when there is something to ``take()``.
    init(eventLoop: any EventLoop, drain: @escaping @Sendable (ActionMailbox) -> Void) {
        self.eventLoop = eventLoop
        self.drain = drain
    }

    func put(_ action: ClusterStore.Action) {
        let mustWake = state.withLockedValue { state in
            state.actions.append(action)
            defer { state.isLoopWoken = true }
            return !state.isLoopWoken
        }
        if mustWake { eventLoop.execute { self.drain(self) } }
    }

    /// All actions that wait, in order.
    func take() -> [ClusterStore.Action] {
        state.withLockedValue { state in
            defer { state = State() }
            return state.actions
        }
    }
}
