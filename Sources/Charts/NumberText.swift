import Foundation

/// Numbers as text, without a locale: equal numbers give equal bytes everywhere.
enum NumberText {
    /// At most this many decimals, trailing zeros left out unless they are to be kept; a typographic minus.
    static func fixed(_ value: Double, decimals: Int, keepsZeros: Bool = false) -> String {
        digits(value, decimals: decimals, keepsZeros: keepsZeros, isGrouped: true, minus: "\u{2212}")
    }

    /// As a coordinate of SVG: one decimal is a fifth of a pixel where a picture is shown at twice its size.
    static func coordinate(_ value: Double) -> String {
        digits(
            min(max(value.isNaN ? 0 : value, -100_000), 100_000), decimals: 1, keepsZeros: false, isGrouped: false,
            minus: "-")
    }

    /// So many digits that count; 1.23M from a million on, 1.2×10⁻⁵ for what is too small to be read.
    static func significant(_ value: Double, digits count: Int = 3) -> String {
        guard value.isFinite else { return value.isNaN ? "no number" : value > 0 ? "never" : "\u{2212}∞" }
        guard value != 0 else { return "0" }
        let exponent = order(of: value)
        switch exponent {
        case ..<(-4), 12...:
            let mantissa = fixed(value / pow(10, Double(exponent)), decimals: count - 1)
            return (mantissa == "1" ? "" : mantissa + "×") + "10" + superscript(exponent)
        case 9...: return fixed(value / 1e9, decimals: max(0, count - 1 - (exponent - 9))) + "G"
        case 6...: return fixed(value / 1e6, decimals: max(0, count - 1 - (exponent - 6))) + "M"
        default: return fixed(value, decimals: max(0, count - 1 - exponent))
        }
    }

    /// The power of ten of the first digit, after rounding to what is shown.
    static func order(of value: Double) -> Int {
        let magnitude = abs(value)
        guard magnitude > 0, magnitude.isFinite else { return 0 }
        let exponent = Int(log10(magnitude).rounded(.down))
        // 999.9996 is shown as 1,000; log10 may also be off by a bit at powers of ten.
        return magnitude / pow(10, Double(exponent)) >= 9.999_999 ? exponent + 1 : exponent
    }

    private static func digits(
        _ value: Double, decimals: Int, keepsZeros: Bool, isGrouped: Bool, minus: String
    ) -> String {
        let decimals = min(max(decimals, 0), 9)
        let power = (0..<decimals).reduce(1.0) { power, _ in power * 10 }
        let scaled = (abs(value) * power).rounded()
        guard scaled < 9e15 else { return significant(value) }
        let whole = UInt64(scaled) / UInt64(power)
        var fraction = String(UInt64(scaled) % UInt64(power))
        fraction = decimals == 0 ? "" : String(repeating: "0", count: decimals - fraction.count) + fraction
        while !keepsZeros, fraction.last == "0" { fraction.removeLast() }
        let sign = value < 0 && scaled > 0 ? minus : ""
        return sign + (isGrouped ? grouped(whole) : String(whole)) + (fraction.isEmpty ? "" : ".") + fraction
    }

    private static func grouped(_ whole: UInt64) -> String {
        var text = String(whole)
        var place = text.count - 3
        while place > 0 {
            text.insert(",", at: text.index(text.startIndex, offsetBy: place))
            place -= 3
        }
        return text
    }

    private static func superscript(_ exponent: Int) -> String {
        let raised = Array("⁰¹²³⁴⁵⁶⁷⁸⁹")
        return (exponent < 0 ? "⁻" : "")
            + String(String(abs(exponent)).compactMap(\.wholeNumberValue).map { raised[$0] })
    }
}
