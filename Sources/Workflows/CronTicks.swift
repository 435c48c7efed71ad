package import Kubernetes

/// Holds what was seen of a CronWorkflow's runs against its schedules.
package enum CronTicks {
    /// A workflow that existed at some time, whether it still does or not.
    package struct Sighting: Hashable, Sendable {
        package var name: String
        package var uid: String?
        /// The tick that it was made for; nil for one made by hand.
        package var scheduledTime: Timestamp?
        package var created: Timestamp
        /// When it was over, or deleted; nil where it was not.
        package var finished: Timestamp?

        package init(
            name: String, uid: String? = nil, scheduledTime: Timestamp?, created: Timestamp, finished: Timestamp? = nil
        ) {
            self.name = name
            self.uid = uid
            self.scheduledTime = scheduledTime
            self.created = created
            self.finished = finished
        }

        /// - Parameter created: Where the workflow itself does not say; a server's clock shows whole seconds only.
        package init(_ workflow: Workflow, created: Timestamp? = nil) {
            let metadata = workflow.metadata
            self.init(
                name: metadata.name, uid: metadata.uid,
                scheduledTime: metadata[annotation: CronNames.scheduledTimeAnnotation].flatMap(
                    Timestamp.init(rfc3339:)),
                created: created ?? metadata.creationTimestamp ?? Timestamp(microsecondsSinceEpoch: 0),
                finished: workflow.finishedAt)
        }
    }

    package struct Findings: Hashable, Sendable {
        /// Ticks without a workflow that should have one.
        package var missed: [Timestamp] = []
        /// Ticks with more than one workflow, and the names of those.
        package var duplicated: [Timestamp: [String]] = [:]

        package var isClean: Bool { missed.isEmpty && duplicated.isEmpty }
    }

    /// Reports the missed and the duplicated ticks of a span.
    ///
    /// A tick is no miss while the CronWorkflow is suspended, nor where `Forbid` lets a run of another tick go on. Where
    /// it has a `when`, which ticks should have run can't be told, and none is missed; one that a stopStrategy has
    /// stopped is to be observed up to then.
    ///
    /// - Parameters:
    ///   - span: A tick at its end is not in it; it should end so early that every tick in it had time for its run.
    ///   - workflows: All that were seen, deleted ones included: the same name with two UIDs is two workflows.
    ///   - suspended: When the CronWorkflow was suspended; by default throughout, if it is.
    ///   - slack: For how long after a run's end a controller may still take it for active.
    /// - Throws: Where the schedules can't be read.
    package static func audit(
        _ cron: CronWorkflow, span: Range<Timestamp>, workflows: [Sighting], suspended: [Range<Timestamp>]? = nil,
        slack: Duration = .zero
    ) throws(CronSpecification.Unsupported) -> Findings {
        let specification = try CronSpecification(cron)
        let suspended = suspended ?? (specification.isSuspended ? [span] : [])
        var findings = Findings()
        var seen: [Timestamp: [Sighting]] = [:]
        for workflow in workflows {
            guard let tick = workflow.scheduledTime, span.contains(tick) else { continue }
            seen[tick, default: []].append(workflow)
        }
        for (tick, sightings) in seen {
            let distinct = Set(sightings.map { "\($0.name) \($0.uid ?? "")" })
            if distinct.count > 1 { findings.duplicated[tick] = sightings.map(\.name).sorted() }
        }
        guard specification.when == nil else { return findings }
        var time = Timestamp(microsecondsSinceEpoch: span.lowerBound.microsecondsSinceEpoch - 1)
        while let tick = specification.timetable.next(after: time), tick < span.upperBound {
            time = tick
            if seen[tick] != nil || suspended.contains(where: { $0.contains(tick) }) { continue }
            if specification.concurrency == .forbid, isActive(workflows, at: tick, slack) { continue }
            findings.missed.append(tick)
        }
        return findings
    }

    private static func isActive(_ workflows: [Sighting], at tick: Timestamp, _ slack: Duration) -> Bool {
        workflows.contains { $0.created <= tick && ($0.finished.map { tick < $0 + slack } ?? true) }
    }
}
