import Determinism
import Kubernetes
import Resilience
import Testing
import Workflows

@Suite(.timeLimit(.minutes(2)))
struct WorkflowControllerTests {
    /// Everything that a trial has, without weather but for the script.
    private struct Trial {
        var api: ScriptedAPI
        var policy: Policy
        let log = ObserverLog()
        let clock = TrialClock.scaled(by: 100)
        let attempts = AttemptCounter()

        init(
            _ policy: Policy, stalledWatches: Int = 0,
            script: @escaping @Sendable (APIRequest, Int) -> ScriptedAPI.Fault? = { _, _ in nil }
        ) {
            self.policy = policy
            api = ScriptedAPI(stalledWatches: stalledWatches, script: script)
        }

        func makeController() -> ControllerProcess {
            ControllerProcess(
                api: api,
                configuration: .init(
                    namespace: WorkflowFixtures.namespace, instanceID: WorkflowFixtures.instanceID, policy: policy,
                    identity: "test"),
                clock: clock, streams: RandomStreams(seed: 1), attempts: attempts, observer: log.observer)
        }

        /// Submits a workflow, and runs it to its end.
        ///
        /// - Parameter meanwhile: Done beside the controller.
        func run(
            _ workflow: Workflow,
            meanwhile: @escaping @Sendable (ScriptedAPI, ObjectKey) async throws -> Void = { _, _ in }
        ) async throws -> Workflow {
            let key = try await api.create(workflow).metadata.key
            return try await finish(key) { try await meanwhile(api, key) }
        }

        /// Runs the controller and a node until the workflow is over and its agent pod is gone.
        func finish(
            _ key: ObjectKey, meanwhile: @escaping @Sendable () async throws -> Void = {}
        ) async throws -> Workflow {
            let controller = makeController()
            let node = FakeNode(api: api, policy: policy, clock: clock, attempts: attempts)
            return try await withThrowingTaskGroup { group in
                group.addTask { () -> Workflow? in
                    try await controller.run()
                    return nil
                }
                group.addTask { () -> Workflow? in
                    try await node.run()
                    return nil
                }
                group.addTask { () -> Workflow? in
                    try await meanwhile()
                    return nil
                }
                group.addTask { try await finished(key) }
                defer { group.cancelAll() }
                while let result = try await group.next() {
                    if let result { return result }
                }
                throw CancellationError()
            }
        }

        private func finished(_ key: ObjectKey) async throws -> Workflow {
            while true {
                let current = try #require(api.objects(Workflow.self).first { $0.metadata.key == key })
                let agent = WorkflowNames.agentPodName(workflow: key.name)
                if current.phase.isTerminal, !api.objects(Pod.self).contains(where: { $0.metadata.name == agent }) {
                    return current
                }
                try await clock.sleep(for: .milliseconds(500))
            }
        }
    }

    private static let everyPolicy = Policy.presets

    @Test("an HTTP workflow completes under every policy in good weather", arguments: everyPolicy)
    func http(policy: Policy) async throws {
        let trial = Trial(policy)
        let workflow = try await trial.run(WorkflowFixtures.workflow(spec: WorkflowFixtures.httpSpec))
        #expect(workflow.phase == .succeeded)
        #expect(workflow.node("hello")?.result == "GET http://example.test/")
        #expect(workflow.metadata.labels[WorkflowNames.completedLabel] == "true")
        let agentPods = trial.api.requests.filter { $0.verb == .create && $0.resource == .pods }
        #expect(agentPods.count == 1)
    }

    @Test("a container workflow completes")
    func container() async throws {
        let trial = Trial(.boreas)
        let workflow = try await trial.run(WorkflowFixtures.workflow(spec: WorkflowFixtures.containerSpec))
        #expect(workflow.phase == .succeeded)
        #expect(workflow.node("hello")?.exitCode == "0")
        #expect(workflow.finishedAt != nil)
    }

    @Test("steps run one after another, and side by side within a group")
    func steps() async throws {
        let trial = Trial(.boreas)
        let workflow = try await trial.run(WorkflowFixtures.workflow(spec: WorkflowFixtures.stepsSpec))
        #expect(workflow.phase == .succeeded)
        let left = try #require(workflow.nodes.first { $0.displayName == "left" })
        #expect(left.result == "GET http://example.test/GET http://example.test/one")
    }

