import Determinism
import Testing

@testable import Simulation

struct EventQueueTests {
    @Test("an empty queue has nothing to give")
    func empty() {
        var queue = EventQueue<Int>()
        #expect(queue.isEmpty)
        #expect(queue.nextTime == nil)
        #expect(queue.pop() == nil)
    }

    @Test("events of one instant come in the order of their scheduling")
    func ties() {
        var queue = EventQueue<Int>()
        for number in 0..<50 { queue.schedule(at: number % 2 == 0 ? 7 : 3, number) }
        var order: [Int] = []
        while let next = queue.pop() { order.append(next.event) }
        #expect(order == Array(stride(from: 1, to: 50, by: 2)) + Array(stride(from: 0, to: 50, by: 2)))
    }

    @Test("what was scheduled and taken in any order comes as a sorted list would give it", arguments: 1...20)
    func againstModel(seed: UInt64) {
        var random = SplitMix64(seed: seed)
        var queue = EventQueue<Int>()
        var model: [(time: Int64, event: Int)] = []
        for number in 0..<2_000 {
            if random.next() % 5 < 3 {
                let time = Int64(random.next() % 100)
                queue.schedule(at: time, number)
                let place = model.firstIndex { $0.time > time } ?? model.endIndex
                model.insert((time, number), at: place)
            } else {
                let wanted = model.isEmpty ? nil : model.removeFirst()
                #expect(queue.nextTime == wanted?.time)
                let taken = queue.pop()
                #expect(taken?.time == wanted?.time && taken?.event == wanted?.event, "seed \(seed)")
            }
            #expect(queue.count == model.count)
        }
    }

    @Test("a queue that was emptied begins anew")
    func removal() {
        var queue = EventQueue<String>()
        queue.schedule(at: 5, "old")
        queue.removeAll()
        queue.schedule(at: 9, "new")
        let first = queue.pop()
        #expect(first?.event == "new" && first?.time == 9)
        #expect(queue.isEmpty)
    }
}
