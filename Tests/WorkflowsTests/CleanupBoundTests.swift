import Resilience
import Testing
import Workflows

struct CleanupBoundTests {
    private static let exec = Policy.boreas.exec.timeout ?? .zero

    private static let signalPasses: [(Policy, Int, Duration?)] = [
        (.boreas, 1, exec), (.boreas, 3, exec), (.argo412, 1, .seconds(120)),
        (.argo412, 3, .seconds(360)), (.argo360, 2, .seconds(240)), (.argo358, 2, nil), (.argo3417, 1, nil),
    ]

    @Test(
        "a pass of signals lasts as long as its execs may, one after the other or side by side", arguments: signalPasses
    )
    func signalPass(policy: Policy, containers: Int, pass: Duration?) {
        #expect(CleanupBound(policy: policy, containers: containers).signalPass == pass)
    }

    @Test("a write is bounded by its deadline, or by its attempts and their waits, or not at all")
    func writePass() {
        #expect(CleanupBound(policy: .boreas, containers: 1).writePass == .milliseconds(20_001))
        var policy = Policy.boreas
        policy.call.deadline = nil
        // Four attempts of 5 s; waits of 100, 200 and 400 ms, and 5 s more for what Retry-After may ask.
        #expect(CleanupBound(policy: policy, containers: 1).writePass == .milliseconds(20_000 + 700 + 15_000))
        policy.call.retryAfter = .obey
        #expect(CleanupBound(policy: policy, containers: 1).writePass == nil)
        #expect(CleanupBound(policy: .argo412, containers: 1).writePass == nil)
        #expect(CleanupBound(policy: .argo412, containers: 1, unboundedWrite: .seconds(1)).writePass == .seconds(1))
    }

    @Test("the oldest item waits for its share of those ahead, and for two passes")
    func oldestAge() {
        var policy = Policy.boreas
        policy.exec = Policy.Exec(timeout: .seconds(30), isParallel: true)
        let bound = CleanupBound(policy: policy, containers: 3)
        #expect(bound.oldestAge(ahead: 0) == .seconds(60))
        #expect(bound.oldestAge(ahead: 8) == .seconds(120))
        policy.workers.podCleanup = 8
        #expect(CleanupBound(policy: policy, containers: 3).oldestAge(ahead: 8) == .seconds(90))
        // A pass is as long as a write where that is longer than the signals.
        policy.exec.timeout = .seconds(1)
        #expect(CleanupBound(policy: policy, containers: 3).oldestAge(ahead: 0) == .milliseconds(2 * 20_001))
        #expect(CleanupBound(policy: .argo358, containers: 1).oldestAge(ahead: 0) == nil)
    }

    @Test("pods are done within the shared work and the longest chain of one of them")
    func drained() {
        // Argo: SIGTERM, the grace period, SIGKILL.
        let argo = CleanupBound(policy: .argo412, containers: 2, unboundedWrite: .zero)
        #expect(argo.drained(pods: 4, gracePeriod: .seconds(30)) == .seconds(480 + 480 + 30))
        // Its rate limit lets 100 in at once, and the others at 10 a second.
        #expect(argo.drained(pods: 60, gracePeriod: .zero) == .seconds(480 * 15 + 480 + 2))
        // boreas: SIGTERM, three times SIGKILL with their backoffs, the deletion.
        let work = Self.exec * 4 + .milliseconds(20_001)
        let waits = Duration.milliseconds(500 + 1_000 + 2_000 + 30_000)
        let boreas = CleanupBound(policy: .boreas, containers: 2)
        #expect(boreas.drained(pods: 8, gracePeriod: .seconds(30)) == work * 3 + waits)
    }
}
