import Determinism
import Resilience
import Synchronization
import Testing
import Workflows

/// Queues in virtual time.
struct WorkQueueRunnerTests {
    private struct Finished: Error {}

    private final class Tally: Sendable {
        struct Counts {
            var running = 0
            var most = 0
            var done = 0
            var isReady = false
            var waits: [Duration] = []
        }

        let counts = Mutex(Counts())
    }

    private let time = VirtualTime()

    private var clock: TrialClock { time.clock }

    private func makeRunner(workers: Int) -> WorkQueueRunner<String> {
        WorkQueueRunner(
            name: "test", workers: workers, backoff: Backoff(.exponential, base: .seconds(1)), clock: clock,
            streams: RandomStreams(seed: 1))
    }

    @Test("no more items are worked on at once than there are workers, and an error ends the run")
    func workers() throws {
        let runner = makeRunner(workers: 3)
        let tally = Tally()
        for index in 0..<12 { runner.add("item \(index)") }
        #expect(throws: Finished.self) {
            try time.run { [clock] in
                try await runner.run { _ in
                    tally.counts.withLock {
                        $0.running += 1
                        $0.most = max($0.most, $0.running)
                    }
                    try await clock.sleep(for: .milliseconds(500))
                    let isLast = tally.counts.withLock {
                        $0.running -= 1
                        $0.done += 1
                        return $0.done == 12
                    }
                    if isLast { throw Finished() }
                    return .done(again: nil)
                }
            }
        }
        #expect(time.now == .seconds(2))
        #expect(tally.counts.withLock { $0.most } == 3)
        #expect(tally.counts.withLock { $0.done } == 12)
    }

    @Test("an item that fails comes again after its backoff, which is told")
    func backoff() throws {
        let runner = makeRunner(workers: 1)
        let tally = Tally()
        runner.add("a")
        #expect(throws: Finished.self) {
            try time.run {
                try await runner.run { _ in
                    let waits = tally.counts.withLock { $0.waits }
                    guard waits.count < 3 else { throw Finished() }
                    return .retry(onWait: { wait in tally.counts.withLock { $0.waits.append(wait) } })
                }
            }
        }
        #expect(tally.counts.withLock { $0.waits } == [.seconds(1), .seconds(2), .seconds(4)])
        #expect(time.now == .seconds(7))
    }

    @Test("nothing is taken before the queue is ready")
    func readiness() throws {
        let runner = makeRunner(workers: 1)
        let tally = Tally()
        runner.add("a")
        #expect(throws: Finished.self) {
            try time.run { [clock] in
                try await withThrowingTaskGroup { group in
                    group.addTask {
                        try await runner.run(isReady: { tally.counts.withLock { $0.isReady } }) { _ in
                            #expect(tally.counts.withLock { $0.isReady })
                            throw Finished()
                        }
                    }
                    group.addTask {
                        try await clock.sleep(for: .seconds(2))
                        tally.counts.withLock { $0.isReady = true }
                        runner.nudge()
                    }
                    try await group.waitForAll()
                }
            }
        }
        #expect(time.now == .seconds(2))
    }

    @Test("what comes due while all workers are busy starts no timer after timer")
    func overdue() throws {
        let time = VirtualTime()
        let sleeps = Mutex(0)
        let counting = TrialClock(
            startEpochMicroseconds: 0, elapsed: { time.now },
            pause: { wait in
                sleeps.withLock { $0 += 1 }
                try await time.clock.sleep(for: wait)
            })
        let runner = WorkQueueRunner<String>(
            name: "test", workers: 1, backoff: .none, clock: counting, streams: RandomStreams(seed: 1))
        runner.add("first")
        runner.add("second", after: .seconds(1))
        #expect(throws: Finished.self) {
            try time.run {
                try await runner.run { item in
                    if item == "second" { throw Finished() }
                    try await time.clock.sleep(for: .seconds(60))
                    #expect(runner.oldestAge == .seconds(60))
                    return .done(again: nil)
                }
            }
        }
        #expect(time.now == .seconds(60))
        #expect(sleeps.withLock { $0 } <= 2)
    }
}
