import Experiments
import Faults
import Kubernetes
import Resilience
import Testing

/// Recovery, drain and herd: storm from 1 s to 3 s, end at 8 s or later.
struct StormSamplesTests {
    private static func first(_ text: String) -> Int? {
        let seconds = text.map { character -> Recovery.Second in
            switch character {
            case "+": .good
            case "-": .bad
            default: .silent
            }
        }
        return Recovery.first(of: 0..<seconds.count) { seconds[$0] }
    }

    @Test(
        "five seconds on end that are not bad, the first of them good",
        arguments: [
            ("+++++", 0), ("-+++++", 1), ("++++-+++++", 5), (".+....", 1), ("+..-+....", 4), ("++++", nil),
            ("++++-", nil), ("..........", nil), ("", nil),
        ])
    func row(text: String, expected: Int?) {
        #expect(Self.first(text) == expected)
    }

    @Test("99 of 100 that succeed make a second good")
    func share() {
        #expect(Recovery.Second(begun: 100, succeeded: 99) == .good)
        #expect(Recovery.Second(begun: 100, succeeded: 98) == .bad)
        #expect(Recovery.Second(begun: 300, succeeded: 297) == .good)
        #expect(Recovery.Second(begun: 1, succeeded: 0) == .bad)
        #expect(Recovery.Second(begun: 0, succeeded: 0) == .silent)
        #expect(Recovery.margin(of: 20) == 5 && Recovery.margin(of: 400) == 45)
    }

    @Test("the herd is the busiest tenth, of the mean one")
    func herd() {
        #expect(HerdIndex.index(ofTenths: [2, 0, 0, 0]) == 4)
        #expect(HerdIndex.index(ofTenths: [3, 3, 3]) == 1)
        #expect(HerdIndex.index(ofTenths: [5, 1, 0]) == 2.5)
        #expect(HerdIndex.index(ofTenths: [0, 0]) == nil && HerdIndex.index(ofTenths: []) == nil)
    }

    /// One operation at each time, in milliseconds: of those in `failing` the only attempt fails.
    private static func history(
        _ times: [Int], failing: Set<Int> = [], settled: Duration? = nil, ended: Duration = .seconds(8),
        phases: Experiment.Phases = Fixtures.phases, more: [Observation] = []
    ) -> History {
        let exchanges = times.map { time in
            Fixtures.exchange("op-\(time)", at: .milliseconds(time), status: failing.contains(time) ? 500 : 201)
        }
        let refused = failing.sorted().map {
            RetryDecision(requestID: "op-\($0).1", classification: .permanent, layer: nil, wait: .zero)
        }
        let joined = AttemptJoin(TrialEvidence(exchanges: exchanges, decisions: refused), plan: Plan())
        let facts = [
            Observation.entered(.calm, at: .zero), .entered(.storm, at: .seconds(1)),
            .entered(.converge, at: .seconds(3)),
        ]
        let end = settled.map { [Observation(.settled, "", at: $0)] } ?? []
        return History(
            phases: phases, observations: facts + end + more, operations: joined.operations, attempts: joined.attempts,
            ended: ended)
    }

    private static func sample(_ metric: Metric, _ history: History) -> Sample? {
        history.samples.first { $0.metric == metric }
    }

    @Test("a controller has recovered at the first of five good seconds, counted from the storm's end")
    func recovery() {
        let later = Self.history([3_100, 4_200, 5_300, 6_400], failing: [3_100], ended: .seconds(12))
        #expect(Self.sample(.recovery, later) == Sample(.recovery, value: 1))
        // What failed before the storm's end is not asked for, and what begins in the very instant is.
        let early = Self.history([2_999, 3_000], failing: [2_999], ended: .seconds(12))
        #expect(Self.sample(.recovery, early) == Sample(.recovery, value: 0))
    }

