import APIMachinery
import Determinism
import Kubernetes
import Logging
import Synchronization
import Testing
import VirtualNode

/// The shell against the embedded server's own store, without sockets.
@Suite(.timeLimit(.minutes(1))) struct KubeletTests {
    @Test("pods run to their ends, and their exit codes and logs can be read")
    func run() async throws {
        try await Cluster.with { cluster, kubelet in
            try await cluster.create(.make("good", command: ["sh", "-c", "echo hello; sleep 0.05"]))
            try await cluster.create(.make("bad", command: ["sh", "-c", "exit 3"]))
            let good = try await cluster.pod("good") { $0.phase.isTerminal }
            let bad = try await cluster.pod("bad") { $0.phase.isTerminal }
            #expect(good.phase == .succeeded)
            #expect(good.nodeName == "virtual")
            #expect(good.containerStatuses.map(\.exitCode) == [0])
            #expect(bad.phase == .failed)
            #expect(bad.containerStatuses.map(\.exitCode) == [3])
            // What the binding and the server have written stays beside what the node writes.
            let conditions = good.json["status", "conditions"]?.array?.compactMap { $0.object?["type"]?.string } ?? []
            #expect(Set(conditions) == ["PodScheduled", "Initialized", "Ready", "ContainersReady"])
            #expect(good.json["status", "qosClass"] == "BestEffort")
            let log = kubelet.log(of: good.metadata.key, container: "main")
            #expect(log.map { String(decoding: $0.bytes, as: UTF8.self) } == "hello\n")
        }
    }

    @Test("a pod that was there before the node is run, and one of another namespace is not")
    func earlier() async throws {
        let settings = NodeConfiguration(name: "virtual", namespace: "ns")
        let before = { @Sendable (cluster: Cluster) async throws in
            try await cluster.create(.make("early", command: ["true"]))
            try await cluster.create(.make("other", command: ["true"]).with { $0.metadata.namespace = "elsewhere" })
        }
        try await Cluster.with(settings, before: before) { cluster, _ in
            _ = try await cluster.pod("early") { $0.phase == .succeeded }
            let other = ObjectKey(namespace: "elsewhere", name: "other")
            #expect(try await cluster.api.get(Pod.self, other).nodeName == nil)
        }
    }

    @Test("a deleted pod ends, and is gone long before its grace period is")
    func deletion() async throws {
        try await Cluster.with { cluster, _ in
            try await cluster.create(.make("long", command: ["sleep", "infinity"]))
            let pod = try await cluster.pod("long") { $0.phase == .running }
            try await cluster.api.delete(Pod.self, pod.metadata.key)
            try await cluster.gone("long")
        }
    }

    @Test("an agent's closure runs its pod, and is cancelled when the pod is deleted")
    func agent() async throws {
        let (started, start) = AsyncStream.makeStream(of: String.self)
        let (ended, end) = AsyncStream.makeStream(of: String.self)
        let agent: Kubelet.Agent = { pod in
            start.yield(pod.metadata.name)
            if pod.metadata.name == "quick" { return 7 }
            // Waits for nothing but its cancellation.
            let (never, _) = AsyncStream.makeStream(of: Void.self)
            for await _ in never {}
            end.yield(pod.metadata.name)
            return Task.isCancelled ? 0 : 1
        }
        try await Cluster.with(runAgent: agent) { cluster, _ in
            for name in ["quick", "slow"] {
                let pod = Pod.make(name, command: ["boreas", "agent", "main"])
                try await cluster.create(
                    pod.with { $0.metadata.labels = [Kubelet.componentLabel: Kubelet.agentComponent] })
            }
            let quick = try await cluster.pod("quick") { $0.phase.isTerminal }
            #expect(quick.containerStatuses.map(\.exitCode) == [7])
            var startedNames: Set<String> = []
            for await name in started where startedNames.insert(name).inserted {
                if startedNames == ["quick", "slow"] { break }
            }
            _ = try await cluster.pod("slow") { $0.phase == .running }
            try await cluster.api.delete(Pod.self, ObjectKey(namespace: "ns", name: "slow"))
            var names = ended.makeAsyncIterator()
            #expect(await names.next() == "slow")
            try await cluster.gone("slow")
        }
    }

    @Test("the node is ready while it runs, tainted against the pods of others, and gone afterwards")
    func registration() async throws {
        let key = ObjectKey(namespace: "", name: "virtual")
        let after = { @Sendable (cluster: Cluster) async throws in
            _ = await #expect(throws: APIError.self) { _ = try await cluster.api.send(.get(.nodes, key)) }
        }
        try await Cluster.with(after: after) { cluster, _ in
            let node = try await cluster.api.send(.get(.nodes, key))
            let conditions = node["status", "conditions"]?.array?.compactMap(\.object) ?? []
            #expect(conditions.first { $0["type"] == "Ready" }?["status"] == "True")
            let taints = node["spec", "taints"]?.array?.compactMap { $0.object?["key"]?.string } ?? []
            #expect(taints.contains("boreas.dev/virtual-node"))
            #expect(node["metadata", "labels", "kubernetes.io/os"] == nil)
        }
    }

    @Test("the node renews its status and its Lease, and comes back where somebody has deleted it")
    func signsOfLife() async throws {
        let settings = NodeConfiguration(name: "virtual", heartbeatInterval: .milliseconds(20))
        let key = ObjectKey(namespace: "", name: "virtual")
        let lease = ObjectKey(namespace: "kube-node-lease", name: "virtual")
        let after = { @Sendable (cluster: Cluster) async throws in
            _ = await #expect(throws: APIError.self) { _ = try await cluster.api.get(Lease.self, lease) }
        }
        try await Cluster.with(settings, after: after) { cluster, _ in
            let first = try await cluster.poll { try await cluster.api.get(Lease.self, lease).renewTime }
            _ = try await cluster.poll {
                let now = try await cluster.api.get(Lease.self, lease).renewTime
                return now.flatMap { $0 > first ? $0 : nil }
            }
            _ = try await cluster.api.send(.delete(.nodes, key))
            _ = try await cluster.poll { try await cluster.api.send(.get(.nodes, key)) }
        }
    }

    @Test("a server that cannot answer for a while is waited out, and no pod is lost")
    func hiccups() async throws {
        let settings = NodeConfiguration(
            name: "virtual", retryDelay: .milliseconds(1), maxRetryDelay: .milliseconds(20))
        try await Cluster.with(settings, failing: 40) { cluster, _ in
            for index in 0..<8 { try await cluster.create(.make("p\(index)", command: ["sleep", "0.01"])) }
            for index in 0..<8 { _ = try await cluster.pod("p\(index)") { $0.phase == .succeeded } }
            #expect(cluster.failuresLeft == 0, "every failure was met")
        }
    }

    @Test("a hundred pods at once all end")
    func many() async throws {
        try await Cluster.with { cluster, _ in
            for index in 0..<100 { try await cluster.create(.make("p\(index)", command: ["sleep", "0.02"])) }
            for index in 0..<100 { _ = try await cluster.pod("p\(index)") { $0.phase == .succeeded } }
        }
    }
}

