import Kubernetes

/// Moments by the layouts of Go's `time` package, in UTC.
enum GoTime {
    /// The parts that a layout may have, longer ones before those that they begin with.
    private static let parts: [String] = [
        "January", "Monday", "Z07:00:00", "-07:00:00", "Z070000", "-070000", "Z07:00", "-07:00", "Z0700", "-0700",
        "2006", "Z07", "-07", "002", "Jan", "Mon", "MST", "15", "01", "02", "03", "04", "05", "06", "_2", "PM", "pm",
        "1", "2", "3", "4", "5",
    ]

    private static let months = [
        "January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November",
        "December",
    ]

    private static let weekdays = ["Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday"]

    /// Civil time, taken apart.
    struct Fields: Hashable {
        var year: Int64 = 0
        var month: Int64 = 1
        var day: Int64 = 1
        var hour: Int64 = 0
        var minute: Int64 = 0
        var second: Int64 = 0
        var microsecond: Int64 = 0

        init() {}

        init(_ time: Timestamp) {
            let micros = time.microsecondsSinceEpoch
            let days = GoTime.floorDivide(micros, 86_400_000_000)
            let rest = micros - days * 86_400_000_000
            (year, month, day) = Timestamp.civil(daysSinceEpoch: days)
            (hour, minute) = (rest / 3_600_000_000, rest / 60_000_000 % 60)
            (second, microsecond) = (rest / 1_000_000 % 60, rest % 1_000_000)
        }

        var timestamp: Timestamp {
            let days = Timestamp.daysSinceEpoch(year: year, month: month, day: day)
            let seconds = ((days * 24 + hour) * 60 + minute) * 60 + second
            return Timestamp(microsecondsSinceEpoch: seconds * 1_000_000 + microsecond)
        }

        /// From 0, Sunday.
        var weekday: Int64 {
            let days = Timestamp.daysSinceEpoch(year: year, month: month, day: day) + 4
            return days - GoTime.floorDivide(days, 7) * 7
        }

        /// From 1.
        var dayOfYear: Int64 {
            Timestamp.daysSinceEpoch(year: year, month: month, day: day)
                - Timestamp.daysSinceEpoch(year: year, month: 1, day: 1) + 1
        }
    }

    /// RFC 3339 with as many digits of the second's fraction as it has.
    static func rfc3339(_ time: Timestamp) -> String { format(time, layout: "2006-01-02T15:04:05.999999999Z07:00") }

    static func monthName(_ month: Int64) -> String { months[Int(month) - 1] }

    static func weekdayName(_ weekday: Int64) -> String { weekdays[Int(weekday)] }

    static func format(_ time: Timestamp, layout: String) -> String {
        let fields = Fields(time)
        return pieces(of: layout).map { piece in
            switch piece {
            case .text(let text): text
            case .part(let part): text(of: part, fields)
            case .fraction(let digits, let isTrimmed): fraction(fields.microsecond, digits, isTrimmed)
            }
        }.joined()
    }

    private static func text(of part: String, _ fields: Fields) -> String {
        let hour = (fields.hour + 11) % 12 + 1
        switch part {
        case "2006": return padded(fields.year, 4)
        case "06": return padded(fields.year % 100, 2)
        case "01": return padded(fields.month, 2)
        case "1": return String(fields.month)
        case "January": return monthName(fields.month)
        case "Jan": return String(monthName(fields.month).prefix(3))
        case "02": return padded(fields.day, 2)
        case "_2": return fields.day < 10 ? " \(fields.day)" : String(fields.day)
        case "2": return String(fields.day)
        case "002": return padded(fields.dayOfYear, 3)
        case "Monday": return weekdayName(fields.weekday)
        case "Mon": return String(weekdayName(fields.weekday).prefix(3))
        case "15": return padded(fields.hour, 2)
        case "03": return padded(hour, 2)
        case "3": return String(hour)
        case "PM": return fields.hour < 12 ? "AM" : "PM"
        case "pm": return fields.hour < 12 ? "am" : "pm"
        case "04": return padded(fields.minute, 2)
        case "4": return String(fields.minute)
        case "05": return padded(fields.second, 2)
        case "5": return String(fields.second)
        case "MST": return "UTC"
        case _ where part.hasPrefix("Z"): return "Z"
        // A numeric offset: UTC's is zero.
        default: return "+" + part.dropFirst().map { $0 == ":" ? ":" : "0" }.joined()
        }
    }

