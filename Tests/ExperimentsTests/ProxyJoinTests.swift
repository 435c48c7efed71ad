import Experiments
import Faults
import Kubernetes
import Resilience
import Testing

struct ProxyJoinTests {
    private static func request(
        _ verb: Verb, _ name: String = "web", at: Int, took: Int = 10, status: Int, upstream: Int? = nil,
        body: UInt64 = 0, reason: String = "", rule: String? = nil, agent: String = "manager/v1", query: String = "",
        id: String? = nil
    ) -> ProxiedExchange {
        ProxiedExchange(
            method: "GET", uri: "/api/v1/namespaces/n/configmaps\(query)",
            identity: RequestIdentity(
                verb: verb, group: "", resource: "configmaps", namespace: "n",
                name: verb == .list || verb == .watch ? "" : name),
            requestID: id, started: .milliseconds(at), duration: .milliseconds(took), httpStatus: status,
            upstreamStatus: upstream ?? status, bodyHash: body, failureReason: reason, rule: rule, userAgent: agent,
            fieldManager: "m", isChange: verb.isWrite ? true : nil)
    }

    private static func joined(
        _ proxied: [ProxiedExchange], injections: [Injection] = [], plan: Plan = Plan()
    ) -> AttemptJoin {
        AttemptJoin(
            proxied: TrialEvidence(injections: injections, proxied: proxied, ended: .seconds(300)), plan: plan)
    }

