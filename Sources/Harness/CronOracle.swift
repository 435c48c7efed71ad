import Determinism
import Experiments
import Kubernetes

/// What was seen of one CronWorkflow.
struct CronSighting: Sendable {
    let firstSeen: Duration
    private(set) var cron: CronWorkflow?
    /// From when on it was to make nothing: it was suspended, or deleted.
    private(set) var quietSince: Duration?

    init(firstSeen: Duration) { self.firstSeen = firstSeen }

    mutating func saw(_ cron: CronWorkflow, at time: Duration) {
        self.cron = cron
        if cron.json["spec", "suspend"]?.bool == true { inactive(at: time) }
    }

    mutating func inactive(at time: Duration) { if quietSince == nil { quietSince = time } }
}

/// Says when a CronWorkflow is due, by looking at every second: slow, and none of the subject's own arithmetic.
///
/// Five fields, or six with the seconds first where the annotation `boreas.dev/schedule-seconds` says so; numbers, lists,
/// ranges and steps, in UTC. Whatever else a schedule may be is not judged.
struct CronOracle: Sendable {
    private static let secondsAnnotation = "boreas.dev/schedule-seconds"

    private struct Schedule {
        /// Seconds, minutes, hours, days, months, days of the week.
        var fields: [Set<Int>]
        /// Whether the field of the days, and of the days of the week, is a star: if neither is, one is enough.
        var anyDay: (ofMonth: Bool, ofWeek: Bool)

        func matches(_ time: CivilTime) -> Bool {
            guard fields[0].contains(time.second), fields[1].contains(time.minute), fields[2].contains(time.hour),
                fields[4].contains(time.month)
            else { return false }
            let day = fields[3].contains(time.day)
            let weekday = fields[5].contains(time.weekday)
            return anyDay.ofMonth || anyDay.ofWeek ? day && weekday : day || weekday
        }
    }

    private let schedules: [Schedule]

    /// Nil where the schedule is beyond what is judged.
    init?(_ cron: CronWorkflow) {
        let spec = cron.json["spec"]?.object ?? [:]
        guard ["", "UTC", "Etc/UTC"].contains(spec["timezone"]?.string ?? "") else { return nil }
        let hasSeconds = cron.metadata.annotations[Self.secondsAnnotation] == "true"
        let texts = [spec["schedule"]?.string].compactMap(\.self) + (spec["schedules"]?.strings ?? [])
        var schedules: [Schedule] = []
        for text in texts {
            guard let schedule = Self.schedule(text, hasSeconds: hasSeconds) else { return nil }
            schedules.append(schedule)
        }
        guard !schedules.isEmpty else { return nil }
        self.schedules = schedules
    }

    /// The times at which it is due, with those of the trial's clock.
    func ticks(from start: Duration, through end: Duration, epochMicroseconds: Int64) -> [(
        at: Duration, time: Timestamp
    )] {
        let first = (epochMicroseconds + start.microseconds + 999_999) / 1_000_000
        let last = (epochMicroseconds + end.microseconds) / 1_000_000
        guard first <= last else { return [] }
        return (first...last).compactMap { second in
            let civil = CivilTime(secondsSinceEpoch: second)
            guard schedules.contains(where: { $0.matches(civil) }) else { return nil }
            return (
                .microseconds(second * 1_000_000 - epochMicroseconds),
                Timestamp(microsecondsSinceEpoch: second * 1_000_000)
            )
        }
    }

    private static func schedule(_ text: String, hasSeconds: Bool) -> Schedule? {
        var words = text.split(separator: " ").map(String.init)
        if !hasSeconds { words.insert("0", at: 0) }
        guard words.count == 6 else { return nil }
        let ranges = [0...59, 0...59, 0...23, 1...31, 1...12, 0...7]
        var fields: [Set<Int>] = []
        for (word, range) in zip(words, ranges) {
            guard let field = field(word, in: range) else { return nil }
            fields.append(field)
        }
        // Sunday is 0, and 7.
        if fields[5].contains(7) { fields[5].insert(0) }
        func isAny(_ word: String) -> Bool { word.hasPrefix("*") || word == "?" }
        return Schedule(fields: fields, anyDay: (isAny(words[3]), isAny(words[5])))
    }

