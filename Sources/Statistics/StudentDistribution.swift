import Foundation

/// Student's t distribution (Biometrika 6, 1908), by the incomplete beta function (Numerical Recipes §6.4).
package enum StudentDistribution {
    /// P(T ≤ t) with the given degrees of freedom.
    package static func cumulative(_ t: Double, degreesOfFreedom: Double) -> Double {
        let tail = 0.5 * twoSided(t, degreesOfFreedom: degreesOfFreedom)
        return t > 0 ? 1 - tail : tail
    }

    /// P(|T| ≥ |t|).
    package static func twoSided(_ t: Double, degreesOfFreedom: Double) -> Double {
        if t.isInfinite { return 0 }
        return BetaDistribution.cumulative(degreesOfFreedom / (degreesOfFreedom + t * t), degreesOfFreedom / 2, 0.5)
    }

    /// The t with P(T ≤ t) = p.
    package static func quantile(_ p: Double, degreesOfFreedom: Double) -> Double {
        if p == 0.5 { return 0 }
        if p < 0.5 { return -quantile(1 - p, degreesOfFreedom: degreesOfFreedom) }
        let x = BetaDistribution.quantile(2 * (1 - p), degreesOfFreedom / 2, 0.5)
        return (degreesOfFreedom * (1 - x) / x).squareRoot()
    }
}
