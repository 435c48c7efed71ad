import Determinism
package import Faults
import Synchronization
import VirtualNode

/// The switch of a trial's virtual node, for whoever runs the node and whoever takes it away.
package final class NodePower: Sendable {
    private struct State {
        var kubelet: Kubelet?
        var isOff = false
    }

    private let state = Mutex(State())
    /// Whether nobody is ever going to take the node away.
    let isSteady: Bool

    package init(plan: Plan) { isSteady = !plan.rules.contains { $0.fault.kind == .nodeNotReady } }

    /// Between two looks at whether the node is back.
    private static let period = Duration.milliseconds(50)

    /// Waits while the node is off.
    func untilOn(_ clock: TrialClock) async throws {
        while state.withLock({ $0.isOff }) { try await clock.sleep(for: Self.period) }
    }

    /// The trial's node runs while `body` does. Afterwards it is let go: it may hold whoever holds the switch.
    func with<Result>(_ kubelet: Kubelet, _ body: () async throws -> Result) async rethrows -> Result {
        let isOff = state.withLock { state in
            state.kubelet = kubelet
            return state.isOff
        }
        if isOff { kubelet.suspend() }
        defer { state.withLock { $0.kubelet = nil } }
        return try await body()
    }

    /// - Returns: The node's name; nil where there is none.
    func turnOff() -> String? {
        let kubelet = state.withLock { state in
            state.isOff = true
            return state.kubelet
        }
        kubelet?.suspend()
        return kubelet?.name
    }

    func turnOn() {
        let kubelet = state.withLock { state in
            state.isOff = false
            return state.kubelet
        }
        kubelet?.resume()
    }
}
