import Kubernetes

/// One container of a pod on the virtual node: what it is to do, and how far it has come.
struct ContainerRun: Hashable, Sendable {
    /// https://kubernetes.io/docs/concepts/workloads/pods/init-containers/
    enum Role: Hashable, Sendable {
        /// Runs to its end before the next container starts.
        case initializer
        /// An init container that is restarted always: starts in its turn, and runs beside the main containers.
        case sidecar
        case main
    }

    enum Program: Hashable, Sendable {
        case planned(ContainerPlan)
        /// Runs in this process, for as long as it likes.
        case agent
    }

    struct Termination: Hashable, Sendable {
        var started: Duration
        var finished: Duration
        var exitCode: Int
        var reason: String
        var message: String?
    }

    enum State: Hashable, Sendable {
        /// Not started yet. Can move to `running` or `terminated`.
        case waiting
        /// Can move to `terminated`.
        case running(since: Duration)
        /// Can move to `backingOff`, where it is to run again.
        case terminated(Termination)
        /// Failed, and waits to be started again: the status calls it CrashLoopBackOff. Can move to `running`.
        case backingOff(until: Duration, Termination)
    }

    let name: String
    let image: String
    let role: Role
    let program: Program
    /// Whether it runs on after SIGTERM.
    var ignoresTermination = false
    var environment: [String: String] = [:]
    var state = State.waiting
    /// Starts after the first.
    var restarts = 0
    /// How the run before this one ended.
    var previous: Termination?

    var isRunning: Bool { if case .running = state { true } else { false } }

    /// How the container ended, where it is not to run again.
    var termination: Termination? { if case .terminated(let termination) = state { termination } else { nil } }

    /// When the container's state changes by itself; nil where it does not.
    var nextChange: Duration? {
        switch (state, program) {
        case (.running(let since), .planned(let plan)): plan.duration.map { since + $0 }
        case (.backingOff(let until, _), _): until
        default: nil
        }
    }

    mutating func start(at time: Duration) {
        if case .backingOff(_, let last) = state {
            previous = last
            restarts += 1
        }
        state = .running(since: time)
    }

    /// Ends the run, and decides whether there is another.
    ///
    /// - Parameter restarts: Whether the kubelet starts a container again that ended with this code.
    mutating func end(at time: Duration, exitCode: Int, message: String? = nil, restarts isRestarted: (Int) -> Bool) {
        guard case .running(let since) = state else { return }
        var reason = exitCode == 0 ? "Completed" : "Error"
        if exitCode == ContainerPlan.startErrorCode, message != nil { reason = "StartError" }
        let termination = Termination(
            started: since, finished: time, exitCode: exitCode, reason: reason, message: message)
        guard isRestarted(exitCode) else {
            state = .terminated(termination)
            return
        }
        state = .backingOff(until: time + Self.restartDelay(restarts), termination)
    }

    /// The kubelet's crash backoff: the first restart is immediate, then 10 s, doubling, up to five minutes.
    /// https://kubernetes.io/docs/concepts/workloads/pods/pod-lifecycle/#restart-policy
    static func restartDelay(_ restarts: Int) -> Duration {
        restarts == 0 ? .zero : min(.seconds(300), .seconds(10) * (1 << min(restarts - 1, 10)))
    }

    /// What the present run will have written to files.
    var files: [String: String] { if case .planned(let plan) = program { plan.files } else { [:] } }

    /// What a workflow is told once the container has ended for good; nil where it does not ask.
    var outputs: JSONObject? {
        guard case .planned(let plan) = program, let outputs = plan.outputs, let termination else { return nil }
        let elapsed = termination.finished - termination.started
        // What was stopped early has not written what it would have.
        let isWhole = plan.duration.map { elapsed >= $0 } ?? false
        return outputs.report(
            exitCode: termination.exitCode, output: plan.text(of: .standardOutput, after: elapsed),
            files: isWhole ? plan.files : [:])
    }
}
