import Determinism
import Kubernetes
import Resilience
import Synchronization

@testable import Workflows

/// Time that passes only where something sleeps, and then at once.
final class SteppingTime: Sendable {
    private let elapsed = Mutex<Duration>(.zero)

    var clock: TrialClock {
        TrialClock(
            startEpochMicroseconds: WorkflowFixtures.start.microsecondsSinceEpoch,
            elapsed: { self.elapsed.withLock { $0 } },
            pause: { span in
                try Task.checkCancellation()
                self.elapsed.withLock { $0 += span }
            })
    }

    func advance(by span: Duration) { elapsed.withLock { $0 += span } }
}

/// What happened, in its order.
final class EventLog: Sendable {
    private let entries = Mutex<[String]>([])

    var all: [String] { entries.withLock { $0 } }

    func append(_ entry: String) { entries.withLock { $0.append(entry) } }
}

/// An API whose answers to reads of some ConfigMaps do not come before ``resume()``.
final class StallingAPI: KubernetesAPI {
    private struct State {
        var isOpen = false
        var waiters: [Int: CheckedContinuation<Void, Never>] = [:]
        var nextID = 0
    }

    private let base: ScriptedAPI
    private let configMap: String
    private let state = Mutex(State())

    init(_ base: ScriptedAPI, stalling configMap: String) {
        self.base = base
        self.configMap = configMap
    }

    /// Reads that wait for their answer.
    var stalled: Int { state.withLock { $0.waiters.count } }

    func resume() {
        let waiters = state.withLock { state in
            state.isOpen = true
            defer { state.waiters = [:] }
            return state.waiters.sorted { $0.key < $1.key }.map(\.value)
        }
        for waiter in waiters { waiter.resume() }
    }

    func send(_ request: APIRequest) async throws -> JSONObject {
        if request.verb == .get, request.resource == ConfigMap.resource, request.name == configMap { await stall() }
        return try await base.send(request)
    }

    private func stall() async {
        let id = state.withLock { state in
            state.nextID += 1
            return state.nextID
        }
        await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let isOver = state.withLock { state in
                    if state.isOpen || Task.isCancelled { return true }
                    state.waiters[id] = continuation
                    return false
                }
                if isOver { continuation.resume() }
            }
        } onCancel: {
            state.withLock { $0.waiters.removeValue(forKey: id) }?.resume()
        }
    }

    func withWatch<Result: Sendable>(
        _ request: APIRequest, _ body: (WatchStream) async throws -> Result
    ) async throws -> Result { try await base.withWatch(request, body) }

    func exec(_ request: ExecRequest) async throws -> ExecResult { try await base.exec(request) }
}

/// A keeper of locks on an API whose answers a test can spoil.
final class KeeperFixture: Sendable {
    /// ConfigMaps that can't be read, and what the keeper told.
    final class Notes: Sendable {
        let unreadable = Mutex<Set<String>>([])
        let called = Mutex<[String]>([])
        let waits = Mutex<[Duration]>([])
    }

    let api: ScriptedAPI
    let time = SteppingTime()
    let notes = Notes()
    let keeper: LockKeeper

    static let refused = APIError(
        code: .unreachable, message: "dial tcp 10.0.0.1:443: connect: connection refused",
        transport: TransportFailure(kind: .connectionRefused, curlCode: 7))

    /// - Parameter front: What stands before the API in memory.
    init(_ policy: Policy, front: (ScriptedAPI) -> any KubernetesAPI = { $0 }) {
        let notes = notes
        api = ScriptedAPI(script: { request, _ in
            let isUnreadable = notes.unreadable.withLock { $0.contains(request.name ?? "") }
            return request.verb == .get && isUnreadable ? .refuse(Self.refused) : nil
        })
        keeper = LockKeeper(
            runner: CallRunner(
                api: front(api), policy: policy, clock: time.clock, streams: RandomStreams(seed: 1),
                attempts: AttemptCounter(), observer: ControllerObserver()),
            onGrant: { _, wait in notes.waits.withLock { $0.append(wait) } },
            onAvailable: { key, wait in notes.called.withLock { $0.append("\(key.name) after \(wait)") } })
    }

    /// Writes the limits of a ConfigMap.
    func set(_ limits: [String: String], in name: String = "cm") async throws {
        let key = ObjectKey(namespace: "ns", name: name)
        var map = ConfigMap(name: name, namespace: "ns")
        map.data = limits
        if let old = api.objects(ConfigMap.self).first(where: { $0.metadata.key == key }) {
            map.metadata.resourceVersion = old.metadata.resourceVersion
            _ = try await api.update(map)
        } else {
            _ = try await api.create(map)
        }
    }

    func makeUnreadable(_ name: String = "cm", _ isUnreadable: Bool = true) {
        notes.unreadable.withLock { names in
            if isUnreadable { names.insert(name) } else { names.remove(name) }
        }
    }

    /// How often a ConfigMap was asked for.
    func reads(of name: String = "cm") -> Int {
        api.requests.count { $0.verb == .get && $0.resource == ConfigMap.resource && $0.name == name }
    }

    /// Whom the keeper called since this was asked last.
    func calls() -> [String] {
        notes.called.withLock { called in
            defer { called = [] }
            return called
        }
    }
}