/// A store with the namespace `ns` and a virtual node on it.
struct Cluster: Sendable {
    let api: InProcessAPI
    private let clock: TrialClock
    private let failures: Failures

    static func with(
        _ settings: NodeConfiguration = .test, failing: Int = 0, runAgent: Kubelet.Agent? = nil,
        before: (Cluster) async throws -> Void = { _ in }, after: (Cluster) async throws -> Void = { _ in },
        _ body: (Cluster, Kubelet) async throws -> Void
    ) async throws {
        let clock = TrialClock(ContinuousClock(), startEpochMicroseconds: epoch.microsecondsSinceEpoch)
        let core = APIServerCore(configuration: .init(admitsServiceAccounts: false), clock: clock)
        let cluster = Cluster(api: InProcessAPI(core), clock: clock, failures: Failures(failing))
        let flaky = FlakyAPI(api: cluster.api, failures: cluster.failures)
        var logger = Logger(label: "test")
        logger.logLevel = .critical
        let kubelet = Kubelet(api: flaky, settings: settings, clock: clock, logger: logger, runAgent: runAgent)
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await core.run() }
            defer { group.cancelAll() }
            try await cluster.createNamespace("ns")
            try await cluster.createNamespace("elsewhere")
            try await before(cluster)
            try await kubelet.withNode { try await body(cluster, kubelet) }
            try await after(cluster)
        }
    }

    var failuresLeft: Int { failures.left }

    func createNamespace(_ name: String) async throws { _ = try await api.create(Namespace(name: name)) }

    func create(_ pod: Pod) async throws {
        var pod = pod
        pod.metadata.uid = nil
        _ = try await api.create(pod)
    }

    /// The pod, once it is as wanted.
    func pod(_ name: String, _ isWanted: (Pod) -> Bool) async throws -> Pod {
        try await poll {
            let pod = try await api.get(Pod.self, ObjectKey(namespace: "ns", name: name))
            return isWanted(pod) ? pod : nil
        }
    }

    func gone(_ name: String) async throws {
        _ = try await poll { () async throws -> Bool? in
            do {
                _ = try await api.get(Pod.self, ObjectKey(namespace: "ns", name: name))
                return nil
            } catch let error as APIError where error.code == .notFound {
                return true
            }
        }
    }

    /// Asks until there is an answer, for ten seconds at most.
    func poll<Answer>(_ ask: () async throws -> Answer?) async throws -> Answer {
        let deadline = clock.now + .seconds(10)
        while clock.now < deadline {
            do {
                if let answer = try await ask() { return answer }
            } catch let error as APIError where error.code == .notFound {
                // Not yet.
            }
            try await clock.sleep(for: .milliseconds(2))
        }
        throw APIError(code: .notFound, message: "no answer within 10 s")
    }
}

