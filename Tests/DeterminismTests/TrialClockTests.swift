import Determinism
import Testing

struct TrialClockTests {
    @Test("civil time follows the trial's time from its start")
    func civilTime() {
        let clock = TrialClock(startEpochMicroseconds: 1_000, elapsed: { .milliseconds(2) }, pause: { _ in })
        #expect(clock.now == .milliseconds(2))
        #expect(clock.epochMicrosecondsNow == 3_000)
    }

    @Test("a span that is not positive does not pause", arguments: [Duration.zero, .seconds(-1)])
    func noPause(span: Duration) async throws {
        let clock = TrialClock(
            startEpochMicroseconds: 0, elapsed: { .zero }, pause: { _ in Issue.record("it paused") })
        try await clock.sleep(for: span)
    }

    @Test("a clock that is given starts at zero and runs on")
    func running() async throws {
        let clock = TrialClock(ContinuousClock(), startEpochMicroseconds: 5_000_000)
        let start = clock.now
        #expect(start >= .zero && start < .seconds(60))
        try await clock.sleep(for: .milliseconds(2))
        #expect(clock.now - start >= .milliseconds(2))
        #expect(clock.epochMicrosecondsNow >= 5_002_000)
    }
}
