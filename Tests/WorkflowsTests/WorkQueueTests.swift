import Determinism
import Resilience
import Testing
import Workflows

struct WorkQueueTests {
    private var queue = WorkQueue<String>(backoff: Backoff(.exponential, base: .seconds(1), cap: .seconds(4)))
    private var generator = SplitMix64(seed: 1)
    private var now = Duration.zero

    @Test("an item that is added twice is worked on once")
    mutating func deduplicates() {
        queue.add("a", now: now)
        queue.add("a", now: now)
        #expect(queue.take(now: .zero) == "a")
        #expect(queue.take(now: .zero) == nil)
    }

    @Test("an item that is added during its work comes again, and not before the work is done")
    mutating func dirty() {
        queue.add("a", now: now)
        #expect(queue.take(now: .zero) == "a")
        queue.add("a", now: now)
        #expect(queue.take(now: .zero) == nil)
        queue.done("a", now: now)
        #expect(queue.take(now: .zero) == "a")
        queue.done("a", now: now)
        #expect(queue.take(now: .zero) == nil)
    }

    @Test("a delayed item comes at the earliest of its deadlines, and once")
    mutating func delayed() {
        queue.add("a", at: .seconds(5))
        queue.add("a", at: .seconds(3))
        queue.add("a", at: .seconds(9))
        #expect(queue.nextDeadline == .seconds(3))
        #expect(queue.take(now: .milliseconds(2_999)) == nil)
        #expect(queue.take(now: .seconds(3)) == "a")
        queue.done("a", now: now)
        #expect(queue.take(now: .seconds(20)) == nil)
    }

    @Test("failures are counted for each item, until it is forgotten")
    mutating func failures() {
        let first = queue.addAfterFailure("a", now: .zero, using: &generator)
        let second = queue.addAfterFailure("a", now: .zero, using: &generator)
        #expect([first, second] == [.seconds(1), .seconds(2)])
        #expect(queue.addAfterFailure("b", now: .zero, using: &generator) == .seconds(1))
        queue.forget("a")
        #expect(queue.addAfterFailure("a", now: .zero, using: &generator) == .seconds(1))
    }

    @Test("a queue that forgets failures never waits longer than the first time")
    mutating func forgets() {
        queue = WorkQueue(backoff: Backoff(.exponential, base: .seconds(1)), forgetsFailures: true)
        for _ in 0..<3 {
            #expect(queue.addAfterFailure("a", now: .zero, using: &generator) == .seconds(1))
            #expect(queue.failureCount(of: "a") == 0)
        }
    }

    @Test("a rate limit lets its burst in at once, and the others one after the other; what is planned goes by it")
    mutating func rateLimit() {
        queue = WorkQueue(backoff: .none, rateLimit: Policy.RateLimit(qps: 10, burst: 3))
        for index in 0..<6 { queue.add("\(index)", now: .zero) }
        queue.add("planned", at: .zero)
        #expect(queue.depth == 3)
        queue.promote(now: .zero)
        #expect(queue.depth == 4)
        var entered: [Int] = []
        for milliseconds in stride(from: 50, through: 350, by: 50) {
            queue.promote(now: .milliseconds(milliseconds))
            entered.append(queue.depth)
        }
        #expect(entered == [4, 5, 5, 6, 6, 7, 7])
        // An item that is in line already costs nothing.
        queue.add("0", now: .seconds(10))
        queue.add("new 1", now: .seconds(10))
        queue.add("new 2", now: .seconds(10))
        queue.add("new 3", now: .seconds(10))
        #expect(queue.depth == 10)
        #expect(queue.addAfterFailure("failed", now: .seconds(10), using: &generator) == .milliseconds(100))
    }

    @Test("an item is as old as it has been due, in line or being worked on")
    mutating func age() {
        #expect(queue.oldestAge(now: .seconds(1)) == nil)
        queue.add("later", at: .seconds(5))
        #expect(queue.oldestAge(now: .seconds(4)) == nil)
        #expect(queue.oldestAge(now: .seconds(7)) == .seconds(2))
        queue.add("now", now: .seconds(8))
        #expect(queue.take(now: .seconds(9)) == "later")
        #expect(queue.oldestAge(now: .seconds(9)) == .seconds(4))
        // Added again during its work, it is due from then on.
        queue.add("later", now: .seconds(10))
        queue.done("later", now: .seconds(12))
        #expect(queue.oldestAge(now: .seconds(12)) == .seconds(4))
        #expect(queue.take(now: .seconds(12)) == "now")
        queue.done("now", now: .seconds(12))
        #expect(queue.oldestAge(now: .seconds(12)) == .seconds(2))
    }

    @Test("what came due while all workers were busy stands before what was added later")
    mutating func order() {
        queue.add("b", at: .seconds(2))
        queue.add("a", now: .seconds(3))
        #expect(queue.take(now: .seconds(3)) == "b")
        queue.add("d", at: .seconds(4))
        queue.add("b", now: .seconds(4))
        queue.done("b", now: .seconds(5))
        #expect(["a", "d", "b"].map { _ in queue.take(now: .seconds(5)) } == ["a", "d", "b"])
    }

    /// What a queue is to do, item by item.
    private struct Model {
        var added: Set<String> = []
        var deadlines: [String: Duration] = [:]
        var processing: Set<String> = []

        mutating func add(_ item: String, at deadline: Duration) {
            deadlines[item] = min(deadline, deadlines[item] ?? deadline)
        }

        mutating func promote(now: Duration) {
            for (item, deadline) in deadlines where deadline <= now {
                deadlines[item] = nil
                added.insert(item)
            }
        }

        /// What may be taken now.
        mutating func ready(now: Duration) -> Set<String> {
            promote(now: now)
            return added.subtracting(processing)
        }
    }

    @Test(
        "on any walk the queue gives exactly what was added and is due, and nothing that is being worked on",
        arguments: 0..<50 as Range<UInt64>)
    mutating func randomWalk(seed: UInt64) {
        var walk = SplitMix64(seed: seed)
        var model = Model()
        let items = ["a", "b", "c", "d"]
        for _ in 0..<400 {
            let item = items[Int.random(in: 0..<items.count, using: &walk)]
            switch Int.random(in: 0..<7, using: &walk) {
            case 0:
                queue.add(item, now: now)
                model.promote(now: now)
                model.added.insert(item)
            case 1:
                let deadline = now + .seconds(Int.random(in: 0..<5, using: &walk))
                queue.add(item, at: deadline)
                model.add(item, at: deadline)
            case 2:
                let wait = queue.addAfterFailure(item, now: now, using: &generator)
                model.add(item, at: now + wait)
            case 3, 4:
                let ready = model.ready(now: now)
                guard let taken = queue.take(now: now) else {
                    #expect(ready.isEmpty, "nothing was given (seed \(seed))")
                    break
                }
                #expect(ready.contains(taken), "\(taken) was not to be given (seed \(seed))")
                model.added.remove(taken)
                model.processing.insert(taken)
            case 5:
                guard let done = model.processing.min() else { break }
                model.processing.remove(done)
                model.promote(now: now)
                queue.done(done, now: now)
            default: now += .milliseconds(700)
            }
            #expect(queue.nextDeadline == model.deadlines.values.min(), "seed \(seed)")
            #expect(queue.processingCount == model.processing.count)
        }
    }
}
