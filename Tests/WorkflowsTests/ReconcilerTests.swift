import Kubernetes
import Resilience
import Testing
import Workflows

struct ReconcilerTests {
    private func reconcile(
        _ workflow: Workflow, pods: [Pod] = [], taskSet: WorkflowTaskSet? = nil, after seconds: Int = 0,
        policy: Policy = .boreas
    ) -> Reconciler.Plan {
        Reconciler.reconcile(
            Reconciler.Observation(
                workflow: workflow, pods: pods, taskSet: taskSet, now: WorkflowFixtures.start + .seconds(seconds)),
            settings: WorkflowFixtures.settings(policy))
    }

    private func firstPod(_ plan: Reconciler.Plan) throws -> Pod {
        for effect in plan.effects {
            switch effect {
            case .createPod(let pod, _), .createAgentPod(let pod): return pod
            default: continue
            }
        }
        return try #require(nil as Pod?, "the plan creates no pod")
    }

    private func with(_ phase: Pod.Phase, exitCode: Int64? = nil, _ pod: Pod) -> Pod {
        var pod = pod
        pod.phase = phase
        if let exitCode {
            pod.json["status", "containerStatuses"] = [
                ["name": "main", "state": ["terminated": ["exitCode": .integer(exitCode)]]]
            ]
        }
        return pod
    }

    @Test("a new container workflow starts running and wants its pod")
    func start() throws {
        let plan = reconcile(WorkflowFixtures.workflow(spec: WorkflowFixtures.containerSpec))
        #expect(plan.workflow.phase == .running)
        #expect(plan.workflow.startedAt == WorkflowFixtures.start)
        #expect(plan.workflow.metadata.labels[WorkflowNames.phaseLabel] == "Running")
        #expect(plan.workflow.metadata.labels[WorkflowNames.completedLabel] == "false")
        let pod = try firstPod(plan)
        #expect(pod.metadata.name == "hello")
        #expect(pod.metadata.labels[WorkflowNames.workflowLabel] == "hello")
        #expect(pod.metadata.labels[WorkflowNames.instanceLabel] == WorkflowFixtures.instanceID)
        #expect(pod.metadata.annotations[WorkflowNames.nodeIDAnnotation] == "hello")
        #expect(pod.metadata.ownerReferences.map(\.uid) == ["uid-of-hello"])
        #expect(pod.containers.map(\.name) == ["main"])
    }

    @Test("deciding again on the same facts changes nothing and wants the same")
    func idempotence() throws {
        for spec in [WorkflowFixtures.containerSpec, WorkflowFixtures.httpSpec, WorkflowFixtures.stepsSpec] {
            let first = reconcile(WorkflowFixtures.workflow(spec: spec))
            let second = reconcile(first.workflow, after: 60)
            #expect(second.workflow == first.workflow)
            #expect(second.effects == first.effects)
        }
    }

    private static let ends: [(Pod.Phase, Int64?, Workflow.Phase, String?)] = [
        (.succeeded, 0, .succeeded, nil), (.failed, 3, .failed, "Error (exit code 3)"),
        (.failed, nil, .failed, "pod failed for unknown reason"),
    ]

    @Test("a pod's end is its workflow's", arguments: ends)
    func podEnds(phase: Pod.Phase, exitCode: Int64?, expected: Workflow.Phase, message: String?) throws {
        let started = reconcile(WorkflowFixtures.workflow(spec: WorkflowFixtures.containerSpec))
        let pod = with(phase, exitCode: exitCode, try firstPod(started))
        let plan = reconcile(started.workflow, pods: [pod], after: 5)
        #expect(plan.workflow.phase == expected)
        #expect(plan.workflow.message == message)
        #expect(plan.workflow.finishedAt == WorkflowFixtures.start + .seconds(5))
        #expect(plan.workflow.metadata.labels[WorkflowNames.completedLabel] == "true")
        #expect(plan.effects.isEmpty)
    }

