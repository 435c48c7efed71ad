import Determinism
import Faults
import Kubernetes
import Testing

@testable import Experiments

/// What a program of somebody's own did, beside what became of its objects.
struct ProcessInvariantTests {
    private static func history(
        _ observations: [Observation], _ exchanges: [Exchange] = [], memoryGrowthMax: Int? = nil,
        reference: CalmReference? = CalmReference(trials: [[], []])
    ) -> History {
        History(
            phases: Fixtures.phases, observations: phases + observations,
            attempts: exchanges.map { AttemptRecord(exchange: $0) }, ended: .seconds(8),
            process: ProcessSubject(command: ["manager"], workingDirectory: "/", memoryGrowthMax: memoryGrowthMax),
            reference: reference)
    }

    private static let phases: [Observation] = [
        .entered(.calm, at: .zero), .entered(.storm, at: .seconds(1)), .entered(.converge, at: .seconds(3)),
    ]

    private static let settled = Observation(.settled, "", at: .seconds(7))

    private static func started(_ life: Int, _ seconds: Double) -> Observation {
        Observation(.processStarted, "\(life)", detail: "4711", at: .seconds(seconds))
    }

    private static func exited(
        _ life: Int, _ seconds: Double, _ detail: String = "exit 1", _ message: String = "no output"
    ) -> Observation {
        Observation(.processExited, "\(life)", detail: detail, message: message, at: .seconds(seconds))
    }

    private static func printed(_ text: String, _ life: Int = 1, to stream: String = "stderr") -> Observation {
        Observation(.processOutput, "\(life)", detail: stream, message: text, at: .seconds(2))
    }

    private static func evidence(_ invariant: Invariant, _ history: History) -> [String] {
        invariant.violations(in: history).map(\.evidence)
    }

    // MARK: Life

