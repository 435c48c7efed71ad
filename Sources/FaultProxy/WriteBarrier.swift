import Faults
import Kubernetes
import NIOConcurrencyHelpers
import Synchronization

/// Stops a client at an exact write of its own: from the instant in which the write is known to be done nothing else of
/// the client is sent on, whatever it has sent already on whichever connection, until it is dead.
final class WriteBarrier: Sendable {
    private let counter: NIOLockedValueBox<CrashCounter>
    private let raised = Atomic(false)

    /// Nil where no rule kills.
    init?(_ plan: Plan) {
        let counter = CrashCounter(plan: plan)
        guard !counter.isIdle else { return nil }
        self.counter = NIOLockedValueBox(counter)
    }

    /// Whether nothing is to be sent on.
    var isRaised: Bool { raised.load(ordering: .acquiring) }

    func mayConcern(_ identity: RequestIdentity, _ facts: RequestFacts, in phase: Phase) -> Bool {
        counter.withLockedValue { $0.mayConcern(identity, facts: facts, in: phase) }
    }

    /// The server has done a write. Where a crash is due at it, the barrier is up when this returns.
    func done(_ identity: RequestIdentity, _ facts: RequestFacts, in phase: Phase) -> CrashCounter.Crash? {
        raise { $0.done(identity, facts: facts, in: phase) }
    }

    /// A write is about to be sent on. Where a crash is due in its place, the barrier is up when this returns.
    func sending(_ identity: RequestIdentity, _ facts: RequestFacts, in phase: Phase) -> CrashCounter.Crash? {
        raise { $0.due(identity, facts: facts, in: phase) }
    }

    private func raise(_ due: (inout CrashCounter) -> CrashCounter.Crash?) -> CrashCounter.Crash? {
        counter.withLockedValue { counter in
            // The writes of a client that is about to die kill nobody.
            guard !isRaised, let crash = due(&counter) else { return nil }
            raised.store(true, ordering: .releasing)
            return crash
        }
    }

    func lower() { raised.store(false, ordering: .releasing) }
}
