import Determinism
import Kubernetes
import Testing
import Workflows

struct CronScheduleTests {
    struct Vector: Sendable, CustomTestStringConvertible {
        var schedule: String
        var zone: String
        var after: String
        /// In this order, one after another.
        var ticks: [String]

        init(_ schedule: String, _ zone: String = "UTC", after: String, _ ticks: String...) {
            self.schedule = schedule
            self.zone = zone
            self.after = after
            self.ticks = ticks
        }

        var testDescription: String { "\(schedule) in \(zone) after \(after)" }
    }

    private func check(_ vector: Vector, allowsSeconds: Bool = false) throws {
        let schedule = try CronSchedule(vector.schedule, allowsSeconds: allowsSeconds)
        let zone = try #require(CronZone(vector.zone))
        var time = try #require(Timestamp(rfc3339: vector.after))
        for tick in vector.ticks {
            time = try #require(schedule.next(after: time, in: zone))
            #expect(time == Timestamp(rfc3339: tick))
        }
    }

    // 2026-11-01 is a Sunday.
    private static let fields = [
        Vector("* * * * *", after: "2026-11-21T10:04:00Z", "2026-11-21T10:05:00Z", "2026-11-21T10:06:00Z"),
        Vector("* * * * *", after: "2026-11-21T10:04:59.5Z", "2026-11-21T10:05:00Z"),
        Vector("*/15 * * * *", after: "2026-11-21T10:50:00Z", "2026-11-21T11:00:00Z", "2026-11-21T11:15:00Z"),
        Vector("5/20 * * * *", after: "2026-11-21T10:00:00Z", "2026-11-21T10:05:00Z", "2026-11-21T10:25:00Z"),
        Vector("20-35/15 1/2 * * *", after: "2026-11-21T23:36:00Z", "2026-11-22T01:20:00Z", "2026-11-22T01:35:00Z"),
        Vector("0,30 9-10 * * *", after: "2026-11-21T09:30:00Z", "2026-11-21T10:00:00Z", "2026-11-21T10:30:00Z"),
        Vector("0 0 1 JAN *", after: "2026-11-21T00:00:00Z", "2027-01-01T00:00:00Z"),
        Vector("0 12 ? jun,Oct mon-fri", after: "2026-11-21T00:00:00Z", "2027-06-01T12:00:00Z", "2027-06-02T12:00:00Z"),
        Vector("59 23 31 12 *", after: "2026-12-31T23:59:00Z", "2027-12-31T23:59:00Z"),
        Vector("0 0 29 2 *", after: "2026-01-01T00:00:00Z", "2028-02-29T00:00:00Z"),
        // Sundays, by number and by name.
        Vector("0 0 * * 0", after: "2026-11-01T00:00:00Z", "2026-11-08T00:00:00Z"),
        Vector("0 0 * * SUN", after: "2026-10-31T00:00:00Z", "2026-11-01T00:00:00Z"),
        // Where both kinds of day are restricted, either will do.
        Vector(
            "0 0 15 * MON", after: "2026-11-01T00:00:00Z", "2026-11-02T00:00:00Z", "2026-11-09T00:00:00Z",
            "2026-11-15T00:00:00Z"),
        // A star with a step is a restriction, and one with the step 1 is none.
        Vector("0 0 1 * */6", after: "2026-11-02T00:00:00Z", "2026-11-07T00:00:00Z", "2026-11-08T00:00:00Z"),
        Vector("0 0 1 * */1", after: "2026-11-02T00:00:00Z", "2026-12-01T00:00:00Z"),
        Vector("@hourly", after: "2026-11-21T10:00:00Z", "2026-11-21T11:00:00Z"),
        Vector("@daily", after: "2026-11-21T10:00:00Z", "2026-11-22T00:00:00Z"),
        Vector("@midnight", after: "2026-11-21T10:00:00Z", "2026-11-22T00:00:00Z"),
        Vector("@weekly", after: "2026-11-21T10:00:00Z", "2026-11-22T00:00:00Z", "2026-11-29T00:00:00Z"),
        Vector("@monthly", after: "2026-11-21T10:00:00Z", "2026-12-01T00:00:00Z"),
        Vector("@yearly", after: "2026-11-21T10:00:00Z", "2027-01-01T00:00:00Z"),
        Vector("@annually", after: "2027-01-01T00:00:00Z", "2028-01-01T00:00:00Z"),
        Vector("@every 1h30m", after: "2026-11-21T10:00:00.75Z", "2026-11-21T11:30:00Z", "2026-11-21T13:00:00Z"),
        Vector("@every 10ms", after: "2026-11-21T10:00:00Z", "2026-11-21T10:00:01Z"),
    ]

    @Test("the next ticks follow from the fields", arguments: fields)
    func next(vector: Vector) throws { try check(vector) }

