import Experiments
import Faults
import Kubernetes
import Resilience
import Testing

/// For each invariant a history that it must reject and one, as near as can be, that it must accept.
struct InvariantCasesTests {
    struct Case: Sendable, CustomTestStringConvertible {
        var invariant: Invariant
        var what: String
        var rejected: [Observation]
        var accepted: [Observation]

        var testDescription: String { "\(invariant.rawValue): \(what)" }

        init(_ invariant: Invariant, _ what: String, rejected: [Observation], accepted: [Observation]) {
            self.invariant = invariant
            self.what = what
            self.rejected = rejected
            self.accepted = accepted
        }
    }

    private static let lock = "n/ConfigMap/limits/workers"

    private static func limit(_ limit: String, _ seconds: Double) -> Observation {
        Observation(.limitChanged, lock, detail: limit, at: .seconds(seconds))
    }

    private static func permit(
        _ kind: Observation.Kind, _ holder: String, _ seconds: Double, lock: String = lock
    ) -> Observation {
        Observation(kind, lock, detail: "n/\(holder)", at: .seconds(seconds))
    }

    private static func work(_ holder: String, _ began: Double, _ ended: Double, lock: String = lock) -> [Observation] {
        [
            Observation(.permitHeld, lock, detail: "n/\(holder)", at: .seconds(began)),
            Observation(
                .guardedWorkBegan, lock, detail: "n/\(holder)", message: "\(holder)-pod", at: .seconds(began)),
            Observation(
                .guardedWorkEnded, lock, detail: "n/\(holder)", message: "\(holder)-pod", at: .seconds(ended)),
            Observation(.permitReleased, lock, detail: "n/\(holder)", at: .seconds(ended)),
        ]
    }

    static let lockCases = [
        Case(
            .permitsWithinLimit, "two holders work at once under a limit of one",
            rejected: [limit("1", 0)] + work("a", 1, 3) + work("b", 2.9, 4),
            accepted: [limit("1", 0)] + work("a", 1, 3) + work("b", 3, 4)),
        Case(
            .permitsWithinLimit, "a mutex has the limit one by itself",
            rejected: work("a", 1, 3, lock: "n/Mutex/m") + work("b", 2, 4, lock: "n/Mutex/m"),
            accepted: work("a", 1, 3, lock: "n/Mutex/m") + work("b", 2, 4, lock: "n/Mutex/other")),
        Case(
            .permitsWithinLimit, "a limit that was lowered lets nobody in, and turns nobody out",
            rejected: [limit("2", 0), limit("1", 2)] + work("a", 1, 6) + work("b", 4, 6),
            accepted: [limit("2", 0), limit("1", 2)] + work("a", 1, 6) + work("b", 1.5, 6)),
        Case(
            .permitsWithinLimit, "a limit that was raised lets more in",
            rejected: [limit("1", 0), limit("2", 4)] + work("a", 1, 6) + work("b", 3, 6),
            accepted: [limit("1", 0), limit("2", 2)] + work("a", 1, 6) + work("b", 3, 6)),
        Case(
            .permitsWithinLimit, "one pod after the other of one holder is one holder",
            rejected: [limit("0", 0)] + work("a", 2, 3), accepted: [limit("1", 0)] + work("a", 1, 2) + work("a", 2, 3)),
        Case(
            .permitsWithinLimit, "records that overlap for longer than a hand-over takes",
            rejected: [
                limit("1", 0), permit(.permitHeld, "a", 1), permit(.permitHeld, "b", 2),
                permit(.permitReleased, "a", 6),
                permit(.permitReleased, "b", 7),
            ],
            accepted: [
                limit("1", 0), permit(.permitHeld, "a", 1), permit(.permitHeld, "b", 2),
                permit(.permitReleased, "a", 2.5), permit(.permitReleased, "b", 7),
            ]),
        Case(
            .noWorkWithoutLock, "work under a lock that was never held",
            rejected: [
                Observation(.guardedWorkBegan, lock, detail: "n/a", message: "a-pod", at: .seconds(2)),
                permit(.permitHeld, "b", 1),
            ], accepted: work("a", 2, 3)),
        Case(
            .noPermitLeaked, "a record that still gives a permit to who has ended",
            rejected: [
                Observation(
                    .permitRemained, lock, detail: "n/wf-1", message: "the status of the workflow wf-1", at: .seconds(8)
                )
            ], accepted: work("wf-1", 2, 3)),
    ]