    @Test("an exit that nobody caused is told with its last words")
    func exit() {
        let facts = [Self.started(1, 0), Self.exited(1, 2.5, "exit 2", "starting\nno kubeconfig\n")]
        #expect(
            Self.evidence(.processStaysUp, Self.history(facts)) == [
                "ended by itself with exit 2, 2.5s into its life 1: no kubeconfig"
            ])
    }

    @Test("an exit that the harness or a rule caused is none of its own")
    func caused() {
        let stopped = [Self.started(1, 0), Self.exited(1, 7, "signal 15", "")]
        let killed = [
            Self.started(1, 0), Observation(.subjectCrashed, "1", detail: "kill", at: .seconds(2)),
            Self.exited(1, 2.1, "signal 9", "last words"), Self.started(2, 2.2),
        ]
        #expect(Self.evidence(.processStaysUp, Self.history(stopped)) == [])
        #expect(Self.evidence(.processStaysUp, Self.history(killed)) == [])
        // What a rule did to the first life excuses nothing in the second.
        let again = killed + [Self.exited(2, 4, "exit 1", "sorry")]
        #expect(
            Self.evidence(.processStaysUp, Self.history(again)) == [
                "ended by itself with exit 1, 1.8s into its life 2: sorry"
            ])
    }

    @Test(
        "what it died of is cited",
        arguments: [
            (
                [
                    "Traceback (most recent call last):", #"  File "a.py", line 1"#, "    raise X", "KeyError: 'spec'",
                    "bye",
                ],
                "KeyError: 'spec'"
            ),
            (
                [
                    "Traceback (most recent call last):\n  File x\nKeyError: 1\n\nDuring handling of it:\n\n"
                        + "Traceback (most recent call last):\n  File y\nValueError: 2\n"
                ], "ValueError: 2"
            ),
            (
                ["I1128 started\npanic: runtime error: index out of range\n\ngoroutine 1 [running]:\n"],
                "panic: runtime error: index out of range"
            ),
            (["all is well"], "the end"),
        ])
    func cause(output: [String], words: String) {
        let facts =
            [Self.started(1, 0)] + output.map { Self.printed($0) }
            + [Self.printed("panic: of another life", 2), Self.exited(1, 3, "exit 1", "so\nthe end\n")]
        let evidence = Self.evidence(.processStaysUp, Self.history(facts))
        #expect(evidence == ["ended by itself with exit 1, 3s into its life 1: \(words)"])
    }

    @Test("who has not come to rest by the converge bound is late, and the last changes are told")
    func liveness() {
        let facts = [
            Observation(.objectWritten, "websites.example.com/web", detail: "1", at: .seconds(6)),
            Observation(.objectWritten, "leases.coordination.k8s.io/l", detail: "2", at: .seconds(7)),
        ]
        let write = Fixtures.exchange("op-1", verb: .update, name: "web-1", at: .seconds(5))
        let evidence = Self.evidence(.everythingFinishedWithinConverge, Self.history(facts, [write]))
        #expect(
            evidence == [
                "had not come to rest when the converge bound of 5s was over; the last change was of "
                    + "websites.example.com/web at 6s; the last write was update pods boreas-1/web-1 at 5s"
            ])
        #expect(Self.evidence(.everythingFinishedWithinConverge, Self.history(facts + [Self.settled])) == [])
    }

    // MARK: Rest

    private static func writes(_ count: Int, from seconds: Double = 7.1, resource: String = "pods") -> [Exchange] {
        (0..<count).map {
            Fixtures.exchange("op-\($0)", verb: .patch, resource: resource, at: .seconds(seconds + 0.05 * Double($0)))
        }
    }

    @Test("writes when nothing is left to write are told, but for one, and for leases")
    func quiet() {
        func evidence(_ exchanges: [Exchange], _ facts: [Observation] = [Self.settled]) -> [String] {
            Self.evidence(.quietAfterConvergence, Self.history(facts, exchanges))
        }
        #expect(evidence(Self.writes(3)).count == 1)
        #expect(
            evidence(Self.writes(3))[0].hasPrefix("made 3 writes in the last 1s, when there was nothing left to write"))
        #expect(evidence(Self.writes(1)) == [])
        #expect(evidence(Self.writes(9, resource: "leases")) == [])
        #expect(evidence(Self.writes(9, from: 6)) == [])
        // Without a rest the last second is looked at.
        #expect(evidence(Self.writes(3), []).count == 1)
    }

    @Test("who writes in calm too may go on, and not faster")
    func quietRate() throws {
        let calm =
            [Self.settled]
            + (1...5).map {
                Observation(.objectWritten, "pods/p", detail: "1", at: .seconds(7 + 0.2 * Double($0)))
            }
        let reference = try #require(CalmReference(trials: [[], calm]))
        func evidence(_ count: Int) -> [String] {
            Self.evidence(
                .quietAfterConvergence, Self.history([Self.settled], Self.writes(count), reference: reference))
        }
        #expect(evidence(6) == [])
        #expect(evidence(7).count == 1)
    }

    // MARK: Memory

    @Test("memory may grow by so much from when it was ready, in any life")
    func memory() {
        func evidence(_ samples: [(Double, Int)], max: Int?, _ facts: [Observation] = []) -> [String] {
            let samples = samples.map { Observation(.memorySampled, "\($0.1)", at: .seconds($0.0)) }
            return Self.evidence(.memoryBounded, Self.history(samples + facts, memoryGrowthMax: max))
        }
        let mebibyte = 1_048_576
        let growing = [(0.5, 20 * mebibyte), (4, 26 * mebibyte), (7, 30 * mebibyte)]
        #expect(evidence(growing, max: 10 * mebibyte) == [])
        #expect(
            evidence(growing, max: 9 * mebibyte) == [
                "grew by 10.0 MiB, from 20.0 MiB at 500ms to 30.0 MiB at 7s, and may grow by 9.0 MiB"
            ])
        #expect(evidence(growing, max: nil) == [])
        // Where nothing changes when it is ready, nothing is sampled then.
        let still = [(-0.5, 5 * mebibyte), (-0.2, 20 * mebibyte), (4, 30 * mebibyte)]
        #expect(evidence(still, max: 10 * mebibyte) == [])
        #expect(evidence(still, max: 9 * mebibyte).count == 1)
        // A peak that was given back is no growth; one that ended with the process is.
        let peak = [(0.5, 20 * mebibyte), (4, 50 * mebibyte), (7, 21 * mebibyte)]
        #expect(evidence(peak, max: 9 * mebibyte) == [])
        #expect(evidence(peak, max: 9 * mebibyte, [Self.exited(1, 5, "signal 9", "")]).count == 1)
    }

    // MARK: Judgement

    private static func record(
        _ observations: [Observation] = [
            Observation(.objectCreated, "websites.example.com/web", detail: "1", at: .seconds(1)), settled,
        ], exchanges: [Exchange] = [Fixtures.exchange("op-1")], isReference: Bool = false,
        reference: CalmReference? = nil
    ) throws -> TrialRecord {
        let policy = try Fixtures.policy()
        var variation = Experiment.Variation(policies: [policy], workload: [], phases: Fixtures.phases, plan: Plan())
        variation.process = ProcessSubject(command: ["manager"], workingDirectory: "/")
        let spec = TrialSpec(
            number: 1, policy: policy, variation: variation, index: 1, seed: 5, isReference: isReference)
        let evidence = TrialEvidence(
            exchanges: exchanges, observations: phases + observations, ended: .seconds(8))
        return TrialRecord(
            spec, evidence: evidence, startedEpochMicroseconds: 0, reference: reference,
            missing: "the second of them failed")
    }

    @Test("without a reference nothing is passed, and the reason says why there is none")
    func missing() throws {
        let record = try Self.record()
        #expect(record.outcome == .inconclusive)
        #expect(record.reason == "the calm trials give no reference: the second of them failed")
    }

    @Test("a calm trial needs no reference, and two of them make one")
    func calm() throws {
        let calm = try Self.record(isReference: true)
        #expect(calm.outcome == .pass, "\(calm.reason)")
        let reference = try #require(CalmReference(records: [calm, calm]))
        let record = try Self.record(reference: reference)
        #expect(record.outcome == .pass, "\(record.reason)")
        let empty = try Self.record([Self.settled], reference: reference)
        #expect(empty.outcome == .fail)
        #expect(empty.violations.map(\.invariant) == [.createsAndDeletesAsInCalm])
    }

    @Test("a calm trial is judged by its life and its end alone")
    func calmFailure() throws {
        let record = try Self.record([Self.started(1, 0), Self.exited(1, 2)], isReference: true)
        #expect(Set(record.violations.map(\.invariant)) == [.processStaysUp, .everythingFinishedWithinConverge])
    }

    @Test("a trial in which nothing arrived, or nothing was sent, shows nothing")
    func vacuity() throws {
        let record = try Self.record([Self.settled], exchanges: [], isReference: true)
        #expect(record.outcome == .inconclusive)
        #expect(record.reason == "no object arrived; the subject sent no request")
    }

    @Test("a controller of one's own is asked what it was always asked")
    func controllers() {
        #expect(Invariant.ofControllers.count + 6 == Invariant.allCases.count)
        #expect(!Invariant.ofControllers.contains(.processStaysUp))
        #expect(Invariant.ofControllers.contains(.goodputRecovers))
        #expect(Set(Invariant.ofProcesses).intersection(Invariant.ofControllers) == [.everythingFinishedWithinConverge])
    }
}
