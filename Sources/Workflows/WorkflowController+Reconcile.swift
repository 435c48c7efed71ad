import Determinism
import Kubernetes
import Logging
import Resilience
import Synchronization

extension WorkflowController {
    /// What one look at a workflow has come to so far.
    private struct Look {
        var failures: [CallFailed] = []
        /// Effects that are not to be tried again before the next look.
        var failed: Set<String> = []
        /// What became of the permits that were asked for.
        var locks: [LockHolder: LockAnswer] = [:]
        /// The last requests of the calls whose failures ended nodes, by node id.
        var causes: [String: String] = [:]
        /// To be given back once the status that no longer has them is written.
        var releases: [LockHolder] = []
        var lookAgain: Timestamp?
        var hasWritten = false
    }

    /// One look at one workflow, counted.
    func look(at key: ObjectKey) async throws -> WorkQueueRunner<ObjectKey>.Outcome {
        if let outcome = try await takeLocksOver() { return outcome }
        state.withLock { $0.reconciles += 1 }
        let started = runner.clock.now
        let outcome = try await reconcile(key)
        metrics.reconciled(in: runner.clock.now - started)
        return outcome
    }

    private var store: Policy.Locks.Store { runner.policy.locks.store }

    /// Permits that workflows hold from an earlier life of the controller are taken over before any is given away: by the
    /// first look, while the others come back a moment later.
    ///
    /// - Returns: What becomes of this look; nil where it may go on.
    private func takeLocksOver() async throws -> WorkQueueRunner<ObjectKey>.Outcome? {
        let takeover = state.withLock { state in
            defer { if state.takeover == .pending { state.takeover = .underWay } }
            return state.takeover
        }
        switch takeover {
        case .done: return nil
        case .underWay: return .done(again: .milliseconds(20))
        case .pending: break
        }
        do {
            try await locks.reestablish(workflows.objects)
            state.withLock { $0.takeover = .done }
            return nil
        } catch {
            state.withLock { $0.takeover = .pending }
            switch error {
            case let failure as CallFailed:
                logger.debug("permits not taken over", metadata: ["error": "\(failure.error)"])
                return .retry(onWait: { [runner] in runner.requeued([failure], wait: $0) })
            case let failure as LockStoreError:
                logger.debug("permits not taken over", metadata: ["error": "\(failure)"])
                return .retry(onWait: { _ in })
            default: throw error
            }
        }
    }

    /// Decide, do, and write down what became of it.
    private func reconcile(_ key: ObjectKey) async throws -> WorkQueueRunner<ObjectKey>.Outcome {
        guard var workflow = workflows[key] else {
            if let uid = note(key, nil)?.uid { locks.forget(workflow: key, uid: uid) }
            settings.specifications.forget(key)
            runner.abandon(about: key)
            return .done(again: nil)
        }
        if let known = state.withLock({ $0.known[key] }), known.uid != workflow.metadata.uid ?? "" {
            // A namesake has come before the end of the other was looked at.
            note(key, nil)
            locks.forget(workflow: key, uid: known.uid)
            runner.abandon(about: key)
        }
        var look = Look()
        // A status that was written calls for another pass: permits that are recorded now may be used, a finished
        // workflow's agent is to go. Three passes are the rule; more are due only to somebody else's writes.
        for _ in 1...10 {
            let stored = workflow
            workflow = try await pass(over: stored, &look)
            if workflow != stored {
                do {
                    guard let written = try await write(workflow, replacing: stored) else { return .done(again: nil) }
                    workflow = written
                    workflows.observed(workflow)
                    look.hasWritten = true
                } catch let failure as CallFailed {
                    log(failure, key)
                    look.failures.append(failure)
                    break
                }
            }
            for holder in look.releases { try await release(holder, &look) }
            look.releases = []
            guard workflow != stored else { break }
        }
        let old = note(key, workflow)
        if workflow.phase.isTerminal {
            if old?.phase.isTerminal != true { locks.leaveLine(workflow: key, uid: workflow.metadata.uid ?? "") }
            collector.observed(workflow)
            settings.specifications.forget(key)
        }
        let requeued = look.failures.filter { $0.disposition == .requeue }
        guard requeued.isEmpty else {
            return .retry(onWait: { [runner] in runner.requeued(requeued, wait: $0) })
        }
        // Whoever is over holds nothing, nor what was granted and never written down, because a stop came first.
        if workflow.phase.isTerminal, runner.policy.locks.isWriteAhead, let uid = workflow.metadata.uid {
            locks.forget(workflow: key, uid: uid)
        }
        return .done(again: rest(of: look, isOver: workflow.phase.isTerminal))
    }