    private static func run(_ workflow: String, _ scheduled: String, _ seconds: Double) -> Observation {
        Observation(.cronRunCreated, "tick", detail: scheduled, message: workflow, at: .seconds(seconds))
    }

    private static func due(_ scheduled: String, _ seconds: Double, _ allowed: String = "") -> Observation {
        Observation(.cronTickDue, "tick", detail: scheduled, message: allowed, at: .seconds(seconds))
    }

    static let cronCases = [
        Case(
            .oneRunPerTick, "two workflows of one tick, also where the second has the name of the first",
            rejected: [run("tick-10", "10", 1), run("tick-10", "10", 4)],
            accepted: [run("tick-10", "10", 1), run("tick-12", "12", 3)]),
        Case(
            .noTickMissed, "a tick without a workflow",
            rejected: [due("10", 1), due("12", 3), run("tick-10", "10", 1)],
            accepted: [due("10", 1), due("12", 3), run("tick-10", "10", 1), run("tick-12", "12", 3.5)]),
        Case(
            .noTickMissed, "a tick that the spec may skip is not missed",
            rejected: [due("10", 1)], accepted: [due("10", 1, "may be skipped")]),
        Case(
            .noTickMissed, "what is due while nobody is there is not missed, and what is due later is",
            rejected: [
                Observation(.subjectCrashed, "1", detail: "kill", at: .seconds(1)),
                Observation(.subjectStarted, "1", detail: "2", at: .seconds(2)), due("10", 3.5),
            ],
            accepted: [
                Observation(.subjectCrashed, "1", detail: "kill", at: .seconds(1)),
                Observation(.subjectStarted, "1", detail: "2", at: .seconds(2)), due("10", 1.5), due("12", 2.9),
            ]),
        Case(
            .noTickMissed,
            "of several controllers, the leader's death lasts until another leads, and no other's counts",
            rejected: [
                Observation(.subjectLeads, "1", detail: "1", at: .seconds(0.5)),
                Observation(.subjectCrashed, "2", detail: "kill", at: .seconds(1)), due("10", 1.5),
                Observation(.subjectStarted, "2", detail: "2", at: .seconds(2)),
            ],
            accepted: [
                Observation(.subjectLeads, "1", detail: "1", at: .seconds(0.5)),
                Observation(.subjectCrashed, "1", detail: "kill", at: .seconds(1)),
                Observation(.subjectStarted, "1", detail: "2", at: .seconds(1.2)), due("10", 3),
                Observation(.subjectLeads, "2", detail: "1", at: .seconds(4)), due("14", 4.8),
            ]),
    ]

    private static func call(_ seconds: Double, _ url: String = "GET http://r/a", status: Int = 200) -> Observation {
        Observation(.httpCallReturned, "wf-1", detail: url, message: "\(status)", at: .seconds(seconds))
    }

    private static func node(_ kind: Observation.Kind, _ id: String, _ seconds: Double) -> Observation {
        Observation(
            kind, "wf-1", detail: id, message: kind == .httpNodeUnfinished ? "Pending" : "Succeeded",
            at: .seconds(seconds))
    }

    static let httpCases = [
        Case(
            .noHTTPResultLost, "an answered call whose node has no result",
            rejected: [call(2), node(.httpNodeUnfinished, "n1", 8)],
            accepted: [call(2), node(.httpNodeFinished, "n1", 3)]),
        Case(
            .noHTTPResultLost, "a call that was refused leaves nothing to lose",
            rejected: [call(2, status: 204), node(.httpNodeUnfinished, "n1", 8)],
            accepted: [call(2, status: 503), node(.httpNodeUnfinished, "n1", 8)]),
        Case(
            .noHTTPResultLost, "the answered call may be that of the node that has its result",
            rejected: [
                call(2), call(2, "GET http://r/b"), node(.httpNodeFinished, "n1", 3),
                node(.httpNodeUnfinished, "n2", 8),
            ], accepted: [call(2), node(.httpNodeFinished, "n1", 3), node(.httpNodeUnfinished, "n2", 8)]),
        Case(
            .noHTTPCallRepeated, "a call after its result was recorded",
            rejected: [call(2), node(.httpResultRecorded, "n1", 2.1), node(.httpNodeFinished, "n1", 2.2), call(4)],
            accepted: [call(2), call(2.2), node(.httpResultRecorded, "n1", 2.1), node(.httpNodeFinished, "n1", 2.3)]),
        Case(
            .noHTTPCallRepeated, "a call while another node's result is recorded",
            rejected: [call(2), node(.httpNodeFinished, "n1", 2.1), node(.httpNodeFinished, "n2", 2.5), call(4)],
            accepted: [call(2), node(.httpNodeFinished, "n1", 2.1), call(4), node(.httpNodeFinished, "n2", 4.2)]),
    ]

