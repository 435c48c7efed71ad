import Determinism
import Kubernetes
import Resilience
import Synchronization
import Testing
import Workflows

/// What becomes of an agent's results when things go wrong, in virtual time.
struct AgentRecoveryTests {
    private static let key = ObjectKey(namespace: "n", name: "w")

    private final class Calls: Sendable {
        let urls = Mutex<[String]>([])
    }

    private static func taskSet(_ tasks: JSONObject) -> WorkflowTaskSet {
        var taskSet = WorkflowTaskSet(name: key.name, namespace: key.namespace)
        taskSet.tasks = tasks
        return taskSet
    }

    private static func task(_ name: String) -> JSONValue { ["http": ["url": .string("http://example.test/\(name)")]] }

    private struct Site: Sendable {
        let time = VirtualTime()
        let calls = Calls()
        let log = ObserverLog()
        let api: ScriptedAPI
        let policy: Policy

        init(
            _ policy: Policy, script: @escaping @Sendable (APIRequest, Int) -> ScriptedAPI.Fault? = { _, _ in nil }
        ) {
            self.policy = policy
            api = ScriptedAPI(script: script)
        }

        var results: JSONObject { api.objects(WorkflowTaskSet.self).first?.results ?? [:] }

        /// Runs an agent until `story` ends, which cancels it, or the agent itself does.
        ///
        /// - Returns: Whether it ended by itself.
        func runAgent(_ attempts: AttemptCounter, until story: @escaping @Sendable () async throws -> Void) async throws
            -> Bool
        {
            let agent = Agent(
                api: api, configuration: .init(namespace: key.namespace, workflow: key.name, policy: policy),
                http: HTTPPort { [calls] request in
                    calls.urls.withLock { $0.append(request.url) }
                    return HTTPPort.Response(status: 200, body: "hi")
                }, clock: time.clock, streams: RandomStreams(seed: 1), attempts: attempts, observer: log.observer)
            return try await withThrowingTaskGroup(of: Bool.self) { group in
                group.addTask {
                    try await agent.run()
                    return true
                }
                group.addTask {
                    try await story()
                    return false
                }
                let first = try await group.next() ?? false
                group.cancelAll()
                return first
            }
        }

        func waits(for isTrue: @escaping @Sendable () -> Bool) -> @Sendable () async throws -> Void {
            { [time] in while !isTrue() { try await time.clock.sleep(for: .milliseconds(100)) } }
        }
    }

    @Test("an agent that dies leaves to the next what has no result yet, and nothing else")
    func restart() throws {
        // The patch is applied, and the agent never hears of it.
        let site = Site(.boreas) { request, ordinal in
            request.verb == .patch && request.trace != nil && ordinal == 1 ? .loseAnswer(.lostAnswer) : nil
        }
        try site.time.run {
            let attempts = AttemptCounter()
            _ = try await site.api.create(Self.taskSet(["a": Self.task("a")]))
            _ = try await site.runAgent(attempts, until: site.waits { !site.results.isEmpty })
            let patch: JSONObject = ["spec": ["tasks": ["b": Self.task("b")]]]
            _ = try await site.api.patch(WorkflowTaskSet.self, Self.key, patch)
            _ = try await site.runAgent(attempts, until: site.waits { site.results.count == 2 })
        }
        #expect(site.calls.urls.withLock { $0 } == ["http://example.test/a", "http://example.test/b"])
        let ids = site.api.requests.compactMap { $0.trace?.requestID }
        #expect(Set(ids).count == ids.count)
    }

    @Test("a patch whose answer is lost is written again, and only that")
    func ambiguous() throws {
        let site = Site(.boreas) { request, ordinal in
            request.verb == .patch && request.trace != nil && ordinal <= 6 ? .loseAnswer(.lostAnswer) : nil
        }
        try site.time.run {
            _ = try await site.api.create(Self.taskSet(["a": Self.task("a")]))
            _ = try await site.runAgent(
                AttemptCounter(), until: site.waits { site.log.operations.contains { $0.path == .taskSetStatus } })
        }
        #expect(site.calls.urls.withLock { $0 }.count == 1)
        let operation = site.log.operations.first { $0.path == .taskSetStatus }
        #expect(operation?.outcome == .succeeded)
        #expect(Set(site.api.requests.filter { $0.verb == .patch }.map(\.body)).count == 1)
    }

