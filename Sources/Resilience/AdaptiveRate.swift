import Determinism

/// A rate of attempts that falls with each answer that asks for fewer, and then grows again along a cubic curve: the
/// client-side rate limit of the AWS SDKs' adaptive mode.
///
/// Until the first such answer there is no limit. Nobody borrows: an attempt that finds no token asks again later, so
/// that a rate that falls meanwhile leaves no debt (https://github.com/smithy-lang/smithy-rs/pull/4632).
package struct AdaptiveRate: Hashable, Sendable {
    package struct Parameters: Hashable, Sendable, Codable {
        /// What is left of the rate after an answer that asks for fewer requests.
        package var beta: Double
        /// How steeply it grows again.
        package var scale: Double
        /// The weight of the newest measurement of the rate at which answers come.
        package var smoothing: Double
        /// Attempts a second that are always granted.
        package var perSecondMin: Double

        /// - Parameters: The SDKs'.
        package init(beta: Double = 0.7, scale: Double = 0.4, smoothing: Double = 0.8, perSecondMin: Double = 0.5) {
            self.beta = beta
            self.scale = scale
            self.smoothing = smoothing
            self.perSecondMin = perSecondMin
        }

        package init(from decoder: any Decoder) throws {
            let container = try decoder.container(keyedBy: CodingKeys.self)
            self.init(
                beta: try container.decode(Double.self, forKey: .beta),
                scale: try container.decode(Double.self, forKey: .scale),
                smoothing: try container.decode(Double.self, forKey: .smoothing),
                perSecondMin: try container.decode(Double.self, forKey: .perSecondMin))
            guard beta > 0, beta < 1, scale > 0, (0...1).contains(smoothing), perSecondMin > 0 else {
                throw DecodingError.dataCorrupted(
                    DecodingError.Context(
                        codingPath: container.codingPath,
                        debugDescription: "beta lies between 0 and 1, smoothing from 0 to 1, and scale and "
                            + "perSecondMin are above 0"))
            }
        }
    }

    /// The spans over which answers are counted.
    private static let measureSeconds = 0.5

    private let parameters: Parameters
    /// Whether an answer has asked for fewer requests yet.
    private(set) package var isLimiting = false
    /// Answers a second, as measured.
    private(set) package var measured = 0.0
    private var answers = 0
    private var measuredAt: Double
    /// Tokens a second.
    private(set) package var rate = 0.0
    private var capacity = 0.0
    private var tokens = 0.0
    private var filledAt: Double
    /// The rate at the last answer that asked for fewer, when that came, and how long after it the rate is back there.
    private var rateMax = 0.0
    private var throttledAt = 0.0
    private var plateau = 0.0

    package init(_ parameters: Parameters, now: Duration) {
        self.parameters = parameters
        measuredAt = now.seconds.rounded(.down)
        filledAt = now.seconds
    }

    /// Takes a token, and gives nil; or tells after what wait there may be one.
    package mutating func take(now: Duration) -> Duration? {
        guard isLimiting else { return nil }
        fill(now.seconds)
        guard tokens < 1 else {
            tokens -= 1
            return nil
        }
        return wait
    }

    /// When, counted from `now`, there will be a token if nobody else takes it.
    package func wait(at now: Duration) -> Duration {
        var later = self
        guard isLimiting else { return .zero }
        later.fill(now.seconds)
        return later.tokens < 1 ? later.wait : .zero
    }

    /// At least a microsecond, so that whoever waits gets on.
    private var wait: Duration { .microseconds(Int64(((1 - tokens) / rate * 1e6).rounded(.up)) + 1) }

    /// An answer came, or the lack of one was noticed.
    package mutating func answered(isThrottling: Bool, now: Duration) {
        let seconds = now.seconds
        measure(seconds)
        let target: Double
        if isThrottling {
            rateMax = isLimiting ? min(measured, rate) : measured
            plateau = Self.cubeRoot(rateMax * (1 - parameters.beta) / parameters.scale)
            throttledAt = seconds
            isLimiting = true
            target = rateMax * parameters.beta
        } else {
            target = cubic(at: seconds)
        }
        adopt(min(target, 2 * measured), seconds)
    }

    /// By Newton's method and nothing but the four operations, so that every machine finds the same bits.
    private static func cubeRoot(_ value: Double) -> Double {
        guard value > 0 else { return 0 }
        var root = max(1, value)
        while true {
            let next = (2 * root + value / (root * root)) / 3
            guard next < root else { return root }
            root = next
        }
    }

    private func cubic(at seconds: Double) -> Double {
        let beyond = seconds - throttledAt - plateau
        return parameters.scale * beyond * beyond * beyond + rateMax
    }

    private mutating func measure(_ seconds: Double) {
        answers += 1
        let span = (seconds / Self.measureSeconds).rounded(.down) * Self.measureSeconds
        guard span > measuredAt else { return }
        measured =
            Double(answers) / (span - measuredAt) * parameters.smoothing + measured * (1 - parameters.smoothing)
        answers = 0
        measuredAt = span
    }

    private mutating func adopt(_ target: Double, _ seconds: Double) {
        fill(seconds)
        rate = max(target, parameters.perSecondMin)
        capacity = max(target, 1)
        tokens = min(tokens, capacity)
    }

    private mutating func fill(_ seconds: Double) {
        tokens = min(capacity, tokens + max(0, seconds - filledAt) * rate)
        filledAt = max(filledAt, seconds)
    }
}
