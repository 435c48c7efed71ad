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
            let power = NodePower(plan: variation.plan)
            let weather = ClusterWeather(
                plan: variation.plan, on: site, namespace: Self.namespace, node: power, collector)
            try await withCleanup {
                try await ground.createNamespace(Self.namespace)
                try await TrialPermits.with(spec.policy, inMemory: site.isDisposable) { permits in
                    try await run(on: site, ground, attempts, collector, permits, weather, power)
                }
            } cleanup: {
                if site.isDisposable { return }
                try await weather.finish()
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
        _ permits: PermitDatabase?, _ weather: ClusterWeather, _ power: NodePower
    ) async throws {
        let stamp = WorkloadStamp(
            namespace: Self.namespace, instanceID: runID, runID: runID,
            schedulerName: NodeConfiguration.schedulerName, variables: ["responder": site.responderURL])
        let workload = try TrialWorkload(variation.workload, seed: spec.seed, stamp)
        let objects = try TrialObjects(variation, stamp)
        try await objects.create(on: ground)
        try await weather.prepare(on: ground)
        let monitor = TrialMonitor(
            api: site.harness, namespace: Self.namespace, clock: site.clock, expected: workload.arrivals.count,
            collector: collector)
        let subject = Subject(
            site: site, namespace: Self.namespace, instanceID: runID, policy: spec.policy,
            streams: RandomStreams(seed: spec.seed).substreams("subject"), attempts: attempts, collector: collector,
            logger: logger, crashes: CrashSwitch(plan: variation.plan, phase: { collector.phase }),
            replicas: variation.replicas, permits: permits, power: power)
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
                try await fly(on: site, workload, objects, weather, monitor, collector)
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
        on site: TrialSite, _ workload: TrialWorkload, _ objects: TrialObjects, _ weather: ClusterWeather,
        _ monitor: TrialMonitor, _ collector: TrialCollector
    ) async throws {
        let phases = variation.phases
        try await withThrowingTaskGroup(of: Void.self) { group in
            let start = site.enter(.calm, collector)
            group.addTask { try await submit(workload, on: site, from: start, collector) }
            group.addTask { try await objects.change(on: site, from: start, collector) }
            group.addTask { try await report(on: site, workload, collector) }
            defer { group.cancelAll() }
            try await Self.under(weather, in: .calm) { try await site.clock.sleep(for: phases.calm) }
            if phases.calm > .zero { try await awaitSteadyState(on: site, collector) }
            site.enter(.storm, collector)
            try await Self.under(weather, in: .storm) { try await site.clock.sleep(for: phases.storm) }
            site.enter(.converge, collector)
            try await Self.under(weather, in: .converge) {
                try await converge(within: phases.converge, on: site, monitor, collector)
            }
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

    /// Lets the faults of a phase that are the cluster's own go on while `body` runs, and undoes them.
    static func under(_ weather: ClusterWeather, in phase: Phase, _ body: () async throws -> Void) async throws {
        let runs = weather.runs(in: phase)
        guard !runs.isEmpty else { return try await body() }
        try await withThrowingTaskGroup(of: Void.self) { group in
            for run in runs { group.addTask { await run() } }
            defer { group.cancelAll() }
            try await body()
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
