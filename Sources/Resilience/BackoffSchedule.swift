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
        var growth = 1.0
        while envelopes.count < Self.countMax {
            let envelope = base * growth
            envelopes.append(min(cap, envelope).rounded())
            if envelope > cap {
                firstCapped = envelopes.count
                break
            }
            // Past 1e18 the cap has long been reached; the bound keeps the product finite.
            if backoff.factor == 1 || growth >= 1e18 || envelope < 0.5 { break }
            growth *= backoff.factor
        }
        self.envelopes = envelopes
        self.firstCapped = firstCapped
    }

    private static let countMax = 4_096

    func exceedsCap(after retry: Int) -> Bool { retry + 1 >= firstCapped }

    /// - Parameters:
    ///   - previous: The delay before that one; nil before the first.
    ///   - draw: 64 random bits, where ``isRandom``.
    func delay(retry: Int, previous: Int64?, draw: UInt64) -> Int64 {
        let delay = formula.delay(
            envelope: envelopes[min(retry, envelopes.count) - 1], base: base, cap: cap, jitter: jitter,
            previous: previous.map(Double.init) ?? base, uniform: Double(draw >> 11) * 0x1p-53)
        return Int64(delay)
    }
}

extension Backoff.Formula {
    /// Whether a delay takes a draw.
    var isRandom: Bool {
        switch self {
        case .none, .fixed, .exponential: false
        case .fullJitter, .equalJitter, .decorrelatedJitter, .additiveJitter, .symmetricJitter: true
        }
    }

    /// A delay, in the unit of the spans given.
    func delay(
        envelope: Double, base: Double, cap: Double, jitter: Double, previous: Double, uniform: Double
    ) -> Double {
        switch self {
        case .none: 0
        case .fixed: base
        case .exponential: envelope
        case .fullJitter: envelope * uniform
        case .equalJitter: envelope * (0.5 + 0.5 * uniform)
        case .decorrelatedJitter: min(cap, base + max(0, previous * 3 - base) * uniform)
        case .additiveJitter: envelope * (1 + jitter * uniform)
        case .symmetricJitter: envelope * (1 - jitter + 2 * jitter * uniform)
        }
    }
}
