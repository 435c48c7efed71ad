package import Determinism
package import Kubernetes
package import Logging
package import Resilience
import Synchronization

/// Makes the calls of one workflow's HTTP templates: what Argo runs in an agent pod.
///
/// Tasks come by the workflow's task set, and results go back into its status, where they outlive the agent.
package final class Agent: Sendable {
    package struct Configuration: Sendable {
        package var namespace: String
        package var workflow: String
        package var policy: Policy
        /// Calls at a time; Argo's `ARGO_AGENT_TASK_WORKERS`.
        package var workers: Int

        package init(namespace: String, workflow: String, policy: Policy, workers: Int = 16) {
            self.namespace = namespace
            self.workflow = workflow
            self.policy = policy
            self.workers = workers
        }
    }

    /// What there is to do besides the calls themselves.
    private enum Chore: String, Hashable, Comparable, Sendable, CustomStringConvertible {
        /// Look for new tasks.
        case look
        /// Write results into the task set.
        case handIn

        static func < (left: Chore, right: Chore) -> Bool { left.rawValue < right.rawValue }

        var description: String { rawValue }
    }

    /// The workflow is over, and nobody waits for anything more.
    private struct WorkflowCompleted: Error {}

    private let configuration: Configuration
    private let http: HTTPPort
    private let runner: CallRunner
    private let logger: Logger
    private let ledger: Mutex<AgentLedger>
    private let taskSets: Informer<WorkflowTaskSet>
    private let tasks: WorkQueueRunner<String>
    private let chores: WorkQueueRunner<Chore>

    /// - Parameters: As for ``WorkflowController``; `http` leads to the servers that the workflow calls.
    package init(
        api: any KubernetesAPI, configuration: Configuration, http: HTTPPort, clock: TrialClock,
        streams: RandomStreams, attempts: AttemptCounter, observer: ControllerObserver = ControllerObserver(),
        logger: Logger = Logger(label: "boreas.workflows")
    ) {
        self.configuration = configuration
        self.http = http
        self.logger = logger
        let policy = configuration.policy
        // A controller that takes tasks out of the task set first has an agent that takes none on twice: Argo's pair.
        ledger = Mutex(AgentLedger(refusesConsidered: policy.agent.prunesTasksFirst))
        let runner = CallRunner(
            api: api, policy: policy, clock: clock, streams: streams, attempts: attempts, observer: observer)
        let chores = WorkQueueRunner<Chore>(
            name: "chores", workers: 2, backoff: policy.requeue, clock: clock, streams: streams)
        taskSets = Informer(
            runner: runner,
            scope: .init(
                namespace: configuration.namespace, fieldSelector: "metadata.name=\(configuration.workflow)"),
            onChange: { _ in chores.add(.look) }, onSync: {})
        tasks = WorkQueueRunner(
            name: "tasks", workers: configuration.workers, backoff: .none, clock: clock, streams: streams)
        self.runner = runner
        self.chores = chores
    }

    private var key: ObjectKey { ObjectKey(namespace: configuration.namespace, name: configuration.workflow) }

    /// Works until the task set is marked as that of a completed workflow, or its task is cancelled, and then returns: an
    /// agent pod's exit code is 0. To be called once.
    package func run() async throws {
        defer { runner.abandon() }
        do {
            try await withThrowingTaskGroup { group in
                group.addTask { try await self.taskSets.run() }
                group.addTask { try await self.tasks.run { try await self.work(on: $0) } }
                group.addTask { try await self.chores.run { try await self.attend(to: $0) } }
                defer { group.cancelAll() }
                try await group.next()
            }
        } catch is WorkflowCompleted {
            logger.debug("workflow completed", metadata: ["workflow": "\(key)"])
        } catch is CancellationError {
            logger.debug("agent stopped", metadata: ["workflow": "\(key)"])
        }
    }

    private func work(on id: String) async throws -> WorkQueueRunner<String>.Outcome {
        guard let template = ledger.withLock({ $0.template(of: id) }) else { return .done(again: nil) }
        let result = try await result(of: template)
        ledger.withLock { $0.finished(id, result) }
        chores.add(.handIn, after: configuration.policy.batching)
        return .done(again: nil)
    }

    private func result(of template: JSONObject) async throws -> JSONObject {
        if let refusal = HTTPTask.refusal(of: template) { return HTTPTask.error(refusal) }
        let task = HTTPTask(template: template)
        do {
            return task.result(of: try await http.send(task.request))
        } catch {
            try Task.checkCancellation()
            return HTTPTask.error("\(error)")
        }
    }

    private func attend(to chore: Chore) async throws -> WorkQueueRunner<Chore>.Outcome {
        switch chore {
        case .look:
            guard let taskSet = taskSets[key] else { return .done(again: nil) }
            if taskSet.metadata[label: WorkflowNames.completedLabel] == "true" { throw WorkflowCompleted() }
            let change = ledger.withLock { $0.changed(taskSet) }
            for id in change.started { tasks.add(id) }
            if change.hasLostResults { chores.add(.handIn, after: configuration.policy.batching) }
            return .done(again: nil)
        case .handIn: return try await handIn()
        }
    }

    private func handIn() async throws -> WorkQueueRunner<Chore>.Outcome {
        let results = ledger.withLock { $0.pending }
        guard !results.isEmpty else { return .done(again: nil) }
        let patch: JSONObject = ["status": ["nodes": .object(results)]]
        let request = APIRequest.patch(WorkflowTaskSet.resource, key, patch, subresource: "status")
        do {
            let written = try await runner.perform(.taskSetStatus, request.identity) { call -> WorkflowTaskSet? in
                do {
                    return WorkflowTaskSet(json: try await call.send(request, handling: [.notFound]))
                } catch let error as APIError where error.code == .notFound {
                    return nil
                }
            }
            // Without a task set the workflow is gone, and with it everybody who wanted the results; if it comes back it
            // comes without them.
            written.map(taskSets.observed)
            ledger.withLock { $0.settled(results) }
            return .done(again: nil)
        } catch let failure as CallFailed {
            logger.debug(
                "results not handed in",
                metadata: ["workflow": "\(key)", "error": "\(failure.error)", "results": "\(results.count)"])
            guard failure.disposition == .requeue else {
                ledger.withLock { $0.gaveUp(results) }
                return .done(again: nil)
            }
            return .retry(onWait: { [runner] in runner.requeued([failure], wait: $0) })
        }
    }
}
