import Determinism
import Resilience
import Testing
import Workflows

struct WorkQueueTests {
    private var queue = WorkQueue<String>(backoff: Backoff(.exponential, base: .seconds(1), cap: .seconds(4)))
    private var generator = SplitMix64(seed: 1)

    @Test("an item that is added twice is worked on once")
    mutating func deduplicates() {
        queue.add("a")
        queue.add("a")
        #expect(queue.take(now: .zero) == "a")
        #expect(queue.take(now: .zero) == nil)
    }

    @Test("an item that is added during its work comes again, and not before the work is done")
    mutating func dirty() {
        queue.add("a")
        #expect(queue.take(now: .zero) == "a")
        queue.add("a")
        #expect(queue.take(now: .zero) == nil)
        queue.done("a")
        #expect(queue.take(now: .zero) == "a")
        queue.done("a")
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
        queue.done("a")
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

    @Test(
        "on any walk no item is worked on twice at once, and none that was added is lost",
        arguments: 0..<50 as Range<UInt64>)
    mutating func randomWalk(seed: UInt64) {
        var walk = SplitMix64(seed: seed)
        var now = Duration.zero
        var processing: Set<String> = []
        /// Items that were added since they were last taken.
        var owed: Set<String> = []
        let items = ["a", "b", "c", "d"]
        for _ in 0..<400 {
            let item = items[Int.random(in: 0..<items.count, using: &walk)]
            switch Int.random(in: 0..<6, using: &walk) {
            case 0:
                queue.add(item)
                owed.insert(item)
            case 1:
                queue.add(item, at: now + .seconds(Int.random(in: 0..<5, using: &walk)))
                owed.insert(item)
            case 2 where processing.contains(item):
                _ = queue.addAfterFailure(item, now: now, using: &generator)
                owed.insert(item)
            case 3:
                guard let taken = queue.take(now: now) else { break }
                #expect(processing.insert(taken).inserted, "\(taken) was taken twice (seed \(seed))")
                #expect(owed.contains(taken), "\(taken) was taken though nobody added it (seed \(seed))")
                if queue.nextDeadline == nil { owed.remove(taken) }
            case 4:
                guard let done = processing.randomElement(using: &walk) else { break }
                processing.remove(done)
                queue.done(done)
            default: now += .milliseconds(700)
            }
        }
        for item in processing { queue.done(item) }
        var drained: Set<String> = []
        while let item = queue.take(now: now + .seconds(60)) {
            drained.insert(item)
            queue.done(item)
        }
        #expect(drained.isSubset(of: items))
        #expect(queue.depth == 0 && queue.waitingCount == 0 && queue.processingCount == 0)
        #expect(queue.nextDeadline == nil)
    }
}
