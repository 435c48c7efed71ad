import Kubernetes

/// A whole second, and what the clocks and calendars of a zone show at it.
struct CronMoment {
    let zone: CronZone
    /// Since 1970.
    let seconds: Int64
    let year: Int64
    let month: Int64
    let day: Int64
    let hour: Int64
    let minute: Int64
    let second: Int64
    /// Sunday is 0.
    let weekday: Int64

    init(seconds: Int64, in zone: CronZone) {
        self.zone = zone
        self.seconds = seconds
        let local = seconds + zone.offset(at: seconds)
        let days = Self.quotient(local, 86_400)
        (year, month, day) = Timestamp.civil(daysSinceEpoch: days)
        let rest = local - days * 86_400
        (hour, minute, second) = (rest / 3_600, rest / 60 % 60, rest % 60)
        // 1970 began on a Thursday.
        weekday = (days + 4) - Self.quotient(days + 4, 7) * 7
    }

    /// The moment at which the zone's clocks show a time, as Go's `time.Date` finds it: of a time that comes twice one
    /// of the two, and for a time that does not come one that is off by the gap. Months past 12 and days past the
    /// month's last run on.
    init(year: Int64, month: Int64, day: Int64, hour: Int64 = 0, in zone: CronZone) {
        let carry = Self.quotient(month - 1, 12)
        let days = Timestamp.daysSinceEpoch(year: year + carry, month: month - carry * 12, day: 1) + day - 1
        let local = days * 86_400 + hour * 3_600
        let guess = local - zone.offset(at: local)
        self.init(seconds: local - zone.offset(at: guess), in: zone)
    }

    /// Go's `AddDate`: the same time of day, months or days later.
    func adding(months: Int64 = 0, days: Int64 = 0) -> CronMoment {
        // Whoever adds has set minute and second to zero.
        CronMoment(year: year, month: month + months, day: day + days, hour: hour, in: zone)
    }

    /// As much later as a stopwatch shows.
    func adding(seconds more: Int64) -> CronMoment { CronMoment(seconds: seconds + more, in: zone) }

    var startOfMonth: CronMoment { CronMoment(year: year, month: month, day: 1, in: zone) }

    var startOfDay: CronMoment { CronMoment(year: year, month: month, day: day, in: zone) }

    var startOfHour: CronMoment { CronMoment(year: year, month: month, day: day, hour: hour, in: zone) }

    var startOfMinute: CronMoment { CronMoment(seconds: Self.quotient(seconds, 60) * 60, in: zone) }

    /// Rounded towards the past.
    static func quotient(_ value: Int64, _ divisor: Int64) -> Int64 {
        let quotient = value / divisor
        return value % divisor < 0 ? quotient - 1 : quotient
    }
}
