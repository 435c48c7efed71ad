import Determinism
import Kubernetes

extension CronReconciler {
    /// Ticks that a controller works off at a time; those before them are missed.
    private static var mostTicks: Int { 1_000 }

    /// Finds the ticks that are due, and gives up those for which it is too late.
    mutating func takeUpTicks(_ specification: CronSpecification, isTicking: Bool) {
        let isFirstLook = memory.scheduleText.isEmpty
        if memory.scheduleText != specification.scheduleText {
            // The ticks that a new schedule would have had in the past were never due.
            memory.scheduleText = specification.scheduleText
            memory.seenUntil = nil
            memory.pending = []
        }
        guard isTicking else {
            memory.seenUntil = nil
            memory.pending = []
            return
        }
        let timetable = specification.timetable
        if let seen = memory.seenUntil, seen < now {
            let due = timetable.latest(Self.mostTicks, after: seen, until: now)
            memory.pending += due.map { Memory.Pending(tick: $0) }
        }
        memory.seenUntil = now
        adoptRuns()
        giveUpLateTicks(specification)
        if memory.pending.isEmpty, let missed = missedTick(specification, isFirstLook: isFirstLook) {
            memory.pending = [Memory.Pending(tick: missed)]
        }
    }

    /// A tick that has its run is done, whoever made it and whatever was heard of it.
    private mutating func adoptRuns() {
        guard settings.repairsAlreadyExists else { return }
        let done = Set(own.compactMap { CronNames.tick(of: $0, cron: cron.metadata.name) })
        memory.pending.removeAll { done.contains($0.tick) }
    }

    private mutating func giveUpLateTicks(_ specification: CronSpecification) {
        // Argo tries each tick once, in its own time; what fails is given up when it fails.
        guard settings.keepsTicks, let latest = memory.pending.last?.tick else { return }
        var kept: [Memory.Pending] = []
        for pending in memory.pending {
            let isLatest = pending.tick == latest
            let isInTime = specification.startingDeadline.map { now < pending.tick + $0 } ?? isLatest
            // The latest is tried at least once, as in Argo, where the deadline is about missed ticks alone.
            if isInTime || (isLatest && pending.failure == nil) {
                kept.append(pending)
            } else {
                memory.lastGivenUp = max(pending.tick, memory.lastGivenUp ?? pending.tick)
                memory.submissionError =
                    "missed the run of \(pending.tick.rfc3339): \(pending.failure ?? "it came up too late")"
            }
        }
        memory.pending = kept
    }

    /// The latest tick that no run was made for, in the time of another controller perhaps, where it may still be made
    /// up for. Not when the schedule has changed since the last run; and with Argo only after a first one, so that a
    /// controller that is away at the first tick loses it.
    ///
    /// - Parameter isFirstLook: Whether this controller has only now come to know of the CronWorkflow.
    private func missedTick(_ specification: CronSpecification, isFirstLook: Bool) -> Timestamp? {
        let used = cron.metadata[annotation: CronNames.lastUsedScheduleAnnotation]
        let isUnchanged = used == specification.scheduleText || used == nil && cron.lastScheduledTime == nil
        let origin = settings.keepsTicks && isFirstLook ? cron.metadata.creationTimestamp : nil
        guard let deadline = specification.startingDeadline, isUnchanged,
            let last = cron.lastScheduledTime ?? origin
        else { return nil }
        // Earlier ticks are past the deadline.
        let start = max(last, Timestamp(microsecondsSinceEpoch: now.microsecondsSinceEpoch - deadline.microseconds))
        guard let missed = specification.timetable.latest(1, after: start, until: now).last, missed < now,
            memory.lastGivenUp.map({ missed > $0 }) ?? true
        else { return nil }
        return missed
    }

    /// Goes through the pending ticks: skips those that are not to be run, and submits the first that is.
    mutating func decide(_ specification: CronSpecification) {
        while let pending = memory.pending.first {
            cron.metadata[annotation: CronNames.lastUsedScheduleAnnotation] = specification.scheduleText
            do {
                guard try isWanted(specification) else {
                    memory.pending.removeFirst()
                    continue
                }
            } catch {
                Self.giveUp(pending.tick, "run policy error: \(error)", in: &cron, &memory, settings: settings)
                continue
            }
            let run = run(of: pending.tick, specification)
            if specification.concurrency == .replace {
                let namespace = cron.metadata.namespace ?? ""
                for reference in cron.active where !isOwn(reference, run) {
                    effects.append(.stop(ObjectKey(namespace: namespace, name: reference.name)))
                }
            }
            effects.append(.submit(run))
            return
        }
    }

    /// Argo stops also the run that it is about to make again
    /// (https://github.com/argoproj/argo-workflows/issues/12625).
    private func isOwn(_ reference: ObjectReference, _ run: Run) -> Bool {
        settings.repairsAlreadyExists && reference.name == run.workflow.metadata.name
    }

    private func isWanted(_ specification: CronSpecification) throws -> Bool {
        if let when = specification.when, try !settings.expressions.allows(when, of: cron, now: now) { return false }
        return specification.concurrency != .forbid || cron.active.isEmpty
    }

    /// The run of a tick: Argo's `ConvertCronWorkflowToWorkflowWithProperties`.
    func run(of tick: Timestamp, _ specification: CronSpecification) -> Run {
        let metadata = cron.metadata
        var workflow = Workflow(
            name: CronNames.workflowName(cron: metadata.name, tick: tick), namespace: metadata.namespace)
        var labels = specification.workflowMetadata.labels
        for label in CronNames.inheritedLabels {
            if let value = metadata[label: label] { labels[label] = value }
        }
        labels[CronNames.cronLabel] = metadata.name
        workflow.metadata.labels = labels
        workflow.metadata.annotations = specification.workflowMetadata.annotations
        workflow.metadata[annotation: CronNames.scheduledTimeAnnotation] = tick.rfc3339
        workflow.metadata.finalizers = specification.workflowMetadata.finalizers
        workflow.metadata.ownerReferences = [OwnerReference(to: cron)]
        workflow.json["spec"] = .object(specification.workflowSpec)
        return Run(tick: tick, workflow: workflow, template: specification.template)
    }
}