    @Test("a request that comes again after a failure is the next attempt, and the wait is the subject's")
    func retry() {
        let joined = Self.joined([
            Self.request(.update, at: 1_000, status: 500, body: 7, reason: "InternalError"),
            Self.request(.update, at: 1_510, status: 200, body: 7),
            Self.request(.update, at: 2_000, status: 200, body: 7),
        ])
        #expect(joined.attempts.map(\.exchange.trace.requestID) == ["p1.1", "p1.2", "p2.1"])
        #expect(
            joined.attempts.map(\.decision) == [
                RetryDecision(
                    requestID: "p1.1", classification: .transient, layer: .subject, wait: .milliseconds(500)), nil, nil,
            ])
        #expect(joined.operations.map(\.outcome) == [.succeeded, .succeeded])
        #expect(joined.operations[0].started == .seconds(1) && joined.operations[0].finished == .milliseconds(1_520))
        #expect(
            joined.attempts[0].seen
                == AttemptRecord.Seen(
                    userAgent: "manager/v1", fieldManager: "m", upstreamStatus: 500, isChange: true))
    }

    @Test("after a conflict the same body is another attempt, and another body another operation")
    func conflict() {
        let joined = Self.joined([
            Self.request(.update, at: 0, status: 409, body: 1, reason: "Conflict"),
            Self.request(.get, at: 50, status: 200),
            Self.request(.update, at: 100, status: 409, body: 2, reason: "Conflict"),
            Self.request(.update, at: 200, status: 200, body: 2),
        ])
        #expect(joined.attempts.map(\.exchange.trace.requestID) == ["p1.1", "p2.1", "p3.1", "p3.2"])
        #expect(joined.operations.map(\.outcome) == [.failed, .succeeded, .succeeded])
        #expect(joined.attempts[0].decision == nil)
    }

    @Test("an answer that was lost leaves an open operation, which the next attempt closes")
    func lostAnswer() {
        let hit = Injection(
            rule: "lost", kind: .reset,
            identity: RequestIdentity(verb: .create, group: "", resource: "configmaps", namespace: "n", name: "web"),
            ordinal: 1, requestID: nil, at: .zero)
        let joined = Self.joined(
            [
                Self.request(
                    .create, at: 0, status: 0, upstream: 201, body: 5, reason: "connectionReset", rule: "lost"),
                Self.request(.create, at: 30, status: 409, body: 5, reason: "AlreadyExists"),
                Self.request(.create, "other", at: 35, status: 201, body: 6),
            ], injections: [hit])
        #expect(joined.attempts.map(\.exchange.trace.requestID) == ["p1.1", "p1.2", "p2.1"])
        #expect(joined.operations.map(\.outcome) == [.failed, .succeeded])
        #expect(joined.attempts.map(\.injection) == [0, nil, nil])
        #expect(joined.injections.map(\.requestID) == ["p1.1"])
        #expect(joined.attempts[0].exchange.outcomeText == "no answer (connectionReset)")
        #expect(joined.attempts[0].seen?.upstreamStatus == 201)
    }

    @Test("a watch that broke off goes on, and one that ended properly is followed by another")
    func watches() {
        let joined = Self.joined([
            Self.request(.watch, at: 0, took: 5_000, status: 200, query: "?watch=true&resourceVersion=1"),
            Self.request(.watch, at: 5_100, took: 1_000, status: 200, reason: "connectionReset"),
            Self.request(.watch, at: 7_000, took: 100, status: 410, reason: "Expired"),
            Self.request(.list, at: 7_200, status: 200),
            Self.request(.watch, at: 7_300, took: 9_000, status: 200, query: "?watch=true&resourceVersion=9"),
            Self.request(.watch, at: 7_310, took: 9_000, status: 200, query: "?watch=true&labelSelector=a"),
        ])
        #expect(joined.attempts.map(\.exchange.trace.requestID) == ["p1.1", "p2.1", "p2.2", "p3.1", "p2.3", "p4.1"])
        #expect(joined.attempts[1].decision?.wait == .milliseconds(900))
        #expect(!joined.attempts[1].exchange.isSuccess && joined.attempts[4].exchange.isSuccess)
        #expect(joined.operations.map(\.outcome) == [.succeeded, .succeeded, .succeeded, .succeeded])
    }

    @Test("what is not there is an answer to a get, and to nothing else")
    func missing() {
        let joined = Self.joined([
            Self.request(.get, at: 0, status: 404, reason: "NotFound"),
            Self.request(.get, at: 100, status: 404, reason: "NotFound"),
            Self.request(.delete, at: 200, status: 404, reason: "NotFound"),
            Self.request(.delete, at: 300, status: 404, reason: "NotFound"),
        ])
        #expect(joined.attempts.map(\.exchange.trace.requestID) == ["p1.1", "p2.1", "p3.1", "p3.2"])
        #expect(joined.operations.map(\.outcome) == [.succeeded, .succeeded, .failed])
    }

    @Test("what comes more than a minute later, from another sender, or at the same time, is no other attempt")
    func apart() {
        let joined = Self.joined([
            Self.request(.create, at: 0, status: 500, reason: "InternalError"),
            Self.request(.create, at: 60_010, status: 500, reason: "InternalError"),
            Self.request(.create, at: 120_021, status: 500, reason: "InternalError"),
            Self.request(.create, at: 120_500, status: 201, agent: "kubectl"),
            Self.request(.create, "slow", at: 130_000, took: 20_000, status: 0, reason: "timeout"),
            Self.request(.create, "slow", at: 131_000, took: 10, status: 409, reason: "AlreadyExists"),
        ])
        #expect(
            joined.attempts.map(\.exchange.trace.requestID) == ["p1.1", "p1.2", "p2.1", "p3.1", "p4.1", "p5.1"])
    }

    @Test("a client that gives a connection up may send again before the proxy knows; it waited no time then")
    func overlap() {
        let joined = Self.joined([
            Self.request(.get, at: 0, took: 5_020, status: 0, reason: "timeout"),
            Self.request(.get, at: 5_000, status: 200),
        ])
        #expect(joined.attempts.map(\.exchange.trace.requestID) == ["p1.1", "p1.2"])
        #expect(joined.attempts[0].decision?.wait == .zero)
    }

    @Test("what nobody had answered when the trial ended is unfinished")
    func unfinished() {
        let joined = Self.joined([
            Self.request(.get, at: 299_000, took: 1_000, status: 0), Self.request(.list, at: 1, status: 0),
        ])
        #expect(joined.operations.map(\.outcome) == [.failed, .unfinished])
    }

    @Test("faults are told by the request's id, where it has one, and else by rule, object and turn")
    func injections() {
        let identity = RequestIdentity(verb: .get, group: "", resource: "configmaps", namespace: "n", name: "web")
        func hit(_ rule: String, _ ordinal: Int, id: String? = nil) -> Injection {
            Injection(rule: rule, kind: .status, identity: identity, ordinal: ordinal, requestID: id, at: .zero)
        }
        let joined = Self.joined(
            [
                Self.request(.get, at: 0, status: 503, rule: "a", id: "x"),
                Self.request(.get, at: 100, status: 503, rule: "b"),
                Self.request(.get, at: 200, status: 503, rule: "b"),
                Self.request(.get, at: 300, status: 200),
            ], injections: [hit("b", 1), hit("a", 1, id: "x"), hit("b", 2), hit("b", 3)])
        #expect(joined.attempts.map(\.injection) == [1, 0, 2, nil])
        #expect(joined.injections.map(\.requestID) == ["p1.2", "p1.1", "p1.3", nil])
    }

    @Test("a conflict over a quota that the harness rewrites is the rule's doing")
    func quota() {
        let plan = Plan(
            rules: [Rule(name: "churn", fault: .quotaConflict(Fault.QuotaChurn(quota: "compute", writers: 1)))])
        var refused = Self.request(.create, at: 0, status: 409, reason: "Conflict")
        refused.failureMessage = Fixtures.conflict
        let joined = Self.joined([refused], plan: plan)
        #expect(joined.injections.map(\.rule) == ["churn"] && joined.attempts[0].injection == 0)
    }

    @Test("a trial's record takes the proxy's word, judges by no policy, and needs no workflow")
    func record() {
        let variation = Experiment.Variation(
            policies: [.ofProcess], workload: [], phases: Fixtures.phases, plan: Plan(),
            process: ProcessSubject(command: ["m"], workingDirectory: "/"))
        let spec = TrialSpec(
            number: 1, policy: .ofProcess, variation: variation, index: 1, seed: 1, isReference: true)
        let evidence = TrialEvidence(
            observations: [
                .entered(.calm, at: .zero), .entered(.converge, at: .seconds(3)),
                Observation(.objectCreated, "pods/p", detail: "1", at: .seconds(61)),
                Observation(.settled, "", at: .seconds(69)),
            ],
            proxied: [
                // Nothing that a policy would allow.
                Self.request(.create, at: 0, took: 60_000, status: 500, body: 1),
                Self.request(.create, at: 61_000, status: 201, body: 1),
            ], ended: .seconds(70))
        let record = TrialRecord(spec, evidence: evidence, startedEpochMicroseconds: 0)
        #expect(record.attempts.count == 2 && record.operations.count == 1)
        #expect(record.outcome == .pass, "\(record.reason)")
        let silent = TrialRecord(spec, evidence: TrialEvidence(ended: .seconds(1)), startedEpochMicroseconds: 0)
        #expect(silent.outcome == .inconclusive && silent.reason.contains("the subject sent no request"))
        #expect(!silent.reason.contains("workflow"))
    }
}
