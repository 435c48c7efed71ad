import Kubernetes
import Resilience
import Testing
import Workflows

/// Locks, the agent, and what becomes of pods.
struct WorkflowCleanupTests {
    private static let container = #"{"name": "main", "container": {"image": "x"}}"#

    private static func spec(_ members: String, _ templates: String = container) -> String {
        #"{"entrypoint": "main", \#(members) "templates": [\#(templates)]}"#
    }

    // MARK: Locks

    private static let mutex = #""synchronization": {"mutexes": [{"name": "m"}]}"#

    @Test("a workflow asks for its lock, and only once that is recorded it works")
    func writeAhead() throws {
        var play = try WorkflowPlay(Self.spec(Self.mutex + ","))
        play.look()
        #expect(play.effects.map(\.key) == ["acquireLocks/trial/wf"])
        #expect(play.workflow.phase == .pending)
        play.look()
        #expect(play.workflow.synchronization.heldKeys.map(\.holder) == ["trial/wf"])
        #expect(play.createdPods.isEmpty)
        play.look()
        #expect(play.createdPods == ["wf"])
        #expect(play.run().phase == .succeeded)
        #expect(play.workflow.synchronization.isEmpty)
        #expect(play.locks.isEmpty)
        let released = try #require(play.effects.firstIndex { $0.key == "releaseLocks/trial/wf" })
        #expect(play.effects[released...].count { $0.key == "releaseLocks/trial/wf" } == 1)
    }

    @Test("without write-ahead, work begins with the grant, and the lock goes with the work's end")
    func writeBehind() throws {
        var play = try WorkflowPlay(Self.spec(Self.mutex + ","))
        play.policy = .argo412
        play.look()
        play.look()
        #expect(play.createdPods == ["wf"])
        #expect(play.run().phase == .succeeded)
        #expect(play.locks.isEmpty)
    }

    @Test("who waits says so, and who can't have a lock fails")
    func waiting() throws {
        var play = try WorkflowPlay(Self.spec(Self.mutex + ","))
        play.limit = 0
        play.run()
        #expect(play.workflow.phase == .pending)
        #expect(play.workflow.message == "Waiting for trial/Mutex/m lock. Lock status: 0/0")
        play.locks[play.workflow.lockHolder()] = .failed(message: "no such thing")
        #expect(play.run().phase == .failed)
        #expect(play.workflow.message == "Failed to acquire the synchronization lock. no such thing")
    }

    @Test("a form that the release can't read is refused by its field")
    func forms() throws {
        var play = try WorkflowPlay(Self.spec(Self.mutex + ","))
        play.policy.locks.forms = SynchronizationForms(release: "v3.5", readable: [.mutex], unreadable: .refuse)
        #expect(play.run().phase == .failed)
        #expect(play.workflow.message?.contains("spec.synchronization.mutexes: v3.5 reads only mutex") == true)
    }

