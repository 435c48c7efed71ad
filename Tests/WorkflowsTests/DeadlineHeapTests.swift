import Determinism
import Testing

@testable import Workflows

struct DeadlineHeapTests {
    @Test("items come by their deadlines, and equal deadlines by their items")
    func order() {
        var heap = DeadlineHeap<String>()
        for (item, second) in [("d", 2), ("b", 1), ("c", 1), ("a", 3)] { heap.add(item, at: .seconds(second)) }
        var order: [String] = []
        while let (item, deadline) = heap.popDue(now: .seconds(2)) {
            #expect(heap.next ?? deadline >= deadline)
            order.append(item)
        }
        #expect(order == ["b", "c", "d"])
        #expect(heap.next == .seconds(3))
        #expect(heap.count == 1)
    }

    @Test("an item that is moved forward comes once, and one that is moved back stays where it was")
    func moves() {
        var heap = DeadlineHeap<String>()
        heap.add("a", at: .seconds(5))
        heap.add("a", at: .seconds(3))
        heap.add("a", at: .seconds(9))
        #expect(heap.next == .seconds(3))
        #expect(heap.popDue(now: .seconds(10))?.deadline == .seconds(3))
        #expect(heap.popDue(now: .seconds(10)) == nil)
        #expect(heap.next == nil)
        heap.add("a", at: .seconds(4))
        #expect(heap.popDue(now: .seconds(4))?.item == "a")
    }

    @Test("places that are left behind don't pile up")
    func bounded() {
        var heap = DeadlineHeap<String>()
        for second in (1...10_000).reversed() { heap.add("a", at: .seconds(second)) }
        #expect(heap.count == 1)
        #expect(heap.placeCount <= 66)
        #expect(heap.next == .seconds(1))
    }

    @Test("whatever is added, what comes is what a sorted list would give")
    func model() {
        var generator = SplitMix64(seed: 7)
        var heap = DeadlineHeap<Int>()
        var model: [Int: Duration] = [:]
        for step in 0..<2_000 {
            if Int.random(in: 0..<3, using: &generator) > 0 {
                let item = Int.random(in: 0..<50, using: &generator)
                let deadline = Duration.seconds(Int.random(in: 0..<100, using: &generator))
                heap.add(item, at: deadline)
                model[item] = min(deadline, model[item] ?? deadline)
            } else {
                let now = Duration.seconds(step % 100)
                let due = model.filter { $0.value <= now }.min { ($0.value, $0.key) < ($1.value, $1.key) }
                let popped = heap.popDue(now: now)
                #expect(popped?.item == due?.key)
                #expect(popped?.deadline == due?.value)
                if let due { model[due.key] = nil }
            }
            #expect(heap.next == model.values.min())
            #expect(heap.count == model.count)
        }
    }
}
