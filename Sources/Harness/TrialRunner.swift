import Determinism
import Experiments
package import Faults
import Kubernetes
import Logging
import Recording
import Resilience
import VirtualNode
import Workflows

/// Runs one trial: calm, storm, converge, and the look at what is left.
struct TrialRunner {
    let spec: TrialSpec
    let world: any World
    let runID: String
    let logger: Logger
    /// Hears how far the trial is.
    let onProgress: @Sendable (TrialProgress) -> Void

    private var variation: Experiment.Variation { spec.variation }

    /// The same for every trial, because fault decisions depend on the namespace and must not differ between policies.
    /// Trials follow each other, and the namespace is gone before the next one begins.
    static let namespace = "boreas-trial"

    func run() async throws -> TrialRecord {
        let collector = TrialCollector()
        let attempts = AttemptCounter()
        let request = SiteRequest(
            policy: spec.policy, plan: variation.plan, seed: spec.seed, attempts: attempts,
            observer: collector.siteObserver)
        return try await world.withSite(request) { site in
            collector.use(site.clock)
            let ground = Ground(api: site.harness, clock: site.clock, runID: runID)
            let started = site.clock.epochMicrosecondsNow
            try await withCleanup {
                try await ground.createNamespace(Self.namespace)
                try await TrialPermits.with(spec.policy, inMemory: site.isDisposable) { permits in
                    try await run(on: site, ground, attempts, collector, permits)
                }
            } cleanup: {
                if site.isDisposable { return }
                // Pods go only while their node runs, and that of the trial has ended with it.
                let kubelet = Kubelet(
                    api: site.harness, settings: .trial(in: Self.namespace, site.nodeAccess), clock: site.clock,
                    logger: logger)
                try await kubelet.withNode { try await ground.deleteNamespace(Self.namespace) }
            }
            return TrialRecord(spec, evidence: collector.evidence, startedEpochMicroseconds: started)
        }
    }

    private func run(
        on site: TrialSite, _ ground: Ground, _ attempts: AttemptCounter, _ collector: TrialCollector,
        _ permits: PermitDatabase?
    ) async throws {
        let stamp = WorkloadStamp(
            namespace: Self.namespace, instanceID: runID, runID: runID,
            schedulerName: NodeConfiguration.schedulerName, variables: ["responder": site.responderURL])
        let workload = try TrialWorkload(variation.workload, stamp)
        let objects = try TrialObjects(variation, stamp)
        try await objects.create(on: ground)
        let churners = try await Self.churners(variation.plan, on: site, ground)
        let monitor = TrialMonitor(
            api: site.harness, namespace: Self.namespace, clock: site.clock, expected: workload.arrivals.count,
            collector: collector)
        let subject = Subject(
            site: site, namespace: Self.namespace, instanceID: runID, policy: spec.policy,
            streams: RandomStreams(seed: spec.seed).substreams("subject"), attempts: attempts, collector: collector,
            logger: logger, crashes: CrashSwitch(plan: variation.plan, phase: { collector.phase }),
            replicas: variation.replicas, permits: permits)
        try await withThrowingTaskGroup(of: Bool.self) { group in
            group.addTask {
                try await monitor.run()
                return false
            }
            group.addTask {
                try await subject.runNode()
                return false
            }
            group.addTask {
                try await subject.runControllers()
                return false
            }
            group.addTask {
                try await fly(on: site, workload, objects, churners, monitor, collector)
                return true
            }
            defer { group.cancelAll() }
            while let isFlown = try await group.next(), !isFlown {}
            await monitor.inspect()
            collector.end(at: site.clock.now)
        }
    }

    /// The three phases.
    private func fly(
        on site: TrialSite, _ workload: TrialWorkload, _ objects: TrialObjects, _ churners: [QuotaChurner],
        _ monitor: TrialMonitor, _ collector: TrialCollector
    ) async throws {
        let phases = variation.phases
        try await withThrowingTaskGroup(of: Void.self) { group in
            let start = site.enter(.calm, collector)
            group.addTask { try await submit(workload, on: site, from: start, collector) }
            group.addTask { try await objects.change(on: site, from: start, collector) }
            group.addTask { try await report(on: site, workload, collector) }
            defer { group.cancelAll() }
            try await site.clock.sleep(for: phases.calm)
            if phases.calm > .zero { try await awaitSteadyState(on: site, collector) }
            site.enter(.storm, collector)
            try await Self.storm(for: phases.storm, churners, on: site)
            site.enter(.converge, collector)
            try await converge(within: phases.converge, on: site, monitor, collector)
        }
    }

