import Foundation

/// The beta distribution, by its regularized incomplete function.
enum BetaDistribution {
    /// I_x(a, b), by the continued fraction of Numerical Recipes §6.4 (modified Lentz), to about 1e-14.
    static func cumulative(_ x: Double, _ a: Double, _ b: Double) -> Double {
        if x <= 0 { return 0 }
        if x >= 1 { return 1 }
        // The fraction converges fast only below the mean; above it the mirror image does.
        if x > (a + 1) / (a + b + 2) { return 1 - cumulative(1 - x, b, a) }
        let front = exp(logGamma(a + b) - logGamma(a) - logGamma(b) + a * log(x) + b * log1p(-x))
        return min(1, front * fraction(x, a, b) / a)
    }

    private static func fraction(_ x: Double, _ a: Double, _ b: Double) -> Double {
        func kept(_ value: Double) -> Double { abs(value) < 1e-300 ? 1e-300 : value }
        var c = 1.0
        var d = 1 / kept(1 - (a + b) * x / (a + 1))
        var result = d
        for step in 1...10_000 {
            let m = Double(step)
            let even = m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m))
            d = 1 / kept(1 + even * d)
            c = kept(1 + even / c)
            result *= d * c
            let odd = -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1))
            d = 1 / kept(1 + odd * d)
            c = kept(1 + odd / c)
            let delta = d * c
            result *= delta
            if abs(delta - 1) < 1e-15 { break }
        }
        return result
    }

    /// The x with I_x(a, b) = p, by bisection: some sixty steps, and no case that does not converge.
    static func quantile(_ p: Double, _ a: Double, _ b: Double) -> Double {
        if p <= 0 { return 0 }
        if p >= 1 { return 1 }
        var low = 0.0
        var high = 1.0
        while true {
            let middle = (low + high) / 2
            if middle <= low || middle >= high { return middle }
            if cumulative(middle, a, b) < p { low = middle } else { high = middle }
        }
    }

    /// ln Γ(x) for x > 0, by Lanczos' approximation (g = 7, nine terms), to about 1e-15; the C library's writes a global.
    static func logGamma(_ x: Double) -> Double {
        if x < 0.5 { return log(.pi / sin(.pi * x)) - logGamma(1 - x) }
        let shifted = x - 1
        var sum = 0.99999999999980993
        for (index, term) in lanczos.enumerated() { sum += term / (shifted + Double(index + 1)) }
        let t = shifted + 7.5
        return 0.5 * log(2 * .pi) + (shifted + 0.5) * log(t) - t + log(sum)
    }

    private static let lanczos = [
        676.5203681218851, -1259.1392167224028, 771.32342877765313, -176.61502916214059, 12.507343278686905,
        -0.13857109526572012, 9.9843695780195716e-6, 1.5056327351493116e-7,
    ]
}

/// The standard normal distribution.
package enum NormalDistribution {
    /// P(Z ≤ z).
    package static func cumulative(_ z: Double) -> Double { 0.5 * erfc(-z / 2.0.squareRoot()) }

    /// The z with P(Z ≤ z) = p: Acklam's rational approximation and one step of Halley's method.
    package static func quantile(_ p: Double) -> Double {
        precondition(p > 0 && p < 1, "a probability inside (0, 1) is wanted (is \(p))")
        if p > 0.5 { return -quantile(1 - p) }
        let start = p < 0.02425 ? tail((-2 * log(p)).squareRoot()) : centre(p - 0.5)
        let error = cumulative(start) - p
        let step = error * (2 * Double.pi).squareRoot() * exp(start * start / 2)
        return start - step / (1 + start * step / 2)
    }

    private static func tail(_ q: Double) -> Double {
        let c = [
            -7.784894002430293e-03, -3.223964580411365e-01, -2.400758277161838, -2.549732539343734, 4.374664141464968,
            2.938163982698783,
        ]
        let d = [7.784695709041462e-03, 3.224671290700398e-01, 2.445134137142996, 3.754408661907416, 1]
        return polynomial(c, q) / polynomial(d, q)
    }

    private static func centre(_ q: Double) -> Double {
        let a = [
            -3.969683028665376e+01, 2.209460984245205e+02, -2.759285104469687e+02, 1.383577518672690e+02,
            -3.066479806614716e+01, 2.506628277459239,
        ]
        let b = [
            -5.447609879822406e+01, 1.615858368580409e+02, -1.556989798598866e+02, 6.680131188771972e+01,
            -1.328068155288572e+01, 1,
        ]
        return q * polynomial(a, q * q) / polynomial(b, q * q)
    }

    private static func polynomial(_ coefficients: [Double], _ x: Double) -> Double {
        coefficients.reduce(0) { $0 * x + $1 }
    }
}

/// Student's t distribution.
package enum StudentDistribution {
    /// P(T ≤ t) with the given degrees of freedom.
    package static func cumulative(_ t: Double, degreesOfFreedom: Double) -> Double {
        let tail =
            0.5 * BetaDistribution.cumulative(degreesOfFreedom / (degreesOfFreedom + t * t), degreesOfFreedom / 2, 0.5)
        return t > 0 ? 1 - tail : tail
    }

    /// The t with P(T ≤ t) = p.
    package static func quantile(_ p: Double, degreesOfFreedom: Double) -> Double {
        if p == 0.5 { return 0 }
        if p < 0.5 { return -quantile(1 - p, degreesOfFreedom: degreesOfFreedom) }
        let x = BetaDistribution.quantile(2 * (1 - p), degreesOfFreedom / 2, 0.5)
        return (degreesOfFreedom * (1 - x) / x).squareRoot()
    }
}
