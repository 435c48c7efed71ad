import Determinism

/// How many requests a server works on at once, and whom it lets wait: one priority level of a kube-apiserver's
/// priority and fairness, with one queue.
/// https://kubernetes.io/docs/concepts/cluster-administration/flow-control/
///
/// A value that decides: requests arrive, begin, and end. Watches and execs are none of its business.
package struct PriorityAndFairness: Sendable {
    package struct Parameters: Hashable, Sendable, Codable {
        /// Requests that are worked on at once.
        package var seats: Int
        /// Requests that may wait for a seat; one more is refused.
        package var queueLength: Int
        /// How long one waits before it is refused: a quarter of the server's request timeout.
        package var queueWait: Duration

        package init(seats: Int, queueLength: Int, queueWait: Duration = .seconds(15)) {
            self.seats = seats
            self.queueLength = queueLength
            self.queueWait = queueWait
        }
    }

    package enum Verdict: Hashable, Sendable {
        case begin
        case wait(until: Duration)
        /// Answered with 429 and Retry-After.
        case refuse(retryAfter: Int)
    }

    private let parameters: Parameters
    private var seatsTaken = 0
    /// Those that wait, in order; those that gave up are passed over.
    private var queue: [UInt64] = []
    private var queueStart = 0
    private var waiting: Set<UInt64> = []
    private var drops = DroppedRequests()

    package init(_ parameters: Parameters) { self.parameters = parameters }

    /// A request has come.
    package mutating func arrived(_ request: UInt64, now: Duration) -> Verdict {
        if seatsTaken < parameters.seats, waiting.isEmpty {
            seatsTaken += 1
            return .begin
        }
        guard waiting.count < parameters.queueLength else {
            return .refuse(retryAfter: drops.dropped(now: now))
        }
        queue.append(request)
        waiting.insert(request)
        return .wait(until: now + parameters.queueWait)
    }

    /// A request that was worked on is done.
    ///
    /// - Returns: The request that begins in its place.
    package mutating func ended() -> UInt64? {
        while queueStart < queue.count {
            let next = queue[queueStart]
            queueStart += 1
            if queueStart >= 256, queueStart * 2 > queue.count {
                queue.removeFirst(queueStart)
                queueStart = 0
            }
            if waiting.remove(next) != nil { return next }
        }
        seatsTaken -= 1
        return nil
    }

    /// A request that waits has gone away.
    package mutating func left(_ request: UInt64) { waiting.remove(request) }

    /// A request has waited as long as it may.
    ///
    /// - Returns: The seconds that it is asked to stay away; nil where it no longer waits.
    package mutating func waitedInVain(_ request: UInt64, now: Duration) -> Int? {
        guard waiting.remove(request) != nil else { return nil }
        return drops.dropped(now: now)
    }
}

/// How long clients that are refused are asked to stay away: longer, the more of them there are.
///
/// It starts at 1 s and is doubled, to 32 s at the most, where three times as many requests were refused in as many
/// seconds; where fewer were refused than it has seconds, it goes down by one (`k8s.io/apiserver`,
/// util/flowcontrol/dropped_requests_tracker.go). All clients are given the same whole seconds.
struct DroppedRequests: Sendable {
    private static let longest = 32

    private(set) var retryAfter = 1
    private var changed: Int64 = 0
    /// Refusals by second, the last seconds alone.
    private var history: [(second: Int64, count: Int)] = []

    /// Counts a refusal in.
    ///
    /// - Returns: The seconds to ask for.
    mutating func dropped(now: Duration) -> Int {
        let second = now.components.seconds
        if history.last?.second == second {
            history[history.count - 1].count += 1
        } else {
            // A second begins, so that those before it are complete.
            history.removeAll { second - $0.second > Int64(Self.longest) }
            history.append((second, 1))
            adapt(second)
        }
        return retryAfter
    }

    private mutating func adapt(_ second: Int64) {
        let span = Int64(retryAfter)
        let count = history.reduce(0) { sum, entry in
            entry.second < second && second - entry.second <= span ? sum + entry.count : sum
        }
        guard second - changed >= span else { return }
        if count >= 3 * retryAfter, retryAfter < Self.longest {
            retryAfter = min(2 * retryAfter, Self.longest)
            changed = second
        } else if count < retryAfter, retryAfter > 1 {
            retryAfter -= 1
            changed = second
        }
    }
}
