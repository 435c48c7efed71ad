import Determinism
import Kubernetes

extension PodMachine {
    /// The status that tells what the machine knows: for a strategic merge patch, so that the conditions of others
    /// (`PodScheduled`) stay. Only the times of what happened are in it, so that equal states give equal statuses.
    var status: JSONObject {
        let phase = phase
        var status: JSONObject = [
            "phase": .string(phase.rawValue), "startTime": civil(started ?? .zero),
            "conditions": .array(conditions(phase)),
            "containerStatuses": .array(containers.filter { $0.role == .main }.map(containerStatus)),
        ]
        let initial = containers.filter { $0.role != .main }
        if !initial.isEmpty { status["initContainerStatuses"] = .array(initial.map(containerStatus)) }
        if pod.metadata[annotation: ContainerOutputs.daemonAnnotation] == "true" { status["podIP"] = address }
        if stop == .deadlineExceeded {
            status["reason"] = "DeadlineExceeded"
            status["message"] = "Pod was active on the node longer than the specified deadline"
        }
        return status
    }

    /// Where a workflow's daemon would be reached, if anybody were there: in the range of benchmarks (RFC 2544), so
    /// that a call to it leads nowhere.
    private var address: JSONValue {
        var hash = StableHash()
        hash.combine(uid)
        let bits = hash.value
        return .string("198.\(18 + bits & 1).\(bits >> 8 & 0xFF).\(bits >> 16 & 0xFF)")
    }

    /// https://kubernetes.io/docs/concepts/workloads/pods/pod-lifecycle/#pod-phase
    var phase: Pod.Phase {
        if stop == .deadlineExceeded { return .failed }
        guard isFinished else { return isInitialized ? .running : .pending }
        let judged = isInitialized ? containers.filter { $0.role == .main } : containers
        return judged.allSatisfy { ($0.termination?.exitCode ?? 0) == 0 } ? .succeeded : .failed
    }

    private var isInitialized: Bool {
        containers.allSatisfy { container in
            switch container.role {
            case .main: true
            case .initializer: container.termination?.exitCode == 0
            case .sidecar: container.state != .waiting
            }
        }
    }

    private func civil(_ time: Duration) -> JSONValue { .string((epoch + time).rfc3339) }

    // MARK: Conditions

    private func conditions(_ phase: Pod.Phase) -> [JSONValue] {
        let isOver = phase.isTerminal
        let overReason = phase == .succeeded ? "PodCompleted" : "PodFailed"
        let uninitialized = containers.filter { $0.role == .initializer && $0.termination?.exitCode != 0 }
        let unready = containers.filter { $0.role != .initializer && !$0.isRunning }
        let isReady = isInitialized && unready.isEmpty && !isOver

        func names(_ containers: [ContainerRun]) -> String { containers.map(\.name).joined(separator: " ") }
        let initialized = condition(
            "Initialized", isInitialized, since: initializedAt,
            reason: isInitialized ? (phase == .succeeded ? overReason : nil) : "ContainersNotInitialized",
            message: isInitialized ? nil : "containers with incomplete status: [\(names(uninitialized))]")
        let reason = isReady ? nil : isOver ? overReason : "ContainersNotReady"
        let message = isReady || isOver ? nil : "containers with unready status: [\(names(unready))]"
        return [
            initialized,
            condition("Ready", isReady, since: lastChange, reason: reason, message: message),
            condition("ContainersReady", isReady, since: lastChange, reason: reason, message: message),
        ]
    }

    /// The merge keeps what a patch leaves out, so an absent reason is taken back by a null.
    private func condition(
        _ type: String, _ isTrue: Bool, since time: Duration, reason: String?, message: String?
    ) -> JSONValue {
        [
            "type": .string(type), "status": isTrue ? "True" : "False", "lastTransitionTime": civil(time),
            "reason": reason.map(JSONValue.string) ?? .null, "message": message.map(JSONValue.string) ?? .null,
        ]
    }

    private var initializedAt: Duration {
        let ends = containers.filter { $0.role == .initializer }.compactMap { $0.termination?.finished }
        return isInitialized ? ends.max() ?? started ?? .zero : started ?? .zero
    }

    /// When a main container or sidecar last started or ended.
    private var lastChange: Duration {
        let changes = containers.filter { $0.role != .initializer }.compactMap { container -> Duration? in
            switch container.state {
            case .waiting: nil
            case .running(let since): since
            case .terminated(let last), .backingOff(_, let last): last.finished
            }
        }
        return changes.max() ?? started ?? .zero
    }

    // MARK: Containers

    private func containerStatus(_ container: ContainerRun) -> JSONValue {
        var status: JSONObject = [
            "name": .string(container.name), "image": .string(container.image),
            "imageID": .string(container.image.isEmpty ? "" : "boreas://\(container.image)"),
            "restartCount": .integer(Int64(container.restarts)), "lastState": [:],
            "ready": .bool(isReady(container)), "started": .bool(container.isRunning),
        ]
        var last = container.previous.map { terminated($0, container, run: container.restarts - 1) }
        switch container.state {
        case .waiting:
            let reason = container.role == .main && !isInitialized ? "PodInitializing" : "ContainerCreating"
            status["state"] = ["waiting": ["reason": .string(reason)]]
        case .running(let since): status["state"] = ["running": ["startedAt": civil(since)]]
        case .terminated(let termination): status["state"] = terminated(termination, container, run: container.restarts)
        case .backingOff(let until, let termination):
            last = terminated(termination, container, run: container.restarts)
            let wait = (until - termination.finished).text
            let message = "back-off \(wait) restarting failed container=\(container.name) pod=\(key.name)"
            status["state"] = ["waiting": ["reason": "CrashLoopBackOff", "message": .string(message)]]
        }
        if let last { status["lastState"] = last }
        if container.state != .waiting {
            status["containerID"] = .string(containerID(container, run: container.restarts))
        }
        return .object(status)
    }

    /// An init container is ready once it is through.
    private func isReady(_ container: ContainerRun) -> Bool {
        container.role == .initializer ? container.termination?.exitCode == 0 : container.isRunning
    }

    private func containerID(_ container: ContainerRun, run: Int) -> String {
        "boreas://\(uid)/\(container.name)/\(run)"
    }

    private func terminated(
        _ termination: ContainerRun.Termination, _ container: ContainerRun, run: Int
    ) -> JSONValue {
        var state: JSONObject = [
            "exitCode": .integer(Int64(termination.exitCode)), "reason": .string(termination.reason),
            "startedAt": civil(termination.started), "finishedAt": civil(termination.finished),
            "containerID": .string(containerID(container, run: run)),
        ]
        state["message"] = termination.message.map(JSONValue.string)
        return ["terminated": .object(state)]
    }
}
