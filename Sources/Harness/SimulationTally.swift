import Synchronization

/// What the simulations of a run have done so far, for whoever asks how fast they are.
package final class SimulationTally: Sendable {
    package struct Sum: Hashable, Sendable {
        /// Jobs that ran, and alarms that rang.
        package var events = 0
        /// The time that has passed in all trials together.
        package var time = Duration.zero
    }

    private let state = Mutex(Sum())

    package var sum: Sum { state.withLock { $0 } }

    func add(events: Int, time: Duration) {
        state.withLock { sum in
            sum.events += events
            sum.time += time
        }
    }
}