    /// How long the workflow may be left alone.
    private func rest(of look: Look, isOver: Bool) -> Duration? {
        let asked = look.lookAgain.map { max(.zero, $0 - now) }
        // A controller that gathers changes is woken by its own writes too, as Argo is; for others they are no news.
        let batching = runner.policy.batching
        let own = isOver ? nil : look.hasWritten && batching > .zero ? batching : configuration.resync
        return [asked, own].compactMap(\.self).min()
    }

    /// Decides and performs until neither a failure nor an answer changes the decision.
    ///
    /// - Returns: The workflow with its new status.
    private func pass(over stored: Workflow, _ look: inout Look) async throws -> Workflow {
        var workflow = stored
        // Each further round is due to nodes that failed or were given permits, so their number is bounded by the
        // workflow's size.
        while true {
            let key = workflow.metadata.key
            let observation = Reconciler.Observation(
                workflow: workflow, pods: pods.objects(indexed: key.name), taskSet: taskSets[key], locks: look.locks,
                templates: { [templates] in templates[ObjectKey(namespace: key.namespace, name: $0)] },
                configMaps: { [configMaps] in configMaps[ObjectKey(namespace: key.namespace, name: $0)] }, now: now)
            let plan = Reconciler.reconcile(observation, settings: settings)
            if try await acquireLocks(plan.effects, &look) { continue }
            workflow = plan.workflow
            look.lookAgain = plan.lookAgain
            for var retry in plan.retries {
                retry.requestID = look.causes[retry.nodeID]
                runner.retriedByWorkflow(retry)
            }
            guard try await perform(plan.effects, for: &workflow, &look) else { return workflow }
        }
    }

    /// - Returns: Whether there are answers that were not known before.
    private func acquireLocks(_ effects: [Reconciler.Effect], _ look: inout Look) async throws -> Bool {
        var isNews = false
        for case .acquireLocks(let request) in effects where look.locks[request.holder] == nil {
            do {
                metrics.lockRequested(request, store: store)
                let answer = try await locks.acquire(request)
                if answer == .granted { metrics.lockGranted(request, store: store) }
                look.locks[request.holder] = answer
            } catch let failure as CallFailed {
                log(failure, request.holder.workflow)
                look.failures.append(failure)
                look.locks[request.holder] = .waiting(on: request.locks[0], message: failure.error.message)
            }
            isNews = true
        }
        return isNews
    }

    /// - Returns: Whether nodes failed by it, so that another round is due.
    private func perform(
        _ effects: [Reconciler.Effect], for workflow: inout Workflow, _ look: inout Look
    ) async throws -> Bool {
        var haveNodesFailed = false
        for effect in effects where !look.failed.contains(effect.key) {
            do {
                try await perform(effect, for: workflow, &look)
            } catch let failure as CallFailed {
                log(failure, workflow.metadata.key)
                look.failures.append(failure)
                look.failed.insert(effect.key)
                let consequence = Reconciler.Failure(
                    effect: effect, path: failure.path, disposition: failure.disposition,
                    message: failure.error.message)
                let nodesFailed = Reconciler.apply(consequence, to: &workflow, now: now)
                haveNodesFailed = nodesFailed || haveNodesFailed
                if case .createPod(_, let nodeID) = effect, nodesFailed, failure.classification == .transient {
                    look.causes[nodeID] = failure.requestID
                }
                // Without its task set an agent has nothing to do; a workflow that is over needs nothing.
                if case .writeTaskSet = effect { look.failed.insert(Reconciler.Effect.createAgentPodKey) }
                if workflow.phase.isTerminal { return false }
            }
        }
        return haveNodesFailed
    }

    private func perform(_ effect: Reconciler.Effect, for workflow: Workflow, _ look: inout Look) async throws {
        switch effect {
        case .acquireLocks: break
        case .releaseLocks(let holder):
            look.locks[holder] = nil
            if runner.policy.locks.isWriteAhead {
                look.releases.append(holder)
            } else {
                try await release(holder, &look)
            }
        case .cleanUp(let cleanup, let wait): cleaner.add(cleanup, after: wait)
        default: try await perform(effect, for: workflow)
        }
    }

    private func release(_ holder: LockHolder, _ look: inout Look) async throws {
        do {
            metrics.locksReleased(by: holder, store: store)
            try await locks.release(holder)
        } catch let failure as CallFailed {
            log(failure, holder.workflow)
            look.failures.append(failure)
        }
    }

    /// - Returns: The workflow as it was when it was last looked at.
    @discardableResult
    private func note(_ key: ObjectKey, _ workflow: Workflow?) -> Known? {
        let known = workflow.map { Known(uid: $0.metadata.uid ?? "", phase: $0.phase) }
        let old = state.withLock { state in
            defer { state.known[key] = known }
            return state.known[key]
        }
        if old?.phase != known?.phase {
            metrics.workflowChanged(from: old?.phase, to: known?.phase, namespace: key.namespace)
        }
        return old
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
