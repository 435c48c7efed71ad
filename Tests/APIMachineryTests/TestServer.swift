import APIMachinery
import Determinism
import Kubernetes
import Testing

/// A store under the test's own time, with requests written as their lines.
struct TestServer {
    var store: ClusterStore
    var now: Timestamp
    private var lastTicket: UInt64 = 0
    /// Everything that happened, by ticket.
    private(set) var answers: [RequestTicket: ServerResponse] = [:]
    private(set) var events: [RequestTicket: [WatchEvent]] = [:]
    private(set) var ended: Set<RequestTicket> = []

    static let start = Timestamp(microsecondsSinceEpoch: 1_800_000_000_000_000)

    init(_ configuration: ClusterStore.Configuration = .init(definitionDelay: .zero)) {
        now = Self.start
        store = ClusterStore(configuration: configuration, now: now)
    }

    /// A store with the namespace `t` and its default ServiceAccount.
    static func withNamespace(
        _ configuration: ClusterStore.Configuration = .init(definitionDelay: .zero)
    ) throws -> TestServer {
        var server = TestServer(configuration)
        let response = try server("POST /api/v1/namespaces", ["metadata": ["name": "t"]])
        try #require(response.code == 201)
        return server
    }

    /// Sends `GET /api/v1/pods`, and gives the answer, which must come before any time passes.
    @discardableResult
    mutating func callAsFunction(
        _ line: String, _ body: JSONValue? = nil, patch: PatchType? = nil, userAgent: String = "test/1.0"
    ) throws -> ServerResponse {
        let ticket = try submit(line, body, patch: patch, userAgent: userAgent)
        return try #require(answers[ticket], "\(line) was not answered at once")
    }

    /// Sends a request, whose answer may come later.
    mutating func submit(
        _ line: String, _ body: JSONValue? = nil, patch: PatchType? = nil, userAgent: String = "test/1.0"
    ) throws -> RequestTicket {
        let parts = line.split(separator: " ", maxSplits: 1)
        let path = try #require(RequestPath(method: String(parts[0]), uri: String(parts[1])))
        let ticket = RequestTicket(number: lastTicket + 1)
        lastTicket += 1
        let request = ServerRequest(path: path, body: body, patchType: patch, userAgent: userAgent)
        take(store.receive(request, id: ticket, now: now))
        return ticket
    }

    /// Opens a watch; its events are in ``events``.
    mutating func watch(_ uri: String) throws -> RequestTicket {
        try submit("GET \(uri)\(uri.contains("?") ? "&" : "?")watch=1")
    }

    /// Lets time pass, stopping wherever something is due.
    mutating func pass(_ duration: Duration) {
        let end = now + duration
        while let deadline = store.nextDeadline, deadline <= end {
            now = max(now, deadline)
            take(store.timePassed(now: now))
        }
        now = end
        take(store.timePassed(now: now))
    }

    /// Answers a call to a webhook.
    mutating func answer(_ call: WebhookCall, _ answer: WebhookAnswer) {
        take(store.webhookAnswered(call.number, answer, now: now))
    }

    /// Lets a call to a webhook pass, or denies it.
    mutating func answer(_ call: WebhookCall, allowed: Bool, status: JSONObject? = nil) {
        var response: JSONObject = ["uid": call.review["request", "uid"] ?? "", "allowed": .bool(allowed)]
        response["status"] = status.map(JSONValue.object)
        let review: JSONObject = [
            "apiVersion": "admission.k8s.io/v1", "kind": "AdmissionReview", "response": .object(response),
        ]
        answer(call, .review(review))
    }

    /// The server dies, and is there again after a while.
    mutating func restart(after downtime: Duration) {
        take(store.stop(now: now))
        pass(downtime)
        take(store.start(now: now))
    }

    private mutating func take(_ actions: [ClusterStore.Action]) {
        for action in actions {
            switch action {
            case .respond(let ticket, let response): answers[ticket] = response
            case .startWatch(let ticket): events[ticket] = []
            case .watchEvent(let ticket, let event): events[ticket, default: []].append(event)
            case .endWatch(let ticket): ended.insert(ticket)
            }
        }
    }

    /// The events of a watch since the last look.
    mutating func takeEvents(_ ticket: RequestTicket) -> [String] {
        defer { events[ticket] = [] }
        return (events[ticket] ?? []).map { "\($0.type) \($0.object["metadata", "name"]?.string ?? "")" }
    }
}

extension ServerResponse {
    var message: String { body["message"]?.string ?? "" }

    var reason: String { body["reason"]?.string ?? "" }

    var version: String { body["metadata", "resourceVersion"]?.string ?? "" }

    var name: String { body["metadata", "name"]?.string ?? "" }

    /// `reason field: message` of each cause.
    var causes: [String] {
        (body["details", "causes"]?.array ?? []).compactMap(\.object).map { cause in
            let words = ["reason", "field", "message"].compactMap { cause[$0]?.string }
            return words.joined(separator: " ")
        }
    }
}

/// A pod of one container, as small as it may be.
func pod(_ name: String, _ members: [String: JSONValue] = [:]) -> JSONValue {
    var spec: JSONObject = ["containers": [["name": "c", "image": "i:1"]]]
    for (key, value) in members { spec[key] = value }
    return ["metadata": ["name": .string(name)], "spec": .object(spec)]
}
