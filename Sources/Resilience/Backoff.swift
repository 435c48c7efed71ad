import Determinism

/// How long to wait before a retry: one formula of the field, with its parameters.
///
/// n counts retries from 1; U is uniform on [0, 1). The envelope e(n) is min(cap, base·factor^(n−1)), but for
/// ``Formula/envoyJitter``, which has one of its own.
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
        /// min(cap, base·(x(n − 1 + U) − x(n − 2 + the U before)) ÷ 1.4), with x(t) = 2^t·tanh √(4t) and nothing taken
        /// off before the first retry: Polly's exponential backoff with jitter, its "decorrelated jitter V2"
        /// (https://github.com/App-vNext/Polly/blob/main/src/Polly.Core/Retry/RetryHelper.cs). The factor is 2.
        ///
        /// The moments of the retries, not the waits, are spread: however many callers fail at one instant, the load
        /// that they make together shows no peaks.
        case smoothedJitter = "smoothed-jitter"
        /// U·e(n), with e(n) = min(cap, base + base·factor + … + base·factor^(n−1)), which for a factor of 2 is
        /// min(cap, (2^n − 1)·base): as Envoy's manual has it, with a base of 25 ms and a cap of 250 ms
        /// (https://www.envoyproxy.io/docs/envoy/latest/configuration/http/http_filters/router_filter).
        ///
        /// Envoy's code doubles the interval since `JitteredBackOffStrategy` was rewritten, which is ``fullJitter``:
        /// ceilings of 25, 50, 100, 200, 250 ms.
        case envoyJitter = "envoy-jitter"
    }

    package var formula: Formula
    package var base: Duration
    package var factor: Double
    /// The longest envelope.
    package var cap: Duration
    /// The share of the envelope that additive and symmetric jitter may add; the others have no use for it.
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
        var growth = Growth(self)
        for _ in 1..<min(retry, 4_096) where growth.value < 1e18 { growth.advance() }
        return .nanoseconds(Int64(min(cap.nanoseconds, base.nanoseconds * growth.value).rounded()))
    }

    /// The longest wait that may be drawn before the given retry.
    package func longest(retry: Int) -> Duration {
        switch formula {
        case .none: .zero
        case .fixed: base
        case .exponential, .fullJitter, .equalJitter, .envoyJitter: envelope(retry: retry)
        case .decorrelatedJitter: cap
        case .additiveJitter, .symmetricJitter: envelope(retry: retry) * (1 + jitter)
        case .smoothedJitter:
            .nanoseconds(
                Int64(
                    min(cap.nanoseconds, base.nanoseconds * SmoothedJitter.share(retry: retry, previous: 0, uniform: 1))
                        .rounded(.up)))
        }
    }

    /// The wait before a retry, as far as the next one depends on it; nothing before the first.
    package struct Previous: Hashable, Sendable {
        /// In nanoseconds; nothing is negative.
        private var wait: Int64 = -1
        /// The draw; nothing is negative.
        private var uniform = -1.0

        package init() {}

        init(wait: Int64, uniform: Double) {
            self.wait = wait
            self.uniform = uniform
        }

        func wait(or base: Double) -> Double { wait < 0 ? base : Double(wait) }

        /// Where nothing is known of the draw, it was in the middle.
        var uniformOrMiddle: Double { uniform < 0 ? 0.5 : uniform }
    }

    /// The wait before the given retry, in whole nanoseconds, rounded towards zero so that it keeps below its bound.
    ///
    /// - Parameter previous: What is known of the wait before; it becomes what is known of this one.
    package func delay(
        retry: Int, previous: inout Previous, using generator: inout some RandomNumberGenerator
    ) -> Duration {
        let draw = formula.isRandom ? generator.next() : 0
        let uniform = Double(draw >> 11) * 0x1p-53
        let delay = Int64(
            formula.delay(
                retry: retry, envelope: envelope(retry: retry).nanoseconds, base: base.nanoseconds,
                cap: cap.nanoseconds, jitter: jitter, previous: previous, uniform: uniform))
        previous = Previous(wait: delay, uniform: uniform)
        return .nanoseconds(delay)
    }

    /// An envelope without its cap, in bases, from retry to retry.
    struct Growth {
        private let factor: Double
        private let isSum: Bool
        private var term = 1.0
        private(set) var value = 1.0

        init(_ backoff: Backoff) {
            factor = backoff.factor
            isSum = backoff.formula == .envoyJitter
        }

        /// Whether it never moves.
        var isConstant: Bool { factor == 1 && !isSum }

        mutating func advance() {
            term *= factor
            value = isSum ? value + term : term
        }
    }
}

extension Duration {
    fileprivate var nanoseconds: Double { Double(wholeNanoseconds) }
}