    private static func fraction(_ microsecond: Int64, _ digits: Int, _ isTrimmed: Bool) -> String {
        var text = String((padded(microsecond, 6) + "000").prefix(digits))
        if isTrimmed { while text.last == "0" { text.removeLast() } }
        return text.isEmpty ? "" : "." + text
    }

    // MARK: Layouts

    private enum Piece {
        case text(String)
        case part(String)
        case fraction(digits: Int, isTrimmed: Bool)
    }

    private static func pieces(of layout: String) -> [Piece] {
        var pieces: [Piece] = []
        var rest = Substring(layout)
        while let first = rest.first {
            let zeros = rest.dropFirst().prefix { $0 == "0" }.count
            let nines = rest.dropFirst().prefix { $0 == "9" }.count
            let digits = max(zeros, nines)
            if first == "." || first == ",", digits > 0, rest.dropFirst(1 + digits).first?.isNumber != true {
                pieces.append(.fraction(digits: min(digits, 9), isTrimmed: nines > 0))
                rest = rest.dropFirst(1 + digits)
            } else if let part = parts.first(where: { rest.hasPrefix($0) }), !isWord(part, rest) {
                pieces.append(.part(part))
                rest = rest.dropFirst(part.count)
            } else {
                pieces.append(.text(String(rest.removeFirst())))
            }
        }
        return pieces
    }

    /// "Month" and "January" begin with the short names but mean other things.
    private static func isWord(_ part: String, _ rest: Substring) -> Bool {
        (part == "Jan" || part == "Mon") && rest.dropFirst(3).first?.isLowercase == true
    }

    // MARK: Reading

    /// Nil where the text is not of the layout.
    static func parse(_ text: String, layout: String) -> Timestamp? {
        var fields = Fields()
        var offset: Int64 = 0
        var isAfternoon: Bool?
        var rest = Substring(text)
        let pieces = pieces(of: layout)
        for (index, piece) in pieces.enumerated() {
            switch piece {
            case .text(let text):
                guard rest.hasPrefix(text) else { return nil }
                rest = rest.dropFirst(text.count)
            case .fraction:
                if let value = takeFraction(&rest) { fields.microsecond = value }
            case .part(let part):
                if part == "PM" || part == "pm" {
                    guard rest.count >= 2 else { return nil }
                    isAfternoon = rest.prefix(2).lowercased() == "pm"
                    rest = rest.dropFirst(2)
                } else if part.hasPrefix("Z") || part.hasPrefix("-") || part == "MST" {
                    guard let value = takeOffset(&rest, part) else { return nil }
                    offset = value
                } else {
                    guard take(part, &rest, &fields) else { return nil }
                    // A fraction may follow the seconds where the layout has none.
                    if part == "05" || part == "5", !isFraction(pieces, index + 1), let value = takeFraction(&rest) {
                        fields.microsecond = value
                    }
                }
            }
        }
        if let isAfternoon { fields.hour = fields.hour % 12 + (isAfternoon ? 12 : 0) }
        guard rest.isEmpty, (1...12).contains(fields.month), fields.day >= 1, fields.hour < 24, fields.minute < 60,
            fields.second < 60, Fields(fields.timestamp) == fields
        else { return nil }
        return Timestamp(microsecondsSinceEpoch: fields.timestamp.microsecondsSinceEpoch - offset * 1_000_000)
    }

    private static func isFraction(_ pieces: [Piece], _ index: Int) -> Bool {
        if index < pieces.count, case .fraction = pieces[index] { true } else { false }
    }