    @Test("a pending node's missing pod is created again; one that ran and is gone ends its node in Error")
    func missingPods() throws {
        let started = reconcile(WorkflowFixtures.workflow(spec: WorkflowFixtures.containerSpec))
        let pod = try firstPod(started)
        #expect(reconcile(started.workflow, after: 60).effects == [.createPod(pod, nodeID: "hello")])
        let running = reconcile(started.workflow, pods: [with(.running, pod)], after: 5)
        #expect(running.workflow.node("hello")?.phase == .running)
        let justStarted = reconcile(running.workflow, after: 9)
        #expect(justStarted.workflow.phase == .running && justStarted.effects.isEmpty)
        let gone = reconcile(running.workflow, after: 11)
        #expect(gone.workflow.phase == .error)
        #expect(gone.workflow.message == "pod deleted")
    }

    @Test("a leftover pod of a deleted namesake counts for nothing")
    func namesake() throws {
        let started = reconcile(WorkflowFixtures.workflow(spec: WorkflowFixtures.containerSpec))
        var pod = with(.succeeded, try firstPod(started))
        pod.metadata.ownerReferences = []
        #expect(reconcile(started.workflow, pods: [pod]).workflow.phase == .running)
    }

    @Test("HTTP nodes are handed to a task set first and to an agent pod then")
    func http() throws {
        let plan = reconcile(WorkflowFixtures.workflow(spec: WorkflowFixtures.httpSpec))
        #expect(plan.effects.map(\.key) == ["writeTaskSet", "createAgentPod"])
        guard case .writeTaskSet(let taskSet) = plan.effects.first else { return }
        #expect(taskSet.metadata.name == "hello")
        #expect(taskSet.tasks["hello"]?.object?["http"]?.object?["url"]?.string == "http://example.test/")
        let agent = try firstPod(plan)
        #expect(agent.metadata.name == "hello-1340600742-agent")
        #expect(agent.metadata.labels[WorkflowNames.componentLabel] == "agent")
        for list in ["initContainers", "containers"] {
            let container = try #require(agent.json["spec", list]?.array?.first?.object)
            #expect(container["resources", "requests"] == ["cpu": "10m", "memory": "64M"])
            #expect(container["resources", "limits"] == ["cpu": "100m", "memory": "256M"])
        }
        let handedOver = reconcile(plan.workflow, pods: [agent], taskSet: taskSet)
        #expect(handedOver.effects.isEmpty)
    }

