import Experiments
import Faults
import Resilience
import Testing

/// What the catalogue says of clients, against trials of theirs, and the parts of their counts.
struct ClientMetricsTests {
    private static let policy = StudyFixtures.policy("full", StudyFixtures.jittered(.fullJitter, 100), attempts: 5)

    private static func overload(
        calm: Duration = .seconds(5), storm: Duration = .seconds(3), rate: Double = 60
    ) throws -> TrialRecord {
        var overload = StudyFixtures.Overload()
        overload.arrivals = .open(rate: rate)
        overload.phases = Experiment.Phases(calm: calm, storm: storm, converge: .seconds(20))
        return try overload.trial(policy, seed: 1)
    }

    private static func contention() throws -> TrialRecord {
        try StudyFixtures.contention(policy, clients: 5, operations: 2, seed: 1)
    }

    @Test("clients give what the catalogue promises of them, and no more")
    func subjects() throws {
        let samples = try Self.overload().samples + Self.contention().samples
        let given = Set(samples.filter { $0.breakdown == nil }.map(\.metric))
        for metric in Metric.allCases {
            let keys = metric == .successRate ? [SampleKey(.operations)] : Measure(metric, quantile: nil).keys
            // Faults and violations are listed.
            let hasAll = keys.allSatisfy { given.contains($0.metric) || [.faults, .violations].contains($0.metric) }
            #expect(hasAll == metric.facts.subjects.contains(.clients), "\(metric)")
        }
    }

    @Test("what is told apart is what the catalogue says")
    func dimensions() throws {
        let broken = try Self.overload(storm: .seconds(10), rate: 80)
        for record in [broken, try Self.contention()] {
            for metric in Metric.allCases where metric.ratio == nil && metric.facts.subjects.contains(.clients) {
                let fed = Set(record.samples.filter { $0.metric == metric }.compactMap(\.breakdown?.dimension))
                let declared = metric.dimensions(of: .clients).filter {
                    $0 != .invariant || !record.violations.isEmpty
                }
                #expect(fed == Set(declared), "\(metric)")
            }
        }
        #expect(!broken.violations.isEmpty)
    }

    @Test("the phases sum up to the whole, broken seconds included")
    func phases() throws {
        let record = try Self.overload(calm: .milliseconds(4_500), storm: .milliseconds(2_250))
        for metric in [Metric.operations, .operationsSucceeded, .attempts] {
            let parts = record.samples.filter { $0.metric == metric && $0.breakdown != nil }
            #expect(parts.map(\.breakdown?.value) == ["calm", "converge", "storm"])
            #expect(parts.allSatisfy { $0.value > 0 })
            #expect(parts.reduce(0) { $0 + $1.value } == record.value(metric))
        }
        func rate(_ phase: Phase) -> Double {
            record.samples.first { $0.metric == .goodputRate && $0.breakdown?.value == phase.rawValue }?.value ?? .nan
        }
        // 60 a second in calm, a fifth of the capacity in the storm.
        #expect(abs(rate(.calm) - 60) < 12 && rate(.storm) < 25)
        let sum = rate(.calm) * 4.5 + rate(.storm) * 2.25 + rate(.converge) * 20
        #expect(abs(sum - record.value(.operationsSucceeded)) < 1e-6)
        #expect(abs(record.value(.goodputRate) * 26.75 - record.value(.operationsSucceeded)) < 1e-6)
    }

    @Test("who contends does so in one phase, and is as fast as the whole trial")
    func contending() throws {
        let record = try Self.contention()
        let parts = record.samples.filter { $0.breakdown != nil }
        #expect(parts.allSatisfy { $0.breakdown == Breakdown(.phase, "converge") })
        for part in parts { #expect(part.value == record.value(part.metric), "\(part.metric)") }
        #expect(record.value(.goodputRate) == 10 / record.value(.makespan))
    }

    @Test("where there was no storm there is nothing to recover from, to drain or to be in step after")
    func calm() throws {
        let record = try Self.overload(storm: .zero)
        let metrics = Set(record.samples.map(\.metric))
        #expect(metrics.isDisjoint(with: [.recovery, .drain, .herd]) && metrics.contains(.goodput))
        #expect(!record.samples.contains { $0.breakdown?.value == "storm" })
    }

    @Test("where nobody calls after the storm, nobody says that it is over")
    func silence() throws {
        let record = try Self.overload(rate: 0.01)
        #expect(record.value(.operations) == 0 && record.sample(.recovery) == nil)
        #expect(record.sample(.herd) == nil)
    }
}
