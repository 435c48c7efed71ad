import Kubernetes
import Synchronization

/// A small API server in memory whose answers a test can spoil: objects, optimistic concurrency, watches.
final class ScriptedAPI: KubernetesAPI {
    /// What happens to one request.
    enum Fault: Sendable {
        /// The server never acts on it.
        case refuse(APIError)
        /// The server acts on it, and the answer is lost.
        case loseAnswer(APIError)
    }

    fileprivate struct Watcher {
        var request: APIRequest
        var continuation: AsyncStream<WatchEvent>.Continuation
    }

    fileprivate struct State {
        var revision = 100
        var objects: [String: [ObjectKey: JSONObject]] = [:]
        var history: [(resource: String, revision: Int, event: WatchEvent)] = []
        var watchers: [Int: Watcher] = [:]
        var nextWatcher = 0
        var tracedWatches = 0
        var requests: [APIRequest] = []
    }

    private let state = Mutex(State())
    private let script: @Sendable (APIRequest, _ ordinal: Int) -> Fault?

    private let stalledWatches: Int
    private let execute: @Sendable (ExecRequest) async throws -> ExecResult

    /// - Parameters:
    ///   - stalledWatches: So many of the subject's first watches never bring an event, and never end.
    ///   - script: Asked about every request but watches; `ordinal` counts those of the same identity, from 1.
    init(
        stalledWatches: Int = 0,
        script: @escaping @Sendable (APIRequest, _ ordinal: Int) -> Fault? = { _, _ in nil },
        execute: @escaping @Sendable (ExecRequest) async throws -> ExecResult = { _ in ExecResult(exitCode: 0) }
    ) {
        self.stalledWatches = stalledWatches
        self.execute = execute
        self.script = script
    }

    /// The requests so far, but for watches.
    var requests: [APIRequest] { state.withLock { $0.requests } }

    func objects<Object: KubernetesObject>(_ type: Object.Type) -> [Object] {
        state.withLock { ($0.objects[Object.resource.name] ?? [:]).values.map(Object.init(json:)) }
            .sorted { $0.metadata.key < $1.metadata.key }
    }

    func send(_ request: APIRequest) async throws -> JSONObject {
        try Task.checkCancellation()
        let ordinal = state.withLock { state in
            state.requests.append(request)
            return state.requests.count { $0.identity == request.identity }
        }
        switch script(request, ordinal) {
        case .refuse(let error): throw error
        case .loseAnswer(let error):
            _ = try? state.withLock { try $0.answer(request) }
            throw error
        case nil: return try state.withLock { try $0.answer(request) }
        }
    }

    func exec(_ request: ExecRequest) async throws -> ExecResult { try await execute(request) }

    func withWatch<Result: Sendable>(
        _ request: APIRequest, _ body: (WatchStream) async throws -> Result
    ) async throws -> Result {
        let (stream, continuation) = AsyncStream<WatchEvent>.makeStream()
        let id = state.withLock { state in
            state.nextWatcher += 1
            if request.trace != nil {
                state.tracedWatches += 1
                if state.tracedWatches <= stalledWatches { return state.nextWatcher }
            }
            let from = request.options.resourceVersion.flatMap(Int.init) ?? 0
            for entry in state.history where entry.resource == request.resource.name && entry.revision > from {
                if Self.selects(request, entry.event.object) { continuation.yield(entry.event) }
            }
            state.watchers[state.nextWatcher] = Watcher(request: request, continuation: continuation)
            return state.nextWatcher
        }
        defer { state.withLock { $0.watchers[id] = nil } }
        return try await body(
            WatchStream {
                // Iterators of one stream share its buffer.
                var iterator = stream.makeAsyncIterator()
                let event = await iterator.next()
                try Task.checkCancellation()
                return event
            })
    }

    fileprivate static func selects(_ request: APIRequest, _ object: JSONObject) -> Bool {
        let metadata = DynamicObject(json: object).metadata
        if let namespace = request.namespace, metadata.namespace != namespace { return false }
        if let field = request.options.fieldSelector, field != "metadata.name=\(metadata.name)" { return false }
        return (request.options.labelSelector ?? "").split(separator: ",").allSatisfy { term in
            let parts = term.split(separator: "=", maxSplits: 1).map(String.init)
            if parts.count == 2 { return metadata.labels[parts[0]] == parts[1] }
            if term.hasPrefix("!") { return metadata.labels[String(term.dropFirst())] == nil }
            return metadata.labels[String(term)] != nil
        }
    }
}

extension ScriptedAPI.State {
    mutating func answer(_ request: APIRequest) throws -> JSONObject {
        let resource = request.resource
        let name = request.identity.name
        let key = ObjectKey(namespace: request.namespace ?? "", name: name)
        let old = objects[resource.name]?[key]
        switch request.verb {
        case .list:
            let all = (objects[resource.name] ?? [:]).sorted { $0.key < $1.key }.map(\.value)
            let items = all.filter { ScriptedAPI.selects(request, $0) }
            return [
                "items": .array(items.map(JSONValue.object)),
                "metadata": ["resourceVersion": .string(String(revision))],
            ]
        case .create:
            guard old == nil else { throw APIError(.alreadyExists(resource, name: name)) }
            var object = DynamicObject(json: request.body?.object ?? [:])
            object.metadata.uid = "uid-\(revision + 1)"
            return commit(object.json, resource, key) { .added($0) }
        case .update:
            guard let old else { throw APIError(.notFound(resource, name: name)) }
            let new = DynamicObject(json: request.body?.object ?? [:])
            guard new.metadata.resourceVersion == DynamicObject(json: old).metadata.resourceVersion else {
                throw APIError(.conflict(resource, name: name))
            }
            return commit(new.json, resource, key) { .modified($0) }
        case .patch:
            guard let old else { throw APIError(.notFound(resource, name: name)) }
            let merged = Self.merge(request.body ?? .null, into: .object(old)).object ?? [:]
            return commit(merged, resource, key) { .modified($0) }
        case .get:
            guard let old else { throw APIError(.notFound(resource, name: name)) }
            return old
        case .delete:
            guard let old else { throw APIError(.notFound(resource, name: name)) }
            let uid = DynamicObject(json: old).metadata.uid
            if let wanted = request.options.preconditionUID, wanted != uid {
                throw APIError(.conflict(resource, name: name))
            }
            let deleted = commit(old, resource, key) { .deleted($0) }
            objects[resource.name]?[key] = nil
            return deleted
        case .watch, .deleteCollection, .connect: throw APIError(.unknownResource)
        }
    }

    private mutating func commit(
        _ object: JSONObject, _ resource: APIResource, _ key: ObjectKey, _ event: (JSONObject) -> WatchEvent
    ) -> JSONObject {
        revision += 1
        var object = object
        object["metadata", "resourceVersion"] = .string(String(revision))
        objects[resource.name, default: [:]][key] = object
        let event = event(object)
        history.append((resource.name, revision, event))
        for (_, watcher) in watchers.sorted(by: { $0.key < $1.key })
        where watcher.request.resource == resource && ScriptedAPI.selects(watcher.request, object) {
            watcher.continuation.yield(event)
        }
        return object
    }

    private static func merge(_ patch: JSONValue, into target: JSONValue) -> JSONValue {
        guard case .object(let members) = patch else { return patch }
        var result = target.object ?? [:]
        for (key, value) in members {
            result[key] = value.isNull ? nil : merge(value, into: result[key] ?? .object([:]))
        }
        return .object(result)
    }
}
