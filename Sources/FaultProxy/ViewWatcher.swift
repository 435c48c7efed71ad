import Faults
import Kubernetes
import NIOCore
import NIOHTTP1

/// The proxy's own list and watch of a resource, which go on for as long as a rule wants to know of its events.
final class ViewWatcher {
    /// What there is to be told.
    enum News {
        /// All objects, as of a version.
        case list([JSONObject], version: UInt64, ResourceSnapshot.ListKind)
        case event(ResourceEvent)
        /// Nothing more has happened up to the version.
        case reached(UInt64)
        /// The stream of events is there.
        case watching
        /// Nothing can be learnt at present.
        case lost
    }

    private let resource: ResourcePattern
    /// Empty is all.
    private let namespace: String
    private let route: UpstreamRoute
    private let pool: UpstreamPool
    private let eventLoop: any EventLoop
    private let tell: (News) -> Void
    private var call: UpstreamCall?
    private var retry: Scheduled<Void>?
    private var isStopped = false
    /// `/apis/example.com/v1`, once it is known.
    private var root: String?
    private var version: UInt64 = 0

    private static let retryDelay = TimeAmount.milliseconds(100)

    /// - Parameter tell: Called on the event loop.
    init(
        _ resource: ResourcePattern, namespace: String, route: UpstreamRoute, pool: UpstreamPool,
        eventLoop: any EventLoop, tell: @escaping (News) -> Void
    ) {
        self.resource = resource
        self.namespace = namespace
        self.route = route
        self.pool = pool
        self.eventLoop = eventLoop
        self.tell = tell
    }

    func start() {
        guard !isStopped else { return }
        guard root != nil else { return findRoot() }
        version == 0 ? list() : watch()
    }

    func stop() {
        isStopped = true
        retry?.cancel()
        call?.cancel()
        call = nil
    }

    private func startAgain() {
        guard !isStopped else { return }
        tell(.lost)
        retry = eventLoop.assumeIsolated().scheduleTask(in: Self.retryDelay) { self.start() }
    }

    // MARK: Where the resource is

    private func findRoot() {
        guard let group = resource.groupMeant else {
            return lookAround()
        }
        guard !group.isEmpty else { return found("/api/v1") }
        get("/apis/\(group)") { answer in
            guard let version = answer?["preferredVersion", "groupVersion"]?.string else { return self.startAgain() }
            self.found("/apis/\(version)")
        }
    }

    /// Looks through the groups for one that has the resource; a name without its group may be of any.
    private func lookAround() {
        get("/apis") { answer in
            let groups = answer?["groups"]?.array ?? []
            let roots = groups.compactMap { $0.object?["preferredVersion", "groupVersion"]?.string }
            self.lookIn(["/api/v1"] + roots.map { "/apis/\($0)" })
        }
    }

    private func lookIn(_ roots: [String]) {
        guard let root = roots.first else { return startAgain() }
        get(root) { answer in
            let names = (answer?["resources"]?.array ?? []).compactMap { $0.object?["name"]?.string }
            if names.contains(self.resource.resource) {
                self.found(root)
            } else {
                self.lookIn(Array(roots.dropFirst()))
            }
        }
    }

    private func found(_ root: String) {
        self.root = root
        start()
    }

    // MARK: List and watch

    private var path: String {
        (root ?? "") + (namespace.isEmpty ? "" : "/namespaces/\(namespace)") + "/\(resource.resource)"
    }

    private func list() {
        get(path) { answer in
            guard let answer, let items = answer["items"]?.array, answer.version > 0 else {
                // The resource may have gone, or come in another version.
                self.root = nil
                return self.startAgain()
            }
            self.version = answer.version
            let kind = ResourceSnapshot.ListKind(
                apiVersion: answer["apiVersion"]?.string ?? "v1", kind: answer["kind"]?.string ?? "List")
            self.tell(.list(items.compactMap(\.object), version: answer.version, kind))
            self.watch()
        }
    }

    private func watch() {
        var frames = WatchFrames(.lines)
        var isOpen = false
        ask("\(path)?watch=true&allowWatchBookmarks=true&resourceVersion=\(version)") { head in
            isOpen = head.status == .ok
            if isOpen { self.tell(.watching) } else { self.version = 0 }
        } body: { bytes in
            guard isOpen else { return }
            frames.append(bytes)
            while let frame = frames.next() { self.take(frame) }
        } end: { _ in
            // A stream that was open is opened again at once.
            if isOpen, self.version > 0, !self.isStopped { self.watch() } else { self.startAgain() }
        }
    }

    private func take(_ frame: WatchFrame) {
        guard let change = Fault.EventPoint.Change(frame.change) else {
            switch frame.change {
            case .error: version = 0
            case .bookmark:
                guard let object = frame.object, version > 0 else { return }
                version = max(version, object.version)
                tell(.reached(version))
            default: break
            }
            return
        }
        guard let object = frame.object, version > 0 else { return }
        version = max(version, object.version)
        tell(.event(ResourceEvent(change: change, object: object, version: object.version)))
    }

    // MARK: Requests

    /// Gets an object, or nil.
    private func get(_ path: String, then: @escaping (JSONObject?) -> Void) {
        var bytes: [UInt8] = []
        var isGood = false
        ask(path) { head in
            isGood = head.status == .ok
        } body: { part in
            bytes += part.readableBytesView
        } end: { isWhole in
            then(isGood && isWhole ? (try? JSONValue(parsing: bytes))?.object : nil)
        }
    }

    private func ask(
        _ path: String, head: @escaping (HTTPResponseHead) -> Void, body: @escaping (ByteBuffer) -> Void,
        end: @escaping (Bool) -> Void
    ) {
        var headers: HTTPHeaders = [
            "Host": route.authority, "User-Agent": "boreas-view", "Accept": "application/json",
        ]
        if let authorization = route.authorization() { headers.add(name: "Authorization", value: authorization) }
        let request = HTTPRequestHead(
            version: .http1_1, method: .GET, uri: route.basePath + path, headers: headers)
        let call = UpstreamCall(head: request, UpstreamCall.Receiver(head: head, body: body, end: end))
        self.call = call
        pool.connect(for: call, isFresh: false)
    }
}

@available(*, unavailable)
extension ViewWatcher: Sendable {}

extension Fault.EventPoint.Change {
    /// Nil for what is about no object.
    fileprivate init?(_ change: WatchFrame.Change) {
        switch change {
        case .added: self = .added
        case .modified: self = .modified
        case .deleted: self = .deleted
        default: return nil
        }
    }
}
