import Foundation

/// The chi-squared distribution, by the incomplete gamma function (Numerical Recipes §6.2).
package enum ChiSquaredDistribution {
    /// P(X ≤ x).
    package static func cumulative(_ x: Double, degreesOfFreedom: Double) -> Double {
        1 - upperTail(x, degreesOfFreedom: degreesOfFreedom)
    }

    /// P(X > x), exact to about 1e-14 of itself however small it is.
    package static func upperTail(_ x: Double, degreesOfFreedom: Double) -> Double {
        guard x > 0, degreesOfFreedom > 0 else { return 1 }
        guard x.isFinite else { return 0 }
        let (a, half) = (degreesOfFreedom / 2, x / 2)
        let front = exp(a * log(half) - half - BetaDistribution.logGamma(a))
        return half < a + 1 ? max(0, 1 - front * series(a, half)) : front * fraction(a, half)
    }

    /// The x with P(X ≤ x) = p, by bisection.
    package static func quantile(_ p: Double, degreesOfFreedom: Double) -> Double {
        precondition(0 <= p && p < 1, "a probability in [0, 1) is wanted (is \(p))")
        var low = 0.0
        var high = max(1, degreesOfFreedom)
        while upperTail(high, degreesOfFreedom: degreesOfFreedom) > 1 - p { (low, high) = (high, 2 * high) }
        while true {
            let middle = (low + high) / 2
            if middle <= low || middle >= high { return middle }
            if upperTail(middle, degreesOfFreedom: degreesOfFreedom) > 1 - p { low = middle } else { high = middle }
        }
    }

    /// Σ xⁿ Γ(a) ÷ Γ(a+1+n): converges fast for x < a+1.
    private static func series(_ a: Double, _ x: Double) -> Double {
        var term = 1 / a
        var sum = term
        for n in 1...10_000 {
            term *= x / (a + Double(n))
            sum += term
            if term < sum * 1e-16 { break }
        }
        return sum
    }

    /// The continued fraction of Γ(a, x), by Lentz' method: converges fast for x > a+1.
    private static func fraction(_ a: Double, _ x: Double) -> Double {
        var b = x + 1 - a
        var c = 1e300
        var d = 1 / b
        var result = d
        for n in 1...10_000 {
            let i = Double(n)
            let an = -i * (i - a)
            b += 2
            d = an * d + b
            if abs(d) < 1e-300 { d = 1e-300 }
            c = b + an / c
            if abs(c) < 1e-300 { c = 1e-300 }
            d = 1 / d
            result *= d * c
            if abs(d * c - 1) < 1e-15 { break }
        }
        return result
    }
}
