import Determinism

/// How many retries all calls together may make: what keeps a server that fails from being asked ever more.
///
/// The shape of a backoff does not bound the load of many callers; a budget does.
package struct RetryBudget: Hashable, Sendable {
    /// One rule of the field; a document gives exactly one of them by its name.
    package enum Parameters: Hashable, Sendable {
        case throttle(Throttle)
        case share(Share)
        case quota(Quota)
        case adaptive(Adaptive)
    }

    /// gRPC's retry throttling (A6): retries stop while half of the tokens or fewer are left.
    package struct Throttle: Hashable, Sendable, Codable {
        /// What there is at first, and at most; a failure takes one.
        package var tokensMax: Int
        /// What a success gives back; three decimals count.
        package var ratio: Double

        package init(tokensMax: Int = 10, ratio: Double = 0.1) {
            self.tokensMax = tokensMax
            self.ratio = ratio
        }
    }

    /// Finagle's and Linkerd's: retries are a share of the calls of a while, and some a second besides.
    package struct Share: Hashable, Sendable, Codable {
        /// Retries for each call; 0.2 is one for five.
        package var share: Double
        /// Retries a second that need no calls.
        package var perSecondMin: Int
        /// How long a call counts.
        package var window: Duration

        package init(share: Double = 0.2, perSecondMin: Int = 10, window: Duration = .seconds(10)) {
            self.share = share
            self.perSecondMin = perSecondMin
            self.window = window
        }
    }

    /// The AWS SDKs' retry quota: a retry costs something, and gives it back when it succeeds.
    package struct Quota: Hashable, Sendable, Codable {
        package var capacity: Int
        /// After an answer that asks for fewer requests (429).
        package var throttlingCost: Int
        /// After any other transient failure.
        package var transientCost: Int
        /// What a call gives back that succeeds at its first attempt.
        package var firstTryGain: Int

        package init(capacity: Int = 500, throttlingCost: Int = 5, transientCost: Int = 14, firstTryGain: Int = 1) {
            self.capacity = capacity
            self.throttlingCost = throttlingCost
            self.transientCost = transientCost
            self.firstTryGain = firstTryGain
        }
    }

    /// The client-side throttle of Google's SRE book, for retries: the more attempts of a while were not answered, the
    /// more retries are refused, each by the toss of a coin (Beyer et al., Site Reliability Engineering, 2016, ch. 21,
    /// https://sre.google/sre-book/handling-overload/).
    ///
    /// The book's throttle refuses first tries, too; a budget bounds retries, and never a first try. What is lost is
    /// the server's relief from first tries. What is gained is that the server goes on being asked: after an outage of a
    /// whole window the book's throttle lets one attempt a window through, and then so many times more by the
    /// multiplier a window.
    package struct Adaptive: Hashable, Sendable, Codable {
        /// How many attempts there may be for one that is answered before any retry is refused; the book's K.
        package var multiplier: Double
        /// How long an attempt counts.
        package var window: Duration

        package init(multiplier: Double = 2, window: Duration = .seconds(120)) {
            self.multiplier = multiplier
            self.window = window
        }

        /// The probability with which a request is refused: max(0, (requests − K·accepts) ÷ (requests + 1)).
        package func refusalProbability(requests: Int, accepts: Int) -> Double {
            max(0, (Double(requests) - multiplier * Double(accepts)) / Double(requests + 1))
        }
    }

    private let parameters: Parameters
    /// Thousandths of tokens for a throttle, units of cost for a quota.
    private var balance: Int
    /// For a share: what calls paid in and retries took. For an adaptive budget: attempts, and retries refused.
    private var slots = BudgetSlots()
    /// For an adaptive budget: attempts that were answered.
    private var accepts = BudgetSlots()

    package init(_ parameters: Parameters) {
        self.parameters = parameters
        balance =
            switch parameters {
            case .throttle(let throttle): throttle.tokensMax * 1_000
            case .share, .adaptive: 0
            case .quota(let quota): quota.capacity
            }
    }

    /// A call begins that is no retry of another.
    package mutating func began(now: Duration) {
        guard case .share(let share) = parameters else { return }
        slots.advance(to: now, window: share.window)
        slots.add(share.deposit)
    }

    /// An attempt is about to be made, the first of a call or another. It counts at once, not when its answer fails to
    /// come.
    package mutating func attempted(now: Duration) {
        guard case .adaptive(let adaptive) = parameters else { return }
        slots.advance(to: now, window: adaptive.window)
        slots.add(1)
    }

    /// An attempt failed, and is not to blame for it itself.
    package mutating func failed() {
        guard case .throttle = parameters else { return }
        balance = max(0, balance - 1_000)
    }

    /// An attempt was answered.
    ///
    /// - Parameter cost: What ``withdraw(after:now:using:)`` took for it; nil for a first attempt.
    package mutating func succeeded(cost: Int?, now: Duration) {
        switch parameters {
        case .throttle(let throttle):
            balance = min(throttle.tokensMax * 1_000, balance + Int((throttle.ratio * 1_000).rounded()))
        case .share: break
        case .quota(let quota): balance = min(quota.capacity, balance + (cost ?? quota.firstTryGain))
        case .adaptive(let adaptive):
            accepts.advance(to: now, window: adaptive.window)
            accepts.add(1)
        }
    }

    /// Takes what a retry costs, and tells how much that is; nil refuses the retry.
    ///
    /// - Parameter generator: Tosses the coin of an adaptive budget; no other draws.
    package mutating func withdraw(
        after failure: CallFailure, now: Duration, using generator: inout some RandomNumberGenerator
    ) -> Int? {
        switch parameters {
        case .throttle(let throttle): return balance * 2 > throttle.tokensMax * 1_000 ? 0 : nil
        case .share(let share):
            slots.advance(to: now, window: share.window)
            guard available(share) >= share.withdrawal else { return nil }
            slots.add(-share.withdrawal)
            return share.withdrawal
        case .quota(let quota):
            let cost = failure.isThrottling ? quota.throttlingCost : quota.transientCost
            guard balance >= cost else { return nil }
            balance -= cost
            return cost
        case .adaptive(let adaptive):
            let coin = Double(generator.next() >> 11) * 0x1p-53
            guard coin >= refusalProbability(adaptive, now: now) else {
                slots.add(1)
                return nil
            }
            return 0
        }
    }

    /// Retries that could be made now, after failures that are no throttling, and whatever a coin says.
    package mutating func retriesLeft(now: Duration) -> Int {
        switch parameters {
        // Each of them is preceded by a failure.
        case .throttle(let throttle): return max(0, (balance - throttle.tokensMax * 500 - 1) / 1_000)
        case .share(let share):
            slots.advance(to: now, window: share.window)
            return max(0, available(share)) / share.withdrawal
        case .quota(let quota): return quota.transientCost > 0 ? balance / quota.transientCost : .max
        case .adaptive(let adaptive):
            slots.advance(to: now, window: adaptive.window)
            accepts.advance(to: now, window: adaptive.window)
            // Each of them is an attempt more, and the last may be made where the attempts are as many as is allowed.
            return max(0, Int(Double(accepts.sum) * adaptive.multiplier) - slots.sum + 1)
        }
    }

    private mutating func refusalProbability(_ adaptive: Adaptive, now: Duration) -> Double {
        slots.advance(to: now, window: adaptive.window)
        accepts.advance(to: now, window: adaptive.window)
        return adaptive.refusalProbability(requests: slots.sum, accepts: accepts.sum)
    }

    private func available(_ share: Share) -> Int { share.reserve + slots.sum }
}

