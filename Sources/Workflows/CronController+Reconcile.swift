import Determinism
import Kubernetes
import Logging
import Resilience
import Synchronization

extension CronController {
    /// One look on its way: what is wanted, what the server has, and what could not be done.
    private struct Look {
        var cron: CronWorkflow
        /// As last read or written.
        var stored: CronWorkflow
        var memory: CronReconciler.Memory?
        var failures: [CallFailed] = []
        var lookAgain: Timestamp?
        /// Whether another pass has something to do.
        var goesOn = false
        /// The CronWorkflow is no more.
        var isGone = false
    }

    /// One look at one CronWorkflow: decide, do, and write down what became of it.
    func reconcile(_ key: ObjectKey) async throws -> WorkQueueRunner<ObjectKey>.Outcome {
        guard let cron = crons[key] else {
            forget(key)
            return .done(again: nil)
        }
        var look = Look(cron: cron, stored: cron, memory: memories.withLock { $0[key] })
        // A pass deals with one tick. More than a few are due only after a long standstill.
        for _ in 1...1_000 {
            try await pass(&look, key)
            if look.isGone {
                forget(key)
                return .done(again: nil)
            }
            if !look.goesOn { break }
        }
        let wait = look.lookAgain.map { max(.zero, $0 - now) }
        let requeued = look.failures.filter { $0.disposition == .requeue }
        guard requeued.isEmpty else {
            // The next tick does not wait for the backoff of the last one.
            if let wait { queue.add(key, after: wait) }
            return .retry(onWait: { [runner] in runner.requeued(requeued, wait: $0) })
        }
        return .done(again: min(wait ?? configuration.resync, configuration.resync))
    }

    private func pass(_ look: inout Look, _ key: ObjectKey) async throws {
        let observation = CronReconciler.Observation(
            cron: look.cron, workflows: workflows.objects(indexed: key.name), memory: look.memory, now: now)
        let plan = CronReconciler.reconcile(observation, settings: settings)
        look.cron = plan.cron
        look.lookAgain = plan.lookAgain
        look.goesOn = false
        remember(plan.memory, of: key, in: &look)
        var stopFailure: CallFailed?
        for effect in plan.effects {
            switch effect {
            case .stop(let workflow):
                metrics?.cronPolicyTriggered(key, policy: "Replace")
                // As in Argo, the first that fails keeps the others.
                if stopFailure == nil { stopFailure = try await failure(key) { try await stop(workflow) } }
            case .submit(let run):
                let outcome = try await submit(run, afterStopFailing: stopFailure, &look, key)
                apply(outcome, of: run, to: &look, key)
            case .writeStatus:
                // As long as the status is not written, the runs themselves have to tell of what it says.
                guard try await writeStatus(&look, key) else { return }
            case .delete(let workflow, let uid):
                let failure = try await failure(key) {
                    try await runner.delete(Workflow.resource, workflow, uid: uid, .workflowDelete)
                }
                if let failure { look.failures.append(failure) }
            }
        }
    }

    /// - Returns: Whether the pass goes on.
    private func writeStatus(_ look: inout Look, _ key: ObjectKey) async throws -> Bool {
        do {
            guard let written = try await write(look.cron, replacing: look.stored) else {
                look.isGone = true
                return false
            }
            (look.cron, look.stored) = (written, written)
            return true
        } catch let failure as CallFailed {
            log(failure, key)
            look.failures.append(failure)
            guard failure.disposition == .requeue else { return true }
            look.goesOn = false
            return false
        }
    }

    private func submit(
        _ run: CronReconciler.Run, afterStopFailing stopFailure: CallFailed?, _ look: inout Look, _ key: ObjectKey
    ) async throws -> CronReconciler.Outcome {
        if let stopFailure {
            look.failures.append(stopFailure)
            let message = "run policy error: error stopping workflow: \(stopFailure.error.message)"
            return .failed(stopFailure.disposition, message: message)
        }
        do {
            return try await submit(run, for: key)
        } catch let failure as CallFailed {
            log(failure, key)
            look.failures.append(failure)
            return .failed(failure.disposition, message: "Failed to submit Workflow: \(failure.error.message)")
        }
    }

    private func apply(
        _ outcome: CronReconciler.Outcome, of run: CronReconciler.Run, to look: inout Look, _ key: ObjectKey
    ) {
        guard var memory = look.memory else { return }
        CronReconciler.apply(outcome, of: run, to: &look.cron, &memory, settings: settings)
        remember(memory, of: key, in: &look)
        switch outcome {
        case .submitted: look.goesOn = true
        case .taken: look.goesOn = !memory.pending.isEmpty
        case .failed(let disposition, _):
            metrics?.errorOccurred(.cronWorkflowSubmissionError)
            look.goesOn = disposition != .requeue && !memory.pending.isEmpty
        }
    }

    /// - Returns: Nil where the body succeeds.
    private func failure(_ key: ObjectKey, of body: () async throws -> Void) async throws -> CallFailed? {
        do {
            try await body()
            return nil
        } catch let failure as CallFailed {
            log(failure, key)
            return failure
        }
    }

    private func remember(_ memory: CronReconciler.Memory, of key: ObjectKey, in look: inout Look) {
        let kept = Set(memory.pending.map(\.tick))
        for pending in look.memory?.pending ?? [] where !kept.contains(pending.tick) {
            // Nobody takes up the create of a tick that was given up.
            let name = CronNames.workflowName(cron: key.name, tick: pending.tick)
            runner.abandon(about: ObjectKey(namespace: key.namespace, name: name))
        }
        look.memory = memory
        memories.withLock { $0[key] = memory }
    }

    private func forget(_ key: ObjectKey) {
        let memory = memories.withLock { $0.removeValue(forKey: key) }
        for pending in memory?.pending ?? [] {
            let name = CronNames.workflowName(cron: key.name, tick: pending.tick)
            runner.abandon(about: ObjectKey(namespace: key.namespace, name: name))
        }
        runner.abandon(about: key)
    }

    private func log(_ failure: CallFailed, _ key: ObjectKey) {
        logger.debug(
            "call given up",
            metadata: [
                "cronWorkflow": "\(key)", "path": "\(failure.path.rawValue)", "error": "\(failure.error)",
                "classification": "\(failure.classification.rawValue)",
                "disposition": "\(failure.disposition.rawValue)",
            ])
    }
}
