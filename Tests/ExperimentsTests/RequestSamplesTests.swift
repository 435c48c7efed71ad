import Experiments
import Faults
import Kubernetes
import Resilience
import Testing

/// Hand-made trials whose numbers can be worked out by hand: calm from 0 s, storm from 1 s, converge from 3 s, end at 8 s.
struct RequestSamplesTests {
    static func exchange(
        _ operation: String, _ attempt: Int, _ verb: Verb, _ resource: String, path: String, at: Int, status: Int,
        reason: String = "", message: String = ""
    ) -> Exchange {
        var exchange = Fixtures.exchange(
            operation, attempt, verb: verb, resource: resource, at: .milliseconds(at), status: status, reason: reason,
            message: message)
        exchange.trace.path = path
        return exchange
    }

    private static func waits(_ id: String, _ layer: RetryLayer, _ milliseconds: Int) -> RetryDecision {
        RetryDecision(
            requestID: id, classification: .transient, layer: layer, wait: .milliseconds(milliseconds))
    }

    /// Each exchange takes 10 ms.
    static let exchanges = [
        // A create that is refused twice, and waited for by two layers: 200 ms where 100 were declared, 1 s of 1 s.
        exchange("a", 1, .create, "pods", path: "agentPodCreate", at: 500, status: 500, reason: "InternalError"),
        exchange(
            "a", 2, .create, "pods", path: "agentPodCreate", at: 710, status: 409, reason: "Conflict",
            message: Fixtures.conflict),
        exchange("a", 3, .create, "pods", path: "agentPodCreate", at: 1_720, status: 201),
        // An update that finds the object changed, reads it and tries again; nobody waits.
        exchange(
            "b", 1, .update, "workflows", path: "workflowUpdate", at: 1_500, status: 409, reason: "Conflict",
            message: "Operation cannot be fulfilled on workflows.argoproj.io \"wf-1\""),
        exchange("b", 2, .get, "workflows", path: "workflowUpdate", at: 1_520, status: 200),
        exchange("b", 3, .update, "workflows", path: "workflowUpdate", at: 1_540, status: 200),
        // That nothing is there is an answer.
        exchange("c", 1, .get, "pods", path: "agentPodRead", at: 3_200, status: 404, reason: "NotFound"),
        // A create that is tried again at once, and then not before the trial's end: of 10 s it waits 0.98.
        exchange(
            "d", 1, .create, "pods", path: "agentPodCreate", at: 7_000, status: 403, reason: "Forbidden",
            message: "pods \"p\" is forbidden: exceeded quota: compute"),
        exchange("d", 2, .create, "pods", path: "agentPodCreate", at: 7_010, status: 503, reason: "ServiceUnavailable"),
    ]

    static let decisions = [
        waits("a.1", .call, 100), waits("a.2", .requeue, 1_000), waits("d.1", .call, 0), waits("d.2", .requeue, 10_000),
    ]

    private static let samples = Fixtures.history(Fixtures.observations(), exchanges, decisions).samples

    /// By the name of a gate, for those that have one value.
    private static func values(_ samples: [Sample], _ metric: Metric) -> [String: Double] {
        let pairs = samples.filter { $0.metric == metric }.map { ($0.breakdown?.description ?? "", $0.value) }
        return Dictionary(pairs) { _, _ in .nan }
    }

    static let expected: [(metric: Metric, values: [String: Double])] = [
        (
            .operations,
            [
                "kind=create pods": 2, "kind=update workflows": 1, "kind=get pods": 1, "path=agentPodCreate": 2,
                "path=workflowUpdate": 1, "path=agentPodRead": 1, "phase=calm": 1, "phase=storm": 1,
                "phase=converge": 2,
            ]
        ),
        (
            .operationsSucceeded,
            [
                "": 3, "kind=create pods": 1, "kind=update workflows": 1, "kind=get pods": 1, "path=agentPodCreate": 1,
                "path=workflowUpdate": 1, "path=agentPodRead": 1, "phase=calm": 1, "phase=storm": 1,
                "phase=converge": 1,
            ]
        ),
        (
            .attempts,
            [
                "kind=create pods": 5, "kind=update workflows": 2, "kind=get workflows": 1, "kind=get pods": 1,
                "path=agentPodCreate": 5, "path=workflowUpdate": 3, "path=agentPodRead": 1, "layer=first": 6,
                "layer=call": 2, "layer=requeue": 1, "phase=calm": 2, "phase=storm": 4, "phase=converge": 3,
            ]
        ),
        (
            .attemptsSucceeded,
            [
                "": 4, "kind=create pods": 1, "kind=update workflows": 1, "kind=get workflows": 1, "kind=get pods": 1,
                "path=agentPodCreate": 1, "path=workflowUpdate": 2, "path=agentPodRead": 1, "phase=calm": 0,
                "phase=storm": 3, "phase=converge": 1,
            ]
        ),
        (
            .retryWait,
            [
                "": 2.18, "kind=create pods": 2.18, "path=agentPodCreate": 2.18, "layer=call": 0.2,
                "layer=requeue": 1.98,
            ]
        ),
        (.retrySpacing, ["": 1.5, "layer=call": 2, "layer=requeue": 1]), (.workWasted, ["": 5.0 / 9]),
        (.conflicts, ["": 1]), (.quotaPressure, ["": 0.4]),
        (.goodputRate, ["": 0.375, "phase=calm": 0, "phase=storm": 1, "phase=converge": 0.2]),
        (.herd, ["": 2.0 * 50 / 3]), (.drain, ["": 1]),
    ]

