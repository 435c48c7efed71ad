import APIMachinery
import Determinism
import Foundation
import Kubernetes
import Recording
import Resilience
import Synchronization
import Testing
import Workflows

@testable import Harness

/// Time that passes only where a test says so.
final class SteppedTime: Sendable {
    private struct State {
        var now: Duration = .zero
        var nextID = 0
        var sleepers: [Int: (deadline: Duration, continuation: CheckedContinuation<Void, Never>)] = [:]
    }

    private let state = Mutex(State())

    var clock: TrialClock {
        TrialClock(
            startEpochMicroseconds: 1_750_000_000_000_000, elapsed: { self.state.withLock { $0.now } },
            pause: { try await self.sleep(for: $0) })
    }

    /// Waits take real time, and should be short; to whoever asks for the time none has passed.
    var clockWithRealWaits: TrialClock {
        let real = TrialClock.real()
        return TrialClock(
            startEpochMicroseconds: 1_750_000_000_000_000, elapsed: { self.state.withLock { $0.now } },
            pause: { try await real.sleep(for: $0) })
    }

    /// How many wait for time to pass.
    var sleeperCount: Int { state.withLock { $0.sleepers.count } }

    func advance(by span: Duration) {
        let due = state.withLock { state in
            state.now += span
            let due = state.sleepers.filter { $0.value.deadline <= state.now }.sorted { $0.key < $1.key }
            for (id, _) in due { state.sleepers[id] = nil }
            return due.map(\.value.continuation)
        }
        for continuation in due { continuation.resume() }
    }

    private func sleep(for span: Duration) async throws {
        let id = state.withLock { state in
            state.nextID += 1
            return state.nextID
        }
        await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let isOver = state.withLock { state in
                    if Task.isCancelled { return true }
                    state.sleepers[id] = (state.now + span, continuation)
                    return false
                }
                if isOver { continuation.resume() }
            }
        } onCancel: {
            state.withLock { $0.sleepers.removeValue(forKey: id) }?.continuation.resume()
        }
        try Task.checkCancellation()
    }
}

/// An API that acts on the n-th write and loses the answer.
final class LossyAPI: KubernetesAPI {
    private let base: InProcessAPI
    private let lost: Int
    private let writes = Mutex(0)

    init(_ base: InProcessAPI, losing lost: Int) {
        self.base = base
        self.lost = lost
    }

    func send(_ request: APIRequest) async throws -> JSONObject {
        let answer = try await base.send(request)
        let isLost =
            request.verb.isWrite
            && writes.withLock { writes in
                writes += 1
                return writes == lost
            }
        guard isLost else { return answer }
        throw APIError(
            code: .unreachable, message: "Recv failure: Connection reset by peer",
            transport: TransportFailure(kind: .connectionReset, curlCode: 56), mayHaveBeenApplied: true)
    }

    func withWatch<Result: Sendable>(
        _ request: APIRequest, _ body: (WatchStream) async throws -> Result
    ) async throws -> Result { try await base.withWatch(request, body) }

    func exec(_ request: ExecRequest) async throws -> ExecResult { try await base.exec(request) }
}

/// Counts those who hold a permit at the same time.
final class Crowd: Sendable {
    private let counts = Mutex((now: 0, most: 0, entries: 0))

    var most: Int { counts.withLock { $0.most } }
    var entries: Int { counts.withLock { $0.entries } }

    func enter() {
        counts.withLock { counts in
            counts.now += 1
            counts.most = max(counts.most, counts.now)
            counts.entries += 1
        }
    }

    func leave() { counts.withLock { $0.now -= 1 } }
}

enum LockStoreKind: String, Sendable, CaseIterable { case workflowStatus, leases, sqlite }

/// A place where permits are recorded, and what a reconciler would do around it.
final class LockGround: Sendable {
    static let namespace = "ns"
    static let semaphore = LockName(.configMap, namespace: namespace, name: "limits", key: "a")
    static let mutex = LockName(.mutex, namespace: namespace, name: "m")

    let kind: LockStoreKind
    let api: InProcessAPI
    let time = SteppedTime()
    private let file: String
    /// The workflows, with the status that a reconciler has written.
    private let workflows = Mutex<[String: Workflow]>([:])

    private init(_ kind: LockStoreKind, _ api: InProcessAPI, file: String) {
        self.kind = kind
        self.api = api
        self.file = file
    }

    static func with(
        _ kind: LockStoreKind, limit: Int = 1, _ body: (LockGround) async throws -> Void
    ) async throws {
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent("permits-\(UUID())")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        try await Fixtures.withAPI { api, _ in
            _ = try await api.create(Namespace(name: namespace))
            let ground = LockGround(kind, api, file: folder.appendingPathComponent("permits.sqlite").path)
            var limits = ConfigMap(name: "limits", namespace: namespace)
            limits.data = ["a": String(limit)]
            _ = try await api.create(limits)
            try await body(ground)
        }
    }

    func setLimit(_ limit: Int) async throws {
        let key = ObjectKey(namespace: Self.namespace, name: "limits")
        _ = try await api.patch(ConfigMap.self, key, ["data": ["a": .string(String(limit))]])
    }

    /// A keeper that knows nothing yet, as after a start.
    func makeKeeper(api: (any KubernetesAPI)? = nil, clock: TrialClock? = nil) throws -> LockKeeper {
        let policy = Policy.boreas
        let clock = clock ?? time.clock
        let runner = CallRunner(
            api: api ?? self.api, policy: policy, clock: clock, streams: RandomStreams(seed: 1),
            attempts: AttemptCounter(), observer: ControllerObserver())
        let store: any LockStore =
            switch kind {
            case .workflowStatus: WorkflowStatusLockStore()
            case .leases: LeaseLockStore(runner: runner, instanceID: "test")
            case .sqlite:
                SQLiteLockStore(
                    try PermitDatabase(path: file), clock: clock, duration: policy.locks.permitDuration)
            }
        return LockKeeper(runner: runner, store: store) { _, _ in }
    }

    func holder(_ name: String) -> LockHolder {
        LockHolder(workflow: ObjectKey(namespace: Self.namespace, name: name), uid: "uid-\(name)")
    }

    /// Asks for locks, and writes what was granted into the workflow's status.
    func acquire(
        _ keeper: LockKeeper, _ name: String, _ locks: [LockName] = [semaphore]
    ) async throws -> LockAnswer {
        let request = LockRequest(
            holder: holder(name), locks: locks, priority: 0, created: Timestamp(microsecondsSinceEpoch: 0))
        let answer = try await keeper.acquire(request)
        if answer == .granted {
            workflows.withLock { workflows in
                var workflow = workflows[name] ?? Workflow(name: name, namespace: Self.namespace)
                workflow.metadata.uid = "uid-\(name)"
                workflow.phase = .running
                workflow.synchronization.holding(holder(name), locks)
                workflows[name] = workflow
            }
        }
        return answer
    }

    func release(_ keeper: LockKeeper, _ name: String) async throws {
        try await keeper.release(holder(name))
        workflows.withLock { _ = $0.removeValue(forKey: name) }
    }

    /// All workflows there are, as a controller lists them at its start.
    var recorded: [Workflow] { workflows.withLock { $0.values.sorted { $0.metadata.key < $1.metadata.key } } }

    func leases() async throws -> [Lease] {
        try await api.list(Lease.self, namespace: Self.namespace).items
    }

    static func waiting(_ available: Int, _ limit: Int, for lock: LockName = semaphore) -> LockAnswer {
        .waiting(on: lock, message: "Waiting for \(lock) lock. Lock status: \(available)/\(limit)")
    }
}
