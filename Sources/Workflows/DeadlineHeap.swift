/// Items and when each is due, the next due first: a binary heap, in the order of the items among equal deadlines.
///
/// An item has one deadline. One that is moved forward leaves its old place behind in the heap, where it is passed over.
struct DeadlineHeap<Item: Hashable & Comparable & Sendable>: Sendable {
    private struct Entry: Sendable {
        var deadline: Duration
        var item: Item

        func isBefore(_ other: Entry) -> Bool { (deadline, item) < (other.deadline, other.item) }
    }

    private var deadlines: [Item: Duration] = [:]
    /// The first is never one that was left behind.
    private var heap: [Entry] = []

    var count: Int { deadlines.count }

    /// How many places there are, those left behind among them.
    var placeCount: Int { heap.count }

    /// The earliest deadline.
    var next: Duration? { heap.first?.deadline }

    /// Adds an item, or moves its deadline forward; a later one than it has makes no difference.
    mutating func add(_ item: Item, at deadline: Duration) {
        if let known = deadlines[item], known <= deadline { return }
        deadlines[item] = deadline
        heap.append(Entry(deadline: deadline, item: item))
        var child = heap.count - 1
        while child > 0, heap[child].isBefore(heap[(child - 1) / 2]) {
            heap.swapAt(child, (child - 1) / 2)
            child = (child - 1) / 2
        }
        if heap.count > 2 * deadlines.count + 64 { sweep() }
    }

    /// Takes out the first item that is due by now.
    mutating func popDue(now: Duration) -> (item: Item, deadline: Duration)? {
        guard let first = heap.first, first.deadline <= now else { return nil }
        deadlines[first.item] = nil
        removeFirst()
        while let first = heap.first, deadlines[first.item] != first.deadline { removeFirst() }
        return (first.item, first.deadline)
    }

    private mutating func removeFirst() {
        heap.swapAt(0, heap.count - 1)
        heap.removeLast()
        var parent = 0
        while true {
            var least = parent
            for child in [2 * parent + 1, 2 * parent + 2] where child < heap.count && heap[child].isBefore(heap[least])
            {
                least = child
            }
            guard least != parent else { return }
            heap.swapAt(parent, least)
            parent = least
        }
    }

    /// Does without the places that were left behind.
    private mutating func sweep() {
        // What is sorted is a heap.
        heap = deadlines.map { Entry(deadline: $0.value, item: $0.key) }.sorted { $0.isBefore($1) }
    }
}
