import Determinism
package import Kubernetes

/// All schedules of a CronWorkflow, in its zone: one series of ticks.
package struct CronTimetable: Hashable, Sendable {
    package var schedules: [CronSchedule]
    /// For the schedules that name none themselves.
    package var zone: CronZone
    /// What `@every` counts from. robfig counts from the last tick, or from when it was told of the schedule, so that
    /// each restart shifts the ticks; counted from the CronWorkflow's creation they stay where they are.
    package var anchor: Timestamp

    package init(schedules: [CronSchedule], zone: CronZone, anchor: Timestamp) {
        self.schedules = schedules
        self.zone = zone
        self.anchor = anchor
    }

    /// The first tick after a moment.
    package func next(after time: Timestamp) -> Timestamp? {
        schedules.compactMap { schedule in
            guard let period = schedule.period else { return schedule.next(after: time, in: zone) }
            let passed = CronMoment.quotient((time - anchor).microseconds, period.microseconds)
            return anchor + .microseconds((passed + 1) * period.microseconds)
        }.min()
    }

    /// The ticks after a moment, up to and including another; where they are more than `limit`, the latest.
    package func latest(_ limit: Int, after start: Timestamp, until end: Timestamp) -> [Timestamp] {
        var times: [Timestamp] = []
        var time = start
        while let next = next(after: time), next <= end {
            times.append(next)
            // Cut now and then, so that many ticks take little room.
            if times.count >= 2 * limit { times.removeFirst(times.count - limit) }
            time = next
        }
        return times.suffix(limit)
    }
}
