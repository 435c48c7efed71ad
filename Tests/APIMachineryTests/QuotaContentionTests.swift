import APIMachinery
import Determinism
import Kubernetes
import Testing

/// The share of pod creations that a quota's writers make fail, held against a kube-apiserver 1.36.
@Suite struct QuotaContentionTests {
    struct Figure: Sendable, CustomTestStringConvertible {
        var writers: Int
        var refusedPercent: Double

        var testDescription: String { "\(writers) writers" }
    }

    @Test(
        arguments: [
            Figure(writers: 0, refusedPercent: 0), Figure(writers: 1, refusedPercent: 37),
            Figure(writers: 2, refusedPercent: 55), Figure(writers: 4, refusedPercent: 78),
            Figure(writers: 8, refusedPercent: 90), Figure(writers: 16, refusedPercent: 96),
        ])
    func `writers of a quota refuse creations as often as on a real server`(_ figure: Figure) throws {
        var load = try QuotaLoad(writers: figure.writers, writesChange: true, seed: 1)
        load.run(creations: 600)
        print(
            "N=\(figure.writers) refused=\(load.refusedPercent) writes/s=\(load.writesPerSecond) create=\(load.meanCreationMilliseconds)"
        )
        #expect(abs(load.refusedPercent - figure.refusedPercent) <= 6)
    }

    @Test func `writers that change nothing refuse no creation`() throws {
        var load = try QuotaLoad(writers: 2, writesChange: false, seed: 1)
        load.run(creations: 500)
        #expect(load.refusedPercent == 0)
    }
}

/// Writers and a creator, each with one request in flight, in virtual time.
struct QuotaLoad {
    private enum Client { case writer(Int), creator }

    private var store: ClusterStore
    private var now = TestServer.start
    private var lastTicket: UInt64 = 0
    private var clients: [RequestTicket: Client] = [:]
    /// When a client sends its next request.
    private var wakeups: [(due: Timestamp, client: Client)] = []
    private let writesChange: Bool
    private var created = 0
    private var refused = 0
    private var written = 0
    private var creationStart = TestServer.start
    private var creationTime = Duration.zero

    /// From an answer to the next request's arrival: the wire both ways, and the client's own work.
    static let roundTrip = Duration.microseconds(600)

    init(writers: Int, writesChange: Bool, seed: UInt64) throws {
        self.writesChange = writesChange
        store = ClusterStore(
            configuration: .init(seed: seed, installsArgo: false, serviceTimes: .measured), now: now)
        send("POST", "/api/v1/namespaces", ["metadata": ["name": "t"]], .creator)
        settle()
        send(
            "POST", "/api/v1/namespaces/t/resourcequotas",
            ["metadata": ["name": "rq"], "spec": ["hard": ["pods": "1000000"]]], .creator)
        settle()
        clients = [:]
        wakeups = (0..<writers).map { (now + .microseconds(Int64($0) * 137), .writer($0)) } + [(now, .creator)]
        written = 0
        creationTime = .zero
        start = now
    }

    private var start = TestServer.start

    var refusedPercent: Double { 100 * Double(refused) / Double(max(created, 1)) }

    var writesPerSecond: Double { Double(written) / (now - start).seconds }

    var meanCreationMilliseconds: Double { creationTime.seconds * 1_000 / Double(max(created, 1)) }

    mutating func run(creations: Int) {
        while created < creations {
            let wakeup = wakeups.indices.min { wakeups[$0].due < wakeups[$1].due }
            let wakeupDue = wakeup.map { wakeups[$0].due }
            if let deadline = store.nextDeadline, deadline <= wakeupDue ?? deadline {
                now = max(now, deadline)
                take(store.timePassed(now: now))
            } else if let wakeup {
                let (due, client) = wakeups.remove(at: wakeup)
                now = max(now, due)
                act(client)
            }
        }
    }

    /// Lets a second pass: long enough for the quota controller.
    private mutating func settle() {
        now = now + .seconds(1)
        _ = store.timePassed(now: now)
    }

    private mutating func act(_ client: Client) {
        lastTicket += 1
        switch client {
        case .creator:
            creationStart = now
            send("POST", "/api/v1/namespaces/t/pods", pod("p-\(lastTicket)"), client)
        case .writer(let number):
            let value = writesChange ? "\(lastTicket)" : "same"
            let patch: JSONValue = ["metadata": ["annotations": ["churn-\(number)": .string(value)]]]
            send("PATCH", "/api/v1/namespaces/t/resourcequotas/rq", patch, client)
        }
    }

    private mutating func send(_ method: String, _ uri: String, _ body: JSONValue, _ client: Client) {
        guard let path = RequestPath(method: method, uri: uri) else { return }
        lastTicket += 1
        let ticket = RequestTicket(number: lastTicket)
        clients[ticket] = client
        let request = ServerRequest(path: path, body: body, patchType: method == "PATCH" ? .merge : nil)
        take(store.receive(request, id: ticket, now: now))
    }

    private mutating func take(_ actions: [ClusterStore.Action]) {
        for case .respond(let ticket, let response) in actions {
            guard let client = clients.removeValue(forKey: ticket) else { continue }
            if case .creator = client {
                created += 1
                creationTime += now - creationStart
                if response.code == 409 { refused += 1 }
            } else if response.code == 200 {
                written += 1
            }
            wakeups.append((now + Self.roundTrip, client))
        }
    }
}