    static let cleanupCases = [
        Case(
            .noPodLeaked, "a pod that its podGC wanted away",
            rejected: [
                Observation(.podUncleaned, "wf-1-x", detail: "wf-1", message: "the deletion", at: .seconds(8))
            ], accepted: [Observation(.podCleaned, "wf-1-x", detail: "100", message: "the deletion", at: .seconds(5))]),
        Case(
            .noNewerPodDeleted, "a pod that came in the place of another one, and was needed",
            rejected: [Observation(.newerPodDeleted, "p", detail: "wf-1", message: "u2", at: .seconds(5))],
            accepted: [Observation(.podGone, "p", at: .seconds(5))]),
    ]

    private func names(_ history: History) -> [Invariant] {
        Invariant.allCases.filter { !$0.violations(in: history).isEmpty }
    }

    @Test(
        "what breaks it is rejected, and nothing else breaks",
        arguments: lockCases + cronCases + httpCases + cleanupCases)
    func rejected(example: Case) throws {
        let history = Fixtures.history(Fixtures.observations() + example.rejected)
        #expect(names(history) == [example.invariant])
        let violation = try #require(example.invariant.violations(in: history).first)
        #expect(!violation.evidence.isEmpty && !violation.subject.isEmpty)
    }

    @Test("what keeps it is accepted", arguments: lockCases + cronCases + httpCases + cleanupCases)
    func accepted(example: Case) {
        let history = Fixtures.history(Fixtures.observations() + example.accepted)
        #expect(names(history).isEmpty, "\(example.invariant.violations(in: history))")
    }

    // MARK: Bounds of the policy

    private func names(_ exchanges: [Exchange], _ decisions: [RetryDecision] = [], _ facts: [Observation] = []) throws
        -> [Invariant]
    {
        let joined = AttemptJoin(TrialEvidence(exchanges: exchanges, decisions: decisions), plan: Plan())
        var policy = try Fixtures.policy()
        policy.paths[.agentPodCreate] = Policy.PathRule(
            retriesInPlace: true, onTransient: .requeue, onPermanent: .failNode)
        let history = History(
            phases: Fixtures.phases, observations: Fixtures.observations() + facts, operations: joined.operations,
            attempts: joined.attempts, ended: .seconds(200), policy: policy)
        return names(history)
    }

    private func attempts(_ starts: [Double], layers: [RetryLayer?]) -> ([Exchange], [RetryDecision]) {
        let exchanges = starts.enumerated().map { index, start in
            Fixtures.exchange("op-1", index + 1, at: .seconds(start), status: 503, reason: "ServiceUnavailable")
        }
        let decisions = layers.enumerated().map { index, layer in
            RetryDecision(requestID: "op-1.\(index + 1)", classification: .transient, layer: layer, wait: .seconds(1))
        }
        return (exchanges, decisions)
    }

    @Test("four attempts a call are granted, and not five; a requeue begins another call")
    func maxAttempts() throws {
        let (five, inPlace) = attempts([1, 2, 3, 4, 5], layers: [.call, .call, .call, .call, nil])
        #expect(try names(five, inPlace) == [.callBoundsHonoured])
        let (same, requeued) = attempts([1, 2, 3, 4, 5], layers: [.call, .call, .call, .requeue, nil])
        #expect(try names(same, requeued).isEmpty)
        // A transport's own retries are not the call's.
        let (_, transport) = attempts([1, 2, 3, 4, 5], layers: [.call, .transport, .call, .call, nil])
        #expect(try names(same, transport).isEmpty)
    }

    @Test("an attempt ends with its time limit, but for what a busy machine adds")
    func attemptTimeout() throws {
        var slow = Fixtures.exchange("op-1")
        slow.duration = .milliseconds(7_500)
        #expect(try names([slow]) == [.callBoundsHonoured])
        slow.duration = .milliseconds(6_500)
        #expect(try names([slow]).isEmpty)
        slow.identity.verb = .watch
        slow.duration = .seconds(100)
        #expect(try names([slow]).isEmpty)
    }

