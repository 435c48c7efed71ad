import Foundation

extension Axis {
    /// A value as a note or a table writes it.
    package func text(_ value: Double) -> String {
        guard value.isFinite else { return NumberText.significant(value) }
        switch unit {
        case .plain: return NumberText.significant(value, digits: abs(value) >= 1000 ? 6 : 3)
        case .ratio:
            // Ratios are held against 1, and in columns.
            let isPlain = abs(value) >= 0.0995 && abs(value) < 100
            return (isPlain ? NumberText.fixed(value, decimals: 2, keepsZeros: true) : NumberText.significant(value))
                + "×"
        case .percent: return Self.percent(value)
        case .seconds: return Self.duration(value)
        }
    }

    /// A tick's value; ticks are a step apart, or on a logarithmic axis if there is none.
    ///
    /// - Parameter largest: The end of the axis: below a second all ticks are in milliseconds, above it in seconds.
    func tickText(_ value: Double, step: Double?, largest: Double) -> String {
        guard value != 0 || unit == .percent else { return unit == .ratio ? "0×" : "0" }
        switch unit {
        case .plain: return Self.number(value, step: step)
        case .ratio: return Self.number(value, step: step) + "×"
        case .percent: return Self.number(value * 100, step: step.map { $0 * 100 }) + "\u{A0}%"
        case .seconds:
            if let step, largest >= 0.999, step < 60, step.remainder(dividingBy: 30) != 0, largest < 3600 {
                return Self.number(value, step: step) + "\u{A0}s"
            }
            return Self.unitText(value, digits: step.map { max(3, NumberText.order(of: value / $0) + 2) } ?? 3)
        }
    }

    private static func number(_ value: Double, step: Double?) -> String {
        guard let step, abs(value) < 1e6 || step < 1000 else { return NumberText.significant(value) }
        let decimals = -NumberText.order(of: step)
        guard decimals <= 4 else {
            return NumberText.significant(value, digits: NumberText.order(of: value / step) + 2)
        }
        return NumberText.fixed(value, decimals: decimals, keepsZeros: true)
    }

    private static func percent(_ value: Double) -> String {
        let percent = value * 100
        // What is not all must not be rounded to all, nor what is something to nothing.
        if percent < 100, percent >= 99.995 { return "> 99.99\u{A0}%" }
        if percent != 0, abs(percent) < 0.01 { return NumberText.significant(percent, digits: 2) + "\u{A0}%" }
        let isNearEnd = min(abs(percent), abs(100 - percent)) < 0.5
        return NumberText.fixed(percent, decimals: isNearEnd ? 2 : 1) + "\u{A0}%"
    }

    private static func duration(_ value: Double) -> String {
        guard abs(value) >= 59.95 else { return value == 0 ? "0\u{A0}s" : unitText(value, digits: 3) }
        let minus = value < 0 ? "\u{2212}" : ""
        let seconds = abs(value).rounded()
        guard seconds < 360_000 else { return unitText(value, digits: 3) }
        let whole = Int(seconds)
        let parts =
            whole < 3600
            ? [(whole / 60, "min"), (whole % 60, "s")] : [(whole / 3600, "h"), (whole % 3600 / 60, "min")]
        return minus + parts.filter { $0.0 > 0 }.map { "\($0.0)\u{A0}\($0.1)" }.joined(separator: " ")
    }

    private static func unitText(_ value: Double, digits: Int) -> String {
        let units = [
            (86_400.0 * 2, 86_400.0, "d"), (3600, 3600, "h"), (60, 60, "min"), (1, 1, "s"), (1e-3, 1e-3, "ms"),
        ]
        // A hair below a unit is shown in that unit: 1 s, not 1,000 ms.
        let (_, size, name) = units.first { abs(value) >= $0.0 * 0.9995 } ?? (1e-6, 1e-6, "µs")
        return NumberText.significant(value / size, digits: digits) + "\u{A0}" + name
    }
}