    private static func take(_ part: String, _ rest: inout Substring, _ fields: inout Fields) -> Bool {
        func number(_ widths: ClosedRange<Int>) -> Int64? {
            let digits = rest.prefix(widths.upperBound).prefix { ("0"..."9").contains($0) }
            guard digits.count >= widths.lowerBound else { return nil }
            rest = rest.dropFirst(digits.count)
            return Int64(digits)
        }
        func name(_ names: [String], _ length: Int?) -> Int64? {
            for (index, name) in names.enumerated() {
                let name = length.map { String(name.prefix($0)) } ?? name
                guard rest.lowercased().hasPrefix(name.lowercased()) else { continue }
                rest = rest.dropFirst(name.count)
                return Int64(index)
            }
            return nil
        }
        func set(_ path: WritableKeyPath<Fields, Int64>, _ value: Int64?) -> Bool {
            guard let value else { return false }
            fields[keyPath: path] = value
            return true
        }
        switch part {
        case "2006": return set(\.year, number(4...4))
        case "06": return set(\.year, number(2...2).map { $0 >= 69 ? 1900 + $0 : 2000 + $0 })
        case "01": return set(\.month, number(2...2))
        case "1": return set(\.month, number(1...2))
        case "January": return set(\.month, name(months, nil).map { $0 + 1 })
        case "Jan": return set(\.month, name(months, 3).map { $0 + 1 })
        case "02": return set(\.day, number(2...2))
        case "_2":
            if rest.first == " " { rest.removeFirst() }
            return set(\.day, number(1...2))
        case "2": return set(\.day, number(1...2))
        case "Monday": return name(weekdays, nil) != nil
        case "Mon": return name(weekdays, 3) != nil
        case "15", "03": return set(\.hour, number(2...2))
        case "3": return set(\.hour, number(1...2))
        case "04": return set(\.minute, number(2...2))
        case "4": return set(\.minute, number(1...2))
        case "05": return set(\.second, number(2...2))
        case "5": return set(\.second, number(1...2))
        default: return false
        }
    }

    private static func takeFraction(_ rest: inout Substring) -> Int64? {
        guard rest.first == ".", rest.dropFirst().first?.isNumber == true else { return nil }
        let digits = rest.dropFirst().prefix { ("0"..."9").contains($0) }
        rest = rest.dropFirst(1 + digits.count)
        return Int64((digits + "000000").prefix(6))
    }

    private static func takeOffset(_ rest: inout Substring, _ part: String) -> Int64? {
        if part == "MST" {
            // Other abbreviations mean different offsets in different places.
            guard let name = ["UTC", "GMT"].first(where: { rest.hasPrefix($0) }) else { return nil }
            rest = rest.dropFirst(name.count)
            return 0
        }
        if part.hasPrefix("Z"), rest.first == "Z" {
            rest.removeFirst()
            return 0
        }
        let text = rest.prefix(part.count)
        guard text.count == part.count, let sign = text.first, sign == "+" || sign == "-" else { return nil }
        let digits = text.dropFirst().filter { $0 != ":" }.compactMap(\.wholeNumberValue).map(Int64.init)
        guard digits.count >= 2, digits.count == part.dropFirst().filter({ $0 != ":" }).count else { return nil }
        rest = rest.dropFirst(part.count)
        var seconds = (digits[0] * 10 + digits[1]) * 3_600
        if digits.count >= 4 { seconds += (digits[2] * 10 + digits[3]) * 60 }
        if digits.count >= 6 { seconds += digits[4] * 10 + digits[5] }
        return sign == "-" ? -seconds : seconds
    }

    static func floorDivide(_ value: Int64, _ divisor: Int64) -> Int64 {
        value / divisor - (value % divisor < 0 ? 1 : 0)
    }

    private static func padded(_ value: Int64, _ width: Int) -> String {
        let text = String(value)
        return String(repeating: "0", count: max(0, width - text.count)) + text
    }
}
