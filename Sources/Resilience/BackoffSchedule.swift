import Determinism

/// A backoff whose envelopes are worked out once, in nanoseconds.
struct BackoffSchedule: Hashable, Sendable {
    private let formula: Backoff.Formula
    private let base: Double
    private let cap: Double
    private let jitter: Double
    /// By retry; the last holds for all that follow.
    private let envelopes: [Double]
    /// The first retry whose envelope the cap holds down.
    private let firstCapped: Int
    /// Whether a delay takes a draw.
    let isRandom: Bool

    init(_ backoff: Backoff) {
        formula = backoff.formula
        base = Double(backoff.base.wholeNanoseconds)
        cap = Double(backoff.cap.wholeNanoseconds)
        jitter = backoff.jitter
        isRandom = backoff.formula.isRandom
        var envelopes: [Double] = []
        var firstCapped = Int.max
        var growth = Backoff.Growth(backoff)
        while envelopes.count < Self.countMax {
            let envelope = base * growth.value
            envelopes.append(min(cap, envelope).rounded())
            if envelope > cap {
                firstCapped = envelopes.count
                break
            }
            // Past 1e18 the cap has long been reached; the bound keeps the product finite.
            if growth.isConstant || growth.value >= 1e18 || envelope < 0.5 { break }
            growth.advance()
        }
        self.envelopes = envelopes
        self.firstCapped = firstCapped
    }

    private static let countMax = 4_096

    func exceedsCap(after retry: Int) -> Bool { retry + 1 >= firstCapped }

    /// The first retry after which ``exceedsCap(after:)``.
    var lastBeforeCap: Int { max(1, firstCapped - 1) }

    /// - Parameters:
    ///   - previous: What is known of the delay before; it becomes what is known of this one.
    ///   - draw: 64 random bits, where ``isRandom``.
    func delay(retry: Int, previous: inout Backoff.Previous, draw: UInt64) -> Int64 {
        let uniform = Double(draw >> 11) * 0x1p-53
        let delay = Int64(
            formula.delay(
                retry: retry, envelope: envelopes[min(retry, envelopes.count) - 1], base: base, cap: cap,
                jitter: jitter, previous: previous, uniform: uniform))
        previous = Backoff.Previous(wait: delay, uniform: uniform)
        return delay
    }
}

extension Backoff.Formula {
    /// Whether a delay takes a draw.
    var isRandom: Bool {
        switch self {
        case .none, .fixed, .exponential: false
        case .fullJitter, .equalJitter, .decorrelatedJitter, .additiveJitter, .symmetricJitter, .smoothedJitter,
            .envoyJitter:
            true
        }
    }

    /// A delay, in the unit of the spans given.
    func delay(
        retry: Int, envelope: Double, base: Double, cap: Double, jitter: Double, previous: Backoff.Previous,
        uniform: Double
    ) -> Double {
        switch self {
        case .none: 0
        case .fixed: base
        case .exponential: envelope
        case .fullJitter, .envoyJitter: envelope * uniform
        case .equalJitter: envelope * (0.5 + 0.5 * uniform)
        case .decorrelatedJitter: min(cap, base + max(0, previous.wait(or: base) * 3 - base) * uniform)
        case .additiveJitter: envelope * (1 + jitter * uniform)
        case .symmetricJitter: envelope * (1 - jitter + 2 * jitter * uniform)
        case .smoothedJitter:
            min(
                cap,
                base * SmoothedJitter.share(retry: retry, previous: previous.uniformOrMiddle, uniform: uniform))
        }
    }
}
