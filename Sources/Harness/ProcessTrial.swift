import Determinism
import Experiments
import FaultProxy
import Faults
import Foundation
import Kubernetes
import Logging
import Resilience
import Synchronization
import VirtualNode

/// Runs one trial of a process: sets its objects up, starts it, calm, storm, converge, and the look at what is left.
struct ProcessTrial {
    let spec: TrialSpec
    let subject: ProcessSubject
    let world: any World
    let runID: String
    let logger: Logger
    /// What it is judged against.
    let reference: ReferenceShelf.Entry
    /// Hears how far the trial is.
    let onProgress: @Sendable (TrialProgress) -> Void

    private var variation: Experiment.Variation { spec.variation }

    /// Decisions about faults depend on the namespace: it has one name in all trials, of processes or not.
    private var namespace: String { TrialRunner.namespace }

    /// Between two looks at whether all is at rest.
    private static let lookingPeriod = Duration.milliseconds(20)

    func run() async throws -> TrialRecord {
        let collector = TrialCollector()
        // The fault path is there before the process is.
        let keeper = Mutex<ProcessKeeper?>(nil)
        let early = Mutex<String?>(nil)
        let request = SiteRequest(
            policy: spec.policy, plan: variation.plan, seed: spec.seed, attempts: AttemptCounter(),
            observer: collector.siteObserver,
            process: ProcessObserver(
                onRequest: { collector.proxied($0) },
                onCrash: { crash in keeper.withLock { $0 }?.kill(by: crash) },
                onRestartWanted: { rule in
                    keeper.withLock { keeper in
                        if let keeper { keeper.restart(by: rule) } else { early.withLock { $0 = rule } }
                    }
                }))
        guard world.kind != .simulated else { throw Self.noSockets(in: world) }
        return try await world.withSite(request) { site in
            guard let access = site.process else { throw Self.noSockets(in: world) }
            collector.use(site.clock)
            let ground = Ground(api: site.harness, clock: site.clock, runID: runID)
            let objects = ProcessObjects(
                variation, on: ground, namespace: namespace, responder: site.responderURL)
            let started = site.clock.epochMicrosecondsNow
            let power = NodePower(plan: variation.plan)
            let weather = ClusterWeather(
                plan: variation.plan, on: site, namespace: namespace, node: power, collector)
            try await withCleanup {
                try await ground.createNamespace(namespace)
                try await objects.create()
                try await weather.prepare(on: ground)
                try await ProcessKubeconfig.with(access.kubeconfig(namespace)) { file in
                    let command = ProcessCommand(
                        subject, kubeconfig: file, namespace: namespace,
                        inherited: ProcessInfo.processInfo.environment)
                    let process = ProcessKeeper(subject, command, access, on: site, collector)
                    keeper.withLock { $0 = process }
                    if let rule = early.withLock({ $0 }) { process.restart(by: rule) }
                    try await run(process, objects, access, weather, power, on: site, collector)
                }
            } cleanup: {
                try await weather.finish()
                let kubelet = Kubelet(
                    api: site.harness, settings: node(on: site), clock: site.clock, logger: logger)
                try await kubelet.withNode {
                    try await objects.remove()
                    try await ground.deleteNamespace(namespace)
                }
            }
            return TrialRecord(
                spec, evidence: collector.evidence, startedEpochMicroseconds: started,
                reference: reference.reference, missing: reference.missing)
        }
    }

    private static func noSockets(in world: any World) -> HarnessError {
        HarnessError(
            .unavailable,
            "a process is tried through a fault proxy, in the embedded world or on a cluster; the \(world.kind.rawValue) "
                + "world given here has none")
    }

    /// The node that runs the pods that the process makes. On a cluster those are the cluster's own, but for pods that ask
    /// for this node.
    private func node(on site: TrialSite) -> NodeConfiguration {
        var configuration = NodeConfiguration.trial(in: namespace, site.nodeAccess)
        if world.kind == .embedded { configuration.binding = .everything }
        return configuration
    }

    private func run(
        _ process: ProcessKeeper, _ objects: ProcessObjects, _ access: ProcessAccess, _ weather: ClusterWeather,
        _ power: NodePower, on site: TrialSite, _ collector: TrialCollector
    ) async throws {
        let witness = ObjectWitness(
            api: site.harness, namespace: namespace, clock: site.clock, collector: collector)
        let kubelet = Kubelet(api: site.harness, settings: node(on: site), clock: site.clock, logger: logger)
        try await withThrowingTaskGroup(of: Bool.self) { group in
            group.addTask {
                try await witness.run()
                return false
            }
            group.addTask {
                try await power.with(kubelet) { try await kubelet.run() }
                return false
            }
            try await witness.begun()
            group.addTask {
                try await process.run()
                return false
            }
            group.addTask {
                try await fly(process, objects, access, witness, weather, on: site, collector)
                return true
            }
            defer { group.cancelAll() }
            while let isFlown = try await group.next(), !isFlown {}
            await witness.inspect()
            // What the process does on its way out is none of the trial's.
            let end = site.clock.now
            collector.end(at: end)
            if try await !process.stop() {
                collector.observe(
                    Observation(
                        .note, "process",
                        message: "did not end within \(subject.stopGrace.text) of SIGTERM, and was killed", at: end))
            }
        }
    }