    private static let losses: [(Policy, Int)] = [(.boreas, 1), (.argo412, 0), (.argo3417, 1)]

    /// H10: the results are taken out of the task set, the workflow's update fails, and the tasks come back.
    @Test("a task whose result the controller lost gets it again, but from Argo's agent", arguments: losses)
    func lostResult(policy: Policy, results: Int) throws {
        let site = Site(policy)
        try site.time.run {
            _ = try await site.api.create(Self.taskSet(["a": Self.task("a")]))
            _ = try await site.runAgent(AttemptCounter()) {
                try await site.waits { !site.results.isEmpty }()
                let nothing: JSONObject = ["spec": ["tasks": ["a": .null]], "status": ["nodes": ["a": .null]]]
                _ = try await site.api.patch(WorkflowTaskSet.self, Self.key, nothing)
                try await site.time.clock.sleep(for: .seconds(20))
                _ = try await site.api.patch(
                    WorkflowTaskSet.self, Self.key, ["spec": ["tasks": ["a": Self.task("a")]]])
                try await site.time.clock.sleep(for: .seconds(60))
            }
        }
        #expect(site.results.count == results)
        #expect(site.calls.urls.withLock { $0 }.count == 1)
    }

    @Test("a task set that was deleted and comes back gets its results, without another call")
    func deleted() throws {
        let site = Site(.boreas)
        try site.time.run {
            _ = try await site.api.create(Self.taskSet(["a": Self.task("a")]))
            let endedByItself = try await site.runAgent(AttemptCounter()) {
                try await site.waits { !site.results.isEmpty }()
                try await site.api.delete(WorkflowTaskSet.self, Self.key)
                try await site.time.clock.sleep(for: .seconds(5))
                _ = try await site.api.create(Self.taskSet(["a": Self.task("a")]))
                try await site.waits { !site.results.isEmpty }()
            }
            #expect(!endedByItself)
        }
        #expect(site.calls.urls.withLock { $0 }.count == 1)
    }

    @Test("when the workflow is completed the agent ends by itself", arguments: [Policy.boreas, .argo412])
    func completed(policy: Policy) throws {
        let site = Site(policy)
        let endedByItself = try site.time.run {
            _ = try await site.api.create(Self.taskSet(["a": Self.task("a")]))
            return try await site.runAgent(AttemptCounter()) {
                try await site.waits { !site.results.isEmpty }()
                let labels: JSONObject = [WorkflowNames.completedLabel: "true"]
                _ = try await site.api.patch(
                    WorkflowTaskSet.self, Self.key, ["metadata": ["labels": .object(labels)]])
                try await site.time.clock.sleep(for: .seconds(600))
            }
        }
        #expect(endedByItself)
    }

    private static let refused: [(JSONObject, String)] = [
        (["http": ["url": "u", "insecureSkipVerify": true]], "http.insecureSkipVerify is not supported"),
        (["http": ["url": "u", "bodyFrom": ["bytes": "aGk="]]], "http.bodyFrom is not supported"),
        (
            ["http": ["url": "u", "headers": [["name": "A", "value": "b"], ["name": "B", "valueFrom": [:]]]]],
            "http.headers[1].valueFrom is not supported"
        ),
        (["http": [:]], "http.url is required"), (["plugin": [:]], "only HTTP templates are done by an agent"),
    ]

    @Test("a template that an agent does not understand fails with the field, and no call is made", arguments: refused)
    func refuses(template: JSONObject, message: String) throws {
        let site = Site(.boreas)
        try site.time.run {
            _ = try await site.api.create(Self.taskSet(["a": .object(template)]))
            _ = try await site.runAgent(AttemptCounter(), until: site.waits { !site.results.isEmpty })
        }
        #expect(site.results == ["a": ["phase": "Failed", "message": .string(message)]])
        #expect(site.calls.urls.withLock { $0 }.isEmpty)
    }
}
