import Determinism
import Testing

@testable import Simulation

struct CallQueueTests {
    @Test("calls leave in the order in which they came, however many wait")
    func order() {
        var random = SplitMix64(seed: 3)
        var queue = CallQueue()
        var model: [UInt32] = []
        var ticket: UInt32 = 0
        for _ in 0..<20_000 {
            if random.next() % 5 < 3 {
                ticket += 1
                queue.append(CallQueue.Entry(slot: Int32(ticket), ticket: ticket))
                model.append(ticket)
            } else {
                let wanted = model.isEmpty ? nil : model.removeFirst()
                #expect(queue.popFirst()?.ticket == wanted)
            }
        }
        #expect(queue.count == model.count && queue.count > 1_024)
    }
}