    private func converge(
        within bound: Duration, on site: TrialSite, _ monitor: TrialMonitor, _ collector: TrialCollector
    ) async throws {
        var rest = bound
        if collector.judged({ !$0.crons.isEmpty }) {
            // What is late may still come; what comes by itself has to end.
            let runout = min(bound / 4, Self.cronRunout)
            try await site.clock.sleep(for: runout)
            try await monitor.suspendCronWorkflows()
            rest -= runout
        }
        let deadline = site.clock.now + rest
        while try await monitor.settled(within: deadline - site.clock.now) {
            collector.observe(Observation(.settled, "", at: site.clock.now))
            try await site.clock.sleep(for: Self.quiet)
            // A run that was made while its CronWorkflow was being suspended may have come only now.
            if try await monitor.settled(within: .milliseconds(1)) { return }
        }
    }

    /// How long CronWorkflows go on in fair weather.
    private static let cronRunout = Duration.seconds(5)
    /// How long the subject is watched for writes when there is nothing left to write.
    private static let quiet = Duration.seconds(1)

    /// Calm lasts until the subject has taken work up: on a busy machine that is later than planned, and a storm before
    /// it would show nothing.
    private func awaitSteadyState(on site: TrialSite, _ collector: TrialCollector) async throws {
        let deadline = site.clock.now + Self.steadyStateLimit
        while collector.isIdle, site.clock.now < deadline { try await site.clock.sleep(for: .milliseconds(50)) }
        guard let doubt = collector.steadyStateDoubt else { return }
        collector.observe(Observation(.steadyStateMissed, "", message: doubt, at: site.clock.now))
    }

    /// By how much calm may be prolonged.
    private static let steadyStateLimit = Duration.seconds(15)

    static func storm(for span: Duration, _ churners: [QuotaChurner], on site: TrialSite) async throws {
        try await withThrowingTaskGroup(of: Void.self) { group in
            for churner in churners { group.addTask { await churner.run() } }
            defer { group.cancelAll() }
            try await site.clock.sleep(for: span)
        }
    }

    private func submit(
        _ workload: TrialWorkload, on site: TrialSite, from start: Duration, _ collector: TrialCollector
    ) async throws {
        for arrival in workload.arrivals {
            try await site.clock.sleep(for: start + arrival.at - site.clock.now)
            collector.submitted(arrival.workflow.metadata.name, at: site.clock.now)
            _ = try await site.harness.create(arrival.workflow, timeout: .seconds(10))
        }
    }

    private func report(on site: TrialSite, _ workload: TrialWorkload, _ collector: TrialCollector) async throws {
        while true {
            onProgress(
                TrialProgress(
                    phase: collector.phase, elapsed: site.clock.now, finished: collector.finishedCount,
                    expected: max(workload.arrivals.count, collector.finishedCount + collector.unfinishedCount),
                    faults: collector.faultCount))
            // In virtual time a quarter of a second is over before anybody could read of it.
            try await site.clock.sleep(for: world.kind == .simulated ? .seconds(60) : .milliseconds(250))
        }
    }

    /// What acts beside the fault path, made ready: its quotas are there.
    static func churners(_ plan: Plan, on site: TrialSite, _ ground: Ground) async throws -> [QuotaChurner] {
        var churners: [QuotaChurner] = []
        for rule in plan.rules {
            guard case .quotaConflict(let churn) = rule.fault else { continue }
            try await ground.createQuota(named: churn.quota, in: namespace)
            let key = ObjectKey(namespace: namespace, name: churn.quota)
            churners.append(QuotaChurner(api: site.harness, quota: key, writers: churn.writers, clock: site.clock))
        }
        return churners
    }
}

extension TrialSite {
    /// Begins a phase.
    ///
    /// - Returns: When.
    @discardableResult
    func enter(_ phase: Phase, _ collector: TrialCollector) -> Duration {
        let now = clock.now
        collector.observe(.entered(phase, at: now))
        enter(phase)
        return now
    }
}

/// How far a trial is.
package struct TrialProgress: Hashable, Sendable {
    package var phase: Phase?
    package var elapsed: Duration
    /// Workflows that have ended, and all that there will be.
    package var finished: Int
    package var expected: Int
    package var faults: Int
}
