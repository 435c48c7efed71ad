/// The time of a trial, given to everything that waits or stamps: real in the embedded and the cluster world,
/// virtual in the simulated one.
///
/// A value of closures and not a `Clock` existential, because deadlines and records are spans since the trial's start
/// in every world, and an existential clock's instants cannot be compared.
package struct TrialClock: Sendable {
    private let elapsed: @Sendable () -> Duration
    private let pause: @Sendable (Duration) async throws -> Void
    private let epochMicroseconds: Int64

    /// - Parameters:
    ///   - startEpochMicroseconds: Civil time at the trial's start, in microseconds since 1970.
    ///   - elapsed: Gives the time since the trial's start.
    ///   - pause: Waits for a span; throws `CancellationError` at once when the task is cancelled.
    package init(
        startEpochMicroseconds: Int64, elapsed: @escaping @Sendable () -> Duration,
        pause: @escaping @Sendable (Duration) async throws -> Void
    ) {
        self.epochMicroseconds = startEpochMicroseconds
        self.elapsed = elapsed
        self.pause = pause
    }

    /// A clock that starts now and runs as the given one does.
    package init<C: Clock<Duration>>(_ clock: C, startEpochMicroseconds: Int64) {
        let start = clock.now
        self.init(
            startEpochMicroseconds: startEpochMicroseconds, elapsed: { start.duration(to: clock.now) },
            pause: { try await clock.sleep(for: $0) })
    }

    /// Time since the trial's start.
    package var now: Duration { elapsed() }

    /// Civil time, in microseconds since 1970. It follows ``now``, so that it never jumps within a trial.
    package var epochMicrosecondsNow: Int64 { epochMicroseconds + now.microseconds }

    /// Waits; a span that is not positive returns at once.
    package func sleep(for duration: Duration) async throws {
        if duration > .zero { try await pause(duration) } else { try Task.checkCancellation() }
    }
}
