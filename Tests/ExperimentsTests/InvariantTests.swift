import Experiments
import Faults
import Kubernetes
import Resilience
import Testing

struct InvariantTests {
    private func names(_ history: History) -> [Invariant] {
        Invariant.allCases.filter { !$0.violations(in: history).isEmpty }
    }

    @Test("a calm trial breaks nothing")
    func calm() {
        #expect(names(Fixtures.history(Fixtures.observations(), [Fixtures.exchange("op-1")])).isEmpty)
    }

    @Test("a workflow that ends by a lost race, in the server's words, is one too many")
    func transientCause() throws {
        let failed = Fixtures.exchange("op-1", status: 409, reason: "Conflict", message: Fixtures.conflict)
        let history = Fixtures.history(
            Fixtures.observations(phase: "Error", message: "create agent pod failed. Reason: \(Fixtures.conflict)"),
            [failed])
        #expect(names(history) == [.noWorkflowFailedByTransientCause])
        let violation = try #require(Invariant.noWorkflowFailedByTransientCause.violations(in: history).first)
        #expect(violation.subject == "wf-1")
        #expect(violation.at == .seconds(4))
        #expect(violation.evidence.contains("attempt op-1.1, create pods boreas-1/wf-1-agent, got 409 Conflict"))
    }

    @Test("a write on the workflow's own object that failed for good is a cause, quoted or not")
    func unquotedCause() {
        let reset = Fixtures.exchange("op-1", status: 0, reason: "connectionReset", message: "reset by peer")
        let givenUp = RetryDecision(requestID: "op-1.1", classification: .permanent, layer: nil, wait: .zero)
        let history = Fixtures.history(
            Fixtures.observations(phase: "Error", message: "pod creation failed"), [reset], [givenUp])
        #expect(names(history) == [.noWorkflowFailedByTransientCause])
    }

    @Test("a workflow may fail by its own fault, while others' requests fail too")
    func ownFault() {
        let others = [
            Fixtures.exchange("op-1", name: "wf-12-agent", status: 409, reason: "Conflict", message: Fixtures.conflict),
            Fixtures.exchange("op-2", 1, status: 503, reason: "ServiceUnavailable", message: "try again"),
            Fixtures.exchange("op-2", 2, at: .seconds(3)),
            Fixtures.exchange("op-3", status: 422, reason: "Invalid", message: "spec.containers: Required value"),
        ]
        let history = Fixtures.history(
            Fixtures.observations(phase: "Failed", message: "Error (exit code 1)"), others)
        #expect(names(history).isEmpty)
    }

    @Test("what ends after the converge bound, or never, is late")
    func late() throws {
        let late = Fixtures.history(Fixtures.observations(finished: .milliseconds(8_250)))
        #expect(names(late) == [.everythingFinishedWithinConverge])
        #expect(Invariant.everythingFinishedWithinConverge.violations(in: late)[0].evidence.contains("250ms after"))
        let never = Fixtures.history(Fixtures.observations(phase: "Running", finished: nil))
        #expect(names(never) == [.everythingFinishedWithinConverge])
        #expect(names(Fixtures.history(Fixtures.observations(finished: .seconds(8)))).isEmpty)
    }

    @Test("a finished workflow that leaves a pod or a task set behind leaks it")
    func leaks() {
        let pod = Observation(.podRemained, "wf-1-agent", detail: "wf-1", at: .seconds(8))
        let taskSet = Observation(.taskSetRemained, "wf-1", detail: "wf-1", at: .seconds(8))
        #expect(names(Fixtures.history(Fixtures.observations() + [pod])) == [.noPodLeaked])
        #expect(names(Fixtures.history(Fixtures.observations() + [taskSet])) == [.noTaskSetLeaked])
        let foreign = Observation(.podRemained, "x-agent", detail: "x", at: .seconds(8))
        #expect(names(Fixtures.history(Fixtures.observations() + [foreign])).isEmpty)
        // A workflow that still runs has a use for its pod.
        let running = Fixtures.history(Fixtures.observations(phase: "Running", finished: nil) + [pod])
        #expect(names(running) == [.everythingFinishedWithinConverge])
    }

    @Test("a permanent answer is not asked for twice in one call")
    func permanentRetried() throws {
        let refused = Fixtures.exchange("op-1", 1, status: 422, reason: "Invalid", message: "spec: Required value")
        let again = Fixtures.exchange(
            "op-1", 2, at: .seconds(3), status: 422, reason: "Invalid", message: "spec: Required value")
        let history = Fixtures.history(Fixtures.observations(), [refused, again])
        #expect(names(history) == [.permanentErrorsNotRetried])
        #expect(Invariant.permanentErrorsNotRetried.violations(in: history)[0].evidence.contains("op-1.2"))
    }

