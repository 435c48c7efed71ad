/// An amount of a resource: `500m`, `1Gi`, `2`.
/// https://kubernetes.io/docs/reference/kubernetes-api/common-definitions/quantity/
package struct Quantity: Sendable {
    /// How the amount was written, and will be.
    package enum Format: Hashable, Sendable {
        case decimal
        case binary
        case exponent
    }

    /// Billionths: the finest part that Kubernetes keeps.
    private var nanos: Int128
    package var format: Format

    private init(nanos: Int128, format: Format) {
        self.nanos = nanos
        self.format = format
    }

    package init(_ value: Int64, format: Format = .decimal) {
        self.init(nanos: Int128(value) * Self.nanosPerUnit, format: format)
    }

    package static let zero = Quantity(0)

    private static let nanosPerUnit: Int128 = 1_000_000_000

    /// Above this, amounts are cut to it, as by `resource.ParseQuantity`.
    private static let nanosMax = Int128(Int64.max) * nanosPerUnit

    package var isZero: Bool { nanos == 0 }

    package var isNegative: Bool { nanos < 0 }

    /// Whole units, rounded up.
    package var value: Int64 {
        let (quotient, remainder) = nanos.quotientAndRemainder(dividingBy: Self.nanosPerUnit)
        return Int64(clamping: remainder > 0 ? quotient + 1 : quotient)
    }
}

extension Quantity {
    /// Why a text is no quantity, in the words of `resource.ParseQuantity`.
    package enum ParseError: String, Error {
        case format =
            "quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'"
        case suffix = "unable to parse quantity's suffix"
        case numeric = "unable to parse numeric part of quantity"
    }

    package init(parsing text: String) throws(ParseError) {
        var rest = Array(text.utf8)[...]
        guard !rest.isEmpty else { throw .format }
        let isNegative = rest.first == UInt8(ascii: "-")
        if isNegative || rest.first == UInt8(ascii: "+") { rest = rest.dropFirst() }
        let whole = rest.prefix(while: Self.isDigit)
        rest = rest.dropFirst(whole.count)
        var fraction = rest.prefix(0)
        if rest.first == UInt8(ascii: ".") {
            rest = rest.dropFirst()
            fraction = rest.prefix(while: Self.isDigit)
            rest = rest.dropFirst(fraction.count)
        }
        let suffix = String(decoding: rest, as: UTF8.self)
        try Self.checkShape(of: rest)
        guard !(whole.isEmpty && fraction.isEmpty && suffix.isEmpty) || text == "." else {
            self = .zero
            return
        }
        guard let unit = Unit(suffix: suffix) else { throw .suffix }
        var digits = Int128(0)
        var scale = 0
        for byte in whole { digits = Self.appending(byte, to: digits) }
        for byte in fraction.prefix(18) {
            digits = Self.appending(byte, to: digits)
            scale -= 1
        }
        let nanos = unit.nanos(of: digits, decimalPlaces: -scale, limit: Self.nanosMax)
        self.init(nanos: isNegative ? -nanos : nanos, format: unit.format)
    }

    private static func isDigit(_ byte: UInt8) -> Bool { (0x30...0x39).contains(byte) }

    private static func appending(_ digit: UInt8, to number: Int128) -> Int128 {
        number > nanosMax ? number : number * 10 + Int128(digit - 0x30)
    }

    /// The suffix must be letters of units, then perhaps a signed number.
    private static func checkShape(of suffix: ArraySlice<UInt8>) throws(ParseError) {
        let letters = Set("eEinumkKMGTP".utf8)
        var rest = suffix.drop { letters.contains($0) }
        if rest.first == UInt8(ascii: "-") || rest.first == UInt8(ascii: "+") { rest = rest.dropFirst() }
        guard rest.allSatisfy(isDigit) else { throw .format }
    }

    /// What a suffix multiplies by.
    private struct Unit {
        var format: Format
        var powerOfTen = 0
        var powerOfTwo = 0

        private static let decimal = ["n", "u", "m", "", "k", "M", "G", "T", "P", "E"]
        private static let binary = ["Ki", "Mi", "Gi", "Ti", "Pi", "Ei"]

        init?(suffix: String) {
            if let index = Self.decimal.firstIndex(of: suffix) {
                format = .decimal
                powerOfTen = 3 * index - 9
            } else if let index = Self.binary.firstIndex(of: suffix) {
                format = .binary
                powerOfTwo = 10 * (index + 1)
            } else if suffix.first == "e" || suffix.first == "E", let power = Int(suffix.dropFirst()) {
                format = .exponent
                powerOfTen = power
            } else {
                return nil
            }
        }

        /// Rounded up to a whole billionth and cut at `limit`.
        func nanos(of digits: Int128, decimalPlaces: Int, limit: Int128) -> Int128 {
            var result = digits
            for _ in 0..<powerOfTwo where result <= limit { result *= 2 }
            var power = powerOfTen + 9 - decimalPlaces
            while power > 0, result <= limit, result != 0 {
                result *= 10
                power -= 1
            }
            var isInexact = false
            while power < 0, result != 0 {
                let (quotient, remainder) = result.quotientAndRemainder(dividingBy: 10)
                isInexact = isInexact || remainder != 0
                result = quotient
                power += 1
            }
            return min(isInexact ? result + 1 : result, limit)
        }
    }
}

extension Quantity: CustomStringConvertible {
    /// The canonical form: no fraction, the largest suffix that keeps the number whole.
    package var description: String {
        let isBinary = format == .binary && abs(nanos) >= 1024 * Self.nanosPerUnit && nanos % Self.nanosPerUnit == 0
        return isBinary ? binaryDescription : decimalDescription
    }

    private var binaryDescription: String {
        var number = nanos / Self.nanosPerUnit
        var power = 0
        while power < 6, number % 1024 == 0 {
            number /= 1024
            power += 1
        }
        return "\(number)\(["", "Ki", "Mi", "Gi", "Ti", "Pi", "Ei"][power])"
    }

    private var decimalDescription: String {
        guard nanos != 0 else { return "0" }
        var number = nanos
        var thousands = -3
        while thousands < 6, number % 1000 == 0 {
            number /= 1000
            thousands += 1
        }
        if format == .exponent { return thousands == 0 ? "\(number)" : "\(number)e\(3 * thousands)" }
        return "\(number)\(["n", "u", "m", "", "k", "M", "G", "T", "P", "E"][thousands + 3])"
    }
}

extension Quantity: Comparable, Hashable {
    // Amounts are equal however they are written: 1Gi and 1073741824.
    package static func == (left: Quantity, right: Quantity) -> Bool { left.nanos == right.nanos }

    package static func < (left: Quantity, right: Quantity) -> Bool { left.nanos < right.nanos }

    package func hash(into hasher: inout Hasher) { hasher.combine(nanos) }

    /// The sum, written as the left side is, unless that is zero.
    package static func + (left: Quantity, right: Quantity) -> Quantity {
        Quantity(nanos: left.nanos + right.nanos, format: left.isZero ? right.format : left.format)
    }

    /// The difference, written as the left side is, unless that is zero.
    package static func - (left: Quantity, right: Quantity) -> Quantity {
        Quantity(nanos: left.nanos - right.nanos, format: left.isZero ? right.format : left.format)
    }
}