    @Test("the tries of a retryStrategy are told of, each once, with the request that is to blame")
    func retries() async throws {
        var policy = Policy.none
        policy.paths[.podCreate] = Policy.PathRule(
            retriesInPlace: false, onTransient: .failNode, onPermanent: .failNode)
        let trial = Trial(policy) { request, ordinal in
            request.verb == .create && request.resource == .pods
                && request.body?.object?["metadata"]?.object?["name"]
                    != nil
                && ordinal == 1 ? .refuse(.quotaConflict) : nil
        }
        let workflow = try await trial.run(WorkflowFixtures.workflow(spec: WorkflowFixtures.retriedSpec))
        #expect(workflow.phase == .error)
        let retries = trial.log.retries
        #expect(retries.map(\.workflow) == ["trial/hello", "trial/hello"])
        #expect(retries.map(\.wait) == [.seconds(2), .seconds(4)])
        #expect(retries.allSatisfy { $0.requestID?.hasPrefix("podCreate/") == true }, "\(retries)")
        let decisions = trial.log.decisions.filter { $0.layer == .workflow }
        #expect(decisions.map(\.wait) == retries.map(\.wait))
        #expect(decisions.map(\.requestID) == retries.map(\.requestID))
    }

    private static let quotaConflicts: [(Policy, Workflow.Phase)] = [
        (.none, .error), (.argo3417, .error), (.argo412, .succeeded), (.fullJitter, .succeeded), (.boreas, .succeeded),
    ]

    @Test(
        "one lost race for a quota ends the workflow under some policies, and not under others",
        arguments: quotaConflicts)
    func quotaConflict(policy: Policy, phase: Workflow.Phase) async throws {
        let trial = Trial(policy) { request, ordinal in
            request.verb == .create && request.resource == .pods && ordinal == 1 ? .refuse(.quotaConflict) : nil
        }
        let workflow = try await trial.run(WorkflowFixtures.workflow(spec: WorkflowFixtures.httpSpec))
        #expect(workflow.phase == phase)
        if policy == .argo3417 {
            #expect(workflow.message?.hasPrefix("failed to create Agent pod. Reason: Operation cannot be") == true)
            #expect(workflow.node("hello")?.phase == .pending)
        }
        if policy == .argo412 {
            let requeues = trial.log.decisions.filter { $0.layer == .requeue }
            #expect(requeues.map(\.wait) == [.seconds(10)])
            #expect(requeues.map(\.requestID) == ["agentPodCreate/trial/hello-1340600742-agent.1"])
            let operation = try #require(trial.log.operations.first { $0.path == .agentPodCreate })
            #expect(operation.outcome == .succeeded)
            #expect(operation.attempts == 2)
            #expect(operation.finished - operation.started >= .seconds(10))
        }
    }

    @Test("v4.1.2 does not classify the reads before the create of an agent pod")
    func unclassifiedRead() async throws {
        let trial = Trial(.argo412) { request, _ in
            request.resource == .secrets ? .refuse(.lostAnswer) : nil
        }
        let workflow = try await trial.run(WorkflowFixtures.workflow(spec: WorkflowFixtures.httpSpec))
        #expect(workflow.phase == .error)
        #expect(workflow.node("hello")?.message?.hasPrefix("create agent pod failed with reason:\"") == true)
    }

    @Test(
        "no write whose answer is lost is done twice",
        arguments: [
            WorkflowFixtures.httpSpec, WorkflowFixtures.containerSpec, WorkflowFixtures.stepsSpec,
        ])
    func lostAnswers(spec: JSONObject) async throws {
        let trial = Trial(.boreas) { request, ordinal in
            guard request.trace != nil, request.verb.isWrite, ordinal == 1 else { return nil }
            return .loseAnswer(.lostAnswer)
        }
        let workflow = try await trial.run(WorkflowFixtures.workflow(spec: spec))
        #expect(workflow.phase == .succeeded)
        let created = trial.api.requests.filter { $0.verb == .create && $0.trace != nil }.map(\.identity)
        for pod in trial.api.objects(Pod.self) {
            #expect(created.count { $0.name == pod.metadata.name } == 2)
        }
        #expect(!trial.api.objects(Pod.self).contains { $0.phase != .succeeded })
    }

    @Test("every request of a trial has an id of its own")
    func requestIDs() async throws {
        let trial = Trial(.boreas) { request, ordinal in
            request.trace != nil && ordinal % 3 == 1 ? .refuse(.lostAnswer) : nil
        }
        let workflow = try await trial.run(WorkflowFixtures.workflow(spec: WorkflowFixtures.stepsSpec))
        #expect(workflow.phase == .succeeded)
        let ids = trial.api.requests.compactMap { $0.trace?.requestID }
        #expect(Set(ids).count == ids.count)
        // The scripted server ends no watch by itself, so that the informers give some up.
        let decisions = trial.log.decisions.filter { $0.layer != .reflector }
        let failed = Set(decisions.map(\.requestID))
        #expect(failed.count == decisions.count)
        #expect(failed.isSubset(of: ids))
    }