    @Test(
        "nodes that share a lock run one after another, while other nodes go on", arguments: [Policy.boreas, .argo412])
    func nodeLocks(policy: Policy) throws {
        var play = try WorkflowPlay(
            Self.spec(
                "",
                #"""
                {"name": "main", "dag": {"tasks": [{"name": "a", "template": "locked", "withItems": [1, 2, 3]},
                  {"name": "b", "template": "free"}]}},
                {"name": "locked", \#(Self.mutex), "container": {"image": "x"}},
                {"name": "free", "container": {"image": "x"}}
                """#))
        play.policy = policy
        var most = 0
        play.end = { pod in WorkflowPlay.End() }
        for _ in 0..<200 where !play.workflow.phase.isTerminal {
            play.run(rounds: 1)
            most = max(most, play.pods.values.count { $0.workflowNode.contains(".a(") && !$0.phase.isTerminal })
        }
        play.run()
        #expect(most == 1)
        #expect(play.workflow.phase == .succeeded)
        #expect(play.createdPods.count == 4)
        #expect(play.locks.isEmpty && play.workflow.synchronization.isEmpty)
        #expect(play.workflow.nodes.allSatisfy { $0.waitingLock == nil })
    }

    @Test("a node that can't have its lock ends in Error")
    func failedNodeLock() throws {
        var play = try WorkflowPlay(
            Self.spec(
                "",
                #"""
                {"name": "main", "steps": [[{"name": "a", "template": "locked"}]]},
                {"name": "locked", "synchronization": {"mutexes": [{}]}, "container": {"image": "x"}}
                """#))
        #expect(play.run().phase == .failed)
        #expect(play.node("[0].a")?.phase == .error)
    }

    // MARK: The agent

    private static let call = #"{"name": "main", "http": {"url": "http://example.test/"}}"#

    @Test("a lost agent pod is made anew, and what it has found out stays")
    func lostAgent() throws {
        var play = try WorkflowPlay(Self.spec("", Self.call))
        play.look()
        let name = "wf-1340600742-agent"
        play.pods[name]?.phase = .failed
        #expect(play.run().phase == .succeeded)
        #expect(play.createdPods == [name, name])
        #expect(play.pods[name] == nil)
    }

    @Test(
        "finished tasks stay in the task set, but for Argo, which takes them out before their results are stored",
        arguments: [true, false])
    func pruning(isFirst: Bool) throws {
        var play = try WorkflowPlay(
            Self.spec(
                "",
                #"""
                {"name": "main", "steps": [[{"name": "a", "template": "call"}], [{"name": "b", "template": "call"}]]},
                {"name": "call", "http": {"url": "http://example.test/"}}
                """#))
        play.policy.agent.prunesTasksFirst = isFirst
        play.look()
        let first = try #require(play.node("[0].a"))
        play.taskSet?.results[first.id] = ["phase": "Succeeded"]
        let before = play.effects.count
        play.look()
        #expect(play.node("[0].a")?.phase == .succeeded)
        let prunes = play.effects[before...].contains(.pruneTaskSet(nodeIDs: [first.id]))
        #expect(prunes == isFirst)
        #expect(play.run().phase == .succeeded)
        #expect(play.taskSet?.tasks.isEmpty == isFirst)
        #expect(play.taskSet?.metadata.labels[WorkflowNames.completedLabel] == "true")
    }

    // MARK: Pods

    private static let strategies: [(String, Int64, [PodCleanup.Action])] = [
        ("", 0, [.labelPodCompleted]), (#""podGC": {"strategy": "OnPodCompletion"},"#, 1, [.deletePod]),
        (#""podGC": {"strategy": "OnPodSuccess"},"#, 0, [.deletePod]),
        (#""podGC": {"strategy": "OnPodSuccess"},"#, 1, [.labelPodCompleted]),
        (#""podGC": {"strategy": "OnWorkflowCompletion"},"#, 1, [.deletePod]),
        (#""podGC": {"strategy": "OnWorkflowSuccess"},"#, 0, [.deletePod]),
        (#""podGC": {"strategy": "OnWorkflowSuccess"},"#, 1, [.labelPodCompleted]),
        (
            #""podGC": {"strategy": "OnPodCompletion", "labelSelector": {"matchLabels": {"a": "b"}}},"#, 0,
            [.labelPodCompleted]
        ),
    ]

    @Test("what becomes of a pod that has ended is the strategy's to say", arguments: strategies)
    func strategy(podGC: String, exitCode: Int64, expected: [PodCleanup.Action]) throws {
        var play = try WorkflowPlay(Self.spec(podGC))
        play.end = { _ in WorkflowPlay.End(exitCode: exitCode) }
        play.run()
        let actions = play.effects.compactMap { effect in
            if case .cleanUp(let cleanup, _) = effect { cleanup.action } else { nil }
        }
        #expect(actions == expected)
        #expect(play.pods.isEmpty == expected.contains(.deletePod))
    }

    @Test("a pod is not touched before the status says what became of it, and deleted after the delay")
    func delay() throws {
        var play = try WorkflowPlay(
            Self.spec(#""podGC": {"strategy": "OnPodCompletion", "deleteDelayDuration": "30s"},"#))
        play.look()
        play.pods["wf"]?.phase = .succeeded
        play.look()
        #expect(play.workflow.phase == .succeeded && play.pods["wf"] != nil)
        play.look()
        let cleanup = PodCleanup(
            pod: ObjectKey(namespace: WorkflowFixtures.namespace, name: "wf"), uid: "uid-0", action: .deletePod)
        #expect(play.effects.last == .cleanUp(cleanup, after: .seconds(30)))
    }

    // MARK: Refusals, and size

    private static let refusals: [(String, String)] = [
        (spec(#""volumes": [],"#), "spec.volumes: is not supported"),
        (spec(#""podDisruptionBudget": {},"#), "spec.podDisruptionBudget: is not supported"),
        (spec(#""metrics": {},"#), "spec.metrics: is not supported"),
        (spec("", #"{"name": "main", "resource": {}}"#), "spec.templates[main].resource: is not supported"),
        (
            spec("", #"{"name": "main", "container": {}, "memoize": {}}"#),
            "spec.templates[main].memoize: is not supported"
        ),
        (
            spec("", #"{"name": "main", "dag": {"tasks": [{"name": "a", "template": "main", "depends": "a"}]}}"#),
            "spec.templates[main].dag.tasks[0]: waits for itself"
        ),
        (
            spec(#""retryStrategy": {"retryPolicy": "Sometimes"},"#),
            "spec.retryStrategy.retryPolicy: Sometimes is not a valid RetryPolicy"
        ),
    ]

    @Test("what is not supported is refused before anything runs", arguments: refusals)
    func refusal(text: String, message: String) throws {
        var play = try WorkflowPlay(text)
        #expect(play.run().phase == .error)
        #expect(play.workflow.message == message)
        #expect(play.createdPods.isEmpty)
    }

    @Test("a dag of 200 tasks in a chain is through in a few looks a task", .timeLimit(.minutes(1)))
    func size() throws {
        let tasks = (0..<200).map { index -> JSONValue in
            var task: JSONObject = ["name": .string("t\(index)"), "template": "echo"]
            if index > 0 { task["depends"] = .string("t\(index - 1)") }
            return .object(task)
        }
        var play = WorkflowPlay(spec: [
            "entrypoint": "main",
            "templates": [
                ["name": "main", "dag": ["tasks": .array(tasks)]], ["name": "echo", "container": ["image": "x"]],
            ],
        ])
        #expect(play.run().phase == .succeeded)
        #expect(play.createdPods.count == 200)
    }
}
