import Foundation

/// The standard normal distribution (quantiles after Acklam, 2003).
package enum NormalDistribution {
    /// P(Z ≤ z).
    package static func cumulative(_ z: Double) -> Double { 0.5 * erfc(-z / 2.0.squareRoot()) }

    /// P(|Z| ≥ |z|).
    package static func twoSided(_ z: Double) -> Double { min(1, erfc(abs(z) / 2.0.squareRoot())) }

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
