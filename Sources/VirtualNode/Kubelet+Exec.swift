import Determinism
package import Kubernetes

extension Kubelet {
    /// Runs a command in a container to its end, as an API server and this node do together: for worlds without
    /// sockets, where it is what `InProcessAPI` takes as `execute`.
    ///
    /// - Throws: ``APIError`` where the pod or the container is not there, and where the timeout passes first.
    package func exec(_ request: ExecRequest) async throws -> ExecResult {
        let plan: ContainerPlan
        do throws(ExecRefusal) {
            plan = try start(request)
        } catch {
            throw APIError(Self.status(of: error, pod: request.pod))
        }
        return try await outcome(of: plan, within: request.timeout)
    }

    private static func status(of refusal: ExecRefusal, pod: ObjectKey) -> Status {
        switch refusal {
        case .podNotFound: .notFound(.pods, name: pod.name)
        case .nodeLost: .internalError(refusal.message)
        case .containerNotRunning: .internalError("unable to upgrade connection: \(refusal.message)")
        }
    }

    /// Waits until a command has ended.
    func outcome(of plan: ContainerPlan, within timeout: Duration?) async throws -> ExecResult {
        if let timeout, plan.duration.map({ $0 > timeout }) ?? true {
            try await pause(timeout)
            throw APIError(
                code: .unreachable, message: "no end of the command within \(timeout.text)",
                transport: TransportFailure(kind: .timeout), mayHaveBeenApplied: true)
        }
        if let duration = plan.duration {
            try await pause(duration)
        } else {
            // For ever, in steps that any clock can take.
            while true { try await pause(.seconds(86_400)) }
        }
        let end = plan.duration ?? .zero
        return ExecResult(
            exitCode: plan.exitCode, standardOutput: Array(plan.text(of: .standardOutput, after: end).utf8),
            standardError: Array(plan.text(of: .standardError, after: end).utf8))
    }
}
