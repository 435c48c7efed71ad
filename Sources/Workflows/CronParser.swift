import Determinism

/// Reads the notation of github.com/robfig/cron/v3, `ParseStandard`. Stricter in two points, where robfig takes what can
/// only be a slip: `*-5` (for it, `*`), and a field of commas alone (for it, never).
struct CronParser {
    typealias Failure = CronSchedule.ParseError

    private struct Field {
        var name: String
        var range: ClosedRange<Int>
        /// The first stands for the range's lower bound.
        var names: [String] = []

        var bounds: String { "\(range.lowerBound)-\(range.upperBound)" }
    }

    private static let fields = [
        Field(name: "second", range: 0...59), Field(name: "minute", range: 0...59), Field(name: "hour", range: 0...23),
        Field(name: "day of month", range: 1...31),
        Field(
            name: "month", range: 1...12,
            names: ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"]),
        Field(name: "day of week", range: 0...6, names: ["sun", "mon", "tue", "wed", "thu", "fri", "sat"]),
    ]

    private static let descriptors = [
        "@yearly": "0 0 1 1 *", "@annually": "0 0 1 1 *", "@monthly": "0 0 1 * *", "@weekly": "0 0 * * 0",
        "@daily": "0 0 * * *", "@midnight": "0 0 * * *", "@hourly": "0 * * * *",
    ]

    let text: String
    let allowsSeconds: Bool

    func parse() throws(Failure) -> (CronZone?, CronSchedule.Recurrence) {
        var rest = Substring(text)
        var zone: CronZone?
        if rest.hasPrefix("TZ=") || rest.hasPrefix("CRON_TZ=") {
            let word = rest.prefix { $0 != " " }
            let name = String(word.drop { $0 != "=" }.dropFirst())
            zone = CronZone(name)
            if zone == nil {
                throw failure(
                    "time zone", "there is no zone \"\(name)\"", "use a name of the IANA data base: Europe/Berlin")
            }
            rest = rest.dropFirst(word.count).drop { $0 == " " }
        }
        if rest.hasPrefix("@") { return (zone, try descriptor(String(rest))) }
        return (zone, .fields(try fields(rest.split(whereSeparator: \.isWhitespace).map(String.init))))
    }

    private func descriptor(_ word: String) throws(Failure) -> CronSchedule.Recurrence {
        let name = word.last?.isWhitespace == true ? String(word.prefix { !$0.isWhitespace }) : word
        if let spelled = Self.descriptors[name] {
            return .fields(try fields(spelled.split(separator: " ").map(String.init)))
        }
        guard word.hasPrefix("@every ") else {
            let known = Self.descriptors.keys.sorted().joined(separator: ", ")
            throw failure("", "\(word) is not known", "use \(known), or @every with a duration")
        }
        let span = word.dropFirst("@every ".count)
        guard let period = Duration(text: span), period > .zero else {
            throw failure("", "\"\(span)\" is no duration", "use one such as @every 1h30m")
        }
        // robfig knows whole seconds only, and at least one.
        return .every(.seconds(max(1, period.components.seconds)))
    }

    private func fields(_ words: [String]) throws(Failure) -> CronFields {
        let isComplete = words.count == 5 || (allowsSeconds && words.count == 6)
        guard isComplete else {
            let mend =
                words.count == 6
                ? "leave the seconds out; only a CronWorkflow annotated with \(CronNames.secondsAnnotation): \"true\" "
                    + "may have them"
                : "write minute, hour, day of month, month, and day of week"
            throw failure("", "has \(words.count) fields and not 5", mend)
        }
        var numbers: [CronFields.Numbers] = []
        for (word, field) in zip(words.count == 5 ? ["0"] + words : words, Self.fields) {
            numbers.append(try list(word, field))
        }
        return CronFields(
            second: numbers[0], minute: numbers[1], hour: numbers[2], dayOfMonth: numbers[3], month: numbers[4],
            dayOfWeek: numbers[5])
    }

    private func list(_ word: String, _ field: Field) throws(Failure) -> CronFields.Numbers {
        var numbers = CronFields.Numbers()
        let parts = word.split(separator: ",")
        guard !parts.isEmpty else { throw failure(field.name, "\"\(word)\" names nothing", "use \(field.bounds) or *") }
        for part in parts {
            let more = try range(String(part), field)
            numbers.bits |= more.bits
            numbers.isStar = numbers.isStar || more.isStar
        }
        return numbers
    }

    /// `5`, `1-5`, `*`, each with a step or without: `*/15`; `5/15` begins at 5.
    private func range(_ part: String, _ field: Field) throws(Failure) -> CronFields.Numbers {
        let halves = part.split(separator: "/", omittingEmptySubsequences: false).map(String.init)
        let ends = halves[0].split(separator: "-", omittingEmptySubsequences: false).map(String.init)
        let isStar = ends[0] == "*" || ends[0] == "?"
        guard halves.count <= 2, ends.count <= (isStar ? 1 : 2) else {
            throw failure(field.name, "\"\(part)\" is no range", "write a range as 1-5, and a step as 1-5/2")
        }
        var (first, last) = (field.range.lowerBound, field.range.upperBound)
        if !isStar {
            first = try number(ends[0], field, in: part)
            last = ends.count == 2 ? try number(ends[1], field, in: part) : first
        }
        var step = 1
        if halves.count == 2 {
            guard let number = Int(halves[1]), number > 0 else {
                throw failure(field.name, "the step of \"\(part)\" is no positive number", "use a step such as */5")
            }
            step = number
            if ends.count == 1 { last = field.range.upperBound }
        }
        guard first <= last else {
            throw failure(
                field.name, "\"\(part)\" ends before it begins", "write it as two ranges, such as 22-23,0-5")
        }
        var numbers = CronFields.Numbers()
        for number in stride(from: first, through: last, by: step) { numbers.bits |= 1 << UInt64(number) }
        // With a step a star restricts the days, and so counts as a restriction.
        numbers.isStar = isStar && step == 1
        return numbers
    }

    private func number(_ word: String, _ field: Field, in part: String) throws(Failure) -> Int {
        if let index = field.names.firstIndex(of: word.lowercased()) { return field.range.lowerBound + index }
        let isSunday = field.name == "day of week" && word == "7"
        guard let number = Int(word) else {
            let names = field.names.first.map { " or names such as \($0.uppercased())" } ?? ""
            throw failure(field.name, "\"\(word)\" is no number", "use \(field.bounds)\(names)")
        }
        guard field.range.contains(number) else {
            throw failure(
                field.name, "\(number) in \"\(part)\" is outside of \(field.bounds)",
                isSunday ? "Sunday is 0, or SUN" : "use \(field.bounds)")
        }
        return number
    }

    private func failure(_ field: String, _ problem: String, _ mend: String) -> Failure {
        Failure(schedule: text, field: field, problem: problem, mend: mend)
    }
}
