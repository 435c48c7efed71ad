package import Kubernetes

extension ControllerMetrics {
    /// A workflow came, went, or entered another phase.
    ///
    /// - Parameters:
    ///   - old: Its phase before; nil where it was not known.
    ///   - new: Its phase now; nil where it is gone.
    package func workflowChanged(from old: Workflow.Phase?, to new: Workflow.Phase?, namespace: String) {
        guard old != new else { return }
        if let old { registry.add(-1, to: .gauge, [Self.label(old)]) }
        guard let new else { return }
        registry.add(to: .gauge, [Self.label(new)])
        registry.add(to: .totalCount, [Self.label(new), namespace])
    }

    /// Argo's word for a workflow that no controller has looked at.
    private static func label(_ phase: Workflow.Phase) -> String { phase == .unknown ? "New" : phase.rawValue }

    /// A pod of a workflow came, went, or entered another phase.
    package func podChanged(from old: Pod.Phase?, to new: Pod.Phase?, namespace: String) {
        guard old != new else { return }
        if let old { registry.add(-1, to: .podsGauge, [old.rawValue]) }
        guard let new else { return }
        registry.add(to: .podsGauge, [new.rawValue])
        registry.add(to: .podsTotalCount, [new.rawValue, namespace])
    }

    /// A pod began to wait.
    ///
    /// - Parameter message: The reason, and after a colon what else there is to say.
    package func podPending(message: String, namespace: String) {
        let reason = message.prefix { $0 != ":" }
        guard reason != "PodInitializing", !reason.isEmpty else { return }
        registry.add(to: .podPendingCount, [String(reason), namespace])
    }

    /// A node's pod is gone, and its end was not seen.
    package func podMissing(nodePhase: String, isRecentlyStarted: Bool) {
        registry.add(to: .podMissing, [nodePhase, String(isRecentlyStarted)])
    }

    /// A run of a CronWorkflow is to be made.
    package func cronTriggered(_ cron: ObjectKey) {
        registry.add(to: .cronWorkflowsTriggeredTotal, [cron.name, cron.namespace])
    }

    /// A run was skipped (`Forbid`), or others made way for it (`Replace`).
    package func cronPolicyTriggered(_ cron: ObjectKey, policy: String) {
        registry.add(to: .cronWorkflowsConcurrencyPolicyTriggered, [cron.name, cron.namespace, policy])
    }

    /// The errors that Argo counts by name.
    package enum ErrorCause: String, Hashable, Sendable, CaseIterable {
        case cronWorkflowSubmissionError = "CronWorkflowSubmissionError"
        case cronWorkflowSpecError = "CronWorkflowSpecError"
        case operationPanic = "OperationPanic"
    }

    package func errorOccurred(_ cause: ErrorCause) { registry.add(to: .errorCount, [cause.rawValue]) }

    /// A clean-up failed.
    ///
    /// - Parameter error: Nil where the cause was no answer of the API.
    package func cleanupFailed(_ action: PodCleanup.Action, error: APIError?) {
        let reason = error.map { error in
            [error.status?.reason ?? "", error.transport?.kind.rawValue ?? "", error.code.rawValue]
                .first { !$0.isEmpty } ?? "other"
        }
        registry.add(to: .podCleanupFailuresTotal, [action.rawValue, reason ?? "other"])
    }

    /// The controller leads from now on, or no longer does.
    package func leaderChanged(isLeader: Bool) { registry.set(.isLeader, to: isLeader ? 1 : 0) }

    /// A message was logged: `error`, `warn` or `info`.
    package func logged(level: String) { registry.add(to: .logMessages, [level]) }

    /// What the controller was built from; said once.
    ///
    /// - Parameters:
    ///   - version: Its own.
    ///   - platform: `linux/amd64`, say.
    package func started(version: String, platform: String, commit: String = "unknown", compiler: String = "swiftc") {
        registry.set(
            .version, [version, platform, "none", "unknown", compiler, commit, "unknown", version], to: 1)
    }
}
