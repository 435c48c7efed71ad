import Determinism

/// The retries of a call, worked out for whoever makes many calls: in whole nanoseconds, and with the backoff's
/// envelopes at hand.
package struct RetryRule: Hashable, Sendable {
    private let backoff: BackoffSchedule
    private let throttledBackoff: BackoffSchedule
    private let maxAttempts: Int
    /// No deadline is one that never comes.
    private let deadline: Int64
    private let retryAfter: Policy.RetryAfterRule
    private let stopsAtCap: Bool

    package init(_ call: Policy.Call) {
        backoff = BackoffSchedule(call.backoff)
        throttledBackoff = call.throttledBackoff.map { BackoffSchedule($0) } ?? backoff
        maxAttempts = call.maxAttempts
        deadline = call.deadline?.wholeNanoseconds ?? .max
        retryAfter = call.retryAfter
        stopsAtCap = call.stopsAtCap
    }

    /// How many attempts a call makes at most, its deadline aside.
    package var attemptsMax: Int { stopsAtCap ? min(maxAttempts, backoff.lastBeforeCap) : maxAttempts }

    /// Where one call is among its tries.
    package struct Progress: Hashable, Sendable {
        fileprivate var attempts: Int32 = 0
        /// Waits since the backoff began, for the first time or anew.
        fileprivate var retries: Int32 = 0
        fileprivate var previous = Backoff.Previous()

        package init() {}
    }

    /// Spans in nanoseconds.
    package enum Decision: Hashable, Sendable {
        case retry(after: Int64)
        case giveUp
        /// No attempt follows, and yet there is a wait before that is admitted (``Policy/Call/stopsAtCap``).
        case waitAndGiveUp(after: Int64)
    }

    /// Decides after a failed attempt.
    ///
    /// - Parameters:
    ///   - isThrottling: Whether the server asked for fewer requests.
    ///   - asked: The nanoseconds of a Retry-After.
    ///   - elapsed: Nanoseconds since the call began.
    package func failed(
        _ progress: inout Progress, _ classification: Retryability, isThrottling: Bool = false, asked: Int64? = nil,
        elapsed: Int64, using generator: inout some RandomNumberGenerator
    ) -> Decision {
        progress.attempts += 1
        guard classification == .transient, Int(progress.attempts) < maxAttempts else { return .giveUp }
        let schedule = isThrottling ? throttledBackoff : backoff
        return next(&progress, schedule, asked, elapsed, schedule.isRandom ? generator.next() : 0)
    }

    /// Whether an attempt after the wait would still begin before the call's deadline.
    package func allows(_ wait: Int64, elapsed: Int64) -> Bool {
        let (end, isLate) = elapsed.addingReportingOverflow(wait)
        return !isLate && end < deadline
    }

    private func next(
        _ progress: inout Progress, _ schedule: BackoffSchedule, _ asked: Int64?, _ elapsed: Int64, _ draw: UInt64
    ) -> Decision {
        progress.retries += 1
        let retry = Int(progress.retries)
        let backoff = schedule.delay(retry: retry, previous: &progress.previous, draw: draw)
        let wait = asked.map { held($0, by: backoff) } ?? backoff
        if asked != nil, retryAfter == .exact {
            progress.retries = 0
            progress.previous = Backoff.Previous()
        }
        // A retry that could only start after the deadline is not worth its wait.
        guard allows(wait, elapsed: elapsed) else { return .giveUp }
        return stopsAtCap && schedule.exceedsCap(after: retry) ? .waitAndGiveUp(after: wait) : .retry(after: wait)
    }

    /// What the rule makes of a Retry-After.
    private func held(_ asked: Int64, by backoff: Int64) -> Int64 {
        switch retryAfter {
        case .ignore: backoff
        case .obey: max(backoff, asked)
        case .exact: asked
        case .clamp: min(max(asked, backoff), backoff + Self.clampSpan)
        }
    }

    private static let clampSpan: Int64 = 5_000_000_000
}
