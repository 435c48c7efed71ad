/// The fields of a cron schedule as sets of numbers, and the search for the next moment that is in all of them.
struct CronFields: Hashable, Sendable {
    /// The numbers that a field names, one bit each.
    struct Numbers: Hashable, Sendable {
        var bits: UInt64 = 0
        /// Whether the field was `*` or `?`.
        var isStar = false

        func contains(_ number: Int64) -> Bool { bits & (1 << UInt64(number)) != 0 }
    }

    var second: Numbers
    var minute: Numbers
    var hour: Numbers
    var dayOfMonth: Numbers
    var month: Numbers
    var dayOfWeek: Numbers

    /// robfig's `SpecSchedule.Next`, step by step, so that the days on which clocks are set come out as they do there:
    /// from the month down, each field is moved on until it fits, and where one runs over, all are looked at again.
    func next(after moment: CronMoment) -> CronMoment? {
        var moment = moment.adding(seconds: 1)
        // Whether the fields below the one that is moved have been set to their beginning.
        var isReset = false
        let lastYear = moment.year + 5
        search: while moment.year <= lastYear {
            while !month.contains(moment.month) {
                if !isReset { moment = moment.startOfMonth }
                isReset = true
                moment = moment.adding(months: 1)
                if moment.month == 1 { continue search }
            }
            while !matchesDay(moment) {
                if !isReset { moment = moment.startOfDay }
                isReset = true
                moment = moment.adding(days: 1)
                // Where clocks leave midnight out, the day begins at one, or the search is still at eleven before it.
                if moment.hour != 0 {
                    moment = moment.adding(seconds: (moment.hour > 12 ? 24 - moment.hour : -moment.hour) * 3_600)
                }
                if moment.day == 1 { continue search }
            }
            while !hour.contains(moment.hour) {
                if !isReset { moment = moment.startOfHour }
                isReset = true
                moment = moment.adding(seconds: 3_600)
                if moment.hour == 0 { continue search }
            }
            while !minute.contains(moment.minute) {
                if !isReset { moment = moment.startOfMinute }
                isReset = true
                moment = moment.adding(seconds: 60)
                if moment.minute == 0 { continue search }
            }
            while !second.contains(moment.second) {
                isReset = true
                moment = moment.adding(seconds: 1)
                if moment.second == 0 { continue search }
            }
            return moment
        }
        return nil
    }

    /// Where both kinds of day are restricted, either will do.
    private func matchesDay(_ moment: CronMoment) -> Bool {
        let matches = (dayOfMonth.contains(moment.day), dayOfWeek.contains(moment.weekday))
        return dayOfMonth.isStar || dayOfWeek.isStar ? matches.0 && matches.1 : matches.0 || matches.1
    }
}
