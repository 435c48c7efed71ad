import Foundation

extension Axis {
    var isLogarithmic: Bool { scale == .logarithmic }

    /// The extent, such that it can be divided by and that logarithms can be taken of its ends.
    func usable(_ extent: Extent) -> Extent {
        var lower = min(max(extent.lower, -1e100), 1e100)
        var upper = min(max(extent.upper, -1e100), 1e100)
        if isLogarithmic {
            upper = upper > 1e-100 ? upper : 10
            lower = lower > 1e-100 ? lower : min(1, upper / 1000)
        }
        guard upper - lower <= abs(upper) * 1e-12 else { return Extent(lower, upper) }
        if isLogarithmic { return Extent(lower / 2, upper * 2) }
        return lower == 0 ? Extent(0, 1) : Extent(lower - abs(lower) / 10, upper + abs(upper) / 10)
    }

    /// What to show of these values: what was asked for, or what they need.
    ///
    /// - Parameter isRounded: The extent grows outward to the next tick, and down to 0 where that costs little.
    func shown(of values: [Double], isRounded: Bool) -> Extent? {
        if let extent { return usable(extent) }
        guard values.contains(where: { !$0.isNaN }) else { return nil }
        // Where all values never came, or none has a logarithm, the axis is still drawn.
        let extent =
            Extent(of: isLogarithmic ? values.filter { $0 > 0 } : values)
            ?? (isLogarithmic ? Extent(1, 10) : Extent(0, 1))
        return isRounded ? rounded(extent, isWhole: isWhole(values)) : usable(extent)
    }

    /// Whether the values are counts.
    func isWhole(_ values: [Double]) -> Bool {
        unit == .plain && values.allSatisfy { !$0.isFinite || $0 == $0.rounded() }
    }

    private func rounded(_ extent: Extent, isWhole: Bool) -> Extent {
        var extent = usable(extent)
        if isLogarithmic {
            return Extent(Self.decadePart(extent.lower, .down), Self.decadePart(extent.upper, .up))
        }
        if extent.lower > 0, extent.lower < 0.7 * extent.upper { extent.lower = 0 }
        if unit == .percent, extent.lower >= 0, extent.upper <= 1, extent.upper > 0.6,
            extent.upper - extent.lower > 0.25
        {
            return Extent(0, 1)
        }
        let step = step(in: extent, atMost: 6, isWhole: isWhole)
        guard step > 0, step.isFinite else { return extent }
        return usable(
            Extent(
                (extent.lower / step + 1e-6).rounded(.down) * step, (extent.upper / step - 1e-6).rounded(.up) * step))
    }

    /// The next of 1, 2, 5, 10, ... in a direction.
    private static func decadePart(_ value: Double, _ direction: FloatingPointRoundingRule) -> Double {
        let power = pow(10, log10(value).rounded(.down))
        let lead = value / power
        let parts = [1.0, 2, 5, 10]
        let part =
            direction == .up
            ? parts.first { $0 >= lead * 0.999_999 } : parts.last { $0 <= lead * 1.000_001 }
        return (part ?? lead) * power
    }
}