    private static let zones = [
        Vector("30 9 * * *", "Asia/Kolkata", after: "2026-11-21T00:00:00Z", "2026-11-21T04:00:00Z"),
        // The text's own zone comes first.
        Vector(
            "CRON_TZ=Asia/Kolkata 30 9 * * *", "America/New_York", after: "2026-11-21T00:00:00Z", "2026-11-21T04:00:00Z"
        ),
        Vector("TZ=Asia/Kolkata @daily", after: "2026-11-21T00:00:00Z", "2026-11-21T18:30:00Z"),
        Vector("CRON_TZ=UTC 0 6 * * *", "Asia/Kolkata", after: "2026-11-21T00:00:00Z", "2026-11-21T06:00:00Z"),

        // New York, spring: two o'clock is three.
        Vector("30 2 * * *", "America/New_York", after: "2026-03-07T12:00:00-05:00", "2026-03-09T02:30:00-04:00"),
        Vector(
            "0 * * * *", "America/New_York", after: "2026-03-08T00:30:00-05:00", "2026-03-08T01:00:00-05:00",
            "2026-03-08T03:00:00-04:00", "2026-03-08T04:00:00-04:00"),
        Vector(
            "59 1 * * *", "America/New_York", after: "2026-03-07T12:00:00-05:00", "2026-03-08T01:59:00-05:00",
            "2026-03-09T01:59:00-04:00"),
        Vector("0 3 * * *", "America/New_York", after: "2026-03-07T12:00:00-05:00", "2026-03-08T03:00:00-04:00"),
        // New York, autumn: two o'clock is one again.
        Vector(
            "30 1 * * *", "America/New_York", after: "2026-11-01T00:00:00-04:00", "2026-11-01T01:30:00-04:00",
            "2026-11-01T01:30:00-05:00", "2026-11-02T01:30:00-05:00"),
        Vector(
            "0 2 * * *", "America/New_York", after: "2026-10-31T12:00:00-04:00", "2026-11-01T02:00:00-05:00",
            "2026-11-02T02:00:00-05:00"),
        Vector(
            "0 * * * *", "America/New_York", after: "2026-11-01T00:30:00-04:00", "2026-11-01T01:00:00-04:00",
            "2026-11-01T01:00:00-05:00", "2026-11-01T02:00:00-05:00"),
        Vector(
            "30 1 1 11 *", "America/New_York", after: "2026-11-01T01:45:00-04:00", "2026-11-01T01:30:00-05:00",
            "2027-11-01T01:30:00-04:00"),

        // Berlin.
        Vector("30 2 * * *", "Europe/Berlin", after: "2026-03-28T02:30:00+01:00", "2026-03-30T02:30:00+02:00"),
        Vector(
            "30 2 * * *", "Europe/Berlin", after: "2026-10-24T12:00:00+02:00", "2026-10-25T02:30:00+02:00",
            "2026-10-25T02:30:00+01:00", "2026-10-26T02:30:00+01:00"),

        // Lord Howe sets its clocks by half an hour: in October two o'clock is half past two ...
        Vector("0 2 * * *", "Australia/Lord_Howe", after: "2026-10-03T12:00:00+10:30", "2026-10-05T02:00:00+11:00"),
        Vector("45 2 * * *", "Australia/Lord_Howe", after: "2026-10-03T12:00:00+10:30", "2026-10-04T02:45:00+11:00"),
        Vector("15 2 * * *", "Australia/Lord_Howe", after: "2026-10-03T12:00:00+10:30", "2026-10-05T02:15:00+11:00"),
        // ... and in April two o'clock is half past one again. Steps of an hour then go past the full hour, as in robfig.
        Vector(
            "45 1 * * *", "Australia/Lord_Howe", after: "2026-04-04T12:00:00+11:00", "2026-04-05T01:45:00+11:00",
            "2026-04-05T01:45:00+10:30", "2026-04-06T01:45:00+10:30"),
        Vector(
            "0 1 * * *", "Australia/Lord_Howe", after: "2026-04-04T12:00:00+11:00", "2026-04-05T01:00:00+11:00",
            "2026-04-06T01:00:00+10:30"),
        Vector("0 2 * * *", "Australia/Lord_Howe", after: "2026-04-04T12:00:00+11:00", "2026-04-06T02:00:00+10:30"),

        // Sao Paulo had days without a midnight.
        Vector("0 0 * * *", "America/Sao_Paulo", after: "2018-11-03T12:00:00-03:00", "2018-11-05T00:00:00-02:00"),
        Vector("0 9 10 * *", "America/Sao_Paulo", after: "2018-10-17T09:00:00Z", "2018-11-10T09:00:00-02:00"),
        Vector("0 9 22 * *", "America/Sao_Paulo", after: "2018-02-14T10:00:00Z", "2018-02-22T09:00:00-03:00"),
    ]

    @Test("ticks follow the clocks of their zone, on the days when these are set too", arguments: zones)
    func zone(vector: Vector) throws { try check(vector) }

