import Determinism
package import Resilience

/// client-go's work queue as a value: no item twice in line, none worked on twice at once, failures counted for each.
package struct WorkQueue<Item: Hashable & Comparable & Sendable>: Sendable {
    private let backoff: Backoff
    private var line: [Item] = []
    /// In line, or to be put in line as soon as its work is done.
    private var dirty: Set<Item> = []
    private var processing: Set<Item> = []
    private var waiting: [Item: Duration] = [:]
    private var failures: [Item: Int] = [:]
    private var previousWaits: [Item: Duration] = [:]

    /// - Parameter backoff: How long an item that failed stays away.
    package init(backoff: Backoff) { self.backoff = backoff }

    /// Items that can be taken now.
    package var depth: Int { line.count }

    package var processingCount: Int { processing.count }

    package var waitingCount: Int { waiting.count }

    /// When the next waiting item comes into line, on the clock that `now` is read from.
    package var nextDeadline: Duration? { waiting.values.min() }

    package mutating func add(_ item: Item) {
        guard dirty.insert(item).inserted else { return }
        if !processing.contains(item) { line.append(item) }
    }

    /// Adds the item at a time to come; of several such times the earliest stands.
    package mutating func add(_ item: Item, at deadline: Duration) {
        waiting[item] = min(deadline, waiting[item] ?? deadline)
    }

    /// Adds an item whose work failed, after its backoff; what was planned sooner stands, as in client-go.
    ///
    /// - Returns: The wait.
    package mutating func addAfterFailure(
        _ item: Item, now: Duration, using generator: inout some RandomNumberGenerator
    ) -> Duration {
        let retry = (failures[item] ?? 0) + 1
        failures[item] = retry
        let wait = backoff.delay(retry: retry, previous: previousWaits[item], using: &generator)
        previousWaits[item] = wait
        add(item, at: now + wait)
        return wait
    }

    /// Failures in a row.
    package func failureCount(of item: Item) -> Int { failures[item] ?? 0 }

    /// The item's work succeeded: its next failure is its first.
    package mutating func forget(_ item: Item) {
        failures[item] = nil
        previousWaits[item] = nil
    }

    /// The next item to work on; ``done(_:)`` must follow.
    package mutating func take(now: Duration) -> Item? {
        promote(now: now)
        guard !line.isEmpty else { return nil }
        let item = line.removeFirst()
        dirty.remove(item)
        processing.insert(item)
        return item
    }

    /// The item's work is over; what was added meanwhile comes into line again.
    package mutating func done(_ item: Item) {
        processing.remove(item)
        if dirty.contains(item) { line.append(item) }
    }

    private mutating func promote(now: Duration) {
        guard let next = nextDeadline, next <= now else { return }
        let due = waiting.filter { $0.value <= now }.sorted { ($0.value, $0.key) < ($1.value, $1.key) }
        for (item, _) in due {
            waiting[item] = nil
            add(item)
        }
    }
}