    private static func field(_ text: String, in range: ClosedRange<Int>) -> Set<Int>? {
        var values: Set<Int> = []
        for part in text.split(separator: ",", omittingEmptySubsequences: false) {
            let sides = part.split(separator: "/", omittingEmptySubsequences: false)
            guard sides.count <= 2, let span = sides.first else { return nil }
            let step = sides.count == 2 ? Int(sides[1]) : 1
            guard let step, step > 0 else { return nil }
            let bounds: ClosedRange<Int>
            if span == "*" || span == "?" {
                bounds = range
            } else {
                let ends = span.split(separator: "-", omittingEmptySubsequences: false).map { Int($0) }
                guard let low = ends[0],
                    let high = ends.count == 2 ? ends[1] : sides.count == 2 ? range.upperBound : low,
                    ends.count <= 2, low <= high, range.contains(low), range.contains(high)
                else { return nil }
                bounds = low...high
            }
            values.formUnion(stride(from: bounds.lowerBound, through: bounds.upperBound, by: step))
        }
        return values
    }
}

/// A second in UTC, in its parts.
private struct CivilTime {
    var second: Int
    var minute: Int
    var hour: Int
    var day: Int
    var month: Int
    /// From Sunday, 0.
    var weekday: Int

    init(secondsSinceEpoch: Int64) {
        let text = Array(Timestamp(microsecondsSinceEpoch: secondsSinceEpoch * 1_000_000).rfc3339.utf8)
        // 2026-11-21T10:04:00Z
        func number(at index: Int) -> Int { Int(text[index] - 48) * 10 + Int(text[index + 1] - 48) }
        second = number(at: 17)
        minute = number(at: 14)
        hour = number(at: 11)
        day = number(at: 8)
        month = number(at: 5)
        // The first of January 1970 was a Thursday.
        weekday = Int((secondsSinceEpoch / 86_400 + 4) % 7)
    }
}

extension TrialWitness {
    /// The ticks of all CronWorkflows from a while after they were seen until they were quiet, or the harness no longer
    /// waits for what is due. A run may be skipped where the spec lets other runs or conditions decide.
    ///
    /// - Parameters:
    ///   - started: When the first controller was started.
    ///   - end: What is due later is not judged.
    func cronTicks(started: Duration, until end: Duration, epochMicroseconds: Int64) -> [Observation] {
        crons.sorted { $0.key < $1.key }.flatMap { name, sighting -> [Observation] in
            guard let cron = sighting.cron else { return [] }
            guard let oracle = CronOracle(cron) else {
                return [
                    Observation(
                        .note, "monitor", message: "the schedule of \(name) is not judged: only UTC, and plain fields",
                        at: end)
                ]
            }
            let start = max(sighting.firstSeen, started) + Self.cronLead
            let last = min(end, sighting.quietSince.map { $0 - Self.cronLead } ?? end)
            let spec = cron.json["spec"]?.object ?? [:]
            let isOptional =
                spec["concurrencyPolicy"]?.string == "Forbid" || spec["when"] != nil || mayHaveStopped(name, spec)
            return oracle.ticks(from: start, through: last, epochMicroseconds: epochMicroseconds).map { tick in
                Observation(
                    .cronTickDue, name, detail: tick.time.rfc3339, message: isOptional ? "may be skipped" : "",
                    at: tick.at)
            }
        }
    }

    /// Whether its stopStrategy may have stopped it. One that counts failures has nothing to count where none of its
    /// workflows failed.
    private func mayHaveStopped(_ cron: String, _ spec: JSONObject) -> Bool {
        guard let strategy = spec["stopStrategy"]?.object else { return false }
        guard let expression = (strategy["expression"] ?? strategy["condition"])?.string,
            expression.contains("failed"), !expression.contains("succeeded")
        else { return true }
        return everyWorkflow.values.contains { workflow in
            CronRun(workflow)?.cron == cron && (workflow.phase == .failed || workflow.phase == .error)
        }
    }

    /// How long a controller may take to learn of a CronWorkflow, or of its suspension.
    private static let cronLead = Duration.milliseconds(1_500)
}
