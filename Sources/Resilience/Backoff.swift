import Determinism

/// How long to wait before a retry: one formula of the field, with its parameters.
///
/// n counts retries from 1; U is uniform on [0, 1). The envelope e(n) is min(cap, base·factor^(n−1)).
package struct Backoff: Hashable, Sendable, Codable {
    package enum Formula: String, Hashable, Sendable, Codable, CaseIterable {
        /// No wait.
        case none
        /// base.
        case fixed
        /// e(n).
        case exponential
        /// U·e(n) (Brooker, "Exponential Backoff and Jitter", 2015).
        case fullJitter = "full-jitter"
        /// e(n)/2 + U·e(n)/2 (ibid.).
        case equalJitter = "equal-jitter"
        /// min(cap, base + U·(3·previous − base)), previous starting at base (ibid.).
        case decorrelatedJitter = "decorrelated-jitter"
        /// e(n)·(1 + U·jitter): client-go's `wait.Backoff`, whose jitter only adds.
        case additiveJitter = "additive-jitter"
        /// e(n)·(1 − jitter + 2·U·jitter): gRPC's (A6), with its jitter of 0.2.
        case symmetricJitter = "symmetric-jitter"
    }

    package var formula: Formula
    package var base: Duration
    package var factor: Double
    /// The longest envelope.
    package var cap: Duration
    /// The share of the envelope that the last two formulas may add; the others have no use for it.
    package var jitter: Double

    package init(
        _ formula: Formula, base: Duration = .zero, factor: Double = 2, cap: Duration = .seconds(3600),
        jitter: Double = 0
    ) {
        self.formula = formula
        self.base = base
        self.factor = factor
        self.cap = cap
        self.jitter = jitter
    }

    package static let none = Backoff(.none)

    /// e(n).
    package func envelope(retry: Int) -> Duration {
        precondition(retry >= 1, "retries count from 1 (is \(retry))")
        // Past 2^60 the cap has long been reached; the bound keeps the product finite.
        var growth = 1.0
        for _ in 1..<min(retry, 4_096) where growth < 1e18 { growth *= factor }
        return .nanoseconds(Int64(min(cap.nanoseconds, base.nanoseconds * growth).rounded()))
    }

    /// The wait before the given retry, in whole nanoseconds, rounded towards zero so that it keeps below its bound.
    ///
    /// - Parameter previous: The wait before the retry that came before it; nil before the first.
    package func delay(
        retry: Int, previous: Duration?, using generator: inout some RandomNumberGenerator
    ) -> Duration {
        let draw = formula.isRandom ? generator.next() : 0
        let delay = formula.delay(
            envelope: envelope(retry: retry).nanoseconds, base: base.nanoseconds, cap: cap.nanoseconds, jitter: jitter,
            previous: (previous ?? base).nanoseconds, uniform: Double(draw >> 11) * 0x1p-53)
        return .nanoseconds(Int64(delay))
    }
}

extension Duration {
    fileprivate var nanoseconds: Double { Double(wholeNanoseconds) }
}
