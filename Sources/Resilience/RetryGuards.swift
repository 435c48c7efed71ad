/// Budget, breaker and rate of a policy: what all calls of one client share.
package struct RetryGuards: Hashable, Sendable {
    private var budget: RetryBudget?
    private var breaker: CircuitBreaker?
    private var rate: AdaptiveRate?

    /// An attempt that may be made; how it went is to be told.
    package struct Permit: Hashable, Sendable {
        fileprivate var breaker: CircuitBreaker.Permit?
    }

    /// A retry that may be made.
    package struct Grant: Hashable, Sendable {
        /// What the budget took for it; nil without one.
        package var cost: Int?
    }

    package init(_ policy: Policy, now: Duration) {
        budget = policy.budget.map { RetryBudget($0) }
        breaker = policy.breaker.map { CircuitBreaker($0) }
        rate = policy.adaptiveRate.map { AdaptiveRate($0, now: now) }
    }

    /// Whether there is nothing that guards, so that nothing need be asked.
    package var isEmpty: Bool { budget == nil && breaker == nil && rate == nil }

    /// A call begins that is not the continuation of another.
    package mutating func began(now: Duration) { budget?.began(now: now) }

    /// Takes a token of the rate limit, and gives nil; or tells how long to wait before asking again.
    package mutating func take(now: Duration) -> Duration? { rate?.take(now: now) }

    /// How long after `now` the rate limit would hold an attempt back, as things stand.
    package func wait(at now: Duration) -> Duration { rate?.wait(at: now) ?? .zero }

    /// Lets an attempt through; nil refuses it.
    package mutating func permit(now: Duration) -> Permit? {
        var permit = Permit()
        if breaker != nil {
            guard let granted = breaker?.permit(now: now) else { return nil }
            permit.breaker = granted
        }
        budget?.attempted(now: now)
        return permit
    }

    /// The attempt was answered by a server that works, be it with a refusal.
    package mutating func answered(_ permit: Permit, cost: Int?, now: Duration) {
        budget?.succeeded(cost: cost, now: now)
        rate?.answered(isThrottling: false, now: now)
        if let permit = permit.breaker { breaker?.recorded(isFailure: false, permit, now: now) }
    }

    /// The attempt failed by what may pass.
    package mutating func failed(_ permit: Permit, isThrottling: Bool, now: Duration) {
        budget?.failed()
        rate?.answered(isThrottling: isThrottling, now: now)
        if let permit = permit.breaker { breaker?.recorded(isFailure: true, permit, now: now) }
    }

    /// The attempt was given up by its own caller.
    package mutating func abandoned(_ permit: Permit) {
        if let permit = permit.breaker { breaker?.abandoned(permit) }
    }

    /// Lets a retry be made; nil refuses it.
    ///
    /// - Parameter generator: For budgets that toss a coin.
    package mutating func grant(
        after failure: CallFailure, now: Duration, using generator: inout some RandomNumberGenerator
    ) -> Grant? {
        guard budget != nil else { return Grant() }
        return budget?.withdraw(after: failure, now: now, using: &generator).map { Grant(cost: $0) }
    }
}
