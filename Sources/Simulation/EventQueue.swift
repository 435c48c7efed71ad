/// What is to happen, the earliest first, and in the order of its scheduling where two things happen at once.
///
/// A heap of four children a node: flatter than a binary one, so that fewer entries move for each event. Nobody can
/// take an event back; whoever may change its mind lets the event carry a number, and passes over what is out of date.
package struct EventQueue<Event> {
    fileprivate struct Entry {
        /// Nanoseconds since the trial's start.
        var time: Int64
        var sequence: UInt64
        var event: Event

        /// Time and sequence as one number: compared without a branch.
        private var order: UInt128 { UInt128(UInt64(bitPattern: time)) << 64 | UInt128(sequence) }

        @inline(__always)
        func precedes(_ other: Entry) -> Bool { order < other.order }
    }

    private var heap: [Entry] = []
    private var scheduled: UInt64 = 0

    package init() {}

    package var count: Int { heap.count }

    package var isEmpty: Bool { heap.isEmpty }

    /// When the next event happens, in nanoseconds since the trial's start.
    package var nextTime: Int64? { heap.first?.time }

    /// Makes room, so that no later event has to.
    package mutating func reserveCapacity(_ capacity: Int) { heap.reserveCapacity(capacity) }

    /// Forgets all events, and begins to count anew; the room stays.
    package mutating func removeAll() {
        heap.removeAll(keepingCapacity: true)
        scheduled = 0
    }

    /// - Parameter time: In nanoseconds since the trial's start, never before it.
    package mutating func schedule(at time: Int64, _ event: Event) {
        let entry = Entry(time: time, sequence: scheduled, event: event)
        scheduled += 1
        heap.append(entry)
        heap.withUnsafeMutableBufferPointer { heap in
            var hole = heap.count - 1
            while hole > 0 {
                let parent = (hole - 1) / Self.arity
                guard entry.precedes(heap[parent]) else { break }
                heap[hole] = heap[parent]
                hole = parent
            }
            heap[hole] = entry
        }
    }

    /// Takes the next event.
    package mutating func pop() -> (time: Int64, event: Event)? {
        guard let last = heap.popLast() else { return nil }
        guard let first = heap.first else { return (last.time, last.event) }
        heap.withUnsafeMutableBufferPointer { heap in
            var hole = 0
            while true {
                let child = Self.arity * hole + 1
                guard child < heap.count else { break }
                var least = child
                if child + Self.arity <= heap.count {
                    for other in child + 1..<child + Self.arity where heap[other].precedes(heap[least]) {
                        least = other
                    }
                } else {
                    for other in child + 1..<heap.count where heap[other].precedes(heap[least]) { least = other }
                }
                guard heap[least].precedes(last) else { break }
                heap[hole] = heap[least]
                hole = least
            }
            heap[hole] = last
        }
        return (first.time, first.event)
    }

    private static var arity: Int { 4 }
}

extension EventQueue: Sendable where Event: Sendable {}

extension EventQueue.Entry: Sendable where Event: Sendable {}
