/// Refuses attempts while too large a share of the last ones failed, and lets a few through from time to time to see
/// whether that is over (resilience4j's, with its window of calls).
package struct CircuitBreaker: Hashable, Sendable {
    package struct Parameters: Hashable, Sendable, Codable {
        /// How many of the last attempts are looked at.
        package var window: Int
        /// With fewer there is no judgement.
        package var attemptsMin: Int
        /// The share of failures from which on it opens.
        package var failureShare: Double
        /// How long it refuses everything then.
        package var openFor: Duration
        /// How many attempts it lets through after that, to judge by.
        package var trials: Int

        /// - Parameters: resilience4j's.
        package init(
            window: Int = 100, attemptsMin: Int = 100, failureShare: Double = 0.5, openFor: Duration = .seconds(60),
            trials: Int = 10
        ) {
            self.window = window
            self.attemptsMin = attemptsMin
            self.failureShare = failureShare
            self.openFor = openFor
            self.trials = trials
        }

        package init(from decoder: any Decoder) throws {
            let container = try decoder.container(keyedBy: CodingKeys.self)
            self.init(
                window: try container.decode(Int.self, forKey: .window),
                attemptsMin: try container.decode(Int.self, forKey: .attemptsMin),
                failureShare: try container.decode(Double.self, forKey: .failureShare),
                openFor: try container.decode(Duration.self, forKey: .openFor),
                trials: try container.decode(Int.self, forKey: .trials))
            guard (1...100_000).contains(window), (1...window).contains(attemptsMin), failureShare > 0,
                failureShare <= 1, trials >= 1
            else {
                throw DecodingError.dataCorrupted(
                    DecodingError.Context(
                        codingPath: container.codingPath,
                        debugDescription: "a breaker needs a window of 1 to 100000 attempts, attemptsMin within it, "
                            + "a failureShare above 0 and up to 1, and at least one of trials"))
            }
        }
    }

    package enum State: String, Hashable, Sendable {
        /// Attempts pass. Can move to `open`.
        case closed
        /// Attempts are refused until the time is over. Moves to `halfOpen`.
        case open
        /// So many trials pass, and all others are refused. Moves to `closed` or `open` when they are answered.
        case halfOpen
    }

    /// An attempt that was let through; its outcome is to be told, or that there will be none.
    package struct Permit: Hashable, Sendable {
        /// Outcomes of an earlier state are not counted in a later one.
        fileprivate var generation: Int
    }

    private let parameters: Parameters
    private var generation = 0
    private(set) package var state = State.closed
    private var openUntil = Duration.zero
    /// The outcomes of the last attempts, true for failures, as a ring.
    private var outcomes: [Bool] = []
    private var oldest = 0
    private var failureCount = 0
    private var trialsGiven = 0

    package init(_ parameters: Parameters) { self.parameters = parameters }

    /// Lets an attempt through; nil refuses it.
    package mutating func permit(now: Duration) -> Permit? {
        if state == .open, now >= openUntil { become(.halfOpen) }
        switch state {
        case .closed: return Permit(generation: generation)
        case .open: return nil
        case .halfOpen:
            guard trialsGiven < parameters.trials else { return nil }
            trialsGiven += 1
            return Permit(generation: generation)
        }
    }

    /// The outcome of an attempt that was let through.
    package mutating func recorded(isFailure: Bool, _ permit: Permit, now: Duration) {
        guard permit.generation == generation else { return }
        append(isFailure)
        switch state {
        case .closed:
            guard outcomes.count >= parameters.attemptsMin, isFailing else { return }
            open(now)
        case .halfOpen:
            guard outcomes.count >= parameters.trials else { return }
            if isFailing { open(now) } else { become(.closed) }
        case .open: break
        }
    }

    /// An attempt that was let through ended without an outcome; another may have its place.
    package mutating func abandoned(_ permit: Permit) {
        guard permit.generation == generation, state == .halfOpen else { return }
        trialsGiven -= 1
    }

    private var isFailing: Bool { Double(failureCount) >= parameters.failureShare * Double(outcomes.count) }

    private mutating func append(_ isFailure: Bool) {
        if isFailure { failureCount += 1 }
        guard outcomes.count == parameters.window else { return outcomes.append(isFailure) }
        if outcomes[oldest] { failureCount -= 1 }
        outcomes[oldest] = isFailure
        oldest = (oldest + 1) % parameters.window
    }

    private mutating func open(_ now: Duration) {
        become(.open)
        openUntil = now + parameters.openFor
    }

    private mutating func become(_ state: State) {
        self.state = state
        generation += 1
        outcomes.removeAll(keepingCapacity: true)
        oldest = 0
        failureCount = 0
        trialsGiven = 0
    }
}