    private static let sixFields = [
        Vector("*/5 * * * * *", after: "2026-11-21T10:00:58Z", "2026-11-21T10:01:00Z", "2026-11-21T10:01:05Z"),
        Vector(
            "15/35 20-35/15 1/2 * * *", after: "2026-11-21T23:35:51Z", "2026-11-22T01:20:15Z", "2026-11-22T01:20:50Z"),
        Vector("30 * * * *", after: "2026-11-21T10:00:58Z", "2026-11-21T10:30:00Z"),
    ]

    @Test("a sixth field is of seconds, where they are allowed", arguments: sixFields)
    func seconds(vector: Vector) throws { try check(vector, allowsSeconds: true) }

    @Test("what never comes has no next tick", arguments: ["0 0 30 2 *", "0 0 31 4,6 *"])
    func never(text: String) throws {
        let start = try #require(Timestamp(rfc3339: "2026-11-21T10:00:00Z"))
        #expect(try CronSchedule(text).next(after: start, in: .utc) == nil)
    }

    private static let errors: [(text: String, field: String, mend: String)] = [
        ("", "", "write minute, hour"),
        ("* * * *", "", "write minute, hour"),
        ("0 * * * * *", "", "boreas.dev/schedule-seconds"),
        ("60 * * * *", "minute", "use 0-59"),
        ("0 24 * * *", "hour", "use 0-23"),
        ("0 0 0 * *", "day of month", "use 1-31"),
        ("0 0 * 13 *", "month", "use 1-12"),
        ("0 0 * * 7", "day of week", "Sunday is 0, or SUN"),
        ("0 0 * * XYZ", "day of week", "names such as SUN"),
        ("0 0 * MON *", "month", "names such as JAN"),
        ("x * * * *", "minute", "use 0-59"),
        ("-1 * * * *", "minute", "use 0-59"),
        ("1-2-3 * * * *", "minute", "write a range as 1-5"),
        ("*-5 * * * *", "minute", "write a range as 1-5"),
        ("1/2/3 * * * *", "minute", "write a range as 1-5"),
        ("*/0 * * * *", "minute", "use a step such as */5"),
        (", * * * *", "minute", "use 0-59 or *"),
        ("0 22-5 * * *", "hour", "write it as two ranges"),
        ("@often", "", "@hourly"),
        ("@every soon", "", "use one such as @every 1h30m"),
        ("@every -1s", "", "use one such as @every 1h30m"),
        ("CRON_TZ=Mars/Olympus * * * * *", "time zone", "IANA"),
        ("TZ=GMT+2 * * * * *", "time zone", "IANA"),
    ]

    @Test("a schedule that can't be read is refused with its field and the mend", arguments: errors)
    func refused(text: String, field: String, mend: String) {
        let error = #expect(throws: CronSchedule.ParseError.self) { try CronSchedule(text) }
        #expect(error?.field == field)
        #expect(error?.description.contains(mend) == true, "\(error?.description ?? "")")
    }

    @Test("the ticks of a span are those after its start, its end included, and no more than asked for")
    func span() throws {
        let schedule = try CronSchedule("*/10 * * * *")
        let start = try #require(Timestamp(rfc3339: "2026-11-21T10:00:00Z"))
        let times = schedule.times(after: start, until: start + .seconds(1_800), limit: 10, in: .utc)
        #expect(times.map { ($0 - start).seconds } == [600, 1_200, 1_800])
        #expect(schedule.times(after: start, until: start + .seconds(1_800), limit: 2, in: .utc).count == 2)
    }

    @Test("several schedules make one series, in which a common tick comes once")
    func timetable() throws {
        let start = try #require(Timestamp(rfc3339: "2026-11-21T10:00:00Z"))
        let table = CronTimetable(
            schedules: [try CronSchedule("*/10 * * * *"), try CronSchedule("*/15 * * * *")], zone: .utc, anchor: start)
        let times = table.latest(100, after: start, until: start + .seconds(1_800))
        #expect(times.map { ($0 - start).seconds } == [600, 900, 1_200, 1_800])
        #expect(table.latest(1, after: start, until: start + .seconds(1_799)).map { ($0 - start).seconds } == [1_200])
        #expect(table.latest(1, after: start, until: start + .seconds(599)).isEmpty)
    }

    @Test("@every is counted from the anchor, so that looking does not put it off")
    func anchored() throws {
        let anchor = try #require(Timestamp(rfc3339: "2026-11-21T10:00:00Z"))
        let table = CronTimetable(schedules: [try CronSchedule("@every 7s")], zone: .utc, anchor: anchor)
        #expect(table.next(after: anchor + .seconds(6)) == anchor + .seconds(7))
        #expect(table.next(after: anchor + .seconds(7)) == anchor + .seconds(14))
        #expect(table.next(after: anchor + .milliseconds(13_999)) == anchor + .seconds(14))
    }
}