    @Test("transient answers, forged ones, and the queue's next turn may come again")
    func mayComeAgain() {
        func pair(_ status: Int, _ reason: String, _ message: String) -> [Exchange] {
            [
                Fixtures.exchange("op-1", 1, status: status, reason: reason, message: message),
                Fixtures.exchange("op-1", 2, at: .seconds(3)),
            ]
        }
        #expect(names(Fixtures.history(Fixtures.observations(), pair(409, "Conflict", Fixtures.conflict))).isEmpty)
        #expect(names(Fixtures.history(Fixtures.observations(), pair(403, "Forbidden", "exceeded quota: c"))).isEmpty)
        let forbidden = pair(403, "Forbidden", "pods is forbidden")
        let requeued = RetryDecision(
            requestID: "op-1.1", classification: .permanent, layer: .requeue, wait: .seconds(1))
        #expect(names(Fixtures.history(Fixtures.observations(), forbidden, [requeued])).isEmpty)
        let forged = Injection(
            rule: "deny", kind: .status, identity: forbidden[0].identity, ordinal: 1, requestID: "op-1.1",
            at: .seconds(2))
        #expect(names(Fixtures.history(Fixtures.observations(), forbidden, injections: [forged])).isEmpty)
        #expect(names(Fixtures.history(Fixtures.observations(), forbidden)) == [.permanentErrorsNotRetried])
    }
}

struct TrialRecordTests {
    static func spec(_ rules: [Rule] = []) throws -> TrialSpec {
        TrialSpec(
            number: 1, policy: try Fixtures.policy(),
            variation: Experiment.Variation(
                policies: [], workload: [], phases: Fixtures.phases, plan: Plan(rules: rules)), index: 1, seed: 5)
    }

    static let churn = Rule(name: "churn", fault: .quotaConflict(Fault.QuotaChurn(quota: "compute", writers: 4)))
    static let cut = Rule(name: "cut", fault: .reset(Fault.Reset(at: .afterCommit)))

    static func evidence(
        _ exchanges: [Exchange] = [Fixtures.exchange("op-1")], _ observations: [Observation] = Fixtures.observations(),
        injections: [Injection] = []
    ) -> TrialEvidence {
        TrialEvidence(
            exchanges: exchanges, injections: injections, observations: observations, ended: .seconds(8))
    }

    static func record(_ rules: [Rule], _ evidence: TrialEvidence) throws -> TrialRecord {
        TrialRecord(try spec(rules), evidence: evidence, startedEpochMicroseconds: 0)
    }

