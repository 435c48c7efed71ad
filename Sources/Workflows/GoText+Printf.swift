extension GoText {
    /// `fmt.Sprintf(format, value)` for one whole number.
    static func printf(_ format: String, _ value: Int64) -> String {
        var result = ""
        var rest = Substring(format)
        var isUsed = false
        while let character = rest.popFirst() {
            guard character == "%" else {
                result.append(character)
                continue
            }
            let directive = Directive(&rest)
            guard let verb = rest.popFirst() else {
                result += "%!(NOVERB)"
                break
            }
            if verb == "%" {
                result += "%"
            } else if isUsed {
                result += "%!\(verb)(MISSING)"
            } else {
                isUsed = true
                result += directive.text(of: value, verb) ?? "%!\(verb)(int=\(value))"
            }
        }
        return isUsed ? result : result + "%!(EXTRA int=\(value))"
    }

    /// The flags, the width and the precision between `%` and its verb.
    private struct Directive {
        private var flags: Set<Character> = []
        private var width = 0
        private var precision: Int?
        /// Wider than any name that Kubernetes allows.
        private static let widthMax = 253

        init(_ text: inout Substring) {
            while let flag = text.first, "+-# 0".contains(flag) { flags.insert(text.removeFirst()) }
            width = Self.number(&text)
            if text.first == "." {
                text.removeFirst()
                precision = Self.number(&text)
            }
        }

        private static func number(_ text: inout Substring) -> Int {
            var result = 0
            while let digit = text.first?.wholeNumberValue, text.first?.isASCII == true {
                text.removeFirst()
                result = min(result * 10 + digit, widthMax)
            }
            return result
        }

        /// Nil for a verb that whole numbers do not have.
        func text(of value: Int64, _ verb: Character) -> String? {
            switch verb {
            case "d", "v": return number(value, radix: 10, prefix: "")
            case "b": return number(value, radix: 2, prefix: "0b")
            case "o": return number(value, radix: 8, prefix: "0")
            case "O": return number(value, radix: 8, prefix: "0o", isPrefixed: true)
            case "x": return number(value, radix: 16, prefix: "0x")
            case "X": return number(value, radix: 16, prefix: "0X", isUppercase: true)
            case "c", "q":
                let scalar = UInt32(exactly: value).flatMap(Unicode.Scalar.init) ?? "\u{fffd}"
                return padded(verb == "c" ? String(Character(scalar)) : "'\(Character(scalar))'")
            case "U":
                let digits = String(value, radix: 16, uppercase: true)
                return padded("U+" + String(repeating: "0", count: max(0, 4 - digits.count)) + digits)
            default: return nil
            }
        }

        private func number(
            _ value: Int64, radix: Int, prefix: String, isPrefixed: Bool = false, isUppercase: Bool = false
        ) -> String {
            let sign = value < 0 ? "-" : flags.contains("+") ? "+" : flags.contains(" ") ? " " : ""
            let lead = sign + (isPrefixed || flags.contains("#") ? prefix : "")
            var digits = String(value.magnitude, radix: radix, uppercase: isUppercase)
            if let precision {
                digits = String(repeating: "0", count: max(0, precision - digits.count)) + digits
            } else if flags.contains("0"), !flags.contains("-") {
                digits = String(repeating: "0", count: max(0, width - lead.count - digits.count)) + digits
            }
            return padded(lead + digits)
        }

        private func padded(_ text: String) -> String {
            let blanks = String(repeating: " ", count: max(0, width - text.count))
            return flags.contains("-") ? text + blanks : blanks + text
        }
    }
}