    @Test("the numbers of a controller's trial are those that one counts by hand", arguments: expected)
    func core(metric: Metric, expected: [String: Double]) {
        let found = Self.values(Self.samples, metric)
        #expect(found.keys.sorted() == expected.keys.sorted())
        for (name, value) in expected { #expect(abs((found[name] ?? .nan) - value) < 1e-9, "\(metric) \(name)") }
    }

    @Test("each number stands once, in an order of its own, and the count of operations is a part's alone")
    func order() {
        let keys = Self.samples.map { SampleKey($0.metric, $0.breakdown) }
        #expect(Set(keys).count == keys.count)
        #expect(!keys.contains(SampleKey(.operations)) && !keys.contains(SampleKey(.attempts)))
        for metric in Metric.allCases {
            let parts = Self.samples.filter { $0.metric == metric }.compactMap(\.breakdown)
            #expect(parts == parts.sorted())
            let first = Self.samples.firstIndex { $0.metric == metric && $0.breakdown != nil }
            let whole = Self.samples.firstIndex { $0.metric == metric && $0.breakdown == nil }
            if let first, let whole { #expect(whole < first) }
        }
        let again = Fixtures.history(Fixtures.observations(), Self.exchanges, Self.decisions).samples
        #expect(again == Self.samples)
    }

    @Test("what was sent before calm belongs to no phase")
    func early() {
        let facts = [
            Observation.entered(.calm, at: .seconds(1)), .entered(.storm, at: .seconds(2)),
            .entered(.converge, at: .seconds(3)),
        ]
        let samples = Fixtures.history(facts, [Fixtures.exchange("op-1", at: .milliseconds(400))]).samples
        #expect(Self.values(samples, .attempts) == ["kind=create pods": 1, "path=agentPodCreate": 1, "layer=first": 1])
        #expect(
            Self.values(samples, .goodputRate)
                == ["": 0.125, "phase=calm": 0, "phase=storm": 0, "phase=converge": 0])
    }

    @Test("a subject that sent nothing gives no number about requests")
    func silence() {
        let about: Set<Metric> = Set(Self.expected.map(\.metric)).subtracting([.drain])
        #expect(Fixtures.history().samples.allSatisfy { !about.contains($0.metric) })
        let reads = [Fixtures.exchange("op-1", verb: .get, status: 200)]
        let metrics = Set(Fixtures.history(Fixtures.observations(), reads).samples.map(\.metric))
        #expect(!metrics.contains(.quotaPressure) && !metrics.contains(.retrySpacing))
        #expect(metrics.isSuperset(of: [.retryWait, .workWasted, .conflicts]))
    }

    /// Of a process everything is known that a proxy sees: no place, and no wait that was meant.
    static let proxied: [ProxiedExchange] = [
        proxied(.get, at: 500, status: 404, reason: "NotFound"),
        proxied(.update, at: 1_500, status: 409, reason: "Conflict", body: 1),
        proxied(.update, at: 1_600, status: 500, reason: "InternalError", body: 2),
        proxied(.update, at: 2_110, status: 200, body: 2),
        proxied(.create, at: 3_500, status: 403, reason: "Forbidden", body: 3),
    ]

    private static func proxied(
        _ verb: Verb, at: Int, status: Int, reason: String = "", body: UInt64 = 0
    ) -> ProxiedExchange {
        ProxiedExchange(
            method: "GET", uri: "/api/v1/namespaces/n/configmaps",
            identity: RequestIdentity(verb: verb, group: "", resource: "configmaps", namespace: "n", name: "web"),
            started: .milliseconds(at), duration: .milliseconds(10), httpStatus: status, upstreamStatus: status,
            bodyHash: body, failureReason: reason,
            failureMessage: verb == .create ? "exceeded quota: objects" : "")
    }

    static var processHistory: History {
        let evidence = TrialEvidence(proxied: proxied, ended: .seconds(8))
        let joined = AttemptJoin(proxied: evidence, plan: Plan())
        let facts = Fixtures.observations().filter { $0.kind == .phaseEntered }
        return History(
            phases: Fixtures.phases, observations: facts, operations: joined.operations, attempts: joined.attempts,
            ended: .seconds(8), process: ProcessSubject(command: ["manager"], workingDirectory: "/"))
    }

    static let expectedOfProcess: [(metric: Metric, values: [String: Double])] = [
        (
            .operations,
            [
                "kind=create configmaps": 1, "kind=get configmaps": 1, "kind=update configmaps": 2, "phase=calm": 1,
                "phase=storm": 2, "phase=converge": 1,
            ]
        ),
        (
            .operationsSucceeded,
            [
                "": 2, "kind=create configmaps": 0, "kind=get configmaps": 1, "kind=update configmaps": 1,
                "phase=calm": 1, "phase=storm": 1, "phase=converge": 0,
            ]
        ),
        (
            .attempts,
            [
                "kind=create configmaps": 1, "kind=get configmaps": 1, "kind=update configmaps": 3, "layer=first": 4,
                "layer=subject": 1, "phase=calm": 1, "phase=storm": 3, "phase=converge": 1,
            ]
        ),
        (.retryWait, ["": 0.5, "kind=update configmaps": 0.5, "layer=subject": 0.5]), (.retrySpacing, [:]),
        (.workWasted, ["": 0.6]), (.conflicts, ["": 1]), (.quotaPressure, ["": 1]), (.drain, [:]),
        (.goodputRate, ["": 0.25, "phase=calm": 1, "phase=storm": 0.5, "phase=converge": 0]), (.herd, ["": 50]),
    ]

    @Test("the numbers of a process's trial are those that one counts by hand", arguments: expectedOfProcess)
    func process(metric: Metric, expected: [String: Double]) {
        let found = Self.values(Self.processHistory.samples, metric)
        #expect(found.keys.sorted() == expected.keys.sorted())
        for (name, value) in expected { #expect(abs((found[name] ?? .nan) - value) < 1e-9, "\(metric) \(name)") }
    }
}