    @Test("operations in a trial's last quarter may not have ended, and are not looked at")
    func margin() {
        // Of the nine seconds the last two are left out, and a row from the fourth would need the eighth.
        let late = Self.history([3_100, 4_100, 5_100, 6_100], failing: [3_100, 4_100, 5_100], ended: .seconds(12))
        #expect(Self.sample(.recovery, late) == Sample(.recovery, value: 9, isCensored: true))
    }

    @Test("a trial that ended because all was done lacks no seconds, and one that was stuck has not recovered")
    func settled() {
        let done = Self.history([3_100], settled: .milliseconds(3_500), ended: .milliseconds(4_500))
        #expect(Self.sample(.recovery, done) == Sample(.recovery, value: 0))
        let failed = Self.history([3_100], failing: [3_100], settled: .milliseconds(3_500), ended: .milliseconds(4_500))
        #expect(Self.sample(.recovery, failed) == Sample(.recovery, value: 1.5, isCensored: true))
        let stuck = Self.history([1_500])
        #expect(Self.sample(.recovery, stuck) == Sample(.recovery, value: 5, isCensored: true))
        let early = Self.history([1_500], settled: .seconds(3), ended: .seconds(4))
        #expect(Self.sample(.recovery, early) == nil)
    }

    @Test("what ends with the trial is no goodput")
    func open() {
        // 10 ms each: the first is over in time, and the second is not.
        let history = Self.history([7_900, 7_995])
        #expect(Self.sample(.goodputRate, history)?.value == 1.0 / 8)
        #expect(history.samples.first { $0.metric == .operationsSucceeded }?.value == 2)
    }

    @Test("without a storm there is nothing to recover from, nor to drain, and no herd")
    func calm() {
        let phases = Experiment.Phases(calm: .seconds(1), storm: .zero, converge: .seconds(5))
        let submitted = Observation(.workflowSubmitted, "wf-1", at: .zero)
        let metrics = Set(Self.history([3_100], phases: phases, more: [submitted]).samples.map(\.metric))
        #expect(metrics.isDisjoint(with: [.recovery, .drain, .herd]) && metrics.contains(.goodputRate))
    }

    @Test("a controller has drained when all that was outstanding at the storm's end has ended, well or not")
    func drain() {
        func history(_ ends: [(at: Duration, phase: String)?]) -> History {
            let facts = ends.enumerated().flatMap { index, end in
                [Observation(.workflowSubmitted, "wf-\(index)", at: .milliseconds(500))]
                    + (end.map { [Observation(.workflowFinished, "wf-\(index)", detail: $0.phase, at: $0.at)] } ?? [])
            }
            // Nobody asks of what is submitted later.
            return Self.history([], more: facts + [Observation(.workflowSubmitted, "late", at: .seconds(4))])
        }
        let both = history([(.seconds(2), "Succeeded"), (.milliseconds(5_250), "Failed")])
        #expect(Self.sample(.drain, both) == Sample(.drain, value: 2.25))
        #expect(Self.sample(.drain, history([(.seconds(2), "Succeeded")])) == Sample(.drain, value: 0))
        let never = history([(.seconds(4), "Succeeded"), nil])
        #expect(Self.sample(.drain, never) == Sample(.drain, value: 5, isCensored: true))
        #expect(Self.sample(.drain, history([])) == nil)
    }

    @Test("the herd is looked for in the minute after the storm, or as much of it as there was")
    func herdWindow() {
        // 1.5 s are 15 tenths: three requests in the busiest, four in all.
        let short = Self.history([2_000, 3_000, 3_050, 3_099, 3_100], ended: .milliseconds(4_500))
        #expect(Self.sample(.herd, short)?.value == 3.0 * 15 / 4)
        let long = Self.history([3_010, 3_020, 62_990, 63_000], ended: .seconds(100))
        #expect(Self.sample(.herd, long)?.value == 2.0 * 600 / 3)
        #expect(Self.sample(.herd, Self.history([2_000])) == nil)
    }
}
