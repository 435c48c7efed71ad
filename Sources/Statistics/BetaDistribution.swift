import Foundation

/// The beta distribution, by its regularized incomplete function (Numerical Recipes §6.4).
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

    /// The x with I_x(a, b) = p, by Newton's method within a bracket that is halved wherever a step would leave it or does
    /// not get on (Numerical Recipes §9.4), so that there is no case that does not converge.
    static func quantile(_ p: Double, _ a: Double, _ b: Double) -> Double {
        if p <= 0 { return 0 }
        if p >= 1 { return 1 }
        let logBeta = logGamma(a) + logGamma(b) - logGamma(a + b)
        var (low, high) = (0.0, 1.0)
        var x = a / (a + b)
        var step = 1.0
        while true {
            let error = cumulative(x, a, b) - p
            if error < 0 { low = x } else { high = x }
            let density = exp((a - 1) * log(x) + (b - 1) * log1p(-x) - logBeta)
            let newton = x - error / density
            let middle = (low + high) / 2
            let next = newton > low && newton < high && abs(newton - x) < step / 2 ? newton : middle
            step = abs(next - x)
            if step <= 0.5 * x.ulp || middle <= low || middle >= high { return next }
            x = next
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
