import Determinism
package import Kubernetes

/// When something recurs, in the notation of cron as github.com/robfig/cron/v3 reads it, which Argo uses.
///
/// Daylight saving is robfig's too: what falls into the hour that spring leaves out is skipped, and what falls into the
/// hour that autumn repeats comes twice.
package struct CronSchedule: Hashable, Sendable {
    enum Recurrence: Hashable, Sendable {
        case fields(CronFields)
        case every(Duration)
    }

    /// As written.
    package let text: String
    /// The zone that the text itself begins with (`CRON_TZ=Asia/Tokyo `); nil where it leaves it open.
    package let zone: CronZone?
    let recurrence: Recurrence

    /// The time between two ticks of `@every`; nil for schedules of the calendar.
    package var period: Duration? { if case .every(let period) = recurrence { period } else { nil } }

    /// - Parameter allowsSeconds: Whether a sixth field, of seconds, may stand before the others, so that experiments
    ///   tick more often than once a minute.
    package init(_ text: String, allowsSeconds: Bool = false) throws(ParseError) {
        self.text = text
        let parser = CronParser(text: text, allowsSeconds: allowsSeconds)
        (zone, recurrence) = try parser.parse()
    }

    /// Why a text is no schedule.
    package struct ParseError: Error, Hashable, Sendable, CustomStringConvertible {
        package var schedule: String
        /// `minute`, `day of week`, `time zone`; empty where the schedule as a whole is wrong.
        package var field: String
        package var problem: String
        /// What to write instead.
        package var mend: String

        package var description: String {
            "cron schedule \"\(schedule)\": \(field.isEmpty ? "" : "\(field): ")\(problem); \(mend)"
        }
    }

    /// The first tick after a moment; nil where there is none within five years.
    ///
    /// - Parameter zone: Where the text names none itself.
    package func next(after time: Timestamp, in zone: CronZone) -> Timestamp? {
        let seconds = CronMoment.quotient(time.microsecondsSinceEpoch, 1_000_000)
        switch recurrence {
        case .every(let period): return Timestamp(microsecondsSinceEpoch: seconds * 1_000_000) + period
        case .fields(let fields):
            let next = fields.next(after: CronMoment(seconds: seconds, in: self.zone ?? zone))
            return next.map { Timestamp(microsecondsSinceEpoch: $0.seconds * 1_000_000) }
        }
    }

    /// The ticks after a moment, up to and including another.
    package func times(
        after start: Timestamp, until end: Timestamp, limit: Int, in zone: CronZone
    ) -> [Timestamp] {
        var times: [Timestamp] = []
        var time = start
        while times.count < limit, let next = next(after: time, in: zone), next <= end {
            times.append(next)
            time = next
        }
        return times
    }
}