    @Test("results in the task set end their nodes, and the agent pod goes with the workflow")
    func results() throws {
        let plan = reconcile(WorkflowFixtures.workflow(spec: WorkflowFixtures.httpSpec))
        guard case .writeTaskSet(var taskSet) = plan.effects.first else { return }
        taskSet.results = ["hello": ["phase": "Succeeded", "outputs": ["result": "hi"]]]
        var agent = try firstPod(plan)
        agent.metadata.uid = "u"
        let done = reconcile(plan.workflow, pods: [agent], taskSet: taskSet)
        #expect(done.workflow.phase == .succeeded)
        #expect(done.workflow.node("hello")?.result == "hi")
        #expect(done.workflow.json["status", "progress"] == "1/1")
        let over = reconcile(done.workflow, pods: [agent], taskSet: taskSet)
        #expect(
            over.effects == [.deletePod(agent.metadata.key, uid: "u"), .completeTaskSet])
        #expect(over.workflow == done.workflow)
    }

    private static let agentLosses: [(Policy, WorkflowNode.Phase)] = [(.argo412, .error), (.argo3417, .pending)]

    @Test("an agent pod that fails takes its unfinished nodes along, or in v3.4 the workflow", arguments: agentLosses)
    func agentLoss(policy: Policy, node: WorkflowNode.Phase) throws {
        let plan = reconcile(WorkflowFixtures.workflow(spec: WorkflowFixtures.httpSpec))
        var agent = with(.failed, try firstPod(plan))
        agent.json["status", "message"] = "The node was low on resource: memory."
        let lost = reconcile(plan.workflow, pods: [agent], policy: policy)
        #expect(lost.workflow.phase == .error)
        #expect(lost.workflow.message == "agent pod failed with reason:\"The node was low on resource: memory.\"")
        #expect(lost.workflow.node("hello")?.phase == node)
    }

    @Test("steps: a group starts after the one before it, and a failure ends the steps")
    func steps() throws {
        let plan = reconcile(WorkflowFixtures.workflow(spec: WorkflowFixtures.stepsSpec))
        #expect(plan.workflow.nodes.map(\.displayName).sorted() == ["[0]", "first", "hello"])
        let first = try #require(plan.workflow.nodes.first { $0.displayName == "first" })
        #expect(first.id == WorkflowNames.nodeID(workflow: "hello", nodeName: "hello[0].first"))
        guard case .writeTaskSet(var taskSet) = plan.effects.first else { return }
        taskSet.results[first.id] = ["phase": "Succeeded", "outputs": ["result": "two"]]
        let second = reconcile(plan.workflow, pods: [try firstPod(plan)], taskSet: taskSet)
        #expect(second.effects.map(\.key).contains { $0.hasPrefix("createPod/hello-work-") })
        #expect(second.workflow.node(first.id)?.children.count == 1)
        guard case .writeTaskSet(let more) = second.effects.first(where: { $0.key == "writeTaskSet" }) else {
            Issue.record("the new HTTP node is not handed over")
            return
        }
        let left = try #require(second.workflow.nodes.first { $0.displayName == "left" })
        #expect(more.tasks[left.id]?.object?["http"]?.object?["url"]?.string == "http://example.test/two")
        taskSet.results[left.id] = ["phase": "Failed", "message": "received non-2xx response code: 500"]
        let right = try #require(second.workflow.nodes.first { $0.displayName == "right" })
        let pods = second.effects.compactMap { effect -> Pod? in
            if case .createPod(let pod, right.id) = effect { with(.succeeded, pod) } else { nil }
        }
        let failed = reconcile(second.workflow, pods: pods, taskSet: taskSet)
        #expect(failed.workflow.phase == .failed)
        #expect(failed.workflow.message == "child '\(left.id)' failed")
        #expect(failed.workflow.json["status", "progress"] == "2/3")
    }

    @Test("a failure goes as far as the policy lets it", arguments: Policy.Disposition.allCases)
    func dispositions(disposition: Policy.Disposition) throws {
        let plan = reconcile(WorkflowFixtures.workflow(spec: WorkflowFixtures.httpSpec))
        let effect = try #require(plan.effects.last)
        let failure = Reconciler.Failure(
            effect: effect, path: .agentPodCreate, disposition: disposition, message: "no room")
        var workflow = plan.workflow
        let haveNodesFailed = Reconciler.apply(failure, to: &workflow, now: WorkflowFixtures.start)
        let node = try #require(workflow.node("hello"))
        switch disposition {
        case .ignore: #expect(workflow == plan.workflow)
        case .requeue:
            #expect(node.phase == .pending && node.message == "no room")
            // Other words at the next try are no change: they would wake the workflow before its backoff is over.
            let noted = workflow
            let again = Reconciler.Failure(
                effect: effect, path: .agentPodCreate, disposition: .requeue, message: "still no room")
            _ = Reconciler.apply(again, to: &workflow, now: WorkflowFixtures.start)
            #expect(workflow == noted)
        case .failNode:
            #expect(haveNodesFailed)
            #expect(node.phase == .error && node.message == "create agent pod failed with reason:\"no room\"")
        case .failWorkflow:
            #expect(workflow.phase == .error && node.phase == .pending)
            #expect(workflow.message == "failed to create Agent pod. Reason: no room")
        }
    }
}
