import Determinism
import Kubernetes

/// Values as Go's `fmt`, `strconv` and `encoding/json` write them, because expressions turn values into text that
/// workflows compare and print.
enum GoText {
    /// `%v`.
    static func plain(_ value: JSONValue) -> String {
        switch value {
        case .null: "<nil>"
        case .bool(let value): String(value)
        case .integer(let value): String(value)
        case .number(let value): number(value)
        case .string(let value): value
        case .array(let elements): "[\(elements.map(plain).joined(separator: " "))]"
        case .object(let members):
            "map[\(members.map { "\($0.key):\(plain($0.value))" }.joined(separator: " "))]"
        }
    }

    static func plain(_ value: ExpressionValue) -> String {
        switch value {
        case .json(let value): plain(value)
        case .time(let time): GoTime.format(time, layout: "2006-01-02 15:04:05.999999999 -0700 MST")
        case .duration(let duration): self.duration(duration)
        }
    }

    /// A float as `%v`: the fewest digits that read back, with an exponent below 1e-4 and from 1e6 up.
    static func number(_ value: Double) -> String {
        guard value.isFinite else { return value.isNaN ? "NaN" : value < 0 ? "-Inf" : "+Inf" }
        let digits = Digits(value)
        return digits.exponent < -4 || digits.exponent >= 6 ? digits.scientific(minimumExponentWidth: 2) : digits.plain
    }

    /// Compact JSON with `<`, `>` and `&` escaped, which is Go's habit.
    static func json(_ value: JSONValue, escapesHTML: Bool = true) -> String {
        json(value, indent: nil, depth: 0, escapesHTML: escapesHTML)
    }

    /// JSON over several lines, indented by two spaces.
    static func indentedJSON(_ value: JSONValue) -> String { json(value, indent: "  ", depth: 0, escapesHTML: true) }

    private static func json(_ value: JSONValue, indent: String?, depth: Int, escapesHTML: Bool) -> String {
        let parts: [String]
        let brackets: (String, String)
        switch value {
        case .null, .bool, .integer: return value.text
        case .number(let value): return jsonNumber(value)
        case .string(let text):
            let escaped = JSONValue.string(text).text
            return escapesHTML ? escapingHTML(escaped) : escaped
        case .array(let elements):
            brackets = ("[", "]")
            parts = elements.map { json($0, indent: indent, depth: depth + 1, escapesHTML: escapesHTML) }
        case .object(let members):
            brackets = ("{", "}")
            parts = members.map { key, value in
                let name = json(.string(key), indent: indent, depth: depth, escapesHTML: escapesHTML)
                let text = json(value, indent: indent, depth: depth + 1, escapesHTML: escapesHTML)
                return "\(name):\(indent == nil ? "" : " ")\(text)"
            }
        }
        guard let indent, !parts.isEmpty else { return brackets.0 + parts.joined(separator: ",") + brackets.1 }
        let inner = "\n" + String(repeating: indent, count: depth + 1)
        let outer = "\n" + String(repeating: indent, count: depth)
        return brackets.0 + inner + parts.joined(separator: "," + inner) + outer + brackets.1
    }

    private static func escapingHTML(_ text: String) -> String {
        guard text.utf8.contains(where: { [0x3C, 0x3E, 0x26].contains($0) }) else { return text }
        return text.replacing("<", with: "\\u003c").replacing(">", with: "\\u003e").replacing("&", with: "\\u0026")
    }

    private static func jsonNumber(_ value: Double) -> String {
        guard value.isFinite else { return "null" }
        let digits = Digits(value)
        return value != 0 && (digits.exponent < -6 || digits.exponent >= 21)
            ? digits.scientific(minimumExponentWidth: 1) : digits.plain
    }

    /// `%q`.
    static func quoted(_ text: String) -> String {
        var result = "\""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\"": result += "\\\""
            case "\\": result += "\\\\"
            case "\n": result += "\\n"
            case "\r": result += "\\r"
            case "\t": result += "\\t"
            case "\u{7}": result += "\\a"
            case "\u{8}": result += "\\b"
            case "\u{b}": result += "\\v"
            case "\u{c}": result += "\\f"
            case "\u{0}"..<" ", "\u{7f}":
                let digits = String(scalar.value, radix: 16)
                result += "\\x" + String(repeating: "0", count: 2 - digits.count) + digits
            default: result.unicodeScalars.append(scalar)
            }
        }
        return result + "\""
    }

    /// `1h2m3.5s`.
    static func duration(_ duration: Duration) -> String {
        let total = duration.nanoseconds
        let magnitude = total.magnitude
        let sign = total < 0 ? "-" : ""
        if magnitude == 0 { return "0s" }
        if magnitude < 1_000 { return "\(sign)\(magnitude)ns" }
        if magnitude < 1_000_000 { return sign + decimal(magnitude, 1_000) + "µs" }
        if magnitude < 1_000_000_000 { return sign + decimal(magnitude, 1_000_000) + "ms" }
        let minute: UInt64 = 60_000_000_000
        var result = sign
        if magnitude >= 60 * minute { result += "\(magnitude / (60 * minute))h" }
        if magnitude >= minute { result += "\(magnitude / minute % 60)m" }
        return result + decimal(magnitude % minute, 1_000_000_000) + "s"
    }

    private static func decimal(_ value: UInt64, _ unit: UInt64) -> String {
        guard value % unit != 0 else { return String(value / unit) }
        var fraction = String(value % unit + unit).dropFirst()
        while fraction.last == "0" { fraction.removeLast() }
        return "\(value / unit).\(fraction)"
    }

    /// The fewest decimal digits that read back as a finite number.
    private struct Digits {
        private var sign: String
        /// Without leading or trailing zeros; "0" for zero.
        private var digits: String
        /// Of the first digit: 2 for 123.
        private(set) var exponent: Int

        init(_ value: Double) {
            sign = value.sign == .minus ? "-" : ""
            let parts = value.magnitude.description.split(separator: "e")
            let mantissa = parts[0].split(separator: ".", omittingEmptySubsequences: false)
            let whole = String(mantissa[0])
            var all = whole + (mantissa.count > 1 ? mantissa[1] : "")
            exponent = whole.count - 1 + (parts.count > 1 ? Int(parts[1]) ?? 0 : 0)
            while all.count > 1, all.first == "0" {
                all.removeFirst()
                exponent -= 1
            }
            while all.count > 1, all.last == "0" { all.removeLast() }
            digits = all
            if all == "0" { exponent = 0 }
        }

        var plain: String {
            if exponent < 0 { return sign + "0." + String(repeating: "0", count: -exponent - 1) + digits }
            let zeros = String(repeating: "0", count: max(0, exponent + 1 - digits.count))
            let all = digits + zeros
            let whole = all.prefix(exponent + 1)
            let fraction = all.dropFirst(exponent + 1)
            return sign + whole + (fraction.isEmpty ? "" : "." + fraction)
        }

        func scientific(minimumExponentWidth width: Int) -> String {
            let fraction = digits.dropFirst()
            let power = String(exponent.magnitude)
            let padded = String(repeating: "0", count: max(0, width - power.count)) + power
            let mantissa = digits.prefix(1) + (fraction.isEmpty ? "" : "." + fraction)
            return "\(sign)\(mantissa)e\(exponent < 0 ? "-" : "+")\(padded)"
        }
    }
}
