import Determinism
package import Resilience

/// client-go's work queue as a value: no item twice in line, none worked on twice at once, failures counted for each.
package struct WorkQueue<Item: Hashable & Comparable & Sendable>: Sendable {
    private let backoff: Backoff
    private let forgetsFailures: Bool
    private var pacer: Pacer?
    private var line: [Item] = []
    /// How many at the beginning of the line were taken.
    private var taken = 0
    /// In line, or to be put in line as soon as its work is done; with the moment from which it is.
    private var dirty: [Item: Duration] = [:]
    /// Being worked on; with the moment at which it came due.
    private var processing: [Item: Duration] = [:]
    private var waiting = DeadlineHeap<Item>()
    /// What has come into line, or is to as soon as its work is done, since somebody asked.
    private var arrivals: [Item] = []
    private var failures: [Item: Int] = [:]
    private var previousWaits: [Item: Backoff.Previous] = [:]

    /// - Parameters:
    ///   - backoff: How long an item that failed stays away.
    ///   - forgetsFailures: Whether each failure counts as an item's first, so that its backoff never grows.
    ///   - rateLimit: Bounds how many items come into line, but for those that were planned for a time to come.
    package init(backoff: Backoff, forgetsFailures: Bool = false, rateLimit: Policy.RateLimit? = nil) {
        self.backoff = backoff
        self.forgetsFailures = forgetsFailures
        pacer = rateLimit.map(Pacer.init)
    }

    /// Items that can be taken now.
    package var depth: Int { line.count - taken }

    package var processingCount: Int { processing.count }

    package var waitingCount: Int { waiting.count }

    /// When the next waiting item comes into line, on the clock that `now` is read from.
    package var nextDeadline: Duration? { waiting.next }

    /// How long ago the oldest of the items came due that are not done yet: in line, being worked on, or about to come
    /// into line. Nil where there is none.
    package func oldestAge(now: Duration) -> Duration? {
        let overdue = waiting.next.flatMap { $0 <= now ? $0 : nil }
        let due = [dirty.values.min(), processing.values.min(), overdue].compactMap(\.self).min()
        return due.map { max(.zero, now - $0) }
    }

    /// Adds an item to the line, or, beyond the rate limit, plans it for when the limit lets it in.
    package mutating func add(_ item: Item, now: Duration) {
        promote(now: now)
        guard dirty[item] == nil else { return }
        let wait = pacer?.admit(now: now) ?? .zero
        if wait > .zero { add(item, at: now + wait) } else { append(item, due: now) }
    }

    /// Adds the item at a time to come; of several such times the earliest stands. The rate limit is not asked.
    package mutating func add(_ item: Item, at deadline: Duration) {
        waiting.add(item, at: deadline)
    }

    /// Adds an item whose work failed, after its backoff or when the rate limit lets it in, whichever is later; what was
    /// planned sooner stands, as in client-go.
    ///
    /// - Returns: The wait.
    package mutating func addAfterFailure(
        _ item: Item, now: Duration, using generator: inout some RandomNumberGenerator
    ) -> Duration {
        let retry = (failures[item] ?? 0) + 1
        failures[item] = retry
        let wait = backoff.delay(
            retry: retry, previous: &previousWaits[item, default: Backoff.Previous()], using: &generator)
        if forgetsFailures { forget(item) }
        let limited = max(wait, pacer?.admit(now: now) ?? .zero)
        add(item, at: now + limited)
        return limited
    }

    /// Failures in a row.
    package func failureCount(of item: Item) -> Int { failures[item] ?? 0 }

    /// The item's work succeeded: its next failure is its first.
    package mutating func forget(_ item: Item) {
        failures[item] = nil
        previousWaits[item] = nil
    }

    /// The next item to work on; ``done(_:now:)`` must follow.
    package mutating func take(now: Duration) -> Item? {
        promote(now: now)
        guard taken < line.count else { return nil }
        let item = line[taken]
        taken += 1
        if taken == line.count || taken >= 256 {
            line.removeFirst(taken)
            taken = 0
        }
        processing[item] = dirty.removeValue(forKey: item) ?? now
        return item
    }

    /// The items that were put in line since the last call, in their order.
    package mutating func takeArrivals() -> [Item] {
        defer { arrivals = [] }
        return arrivals
    }

    /// The item's work is over; what was added meanwhile comes into line again.
    package mutating func done(_ item: Item, now: Duration) {
        // What came due while all workers were busy stands before what comes into line now.
        promote(now: now)
        processing[item] = nil
        if dirty[item] != nil { line.append(item) }
    }

    private mutating func append(_ item: Item, due: Duration) {
        guard dirty[item] == nil else { return }
        dirty[item] = due
        arrivals.append(item)
        if processing[item] == nil { line.append(item) }
    }

    /// Brings what is due into line; every other change that is told the time does so too.
    package mutating func promote(now: Duration) {
        while let (item, deadline) = waiting.popDue(now: now) { append(item, due: deadline) }
    }
}

/// A token bucket that lends, as one moment in time (the generic cell rate algorithm): whoever comes is told how long to
/// wait, so that those who wait go in the order in which they came. As Go's `golang.org/x/time/rate`.
private struct Pacer: Sendable {
    private let interval: Duration
    private let tolerance: Duration
    /// When the bucket is full again.
    private var fullAt: Duration?

    init(_ limit: Policy.RateLimit) {
        precondition(limit.qps > 0 && limit.burst > 0, "a rate limit lets something in (is \(limit))")
        interval = .nanoseconds(Int64((1e9 / limit.qps).rounded()))
        tolerance = interval * (limit.burst - 1)
    }

    mutating func admit(now: Duration) -> Duration {
        let full = max(now, fullAt ?? now)
        fullAt = full + interval
        return max(.zero, full - tolerance - now)
    }
}