/// How many of a ``FlakyAPI``'s requests are still to fail.
final class Failures: Sendable {
    private let state: Mutex<(left: Int, requests: Int)>

    init(_ count: Int) { state = Mutex((count, 0)) }

    var left: Int { state.withLock { $0.left } }

    /// Whether this request is to fail: two of three do, until there have been enough.
    func take() -> Bool {
        state.withLock { state in
            guard state.left > 0 else { return false }
            state.requests += 1
            guard state.requests % 3 != 0 else { return false }
            state.left -= 1
            return true
        }
    }
}

/// An API whose first requests fail; every other of them has been carried out although it did.
struct FlakyAPI: KubernetesAPI {
    let api: InProcessAPI
    let failures: Failures

    func send(_ request: APIRequest) async throws -> JSONObject {
        let left = failures.left
        guard failures.take() else { return try await api.send(request) }
        if left % 2 == 0 { _ = try await api.send(request) }
        throw APIError(code: .unreachable, message: "the connection was reset", mayHaveBeenApplied: true)
    }

    func exec(_ request: ExecRequest) async throws -> ExecResult { try await api.exec(request) }

    func withWatch<Result: Sendable>(
        _ request: APIRequest, _ body: (WatchStream) async throws -> Result
    ) async throws -> Result {
        if failures.take() { throw APIError(code: .unreachable, message: "the connection was refused") }
        return try await api.withWatch(request) { [failures] stream in
            try await body(
                WatchStream {
                    // A broken stream loses what was on its way.
                    if failures.take() { throw APIError(code: .unreachable, message: "the connection was reset") }
                    let events = stream.makeAsyncIterator()
                    return try await events.next()
                })
        }
    }
}