    @Test("a pod may wait for its clean-up as long as the policy's own waits, counted from fair weather on")
    func cleanupAge() throws {
        func cleaned(_ age: Int, _ seconds: Double) -> Observation {
            Observation(.podCleaned, "p", detail: "\(age)", message: "the deletion", at: .seconds(seconds))
        }
        // 5 s of delay, 30 s of exec, 10 s of grace.
        #expect(try names([], [], [cleaned(46_000, 60)]) == [.cleanupAgeBounded])
        #expect(try names([], [], [cleaned(44_000, 60)]).isEmpty)
        #expect(try names([], [], [cleaned(46_000, 46.5)]).isEmpty)
    }

    @Test("when all is done a few writes are no storm, renewed leases are none at all, and many are one")
    func writeStorm() throws {
        func history(_ count: Int, _ resource: String) -> History {
            let exchanges = (0..<count).map {
                Fixtures.exchange("op-\($0)", verb: .update, resource: resource, at: .milliseconds(7_000 + $0))
            }
            return Fixtures.history(
                Fixtures.observations() + [Observation(.settled, "", at: .seconds(7))], exchanges)
        }
        #expect(names(history(11, "workflows")) == [.noWriteStormAfterConvergence])
        #expect(names(history(10, "workflows")).isEmpty)
        #expect(names(history(100, "leases")).isEmpty)
        let unsettled = Fixtures.history(
            Fixtures.observations(),
            (0..<50).map { Fixtures.exchange("op-\($0)", verb: .update, resource: "workflows", at: .seconds(7)) })
        #expect(names(unsettled).isEmpty)
    }

    // MARK: Transient causes

    @Test(
        "a lock that could not be read is a transient cause, in Argo's words and in a node's",
        arguments: [
            "Failed to acquire the synchronization lock. failed to initialize semaphore n/ConfigMap/limits/workers with limit",
            "lock n/ConfigMap/limits/workers is in a poisoned state: manual intervention required",
        ])
    func lockRead(message: String) {
        let unread = Fixtures.exchange(
            "op-1", verb: .get, resource: "configmaps", name: "limits", at: .seconds(3), status: 503,
            reason: "ServiceUnavailable", message: "the server is currently unable to handle the request")
        let ended = Fixtures.observations(phase: "Error", message: message)
        #expect(names(Fixtures.history(ended, [unread])) == [.noWorkflowFailedByTransientCause])
        let byNode =
            Fixtures.observations(phase: "Failed", message: "child 'wf-1-1' failed")
            + [Observation(.nodeFailed, "wf-1", detail: "wf-1-1", message: message, at: .seconds(4))]
        #expect(names(Fixtures.history(byNode, [unread])) == [.noWorkflowFailedByTransientCause])
        var other = unread
        other.identity.name = "other"
        #expect(names(Fixtures.history(ended, [other])).isEmpty)
        var read = unread
        read.httpStatus = 404
        read.reason = "NotFound"
        #expect(names(Fixtures.history(ended, [read])).isEmpty)
    }
}

struct HistorySamplesTests {
    @Test("a trial gives numbers of what it has, and none of what it has not")
    func samples() {
        let facts = [
            Observation(.lockAsked, "wf-1", detail: "l", message: "n/wf-1", at: .seconds(1)),
            Observation(.lockAsked, "wf-2", detail: "l", message: "n/wf-2", at: .seconds(2)),
            Observation(.permitHeld, "l", detail: "n/wf-1", at: .milliseconds(1_500)),
            Observation(.cronTickDue, "tick", detail: "10", at: .seconds(1)),
            Observation(.cronRunCreated, "tick", detail: "12", message: "tick-12", at: .seconds(3)),
            Observation(.cronRunCreated, "tick", detail: "12", message: "tick-12", at: .seconds(4)),
            Observation(.podCleaned, "p", detail: "700", at: .seconds(4)),
            Observation(.cleanupSampled, "3", detail: "900", at: .seconds(5)),
        ]
        let samples = Fixtures.history(Fixtures.observations() + facts).samples.dropFirst()
        #expect(
            Array(samples.prefix(5)) == [
                Sample(.cronMissed, subject: "", value: 1), Sample(.cronDuplicates, subject: "", value: 1),
                Sample(.cleanupOldest, subject: "", value: 0.9), Sample(.lockWait, subject: "n/wf-1", value: 0.5),
                Sample(.lockWait, subject: "n/wf-2", value: 6, isCensored: true),
            ])
        #expect(Fixtures.history().samples.map(\.metric) == [.workflowCompletion, .recovery, .drain])
    }
}