    @Test("a field that is not supported is refused by name")
    func unsupported() async throws {
        var spec = WorkflowFixtures.containerSpec
        spec["volumes"] = [["name": "data"]]
        let trial = Trial(.boreas)
        let workflow = try await trial.run(WorkflowFixtures.workflow(spec: spec))
        #expect(workflow.phase == .error)
        #expect(workflow.message == "spec.volumes: is not supported")
        #expect(trial.api.objects(Pod.self).isEmpty)
    }

    @Test("workflows of another instance are left alone")
    func otherInstance() async throws {
        let trial = Trial(.boreas)
        var other = WorkflowFixtures.workflow("other", spec: WorkflowFixtures.containerSpec)
        other.metadata.labels = [:]
        _ = try await trial.api.create(other)
        _ = try await trial.run(WorkflowFixtures.workflow(spec: WorkflowFixtures.containerSpec))
        let left = try #require(trial.api.objects(Workflow.self).first { $0.metadata.name == "other" })
        #expect(left.phase == .unknown)
    }

    @Test("a controller that is restarted in the middle goes on where the last one was")
    func restart() async throws {
        let trial = Trial(.boreas)
        let first = trial.makeController()
        _ = try await trial.api.create(WorkflowFixtures.workflow(spec: WorkflowFixtures.stepsSpec))
        try await withThrowingTaskGroup { group in
            group.addTask { try await first.run() }
            while trial.api.objects(Pod.self).isEmpty { try await trial.clock.sleep(for: .milliseconds(100)) }
            group.cancelAll()
            try await group.waitForAll()
        }
        let workflow = try await trial.finish(
            ObjectKey(namespace: WorkflowFixtures.namespace, name: "hello"))
        #expect(workflow.phase == .succeeded)
        let creates = trial.api.requests.filter { $0.verb == .create && $0.resource == .pods }.map(\.identity)
        #expect(Set(creates).count == creates.count)
        let ids = trial.api.requests.compactMap { $0.trace?.requestID }
        #expect(Set(ids).count == ids.count)
    }

    @Test("a status that could not be written is written in the end")
    func statusWrite() async throws {
        let trial = Trial(.boreas) { request, ordinal in
            request.verb == .update && request.resource == .workflows && ordinal <= 9 ? .refuse(.lostAnswer) : nil
        }
        let workflow = try await trial.run(WorkflowFixtures.workflow(spec: WorkflowFixtures.httpSpec))
        #expect(workflow.phase == .succeeded)
        let operations = trial.log.operations.filter { $0.path == .workflowUpdate }
        #expect(operations.allSatisfy { $0.outcome == .succeeded })
        #expect(operations.map(\.attempts).max() ?? 0 > 9)
    }

    @Test("watches that say nothing are given up, and nothing is missed")
    func stalledWatches() async throws {
        let trial = Trial(.boreas, stalledWatches: 3)
        let workflow = try await trial.run(WorkflowFixtures.workflow(spec: WorkflowFixtures.stepsSpec))
        #expect(workflow.phase == .succeeded)
        #expect(trial.log.decisions.contains { $0.layer == .reflector })
    }

    @Test("a workflow that is changed beside the controller keeps the change")
    func concurrentEdit() async throws {
        let trial = Trial(.boreas) { request, ordinal in
            // As long as it takes somebody else to label the workflow, this answer is not to be had.
            request.verb == .update && request.resource == .workflows && ordinal == 1 ? .refuse(.lostAnswer) : nil
        }
        let spec = WorkflowFixtures.httpSpec
        let edited = try await trial.run(WorkflowFixtures.workflow(spec: spec)) { api, key in
            _ = try await api.patch(Workflow.self, key, ["metadata": ["labels": ["team": "blue"]]])
        }
        #expect(edited.phase == .succeeded)
        #expect(edited.metadata.labels["team"] == "blue")
    }

    @Test("Argo tries a task set again that it could not write, because its own status write wakes it")
    func taskSetWrite() async throws {
        let trial = Trial(.argo412) { request, ordinal in
            request.verb == .create && request.resource == .workflowTaskSets && ordinal == 1
                ? .refuse(.lostAnswer) : nil
        }
        let workflow = try await trial.run(WorkflowFixtures.workflow(spec: WorkflowFixtures.httpSpec))
        #expect(workflow.phase == .succeeded)
        let operations = trial.log.operations.filter { $0.path == .taskSetWrite }
        #expect(operations.map(\.outcome) == [.failed(.transient), .succeeded])
        #expect(operations[1].started - operations[0].started >= .seconds(10))
    }
}
