import Kubernetes
import Resilience

extension PodCleaner {
    /// A signal that was not delivered.
    struct Setback: Sendable {
        var container: String
        var message: String
        /// Nil where the call worked, and the command did not.
        var failure: CallFailed?
    }

    /// Signals every container of a pod that runs, side by side or one after the other.
    ///
    /// - Returns: What went wrong, in the order of the containers.
    func signal(_ signal: ContainerSignal, _ pod: Pod) async throws -> [Setback] {
        let containers = pod.runningContainers
        guard runner.policy.exec.isParallel else {
            var setbacks: [Setback] = []
            for container in containers {
                if let setback = try await send(signal, to: container, in: pod) { setbacks.append(setback) }
            }
            return setbacks
        }
        return try await withThrowingTaskGroup(of: Setback?.self) { group in
            for container in containers {
                group.addTask { try await self.send(signal, to: container, in: pod) }
            }
            var setbacks: [String: Setback] = [:]
            for try await case let setback? in group { setbacks[setback.container] = setback }
            return containers.compactMap { setbacks[$0] }
        }
    }

    private func send(_ signal: ContainerSignal, to container: String, in pod: Pod) async throws -> Setback? {
        do {
            let command = try signal.command(for: container, in: pod)
            let request = ExecRequest(pod: pod.metadata.key, container: container, command: command)
            let part = "\(container)/\(signal.rawValue)"
            let result = try await runner.perform(.exec, request.identity, part: part) { try await $0.exec(request) }
            // The container that ends takes the command with it.
            let isDelivered = [0, 128 + ContainerSignal.terminate.rawValue, 128 + ContainerSignal.kill.rawValue]
                .contains(result.exitCode)
            return isDelivered
                ? nil : Setback(container: container, message: "\(command[0]) ended with exit code \(result.exitCode)")
        } catch let failure as CallFailed {
            return Setback(container: container, message: "\(failure.error)", failure: failure)
        } catch let bad as ContainerSignal.BadAnnotation {
            return Setback(container: container, message: "\(bad)")
        }
    }
}

extension Pod {
    /// The names of the containers that run, without those of the initialization; in the order of their status.
    var runningContainers: [String] {
        containerStatuses.filter { $0.json["state", "running"] != nil }.map(\.name)
    }
}
