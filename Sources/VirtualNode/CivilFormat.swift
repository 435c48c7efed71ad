import Kubernetes

/// A time as `date +FORMAT` prints it, in UTC.
enum CivilFormat {
    static func text(of time: Timestamp, _ format: Substring) -> String {
        let seconds = time.microsecondsSinceEpoch / 1_000_000
        let day = seconds / 86_400
        let (year, month, dayOfMonth) = Timestamp.civil(daysSinceEpoch: day)
        let weekdays = ["Thu", "Fri", "Sat", "Sun", "Mon", "Tue", "Wed"]
        let months = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]
        let clock = [seconds % 86_400 / 3_600, seconds / 60 % 60, seconds % 60].map(padded)
        var result = ""
        var rest = format
        while let character = rest.popFirst() {
            guard character == "%", let field = rest.popFirst() else {
                result.append(character)
                continue
            }
            switch field {
            case "Y": result += String(year)
            case "m": result += padded(month)
            case "d": result += padded(dayOfMonth)
            case "e": result += dayOfMonth < 10 ? " \(dayOfMonth)" : String(dayOfMonth)
            case "H": result += clock[0]
            case "M": result += clock[1]
            case "S": result += clock[2]
            case "s": result += String(seconds)
            case "N": result += padded(time.microsecondsSinceEpoch % 1_000_000 * 1_000, to: 9)
            case "F": result += "\(year)-\(padded(month))-\(padded(dayOfMonth))"
            case "T": result += clock.joined(separator: ":")
            case "a": result += weekdays[Int(day % 7)]
            case "b": result += months[Int(month) - 1]
            case "Z": result += "UTC"
            case "n": result += "\n"
            case "%": result += "%"
            default: result += "%\(field)"
            }
        }
        return result
    }

    private static func padded(_ number: Int64) -> String { padded(number, to: 2) }

    private static func padded(_ number: Int64, to count: Int) -> String {
        let digits = String(number)
        return String(repeating: "0", count: max(0, count - digits.count)) + digits
    }
}
