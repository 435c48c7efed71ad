/// Deadlines of keys, the earliest first: a binary heap that forgets a key's old deadline when it gets a new one.
package struct TimerHeap<Key: Hashable & Comparable & Sendable>: Sendable {
    private var heap: [Entry] = []
    private var current: [Key: Duration] = [:]

    private struct Entry: Comparable, Sendable {
        var deadline: Duration
        var key: Key

        static func < (left: Entry, right: Entry) -> Bool {
            (left.deadline, left.key) < (right.deadline, right.key)
        }
    }

    package init() {}

    /// Sets a key's deadline; nil takes it back.
    package mutating func set(_ deadline: Duration?, for key: Key) {
        guard current[key] != deadline else { return }
        current[key] = deadline
        if let deadline { push(Entry(deadline: deadline, key: key)) }
    }

    /// The earliest deadline.
    package mutating func next() -> Duration? {
        while let first = heap.first {
            if current[first.key] == first.deadline { return first.deadline }
            pop()
        }
        return nil
    }

    /// Takes the keys whose deadlines have come, in their order.
    package mutating func due(at now: Duration) -> [Key] {
        var keys: [Key] = []
        while let deadline = next(), deadline <= now {
            let key = heap[0].key
            pop()
            current[key] = nil
            keys.append(key)
        }
        return keys
    }

    private mutating func push(_ entry: Entry) {
        heap.append(entry)
        var index = heap.count - 1
        while index > 0, heap[index] < heap[(index - 1) / 2] {
            heap.swapAt(index, (index - 1) / 2)
            index = (index - 1) / 2
        }
    }

    private mutating func pop() {
        heap.swapAt(0, heap.count - 1)
        heap.removeLast()
        var index = 0
        while true {
            let children = [2 * index + 1, 2 * index + 2].filter { $0 < heap.count }
            guard let least = children.min(by: { heap[$0] < heap[$1] }), heap[least] < heap[index] else { return }
            heap.swapAt(index, least)
            index = least
        }
    }
}
