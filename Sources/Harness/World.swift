package import Determinism
package import Experiments
package import FaultProxy
package import Faults
package import Kubernetes
package import Resilience
package import VirtualNode
package import Workflows

/// Where trials take place.
package enum WorldKind: String, Hashable, Sendable, CaseIterable {
    /// An API server, a network and a clock of one thread's own: nothing happens but what the trial makes happen.
    case simulated
    /// The API server of this process, over real TLS sockets.
    case embedded
    /// Any API server that a kubeconfig names.
    case cluster
}

/// Gives each trial a place of its own: an API server to reach, weather on the way to it, and a clock.
package protocol World: Sendable {
    var kind: WorldKind { get }

    /// The server's version, for the record.
    var serverVersion: String { get }

    /// Carries out a trial: calls `body`, in whose tasks ``withSite(_:_:)`` is to be called, where the trial's time passes.
    ///
    /// - Parameter seed: The trial's own.
    func perform<Result: Sendable>(
        seed: UInt64, _ body: @escaping @Sendable () async throws -> Result
    ) async throws -> Result

    /// Sets up a place, hands it to `body`, and takes it down again however `body` ends.
    func withSite<Result: Sendable>(
        _ request: SiteRequest, _ body: (TrialSite) async throws -> Result
    ) async throws -> Result
}

extension World {
    package func perform<Result: Sendable>(
        seed: UInt64, _ body: @escaping @Sendable () async throws -> Result
    ) async throws -> Result {
        try await body()
    }
}

/// What a trial asks of its world.
package struct SiteRequest: Sendable {
    package var policy: Policy
    package var plan: Plan
    /// The trial's own seed.
    package var seed: UInt64
    /// Numbers the subject's requests, those that its transport adds included.
    package var attempts: AttemptCounter
    package var observer: SiteObserver
    /// Who hears of a subject that is a process of its own; nil where it is in this one.
    package var process: ProcessObserver?

    package init(
        policy: Policy, plan: Plan, seed: UInt64, attempts: AttemptCounter, observer: SiteObserver,
        process: ProcessObserver? = nil
    ) {
        self.policy = policy
        self.plan = plan
        self.seed = seed
        self.attempts = attempts
        self.observer = observer
        self.process = process
    }
}

/// Hears what the fault path saw of a subject that records nothing itself.
package struct ProcessObserver: Sendable {
    package var onRequest: @Sendable (ProxiedExchange) -> Void
    /// The process is to be killed: nothing more of it is sent on, until ``ProcessAccess/endBarrier``.
    package var onCrash: @Sendable (CrashCounter.Crash) -> Void
    /// The process is to be restarted by the rule of this name, to see an older state then; ``ProcessAccess/restarted``
    /// follows.
    package var onRestartWanted: @Sendable (_ rule: String) -> Void

    package init(
        onRequest: @escaping @Sendable (ProxiedExchange) -> Void,
        onCrash: @escaping @Sendable (CrashCounter.Crash) -> Void,
        onRestartWanted: @escaping @Sendable (_ rule: String) -> Void
    ) {
        self.onRequest = onRequest
        self.onCrash = onCrash
        self.onRestartWanted = onRestartWanted
    }
}

/// How a process of its own comes to the server.
package struct ProcessAccess: Sendable {
    /// A kubeconfig that leads through the fault path, and whose context has the namespace.
    package var kubeconfig: @Sendable (_ namespace: String) -> String
    /// What the process has under way.
    package var activity: @Sendable () -> ProxyActivity
    /// Ends the connections of a life that is over, and serves the next.
    package var endBarrier: @Sendable () async -> Void
    /// The process that was to be restarted begins anew.
    package var restarted: @Sendable () -> Void
}

/// Hears what the subject's client and the fault path did.
package struct SiteObserver: Sendable {
    package var onExchange: @Sendable (Exchange) -> Void
    package var onDecision: @Sendable (RetryDecision) -> Void
    package var onInjection: @Sendable (Injection) -> Void
    /// The method and the path of a call that reached the responder.
    package var onCall: @Sendable (_ method: String, _ path: String) -> Void

    package init(
        onExchange: @escaping @Sendable (Exchange) -> Void, onDecision: @escaping @Sendable (RetryDecision) -> Void,
        onInjection: @escaping @Sendable (Injection) -> Void,
        onCall: @escaping @Sendable (_ method: String, _ path: String) -> Void = { _, _ in }
    ) {
        self.onExchange = onExchange
        self.onDecision = onDecision
        self.onInjection = onInjection
        self.onCall = onCall
    }
}

/// The place of one trial.
package struct TrialSite: Sendable {
    package var clock: TrialClock
    /// Reaches the server beside the fault path: set-up, workload, oracles and clean-up never suffer the weather.
    package var harness: any KubernetesAPI
    /// Reaches the server through the fault path, as the policy's transport does.
    package var subject: any KubernetesAPI
    /// Makes the agents' HTTP calls.
    package var http: HTTPPort
    /// Answers every request with 200; what workflows call where they name `$(responder)`.
    package var responderURL: String
    /// Tells the fault path that a phase has begun.
    package var enter: @Sendable (Phase) -> Void
    /// How commands and logs reach the trial's node.
    package var nodeAccess: NodeAccess
    /// Whether the server goes when the trial has ended, so that nothing need be taken away.
    package var isDisposable = false
    /// For a subject that is a process of its own; nil where there can be none.
    package var process: ProcessAccess?
    /// Restarts the API server; nil where it is not this process's, or has no connections to lose.
    package var restartServer: ClusterWeather.RestartServer?

    package enum NodeAccess: Sendable {
        /// The API server reaches it at this address.
        case host(String)
        /// The world hands them on to the node that says here that it is the trial's.
        case direct(@Sendable (Kubelet) -> Void)
    }
}