/// Sums of the tenths of a window that moves with time: what is older than the window is forgotten by the tenth.
private struct BudgetSlots: Hashable, Sendable {
    private static let count = 10

    private var sums = [Int](repeating: 0, count: Self.count)
    private var newest: Int64 = 0
    private(set) var sum = 0

    mutating func advance(to now: Duration, window: Duration) {
        let slot = now.wholeNanoseconds / max(1, window.wholeNanoseconds / Int64(Self.count))
        guard slot > newest else { return }
        for passed in max(newest, slot - Int64(Self.count)) + 1...slot {
            let index = Int(passed % Int64(Self.count))
            sum -= sums[index]
            sums[index] = 0
        }
        newest = slot
    }

    mutating func add(_ amount: Int) {
        sums[Int(newest % Int64(Self.count))] += amount
        sum += amount
    }
}

extension RetryBudget.Share {
    private static let scale = 1_000

    /// What a call pays in. Without a share nothing is, and a retry costs one unit.
    fileprivate var deposit: Int { share > 0 ? Self.scale : 0 }

    fileprivate var withdrawal: Int { share > 0 ? max(1, Int((Double(Self.scale) / share).rounded())) : 1 }

    fileprivate var reserve: Int { Int(Double(perSecondMin) * window.seconds * Double(withdrawal)) }
}

extension CallFailure {
    /// Whether the server asks for fewer requests.
    package var isThrottling: Bool { httpStatus == 429 || reason == "TooManyRequests" }
}
