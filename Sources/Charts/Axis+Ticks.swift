import Foundation

/// A value that an axis names.
package struct Tick: Hashable, Sendable {
    package var value: Double
    package var label: String
}

extension Axis {
    /// Round values within the extent, upward, at most about so many.
    ///
    /// - Parameter isWhole: Only whole numbers are measured, so that nothing between them is named.
    package func ticks(in extent: Extent, atMost count: Int, isWhole: Bool = false) -> [Tick] {
        let extent = usable(extent)
        switch scale {
        case .linear: return linearTicks(in: extent, atMost: count, isWhole: isWhole)
        case .logarithmic:
            let ticks = logarithmicTicks(in: extent, atMost: count).filter { !isWhole || $0.value >= 1 }
            return ticks.count >= 2 ? ticks : linearTicks(in: extent, atMost: count, isWhole: isWhole)
        }
    }

    private func linearTicks(in extent: Extent, atMost count: Int, isWhole: Bool) -> [Tick] {
        let step = step(in: extent, atMost: count, isWhole: isWhole)
        guard step > 0, step.isFinite, max(abs(extent.lower), abs(extent.upper)) / step < 1e9 else {
            return [extent.lower, extent.upper].map { Tick(value: $0, label: text($0)) }
        }
        let first = Int((extent.lower / step - 1e-6).rounded(.up))
        let last = Int((extent.upper / step + 1e-6).rounded(.down))
        guard first <= last else { return [] }
        return (first...last).map { place in
            let value = min(max(Double(place) * step, extent.lower), extent.upper)
            return Tick(
                value: value,
                label: tickText(Double(place) * step, step: step, largest: max(abs(extent.lower), abs(extent.upper))))
        }
    }

    /// The round distance that gives at most so many ticks.
    func step(in extent: Extent, atMost count: Int, isWhole: Bool) -> Double {
        let least = (extent.upper - extent.lower) / Double(max(count, 1))
        guard least > 0, least.isFinite else { return 0 }
        let step: Double
        if unit == .seconds, least > 1, let clock = Self.clockSteps.first(where: { $0 >= least * 0.999_999 }) {
            step = clock
        } else {
            // Fractions are rounded as the percents that are read.
            let factor = unit == .percent ? 100.0 : 1
            let power = pow(10, log10(least * factor * 0.999_999).rounded(.down))
            let lead = least * factor / power
            step = [1, 2, 5, 10].first { $0 >= lead * 0.999_999 }.map { $0 * power / factor } ?? least
        }
        return isWhole ? max(step.rounded(.up), 1) : step
    }

    private static let clockSteps: [Double] = [
        1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 14_400, 21_600, 43_200, 86_400, 172_800,
        432_000, 864_000, 1_728_000, 4_320_000, 8_640_000,
    ]

    private func logarithmicTicks(in extent: Extent, atMost count: Int) -> [Tick] {
        let levels = unit == .seconds ? Self.clockLevels : Self.decadeLevels(in: extent)
        let within = levels.map { level in
            level.filter { $0 >= extent.lower * (1 - 1e-9) && $0 <= extent.upper * (1 + 1e-9) }
        }
        // The second level is the usual one; the first is for what spans less than a decade.
        let usual = within.dropFirst().first { $0.count <= count } ?? within.last ?? []
        let chosen = usual.count < 4 && within[0].count <= count ? within[0] : usual
        return chosen.map { value in
            Tick(
                value: min(max(value, extent.lower), extent.upper),
                label: tickText(value, step: nil, largest: extent.upper))
        }
    }

    /// Parts of decades, 1-2-5, then every decade, then every second, third, ... decade.
    private static func decadeLevels(in extent: Extent) -> [[Double]] {
        let first = Int(log10(extent.lower).rounded(.down))
        let last = Int(log10(extent.upper).rounded(.up))
        let decades = (first...max(first, last)).map { (exponent: $0, value: pow(10, Double($0))) }
        let parts = [[1, 1.5, 2, 3, 4, 6, 8], [1, 2, 5]].map { parts in
            decades.flatMap { decade in parts.map { $0 * decade.value } }
        }
        let strides = [1, 2, 3, 6, 12, 30, 60].map { stride in
            decades.filter { $0.exponent.isMultiple(of: stride) }.map(\.value)
        }
        return parts + strides
    }

    /// As decades are to numbers, so are these to times.
    private static let clockLevels: [[Double]] = {
        let small: [Double] = (-9 ... -1).map { pow(10, Double($0)) }
        let days: [Double] = (0...6).map { 86_400 * pow(10, Double($0)) }
        func parts(_ decades: [Double], _ parts: [Double]) -> [Double] {
            decades.flatMap { decade in parts.map { $0 * decade } }
        }
        let finest: [Double] = [
            1, 1.5, 2, 3, 5, 7, 10, 15, 20, 30, 45, 60, 90, 120, 180, 300, 420, 600, 1200, 1800, 3600, 7200, 18_000,
            43_200,
        ]
        let usual: [Double] = [
            1, 2, 5, 10, 20, 30, 60, 120, 300, 600, 1200, 1800, 3600, 7200, 18_000, 43_200,
        ]
        let coarse: [Double] = [1, 3, 10, 30, 60, 180, 600, 1800, 3600, 10_800, 36_000]
        let coarser: [Double] = [1, 10, 60, 600, 3600, 36_000]
        var levels: [[Double]] = []
        levels.append(parts(small, [1, 1.5, 2, 3, 5, 7]) + finest + parts(days, [1, 2, 5]))
        levels.append(parts(small, [1, 2, 5]) + usual + parts(days, [1, 2, 5]))
        levels.append(parts(small, [1, 3]) + coarse + days)
        levels.append(small + coarser + days)
        levels.append([1e-9, 1e-6, 1e-3, 1, 60, 3600, 86_400, 8.64e6, 8.64e8])
        levels.append([1e-9, 1e-3, 1, 3600, 8.64e7])
        return levels
    }()
}
