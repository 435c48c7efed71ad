import Determinism

/// A moment of civil time (UTC), in microseconds since 1970; what Kubernetes calls Time and MicroTime.
package struct Timestamp: Hashable, Comparable, Sendable {
    package var microsecondsSinceEpoch: Int64

    package init(microsecondsSinceEpoch: Int64) { self.microsecondsSinceEpoch = microsecondsSinceEpoch }

    package static func < (left: Timestamp, right: Timestamp) -> Bool {
        left.microsecondsSinceEpoch < right.microsecondsSinceEpoch
    }

    package static func + (time: Timestamp, duration: Duration) -> Timestamp {
        Timestamp(microsecondsSinceEpoch: time.microsecondsSinceEpoch + duration.microseconds)
    }

    package static func - (left: Timestamp, right: Timestamp) -> Duration {
        .microseconds(left.microsecondsSinceEpoch - right.microsecondsSinceEpoch)
    }
}

extension Timestamp {
    /// RFC 3339 to the second, as `metav1.Time` prints: `2026-11-21T10:04:00Z`.
    package var rfc3339: String {
        text(withFraction: false)
    }

    /// RFC 3339 to the microsecond, as `metav1.MicroTime` prints; Leases accept no other form.
    package var rfc3339Micro: String {
        text(withFraction: true)
    }

    /// Parses RFC 3339 with any number of fraction digits (those past six are dropped) and any offset.
    package init?(rfc3339 text: String) {
        var text = text
        guard let time = text.withUTF8({ Self(rfc3339: $0) }) else { return nil }
        self = time
    }

    private init?(rfc3339 bytes: UnsafeBufferPointer<UInt8>) {
        guard bytes.count >= 20, bytes[4] == 0x2D, bytes[7] == 0x2D, bytes[13] == 0x3A, bytes[16] == 0x3A,
            bytes[10] == UInt8(ascii: "T") || bytes[10] == UInt8(ascii: "t"),
            let year = Self.digits(bytes[0..<4]), let month = Self.digits(bytes[5..<7]),
            let day = Self.digits(bytes[8..<10]), let hour = Self.digits(bytes[11..<13]),
            let minute = Self.digits(bytes[14..<16]), let second = Self.digits(bytes[17..<19]),
            (1...12).contains(month), (1...Self.days(in: month, of: year)).contains(day), hour < 24, minute < 60,
            second <= 60
        else { return nil }
        var index = 19
        var fraction: Int64 = 0
        if bytes[index] == UInt8(ascii: ".") {
            index += 1
            let start = index
            var scale: Int64 = 100_000
            while index < bytes.count, let digit = Self.digits(bytes[index...index]) {
                fraction += digit * scale
                scale /= 10
                index += 1
            }
            guard index > start else { return nil }
        }
        guard let offset = Self.offsetSeconds(bytes[index...]) else { return nil }
        let days = Self.daysSinceEpoch(year: year, month: month, day: day)
        let seconds = days * 86_400 + hour * 3_600 + minute * 60 + second - offset
        self.init(microsecondsSinceEpoch: seconds * 1_000_000 + fraction)
    }

    private static func offsetSeconds(_ bytes: Slice<UnsafeBufferPointer<UInt8>>) -> Int64? {
        guard let sign = bytes.first else { return nil }
        if sign == UInt8(ascii: "Z") || sign == UInt8(ascii: "z") { return bytes.count == 1 ? 0 : nil }
        let rest = Array(bytes.dropFirst())
        guard sign == 0x2B || sign == 0x2D, rest.count == 5, rest[2] == 0x3A,
            let hours = digits(rest[0..<2]), let minutes = digits(rest[3..<5]), hours < 24, minutes < 60
        else { return nil }
        return (sign == 0x2D ? -1 : 1) * (hours * 3_600 + minutes * 60)
    }