    /// The three phases; none where the process was never ready.
    private func fly(
        _ process: ProcessKeeper, _ objects: ProcessObjects, _ access: ProcessAccess, _ witness: ObjectWitness,
        _ weather: ClusterWeather, on site: TrialSite, _ collector: TrialCollector
    ) async throws {
        guard try await isReady(process, on: site, collector) else { return }
        let work = WorkState()
        try await withThrowingTaskGroup(of: Void.self) { group in
            let start = site.enter(.calm, collector)
            group.addTask {
                await bring(objects, on: site, from: start, collector)
                work.end()
            }
            group.addTask { try await report(on: site, collector) }
            defer { group.cancelAll() }
            let phases = variation.phases
            try await TrialRunner.under(weather, in: .calm) { try await site.clock.sleep(for: phases.calm) }
            site.enter(.storm, collector)
            try await TrialRunner.under(weather, in: .storm) { try await site.clock.sleep(for: phases.storm) }
            let begin = site.enter(.converge, collector)
            try await TrialRunner.under(weather, in: .converge) {
                try await converge(from: begin, work, process, access, witness, on: site, collector)
            }
        }
    }

    /// Whether all that was to arrive and to be changed has, and is.
    private final class WorkState: Sendable {
        private let isOver = Mutex(false)

        var isDone: Bool { isOver.withLock { $0 } }

        func end() { isOver.withLock { $0 = true } }
    }

    /// Brings what arrives, and makes the changes.
    private func bring(
        _ objects: ProcessObjects, on site: TrialSite, from start: Duration, _ collector: TrialCollector
    ) async {
        do {
            async let arrived: Void = objects.arrive(on: site, from: start, collector)
            async let changed: Void = objects.change(on: site, from: start, collector)
            _ = try await (arrived, changed)
        } catch is CancellationError {
        } catch {
            collector.observe(Observation(.oracleFailed, "the workload", message: "\(error)", at: site.clock.now))
        }
    }

    private func isReady(
        _ process: ProcessKeeper, on site: TrialSite, _ collector: TrialCollector
    ) async throws -> Bool {
        let deadline = site.clock.now + subject.readyWithin
        while process.readyAt == nil {
            guard site.clock.now < deadline else {
                let words = process.lastWords.map { "; it last printed:\n\($0)" } ?? "; it printed nothing"
                collector.observe(
                    Observation(
                        .steadyStateMissed, "process",
                        message: "\(subject.ready.doubt) within \(subject.readyWithin.text)\(words)",
                        at: site.clock.now))
                return false
            }
            try await site.clock.sleep(for: Self.lookingPeriod / 2)
        }
        return true
    }

    /// Waits until all has come to rest, or the phase is over.
    private func converge(
        from begin: Duration, _ work: WorkState, _ process: ProcessKeeper, _ access: ProcessAccess,
        _ witness: ObjectWitness,
        on site: TrialSite, _ collector: TrialCollector
    ) async throws {
        let deadline = begin + variation.phases.converge
        while site.clock.now < deadline {
            let writes = collector.writes
            let activity = access.activity()
            let stillness = Stillness(
                readyAt: process.readyAt, lastChange: max(witness.lastChange, writes.lastChange),
                lastWrite: writes.lastWrite,
                isOpen: writes.isFailing || activity.waiting > 0 || !activity.isWatching)
            if work.isDone, let rest = stillness.begun(at: site.clock.now, since: begin) {
                return collector.observe(Observation(.settled, "", at: rest))
            }
            try await site.clock.sleep(for: Self.lookingPeriod)
        }
    }

    private func report(on site: TrialSite, _ collector: TrialCollector) async throws {
        while true {
            onProgress(
                TrialProgress(
                    phase: collector.phase, elapsed: site.clock.now, finished: 0, expected: 0,
                    faults: collector.faultCount))
            try await site.clock.sleep(for: .milliseconds(250))
        }
    }
}

extension ProcessSubject.Ready {
    /// What there was none of, where a process was not ready.
    fileprivate var doubt: String {
        switch self {
        case .watches(1): "the process opened no watch through the proxy"
        case .watches(let count): "the process did not open \(count) watches through the proxy"
        case .log(let text): "the process printed no line with \"\(text)\""
        case .http(let url): "\(url) did not answer with 2xx"
        }
    }
}
