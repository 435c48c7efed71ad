import Determinism
import Kubernetes
import Resilience
import Synchronization
import Testing
import Workflows

/// Agents in virtual time.
struct AgentTests {
    private static let key = ObjectKey(namespace: WorkflowFixtures.namespace, name: "hello")

    private static func taskSet(_ ids: [String]) -> WorkflowTaskSet {
        var taskSet = WorkflowTaskSet(name: key.name, namespace: key.namespace)
        taskSet.tasks = JSONObject(
            uniqueKeysWithValues: ids.map { ($0, ["http": ["url": .string("http://example.test/\($0)")]]) })
        return taskSet
    }

    /// Runs an agent until `isDone` holds for the task set.
    ///
    /// - Returns: The URLs that were called, in order.
    private func run(
        _ api: ScriptedAPI, _ policy: Policy, _ log: ObserverLog = ObserverLog(),
        until isDone: @escaping @Sendable (WorkflowTaskSet) -> Bool
    ) throws -> [String] {
        let calls = CallLog()
        let time = VirtualTime()
        let clock = time.clock
        let agent = Agent(
            api: api, configuration: .init(namespace: Self.key.namespace, workflow: Self.key.name, policy: policy),
            http: HTTPPort { request in
                calls.urls.withLock { $0.append(request.url) }
                if request.url.hasSuffix("broken") { throw Refused() }
                return HTTPPort.Response(status: 200, body: "hi")
            }, clock: clock, streams: RandomStreams(seed: 1), attempts: AttemptCounter(),
            observer: log.observer)
        try time.run {
            try await withThrowingTaskGroup { group in
                group.addTask { try await agent.run() }
                group.addTask {
                    while let taskSet = api.objects(WorkflowTaskSet.self).first, !isDone(taskSet) {
                        try await clock.sleep(for: .milliseconds(500))
                    }
                }
                defer { group.cancelAll() }
                try await group.next()
            }
        }
        return calls.urls.withLock { $0 }
    }

    private final class CallLog: Sendable {
        let urls = Mutex<[String]>([])
    }

    private struct Refused: Error, CustomStringConvertible {
        var description: String { "connection refused" }
    }

    @Test("tasks are done and their results written into the task set")
    func results() async throws {
        let api = ScriptedAPI()
        _ = try await api.create(Self.taskSet(["a", "broken"]))
        let urls = try run(api, .boreas) { $0.results.count == 2 }
        #expect(urls.sorted() == ["http://example.test/a", "http://example.test/broken"])
        let results = try #require(api.objects(WorkflowTaskSet.self).first?.results)
        #expect(results["a"] == ["phase": "Succeeded", "outputs": ["result": "hi"]])
        #expect(results["broken"] == ["phase": "Failed", "message": "connection refused"])
        let patches = api.requests.filter { $0.verb == .patch && $0.trace != nil }
        #expect(patches.allSatisfy { $0.subresource == "status" })
    }

    @Test("a restarted agent does not do again what has a result")
    func restart() async throws {
        let api = ScriptedAPI()
        var taskSet = Self.taskSet(["a", "b"])
        taskSet.results = ["a": ["phase": "Succeeded"]]
        _ = try await api.create(taskSet)
        let urls = try run(api, .boreas) { $0.results.count == 2 }
        #expect(urls == ["http://example.test/b"])
    }

    @Test("results that could not be written are kept until they are")
    func kept() async throws {
        let api = ScriptedAPI { request, ordinal in
            request.verb == .patch && ordinal <= 9 ? .refuse(.lostAnswer) : nil
        }
        _ = try await api.create(Self.taskSet(["a"]))
        let urls = try run(api, .boreas) { $0.results.count == 1 }
        #expect(urls.count == 1)
        #expect(api.requests.count { $0.verb == .patch } == 10)
    }

    @Test("Argo's agent writes its results together, every 10 s")
    func batch() async throws {
        let api = ScriptedAPI()
        _ = try await api.create(Self.taskSet(["a", "b", "c"]))
        _ = try run(api, .argo412) { $0.results.count == 3 }
        #expect(api.requests.count { $0.verb == .patch } == 1)
    }

    @Test("Argo's agent gives its results up after five transient failures")
    func givesUp() async throws {
        let api = ScriptedAPI { request, _ in request.verb == .patch ? .refuse(.lostAnswer) : nil }
        _ = try await api.create(Self.taskSet(["a"]))
        let log = ObserverLog()
        _ = try run(api, .argo412, log) { _ in !log.operations.filter { $0.path == .taskSetStatus }.isEmpty }
        #expect(api.requests.count { $0.verb == .patch } == 5)
        let operation = try #require(log.operations.first { $0.path == .taskSetStatus })
        #expect(operation.outcome == .failed(.transient))
        let waits = log.decisions.filter { $0.layer == .call }.map(\.wait)
        #expect(waits.count == 4)
        for (wait, seconds) in zip(waits, [1, 2, 4, 8]) {
            #expect(wait >= .seconds(seconds) && wait <= .milliseconds(1_100 * seconds))
        }
    }
}
