import Experiments
import Faults
import Kubernetes
import Testing

@testable import Harness

struct ReferenceShelfTests {
    private static let variation = Fixtures.variation(
        Fixtures.shell("true"), Rule(name: "r", fault: .blackHole(Fault.BlackHole())))

    /// A calm trial's record.
    private static func record(_ number: Int, _ outcome: Verdict = .pass, reason: String = "") -> TrialRecord {
        TrialRecord(
            number: number, key: TrialKey(policy: "own", variation: "calm", index: number), seed: 1,
            startedEpochMicroseconds: 0, duration: .seconds(3), operations: [], attempts: [], injections: [],
            observations: [Observation(.settled, "", at: .seconds(1))], violations: [], samples: [], outcome: outcome,
            reason: reason, digest: "")
    }

    private func shelf(_ records: TrialRecord...) -> (ReferenceShelf, TrialSpec) {
        let specs = Fixtures.specs(Self.variation)
        let shelf = ReferenceShelf()
        for record in records { shelf.keep(record, of: specs[record.number - 1]) }
        return (shelf, specs[2])
    }

    @Test("two calm trials that passed are what the others are judged against")
    func two() {
        let (shelf, spec) = shelf(Self.record(1), Self.record(2))
        #expect(shelf.entry(for: spec).reference != nil)
    }

    @Test("fewer, or one that is no pass, are nothing to judge against, and it is said why")
    func missing() {
        let (one, spec) = shelf(Self.record(1))
        #expect(one.entry(for: spec).reference == nil)
        #expect(one.entry(for: spec).missing == "there are 1 calm trials, and it takes two")
        let (bad, _) = shelf(Self.record(1), Self.record(2, .fail, reason: "it died"))
        #expect(bad.entry(for: spec).reference == nil)
        #expect(bad.entry(for: spec).missing == "the calm trial 2 came to fail: it died")
    }

    @Test("those of another workload say nothing, and trials with faults are none")
    func others() {
        let (shelf, spec) = shelf(Self.record(1), Self.record(2))
        var other = spec
        other.variation.arrivals = [Fixtures.widgets(1)]
        #expect(shelf.entry(for: other).reference == nil)
        let empty = ReferenceShelf()
        empty.keep(Self.record(3), of: spec)
        #expect(empty.records(for: spec.variation).isEmpty)
    }
}
