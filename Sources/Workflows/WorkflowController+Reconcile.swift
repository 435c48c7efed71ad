import Kubernetes
import Logging
import Resilience

extension WorkflowController {
    /// What one look at a workflow could not get done.
    private struct Setbacks {
        var failures: [CallFailed] = []
        /// Effects that are not to be tried again before the next look.
        var effects: Set<String> = []
    }

    /// One look at one workflow: decide, do, and write down what became of it.
    func reconcile(_ key: ObjectKey) async throws -> WorkQueueRunner<ObjectKey>.Outcome {
        guard var workflow = workflows[key] else {
            runner.abandon(about: key)
            return .done(again: nil)
        }
        var setbacks = Setbacks()
        var hasWritten = false
        // A status that was written calls for another pass: a finished workflow's agent is to go. Two passes are the
        // rule; more are due only to somebody else's writes.
        for _ in 1...10 {
            let stored = workflow
            workflow = try await pass(over: stored, &setbacks)
            guard workflow != stored else { break }
            do {
                guard let written = try await write(workflow, replacing: stored) else { return .done(again: nil) }
                workflow = written
                workflows.observed(workflow)
                hasWritten = true
            } catch let failure as CallFailed {
                log(failure, key)
                setbacks.failures.append(failure)
                break
            }
        }
        let requeued = setbacks.failures.filter { $0.disposition == .requeue }
        guard requeued.isEmpty else {
            return .retry(onWait: { [runner] in runner.requeued(requeued, wait: $0) })
        }
        guard !workflow.phase.isTerminal else { return .done(again: nil) }
        // A controller that gathers changes is woken by its own writes too, as Argo is; for others they are no news.
        let batching = configuration.policy.batching
        return .done(again: hasWritten && batching > .zero ? batching : configuration.resync)
    }

    /// Decides and performs until no failure changes the decision.
    ///
    /// - Returns: The workflow with its new status.
    private func pass(over stored: Workflow, _ setbacks: inout Setbacks) async throws -> Workflow {
        var workflow = stored
        // Each further round is due to nodes that failed, so their number is bounded by the workflow's size.
        while true {
            let key = workflow.metadata.key
            let observation = Reconciler.Observation(
                workflow: workflow, pods: pods.objects(indexed: key.name), taskSet: taskSets[key], now: now)
            let plan = Reconciler.reconcile(observation, settings: settings)
            workflow = plan.workflow
            var haveNodesFailed = false
            for effect in plan.effects where !setbacks.effects.contains(effect.key) {
                do {
                    try await perform(effect, for: workflow)
                } catch let failure as CallFailed {
                    log(failure, key)
                    setbacks.failures.append(failure)
                    setbacks.effects.insert(effect.key)
                    let consequence = Reconciler.Failure(
                        effect: effect, path: failure.path, disposition: failure.disposition,
                        message: failure.error.message)
                    haveNodesFailed = Reconciler.apply(consequence, to: &workflow, now: now) || haveNodesFailed
                    // Without its task set an agent has nothing to do; a workflow that is over needs nothing.
                    if case .writeTaskSet = effect { setbacks.effects.insert(Reconciler.Effect.createAgentPodKey) }
                    if workflow.phase.isTerminal { return workflow }
                }
            }
            if !haveNodesFailed { return workflow }
        }
    }

    private func log(_ failure: CallFailed, _ key: ObjectKey) {
        logger.debug(
            "call given up",
            metadata: [
                "workflow": "\(key)", "path": "\(failure.path.rawValue)", "error": "\(failure.error)",
                "classification": "\(failure.classification.rawValue)",
                "disposition": "\(failure.disposition.rawValue)",
            ])
    }
}