    @Test("a trial whose faults fired and whose invariants held passes")
    func pass() throws {
        let conflict = Fixtures.exchange("op-1", 1, status: 409, reason: "Conflict", message: Fixtures.conflict)
        let record = try Self.record(
            [Self.churn], Self.evidence([conflict, Fixtures.exchange("op-1", 2, at: .seconds(3))]))
        #expect(record.outcome == .pass, "\(record.reason)")
        #expect(record.reason.isEmpty)
        #expect(record.injections.map(\.rule) == ["churn"])
        #expect(record.attempts[0].injection == 0)
        #expect(record.operations.map(\.outcome) == [.succeeded])
        #expect(
            record.samples.filter { $0.metric == .workflowCompletion }
                == [Sample(.workflowCompletion, subject: "wf-1", value: 3.5)])
        #expect(!record.samples.contains { $0.metric == .violations })
    }

    @Test("a rule that never fired leaves the trial inconclusive, each by name")
    func vacuous() throws {
        let record = try Self.record([Self.churn, Self.cut], Self.evidence())
        #expect(record.outcome == .inconclusive)
        #expect(record.reason == "the fault churn never hit a request; the fault cut never hit a request")
    }

    @Test("a violation fails even a trial that tested little")
    func failure() throws {
        let record = try Self.record(
            [Self.cut], Self.evidence([], Fixtures.observations(phase: "Running", finished: nil)))
        #expect(record.outcome == .fail)
        #expect(record.reason.hasPrefix("everythingFinishedWithinConverge: wf-1"))
        #expect(record.samples.first == Sample(.workflowCompletion, subject: "wf-1", value: 7.5, isCensored: true))
        #expect(
            record.samples.filter { $0.metric == .violations }
                == [Sample(.violations, Breakdown(.invariant, "everythingFinishedWithinConverge"), value: 1)])
    }

    @Test("an oracle that could not read leaves everything open")
    func blindOracle() throws {
        let blind = Observation(.oracleFailed, "workflows", message: "connection refused", at: .seconds(7))
        let record = try Self.record(
            [], Self.evidence([], Fixtures.observations(phase: "Running", finished: nil) + [blind]))
        #expect(record.outcome == .inconclusive)
        #expect(record.reason == "the harness could not read workflows: connection refused")
    }

    @Test(
        "a trial without workload, without requests, without a steady state or a healthy end shows nothing",
        arguments: [
            (
                [Observation.entered(.converge, at: .seconds(3))], [Fixtures.exchange("op-1")],
                "no workflow was submitted"
            ),
            (Fixtures.observations(), [], "the subject sent no request"),
            (
                Fixtures.observations() + [Observation(.steadyStateMissed, "", message: "no pod ran", at: .seconds(1))],
                [Fixtures.exchange("op-1")], "no steady state before the storm: no pod ran"
            ),
            (
                Fixtures.observations().filter { $0.subject != "converge" }, [Fixtures.exchange("op-1")],
                "the converge phase was never reached"
            ),
        ])
    func nothingShown(observations: [Observation], exchanges: [Exchange], words: String) throws {
        let record = try Self.record([], Self.evidence(exchanges, observations))
        #expect(record.outcome == .inconclusive)
        #expect(record.reason == words)
    }

    @Test("exchanges, decisions and injections meet by the request's id")
    func join() throws {
        let exchanges = [
            Fixtures.exchange("op-1", 2, at: .seconds(3)), Fixtures.exchange("op-2", at: .seconds(1), status: 500),
            Fixtures.exchange("op-1", 1, status: 0, reason: "connectionReset"),
        ]
        let decision = RetryDecision(
            requestID: "op-1.1", classification: .transient, layer: .call, wait: .milliseconds(100))
        let givenUp = RetryDecision(requestID: "op-2.1", classification: .permanent, layer: nil, wait: .zero)
        let hit = Injection(
            rule: "cut", kind: .reset, identity: exchanges[2].identity, ordinal: 1, requestID: "op-1.1", at: .seconds(2)
        )
        let joined = AttemptJoin(
            TrialEvidence(exchanges: exchanges, decisions: [decision, givenUp], injections: [hit]),
            plan: Plan(rules: [Self.cut]))
        #expect(joined.attempts.map(\.exchange.trace.requestID) == ["op-2.1", "op-1.1", "op-1.2"])
        #expect(joined.attempts.map(\.decision) == [givenUp, decision, nil])
        #expect(joined.attempts.map(\.injection) == [nil, 0, nil])
        #expect(joined.operations.map(\.id) == ["op-2", "op-1"])
        #expect(joined.operations.map(\.outcome) == [.failed, .succeeded])
        #expect(joined.operations[1].finished == .milliseconds(3_010))
    }

    @Test(
        "an operation is what was decided about its last attempt",
        arguments: [
            (409, nil, OperationRecord.Outcome.succeeded), (0, nil, .unfinished),
            (
                409, RetryDecision(requestID: "op-1.1", classification: .transient, layer: .requeue, wait: .zero),
                .unfinished
            ),
            (409, RetryDecision(requestID: "op-1.1", classification: .permanent, layer: nil, wait: .zero), .failed),
        ])
    func operationOutcome(status: Int, decision: RetryDecision?, outcome: OperationRecord.Outcome) {
        let evidence = TrialEvidence(
            exchanges: [Fixtures.exchange("op-1", status: status)], decisions: decision.map { [$0] } ?? [])
        #expect(AttemptJoin(evidence, plan: Plan()).operations.map(\.outcome) == [outcome])
    }

    @Test("the digest follows decisions and outcomes, and neither times, order nor namespaces")
    func digest() throws {
        func injection(_ ordinal: Int, namespace: String = "a", at: Duration = .seconds(2)) -> Injection {
            let identity = RequestIdentity(
                verb: .create, group: "", resource: "pods", namespace: namespace, name: "p")
            return Injection(rule: "cut", kind: .reset, identity: identity, ordinal: ordinal, requestID: nil, at: at)
        }
        func digest(_ injections: [Injection], _ phase: String = "Succeeded") throws -> String {
            let evidence = Self.evidence(observations: Fixtures.observations(phase: phase), injections)
            return try Self.record([Self.cut], evidence).digest
        }
        let reference = try digest([injection(1), injection(2)])
        #expect(reference.count == 16)
        #expect(try digest([injection(2, namespace: "b", at: .seconds(1)), injection(1)]) == reference)
        #expect(try digest([injection(1), injection(3)]) != reference)
        #expect(try digest([injection(1), injection(2)], "Failed") != reference)
    }

    private static func evidence(observations: [Observation], _ injections: [Injection]) -> TrialEvidence {
        evidence([Fixtures.exchange("op-1")], observations, injections: injections)
    }
}

struct VerdictTests {
    @Test(
        "one failure fails the whole, one doubt leaves it open, and nothing shows nothing",
        arguments: [
            ([Verdict.pass, .pass], Verdict.pass), ([.pass, .inconclusive], .inconclusive),
            ([.inconclusive, .fail, .pass], .fail), ([], .inconclusive),
        ])
    func combination(parts: [Verdict], whole: Verdict) {
        #expect(Verdict(all: parts) == whole)
    }

    @Test("inconclusive is never green")
    func exitCodes() {
        #expect(Verdict.allCases.map(\.exitCode) == [0, 1, 2])
    }
}
