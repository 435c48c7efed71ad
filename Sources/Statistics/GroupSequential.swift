import Foundation

/// Repeated looks at a growing sample with one error in all: Lan and DeMets' error spending (Biometrika 70, 1983), one
/// side at a time.
///
/// The test statistic is taken as a Brownian motion seen at fractions of the planned information, of trials say. The
/// boundaries follow by recursive numerical integration (Armitage, McPherson and Rowe, J. R. Statist. Soc. A 132, 1969;
/// Jennison and Turnbull, Group Sequential Methods, ch. 19). A look depends on those before it alone, so that the
/// fractions need not be known beforehand.
///
/// Counts are tested at each look by Clopper and Pearson's bound at the look's level, which spends no more. Whoever may
/// stop on either side looks with the same levels at each, and errs on each as often as one of these says.
package struct GroupSequential: Hashable, Sendable {
    /// How much of the error may be spent by a fraction of the information (Lan and DeMets, ibid.).
    package enum Spending: String, Hashable, Sendable, CaseIterable {
        /// 2 − 2Φ(z(α/2) ÷ √t): very little early, nearly all in the end.
        case obrienFleming
        /// α·ln(1 + (e − 1)·t): about evenly.
        case pocock

        /// What may be spent of an error by a fraction.
        package func spent(_ alpha: Double, at fraction: Double) -> Double {
            if fraction <= 0 { return 0 }
            if fraction >= 1 { return alpha }
            return switch self {
            case .obrienFleming:
                NormalDistribution.twoSided(NormalDistribution.quantile(alpha / 2) / fraction.squareRoot())
            case .pocock: alpha * log1p((M_E - 1) * fraction)
            }
        }
    }

    /// One-sided, over all looks.
    package let alpha: Double
    /// How the error is spread over the looks.
    package let spending: Spending
    /// Of the planned information, at each look so far.
    package private(set) var fractions: [Double] = []
    /// For each look the one-sided level at which it is to be tested by itself; 0 where it cannot decide.
    package private(set) var nominalAlpha: [Double] = []
    /// For each look the normal deviate of that level.
    package private(set) var boundaries: [Double] = []
    private var density = StoppingDensity()

    package init(looks fractions: [Double] = [], alpha: Double = 0.05, spending: Spending = .obrienFleming) {
        precondition(0 < alpha && alpha < 0.5, "an error in (0, 0.5) is wanted (is \(alpha))")
        self.alpha = alpha
        self.spending = spending
        for fraction in fractions { _ = nominalAlpha(at: fraction) }
    }

    /// The level of the next look, which follows from the fractions of all looks up to it.
    ///
    /// - Parameter fraction: Larger than the last look's. From 1 on all of the error is spent.
    package mutating func nominalAlpha(at fraction: Double) -> Double {
        let last = fractions.last ?? 0
        precondition(fraction > last, "a look later than the last is wanted (is \(fraction) after \(last))")
        let increment = spending.spent(alpha, at: fraction) - spending.spent(alpha, at: last)
        let boundary = density.boundary(at: fraction, error: increment)
        density.move(to: fraction, below: boundary)
        let level = boundary.isFinite ? NormalDistribution.cumulative(-boundary) : 0
        fractions.append(fraction)
        boundaries.append(boundary)
        nominalAlpha.append(level)
        return level
    }
}

/// The density of the standardized statistic at the last look over the paths that have crossed no boundary, on a grid.
private struct StoppingDensity: Hashable {
    /// Jennison and Turnbull's r: errors fall with its fourth power; 16 gives six digits.
    private static let fineness = 18
    /// A look that may spend less than this can't decide.
    private static let errorMin = 1e-300

    private var fraction = 0.0
    private var points: [Double] = []
    /// Simpson's weights times the density.
    private var masses: [Double] = []

    /// The deviate that is crossed for the first time at a fraction with the given chance.
    func boundary(at fraction: Double, error: Double) -> Double {
        guard error > Self.errorMin else { return .infinity }
        guard !points.isEmpty else { return -NormalDistribution.quantile(error) }
        var (low, high) = (-10.0, 40.0)
        for _ in 0..<60 {
            let middle = (low + high) / 2
            if crossing(middle, at: fraction) > error { low = middle } else { high = middle }
        }
        return high
    }

    private func crossing(_ boundary: Double, at fraction: Double) -> Double {
        let deviation = (fraction - self.fraction).squareRoot()
        let (root, target) = (self.fraction.squareRoot(), boundary * fraction.squareRoot())
        var sum = 0.0
        for (point, mass) in zip(points, masses) {
            sum += mass * NormalDistribution.cumulative((point * root - target) / deviation)
        }
        return sum
    }

    mutating func move(to fraction: Double, below boundary: Double) {
        let (nodes, weights) = Self.grid(below: boundary)
        let deviation = (fraction - self.fraction).squareRoot()
        let (root, newRoot) = (self.fraction.squareRoot(), fraction.squareRoot())
        let factor = newRoot / deviation / (2 * Double.pi).squareRoot()
        var moved: [Double] = []
        moved.reserveCapacity(nodes.count)
        for (node, weight) in zip(nodes, weights) {
            var density = 0.0
            if points.isEmpty {
                density = exp(-node * node / 2) / (2 * Double.pi).squareRoot()
            } else {
                for (point, mass) in zip(points, masses) {
                    let distance = (node * newRoot - point * root) / deviation
                    density += mass * exp(-distance * distance / 2)
                }
                density *= factor
            }
            moved.append(weight * density)
        }
        (self.fraction, points, masses) = (fraction, nodes, moved)
    }

    /// Points dense in the middle and sparse outside, cut off at the boundary, with Simpson's weights (Jennison and
    /// Turnbull, §19.2.2).
    private static func grid(below boundary: Double) -> (nodes: [Double], weights: [Double]) {
        let r = fineness
        let all = (1..<6 * r).map { i in
            if i < r { return -3 - 4 * log(Double(r) / Double(i)) }
            if i <= 5 * r { return -3 + 3 * Double(i - r) / Double(2 * r) }
            return 3 + 4 * log(Double(r) / Double(6 * r - i))
        }
        var ends = all.filter { $0 < boundary }
        if let last = all.last, boundary < last { ends.append(boundary) }
        guard let first = ends.first, ends.count > 1 else { return (ends, ends.map { _ in 0 }) }
        var nodes = [first]
        var weights = [0.0]
        for end in ends.dropFirst() {
            let start = nodes[nodes.count - 1]
            let width = end - start
            weights[weights.count - 1] += width / 6
            nodes += [(start + end) / 2, end]
            weights += [4 * width / 6, width / 6]
        }
        return (nodes, weights)
    }
}
