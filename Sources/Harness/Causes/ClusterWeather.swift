package import Determinism
package import Experiments
package import Faults
package import Kubernetes

/// The faults of a plan that are brought about on the cluster itself: real causes, of which the server's own answers are
/// the effects.
///
/// A rule without a phase is one of the storm.
package struct ClusterWeather: Sendable {
    private let plan: Plan
    private let ground: CauseGround
    private let node: NodePower?
    private let restartServer: RestartServer?

    /// Ends the API server, and starts it again after the downtime.
    package typealias RestartServer = @Sendable (_ downtime: Duration) async throws -> Void

    /// - Parameters:
    ///   - api: Reaches the server beside the fault path.
    ///   - namespace: The trial's own.
    ///   - node: The virtual node that runs the trial's pods; nil where the cluster's own do.
    ///   - restartServer: Nil where the server is somebody else's.
    ///   - onInjection: Hears of each fault when it takes effect.
    ///   - observe: Hears what else a timeline should tell.
    package init(
        plan: Plan, api: any KubernetesAPI, namespace: String, clock: TrialClock, node: NodePower? = nil,
        restartServer: RestartServer? = nil, onInjection: @escaping @Sendable (Injection) -> Void,
        observe: @escaping @Sendable (Observation) -> Void
    ) {
        self.plan = plan
        self.node = node
        self.restartServer = restartServer
        ground = CauseGround(
            api: api, namespace: namespace, clock: clock, onInjection: onInjection, observe: observe)
    }

    /// Why a rule of a plan cannot be brought about in a world; nil where all can.
    package static func refusal(of plan: Plan, in world: WorldKind) -> String? {
        for rule in plan.rules {
            guard let place = Self.place(of: rule.fault), !place.worlds.contains(world) else { continue }
            let worlds = place.worlds.map(\.rawValue).joined(separator: " or ")
            return "the fault \(rule.name), \(place.name), \(place.why); it takes the \(worlds) world"
        }
        return nil
    }

    private static func place(of fault: Fault) -> (name: String, worlds: [WorldKind], why: String)? {
        switch fault {
        case .quotaConflict(let churn) where churn.means == .webhook:
            ("quotaConflict by webhook", [.embedded, .cluster], "needs an API server that calls webhooks")
        case .serverRestart:
            (
                "serverRestart", [.embedded],
                "ends the API server, and only that of this process is ours to end"
            )
        case .nodeNotReady:
            ("nodeNotReady", [.embedded, .cluster], "stops a node that reports over sockets")
        default: nil
        }
    }

    /// Makes what the causes act on and nobody else has made: their quotas, wide enough to refuse nothing.
    func prepare(on ground: Ground) async throws {
        for rule in plan.rules {
            switch rule.fault {
            case .quotaConflict(let churn):
                try await ground.createQuota(named: churn.quota, in: self.ground.namespace)
            case .quotaExhaustion(let exhaustion):
                try await ground.createQuota(named: exhaustion.quota, in: self.ground.namespace)
            default: continue
            }
        }
    }

    /// What is to be run in a phase, each until the phase is over: ``run(in:)`` does, or whoever has a task group.
    package func runs(in phase: Phase) -> [@Sendable () async -> Void] {
        causes(in: phase).map { cause in { await cause.run(ground) } }
    }

    /// Brings the faults of a phase about until the task is cancelled, and undoes them before it returns.
    package func run(in phase: Phase) async {
        await withDiscardingTaskGroup { group in
            for run in runs(in: phase) { group.addTask { await run() } }
        }
    }

    /// Takes away whatever may be left. To be called when all phases are over, however they ended, from a task that is
    /// not cancelled.
    package func finish() async throws {
        node?.turnOn()
        for rule in plan.rules {
            guard case .quotaConflict(let churn) = rule.fault, churn.means == .webhook else { continue }
            try await QuotaWebhook.removeConfiguration(churn.quota, ground)
        }
    }

    private func causes(in phase: Phase) -> [any ClusterCause] {
        plan.rules.filter { $0.fault.kind.realm == .cluster && $0.during ?? .storm == phase }.compactMap(cause)
    }

    private func cause(of rule: Rule) -> (any ClusterCause)? {
        switch rule.fault {
        case .quotaConflict(let churn) where churn.means == .webhook:
            QuotaWebhook(rule: rule, churn: churn, ground: ground)
        case .quotaConflict(let churn):
            QuotaChurner(
                rule: rule, api: ground.api, quota: ground.key(churn.quota), writers: churn.writers,
                clock: ground.clock)
        case .quotaExhaustion(let exhaustion): QuotaSqueeze(rule: rule, quota: exhaustion.quota, ground: ground)
        case .stealLease(let theft): LeaseThief(rule: rule, theft: theft, ground: ground)
        case .evictPod(let eviction):
            PodRemover(rule: rule, way: .eviction, name: eviction.name, every: eviction.every, ground: ground)
        case .killPod(let kill): PodRemover(rule: rule, way: .kill, name: kill.name, every: kill.every, ground: ground)
        case .nodeNotReady: node.map { NodeFailure(rule: rule, node: $0, ground: ground) }
        case .serverRestart(let restart):
            restartServer.map {
                ServerFailure(rule: rule, downtime: restart.downtime, restart: $0, ground: ground)
            }
        // The simulated world's own doing.
        default: nil
        }
    }
}

extension ClusterWeather {
    /// The weather of a trial's place.
    init(
        plan: Plan, on site: TrialSite, namespace: String, node: NodePower?, _ collector: TrialCollector
    ) {
        self.init(
            plan: plan, api: site.harness, namespace: namespace, clock: site.clock, node: node,
            restartServer: site.restartServer, onInjection: { collector.injected($0) },
            observe: { collector.observe($0) })
    }
}