    private func text(withFraction hasFraction: Bool) -> String {
        let seconds = Self.floor(microsecondsSinceEpoch, 1_000_000) / 1_000_000
        let days = Self.floor(seconds, 86_400) / 86_400
        let (year, month, day) = Self.civil(daysSinceEpoch: days)
        let rest = seconds - days * 86_400
        // No year that a calendar has needs more.
        return String(unsafeUninitializedCapacity: 48) { buffer in
            var end = 0
            func write(_ value: Int64, _ width: Int, then mark: Unicode.Scalar) {
                end += Self.write(value, width, to: UnsafeMutableBufferPointer(rebasing: buffer[end...]))
                buffer[end] = UInt8(ascii: mark)
                end += 1
            }
            write(year, 4, then: "-")
            write(month, 2, then: "-")
            write(day, 2, then: "T")
            write(rest / 3_600, 2, then: ":")
            write(rest / 60 % 60, 2, then: ":")
            write(rest % 60, 2, then: hasFraction ? "." : "Z")
            if hasFraction {
                write(microsecondsSinceEpoch - Self.floor(microsecondsSinceEpoch, 1_000_000), 6, then: "Z")
            }
            return end
        }
    }

    /// Days since 1970-01-01 in the proleptic Gregorian calendar (Howard Hinnant, "chrono-Compatible Low-Level
    /// Date Algorithms", `days_from_civil`).
    package static func daysSinceEpoch(year: Int64, month: Int64, day: Int64) -> Int64 {
        let year = month <= 2 ? year - 1 : year
        let era = (year >= 0 ? year : year - 399) / 400
        let yearOfEra = year - era * 400
        let dayOfYear = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1
        let dayOfEra = yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear
        return era * 146_097 + dayOfEra - 719_468
    }

    /// The inverse of ``daysSinceEpoch(year:month:day:)`` (`civil_from_days`).
    package static func civil(daysSinceEpoch days: Int64) -> (year: Int64, month: Int64, day: Int64) {
        let shifted = days + 719_468
        let era = (shifted >= 0 ? shifted : shifted - 146_096) / 146_097
        let dayOfEra = shifted - era * 146_097
        let yearOfEra = (dayOfEra - dayOfEra / 1_460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
        let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let monthIndex = (5 * dayOfYear + 2) / 153
        let month = monthIndex + (monthIndex < 10 ? 3 : -9)
        return (yearOfEra + era * 400 + (month <= 2 ? 1 : 0), month, dayOfYear - (153 * monthIndex + 2) / 5 + 1)
    }

    private static func days(in month: Int64, of year: Int64) -> Int64 {
        let isLeap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0)
        return switch month {
        case 2: isLeap ? 29 : 28
        case 4, 6, 9, 11: 30
        default: 31
        }
    }

    /// The largest multiple of `unit` that is not above `value`.
    private static func floor(_ value: Int64, _ unit: Int64) -> Int64 {
        let remainder = value % unit
        return remainder < 0 ? value - remainder - unit : value - remainder
    }

    private static func digits(_ bytes: some Collection<UInt8>) -> Int64? {
        var result: Int64 = 0
        for byte in bytes {
            guard (0x30...0x39).contains(byte) else { return nil }
            result = result * 10 + Int64(byte - 0x30)
        }
        return result
    }

    /// Writes a number with at least `width` digits, its sign among them.
    ///
    /// - Returns: How many bytes it takes.
    private static func write(_ value: Int64, _ width: Int, to buffer: UnsafeMutableBufferPointer<UInt8>) -> Int {
        var rest = value
        for index in (0..<width).reversed() {
            buffer[index] = UInt8(ascii: "0") + UInt8(truncatingIfNeeded: abs(rest % 10))
            rest /= 10
        }
        guard value < 0 || rest != 0 else { return width }
        // A year before 0, or after 9999.
        let digits = String(value).utf8
        let padding = max(0, width - digits.count)
        for index in 0..<padding { buffer[index] = UInt8(ascii: "0") }
        for (index, digit) in digits.enumerated() { buffer[padding + index] = digit }
        return padding + digits.count
    }
}

extension Timestamp: CustomStringConvertible {
    package var description: String { rfc3339Micro }
}
