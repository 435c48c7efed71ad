import Determinism
import Kubernetes

/// One processor that all work in progress shares equally.
///
/// Processor sharing is what a kube-apiserver and its etcd on few cores are: alone, work takes its service time; among n
/// it takes about n times that. So the rate of writes saturates, while each of them, a quota's compare-and-swap
/// included, takes longer for every writer more.
struct ServiceStation<Work: Sendable>: Sendable {
    private struct Job {
        var finish: Double
        var number: UInt64
        var work: Work
    }

    /// Sorted, the next to finish last.
    private var jobs: [Job] = []
    private var lastNumber: UInt64 = 0
    /// Microseconds of service that each job in progress since the start would have had.
    private var served = 0.0
    private var updated: Timestamp
    /// Of the processor: 1 does in a microsecond what costs one.
    private var speed = 1.0

    init(now: Timestamp) { updated = now }

    /// When the next work is done, if no other arrives.
    var nextCompletion: Timestamp? {
        guard let next = jobs.last else { return nil }
        let wait = max(0, (next.finish - served) * Double(jobs.count) / speed).rounded(.up)
        return Timestamp(microsecondsSinceEpoch: updated.microsecondsSinceEpoch + Int64(wait))
    }

    /// - Precondition: The speed is positive.
    mutating func setSpeed(_ speed: Double, now: Timestamp) {
        precondition(speed > 0, "a processor does not stand still (its speed is \(speed))")
        advance(to: now)
        self.speed = speed
    }

    /// - Parameter cost: The time it takes alone, in microseconds.
    mutating func begin(_ work: Work, cost: Double, now: Timestamp) {
        advance(to: now)
        lastNumber += 1
        let job = Job(finish: served + cost, number: lastNumber, work: work)
        let index = jobs.partition { ($0.finish, $0.number) <= (job.finish, job.number) }
        jobs.insert(job, at: index)
    }

    /// Drops all work.
    mutating func removeAll(now: Timestamp) {
        advance(to: now)
        jobs = []
    }

    /// Takes out the work that is done by now, the first of several.
    mutating func completed(now: Timestamp) -> Work? {
        guard let due = nextCompletion, due <= now else { return nil }
        advance(to: due)
        let job = jobs.removeLast()
        served = max(served, job.finish)
        return job.work
    }

    private mutating func advance(to now: Timestamp) {
        guard now > updated else { return }
        if !jobs.isEmpty { served += Double((now - updated).microseconds) * speed / Double(jobs.count) }
        updated = now
    }
}

extension Array {
    /// The first index at which the predicate holds, in an array where it holds for none before and all after.
    func partition(_ holds: (Element) -> Bool) -> Int {
        var low = 0
        var high = count
        while low < high {
            let middle = (low + high) / 2
            if holds(self[middle]) { high = middle } else { low = middle + 1 }
        }
        return low
    }
}

/// What is to happen at a later time: a binary heap, first in first out among equals.
struct TimerQueue<Event: Sendable>: Sendable {
    private struct Entry {
        var due: Timestamp
        var number: UInt64
        var event: Event

        func isBefore(_ other: Entry) -> Bool { (due, number) < (other.due, other.number) }
    }

    private var heap: [Entry] = []
    private var lastNumber: UInt64 = 0

    var nextDue: Timestamp? { heap.first?.due }

    mutating func add(_ event: Event, at due: Timestamp) {
        lastNumber += 1
        heap.append(Entry(due: due, number: lastNumber, event: event))
        var child = heap.count - 1
        while child > 0, heap[child].isBefore(heap[(child - 1) / 2]) {
            heap.swapAt(child, (child - 1) / 2)
            child = (child - 1) / 2
        }
    }

    /// Takes out the first event that is due by now.
    mutating func popDue(now: Timestamp) -> Event? {
        guard let first = heap.first, first.due <= now else { return nil }
        heap.swapAt(0, heap.count - 1)
        heap.removeLast()
        var parent = 0
        while true {
            var least = parent
            for child in [2 * parent + 1, 2 * parent + 2] where child < heap.count && heap[child].isBefore(heap[least])
            {
                least = child
            }
            guard least != parent else { return first.event }
            heap.swapAt(parent, least)
            parent = least
        }
    }
}
