package import Kubernetes
package import Resilience

/// What a CronWorkflow needs done, and its status as it stands: a pure function of what has been observed.
///
/// Ticks are found by comparing the schedules with what was taken up before, never by a timer; a timer only says when to
/// look. The name of a run follows from its tick, so that asking twice makes nothing twice.
package struct CronReconciler {
    /// What a controller knows of a CronWorkflow besides what is written in it; a new controller knows nothing.
    package struct Memory: Hashable, Sendable {
        /// A tick that was taken up, and neither run nor given up.
        package struct Pending: Hashable, Sendable {
            package var tick: Timestamp
            /// Why its run could not be submitted when it was last tried; nil before the first try.
            package var failure: String?

            package init(tick: Timestamp) { self.tick = tick }
        }

        /// Whose memory it is.
        package var uid: String?
        /// The schedules that ``seenUntil`` is about.
        package var scheduleText = ""
        /// Up to when ticks have been taken up; nil while there is nothing to tick, because of a suspension, say.
        package var seenUntil: Timestamp?
        /// Earliest first.
        package var pending: [Pending] = []
        /// The latest tick that was given up for good.
        package var lastGivenUp: Timestamp?
        /// The latest tick that has its run, whether that could be written or not.
        package var lastRun: Timestamp?
        /// Why the last run could not be submitted.
        package var submissionError: String?

        package init(uid: String?) { self.uid = uid }
    }

    /// What has been observed of one CronWorkflow.
    package struct Observation: Sendable {
        package var cron: CronWorkflow
        /// The workflows labelled with the CronWorkflow's name.
        package var workflows: [Workflow]
        package var memory: Memory?
        package var now: Timestamp

        package init(cron: CronWorkflow, workflows: [Workflow] = [], memory: Memory? = nil, now: Timestamp) {
            self.cron = cron
            self.workflows = workflows
            self.memory = memory
            self.now = now
        }
    }

    /// What differs from one controller to the next.
    package struct Settings: Sendable {
        /// Whether a run that is there already counts as done, and is written into the status.
        package var repairsAlreadyExists: Bool
        /// Whether a submission that failed counts as a run that failed.
        package var countsFailedSubmissions: Bool
        /// Whether a tick whose run could not be submitted is kept and tried again.
        package var keepsTicks: Bool
        package var expressions: CronExpressions
        /// Throws where the workflow that a tick would make cannot be run.
        package var validate: @Sendable (Workflow) throws -> Void

        package init(
            policy: Policy, expressions: CronExpressions,
            validate: @escaping @Sendable (Workflow) throws -> Void = { _ in }
        ) {
            repairsAlreadyExists = policy.cron.repairsAlreadyExists
            countsFailedSubmissions = policy.cron.countsFailedSubmissions
            keepsTicks = policy.rule(for: .cronCreate).onTransient == .requeue
            self.expressions = expressions
            self.validate = validate
        }
    }

    /// The run of one tick.
    package struct Run: Hashable, Sendable {
        package var tick: Timestamp
        package var workflow: Workflow
        /// The WorkflowTemplate that is to be read before the workflow is created.
        package var template: ObjectKey?

        package init(tick: Timestamp, workflow: Workflow, template: ObjectKey? = nil) {
            self.tick = tick
            self.workflow = workflow
            self.template = template
        }
    }

    /// Something to be done in the world.
    package enum Effect: Hashable, Sendable {
        /// Terminates a run that the next one replaces; where that fails the next one is not to be submitted.
        case stop(ObjectKey)
        /// What becomes of it goes to ``CronReconciler/apply(_:of:to:_:settings:)``.
        case submit(Run)
        /// Writes the CronWorkflow's status, labels and annotations, where they have changed.
        case writeStatus
        case delete(ObjectKey, uid: String?)
    }

    package struct Plan: Sendable {
        /// With its new status, labels and annotations.
        package var cron: CronWorkflow
        package var memory: Memory
        /// In the order in which they are to be done; at most one of them submits.
        package var effects: [Effect]
        /// When the CronWorkflow is to be looked at although nothing has happened: its next tick.
        package var lookAgain: Timestamp?
    }

    let settings: Settings
    let now: Timestamp
    /// The workflows that belong to the CronWorkflow, and not to a namesake before it.
    let own: [Workflow]
    var cron: CronWorkflow
    var memory: Memory
    var effects: [Effect] = []
    private var lookAgain: Timestamp?

    package static func reconcile(_ observation: Observation, settings: Settings) -> Plan {
        var reconciler = CronReconciler(observation, settings: settings)
        reconciler.operate()
        return Plan(
            cron: reconciler.cron, memory: reconciler.memory, effects: reconciler.effects,
            lookAgain: reconciler.lookAgain)
    }

    private init(_ observation: Observation, settings: Settings) {
        self.settings = settings
        now = observation.now
        cron = observation.cron
        let uid = cron.metadata.uid
        own = observation.workflows.filter { workflow in
            workflow.metadata.ownerReferences.contains { $0.uid == uid && $0.isController }
        }
        let memory = observation.memory.flatMap { $0.uid == uid ? $0 : nil }
        self.memory = memory ?? Memory(uid: uid)
    }

    private mutating func operate() {
        guard cron.metadata.deletionTimestamp == nil else { return }
        repairStatus()
        countFinished()
        let specification: CronSpecification
        do {
            specification = try CronSpecification(cron)
            try validate(specification)
        } catch {
            cron[.specError] = "\(error)"
            memory.seenUntil = nil
            memory.pending = []
            effects.append(.writeStatus)
            return
        }
        assessStopStrategy(specification)
        let isTicking = !specification.isSuspended && cron.phase != .stopped && cron[.specError] == nil
        takeUpTicks(specification, isTicking: isTicking)
        decide(specification)
        cron[.submissionError] = memory.submissionError ?? cron[.submissionError]
        effects.append(.writeStatus)
        trimHistory(specification)
        if isTicking { lookAgain = specification.timetable.next(after: now) }
    }

    private func validate(_ specification: CronSpecification) throws {
        do {
            try settings.validate(run(of: now, specification).workflow)
        } catch {
            throw CronExpressions.Failure(description: "cannot validate Workflow: \(error)")
        }
    }

    private mutating func assessStopStrategy(_ specification: CronSpecification) {
        cron[.specError] = nil
        guard let expression = specification.stopExpression else { return }
        do {
            guard try settings.expressions.holds(expression, of: cron, now: now) else { return }
        } catch {
            cron[.specError] =
                "failed to check CronWorkflow '\(cron.metadata.name)' stopping condition: "
                + "failed to evaluate stop expression: \(error)"
            return
        }
        cron.phase = .stopped
        cron.metadata[label: CronNames.completedLabel] = "true"
    }

    /// Notes what the memory or the runs themselves tell of ticks that have their run, and the status does not have.
    private mutating func repairStatus() {
        guard settings.repairsAlreadyExists else { return }
        let known = cron.lastScheduledTime
        for workflow in own {
            guard let tick = CronNames.tick(of: workflow, cron: cron.metadata.name) else { continue }
            if known.map({ tick > $0 }) ?? true { Self.note(workflow, tick: tick, in: &cron, &memory) }
        }
        if let lastRun = memory.lastRun, cron.lastScheduledTime.map({ $0 < lastRun }) ?? true {
            cron.lastScheduledTime = lastRun
        }
    }

    /// Keeps the list of the runs that go on, and counts those that have ended.
    private mutating func countFinished() {
        var active = cron.active
        for workflow in own where !workflow.phase.isTerminal {
            if !active.contains(where: { $0.uid == workflow.metadata.uid }) { active.append(.init(to: workflow)) }
        }
        var remaining: [ObjectReference] = []
        for reference in active {
            // What is gone is not known to have ended well or badly.
            guard let workflow = own.first(where: { $0.metadata.uid == reference.uid }) else { continue }
            switch workflow.phase {
            case .succeeded: cron.succeeded += 1
            case .failed, .error: cron.failed += 1
            case .unknown, .pending, .running: remaining.append(reference)
            }
        }
        if remaining != cron.active { cron.active = remaining }
    }

    private mutating func trimHistory(_ specification: CronSpecification) {
        let finished = own.filter { $0.phase.isTerminal && $0.metadata.deletionTimestamp == nil }
        let successful = finished.filter { $0.phase == .succeeded }
        let failed = finished.filter { $0.phase != .succeeded }
        for (workflows, limit) in [(successful, specification.successfulLimit), (failed, specification.failedLimit)] {
            let latestFirst = workflows.sorted { left, right in
                let (leftEnd, rightEnd) = (Self.end(of: left), Self.end(of: right))
                return (leftEnd, left.metadata.name) > (rightEnd, right.metadata.name)
            }
            for workflow in latestFirst.dropFirst(limit).reversed() {
                effects.append(.delete(workflow.metadata.key, uid: workflow.metadata.uid))
            }
        }
    }

    private static func end(of workflow: Workflow) -> Timestamp {
        workflow.finishedAt ?? workflow.metadata.creationTimestamp ?? Timestamp(microsecondsSinceEpoch: .min)
    }
}
