import Determinism
import Resilience
import Testing

struct CircuitBreakerTests {
    private static let small = CircuitBreaker.Parameters(
        window: 10, attemptsMin: 4, failureShare: 0.5, openFor: .seconds(60), trials: 2)

    private var breaker = CircuitBreaker(small)

    private mutating func attempt(isFailure: Bool, now: Duration = .zero) throws {
        let permitGiven = breaker.permit(now: now)
        let permit = try #require(permitGiven)
        breaker.recorded(isFailure: isFailure, permit, now: now)
    }

    @Test("fewer attempts than it takes to judge open nothing")
    mutating func tooFew() throws {
        for _ in 1...3 { try attempt(isFailure: true) }
        #expect(breaker.state == .closed)
        try attempt(isFailure: true)
        #expect(breaker.state == .open)
    }

    @Test("half of the last attempts must have failed, not half of all")
    mutating func window() throws {
        for _ in 1...10 { try attempt(isFailure: false) }
        for _ in 1...4 { try attempt(isFailure: true) }
        #expect(breaker.state == .closed)
        try attempt(isFailure: true)
        #expect(breaker.state == .open)
    }

    @Test("open, it refuses everything until its time is over; then it lets its trials through, and no more")
    mutating func open() throws {
        for _ in 1...4 { try attempt(isFailure: true, now: .seconds(5)) }
        #expect(breaker.permit(now: .seconds(64)) == nil)
        let firstGiven = breaker.permit(now: .seconds(65))
        let first = try #require(firstGiven)
        #expect(breaker.state == .halfOpen)
        let secondGiven = breaker.permit(now: .seconds(65))
        let second = try #require(secondGiven)
        #expect(breaker.permit(now: .seconds(65)) == nil)
        breaker.recorded(isFailure: false, first, now: .seconds(66))
        #expect(breaker.state == .halfOpen)
        breaker.recorded(isFailure: false, second, now: .seconds(66))
        #expect(breaker.state == .closed)
    }

    @Test("trials that fail open it again, for the same time")
    mutating func reopen() throws {
        for _ in 1...4 { try attempt(isFailure: true) }
        try attempt(isFailure: true, now: .seconds(60))
        try attempt(isFailure: false, now: .seconds(60))
        #expect(breaker.state == .open)
        #expect(breaker.permit(now: .seconds(119)) == nil)
        #expect(breaker.permit(now: .seconds(120)) != nil)
    }

    @Test("a trial that is given up makes room for another")
    mutating func abandoned() throws {
        for _ in 1...4 { try attempt(isFailure: true) }
        let lostGiven = breaker.permit(now: .seconds(60))
        let lost = try #require(lostGiven)
        _ = breaker.permit(now: .seconds(60))
        breaker.abandoned(lost)
        #expect(breaker.permit(now: .seconds(60)) != nil)
        #expect(breaker.permit(now: .seconds(60)) == nil)
    }

    @Test("the outcome of an attempt from before it opened says nothing of the trials")
    mutating func late() throws {
        let earlyGiven = breaker.permit(now: .zero)
        let early = try #require(earlyGiven)
        for _ in 1...4 { try attempt(isFailure: true) }
        let trialGiven = breaker.permit(now: .seconds(60))
        let trial = try #require(trialGiven)
        for _ in 1...5 { breaker.recorded(isFailure: true, early, now: .seconds(61)) }
        #expect(breaker.state == .halfOpen)
        breaker.recorded(isFailure: false, trial, now: .seconds(61))
        try attempt(isFailure: false, now: .seconds(61))
        #expect(breaker.state == .closed)
    }

    /// What a breaker is by its definition, told from the list of all outcomes.
    @Test("a random walk meets the definition", arguments: 1...20 as ClosedRange<UInt64>)
    mutating func walk(seed: UInt64) throws {
        var generator = SplitMix64(seed: seed)
        var now = Duration.zero
        var outcomes: [Bool] = []
        var openUntil: Duration?
        for _ in 1...400 {
            now += .milliseconds(Int(generator.uniform() * 4_000))
            let isFailure = generator.uniform() < 0.4
            let permit = breaker.permit(now: now)
            if let until = openUntil, now < until {
                #expect(permit == nil)
                continue
            }
            breaker.recorded(isFailure: isFailure, try #require(permit, "seed \(seed)"), now: now)
            outcomes.append(isFailure)
            let isTrial = openUntil != nil
            let judged = isTrial ? 2 : 4
            let last = outcomes.suffix(10)
            guard last.count >= judged else { continue }
            let isFailing = Double(last.count { $0 }) >= 0.5 * Double(last.count)
            if isFailing {
                openUntil = now + .seconds(60)
                outcomes = []
            } else if isTrial {
                openUntil = nil
                outcomes = []
            }
            #expect(breaker.state == (openUntil == nil ? .closed : .open), "seed \(seed)")
        }
    }
}
