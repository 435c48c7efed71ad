import Experiments
import Faults
import Kubernetes
import Resilience
import Testing

/// What the catalogue says of controllers and processes, against trials of theirs; SimulationTests does so for clients.
struct MetricCatalogueTests {
    private static let coreRecord: TrialRecord? = {
        let facts = [
            Observation(.lockAsked, "wf-1", detail: "l", message: "n/wf-1", at: .seconds(1)),
            Observation(.permitHeld, "l", detail: "n/wf-1", at: .milliseconds(1_500)),
            Observation(.cronTickDue, "tick", detail: "10", at: .seconds(1)),
            Observation(.cleanupSampled, "3", detail: "900", at: .seconds(5)),
        ]
        let evidence = TrialEvidence(
            exchanges: RequestSamplesTests.exchanges, decisions: RequestSamplesTests.decisions,
            observations: Fixtures.observations(phase: "Running", finished: nil) + facts, ended: .seconds(8))
        return try? TrialRecordTests.record([], evidence)
    }()

    private static let processRecord: TrialRecord? = {
        guard var spec = try? TrialRecordTests.spec() else { return nil }
        spec.variation.process = ProcessSubject(command: ["manager"], workingDirectory: "/")
        let evidence = TrialEvidence(
            observations: Fixtures.observations().filter { $0.kind == .phaseEntered },
            proxied: RequestSamplesTests.proxied, ended: .seconds(8))
        return TrialRecord(spec, evidence: evidence, startedEpochMicroseconds: 0)
    }()

    private static func record(of subject: Metric.Subject) -> TrialRecord? {
        subject == .core ? coreRecord : processRecord
    }

    /// Those of which every record is the list.
    private static let listed: Set<Metric> = [.operations, .attempts, .faults, .violations]

    private static let tried: [Metric.Subject] = [.core, .process]

    @Test("every trial of a subject gives what the catalogue promises of it, and no more", arguments: tried)
    func subjects(subject: Metric.Subject) throws {
        let record = try #require(Self.record(of: subject))
        let given = Set(record.samples.filter { $0.breakdown == nil }.map(\.metric))
        for metric in Metric.allCases {
            let quantile = metric.kind == .distribution ? 0.5 : nil
            let keys =
                metric == .successRate ? [SampleKey(.workflowCompletion)] : Measure(metric, quantile: quantile).keys
            let hasAll = keys.allSatisfy { given.contains($0.metric) || Self.listed.contains($0.metric) }
            #expect(hasAll == metric.facts.subjects.contains(subject), "\(metric) of \(subject)")
        }
        // The mark of clients.
        #expect(!given.contains(.operations))
    }

    @Test("what is told apart is what the catalogue says", arguments: tried)
    func dimensions(subject: Metric.Subject) throws {
        let record = try #require(Self.record(of: subject))
        for metric in Metric.allCases where metric.ratio == nil && metric.facts.subjects.contains(subject) {
            let fed = Set(record.samples.filter { $0.metric == metric }.compactMap(\.breakdown?.dimension))
            #expect(fed == Set(metric.dimensions(of: subject)), "\(metric) of \(subject)")
        }
    }

    @Test("the parts of a ratio are those of its counts", arguments: Metric.allCases.filter { $0.ratio != nil })
    func ratios(metric: Metric) throws {
        let ratio = try #require(metric.ratio)
        for subject in Metric.Subject.allCases where metric.facts.subjects.contains(subject) {
            let own = Set(metric.dimensions(of: subject))
            #expect(own.isSubset(of: ratio.numerator.dimensions(of: subject)))
            // Any layer might have waited for any operation.
            #expect(own.subtracting([.layer]).isSubset(of: ratio.denominator.dimensions(of: subject)))
            let hasCounts =
                ratio.numerator.facts.subjects.contains(subject) && ratio.denominator.facts.subjects.contains(subject)
            #expect(hasCounts)
        }
    }

    @Test("each is described, and its examples are conditions that its subjects may have", arguments: Metric.allCases)
    func page(metric: Metric) throws {
        #expect(!metric.summary.isEmpty && !metric.facts.subjects.isEmpty && !metric.estimate.isEmpty)
        #expect(metric.examples.count == 1 + metric.facts.dimensions.count + (metric.kind == .total ? 0 : 1))
        for example in metric.examples {
            let expression = try GateExpression(parsing: example, policies: ["other"])
            #expect(expression.measure.metric == metric)
            let dimension = expression.measure.breakdown?.dimension
            for subject in Metric.Subject.allCases where metric.facts.subjects.contains(subject) {
                guard dimension.map(metric.dimensions(of: subject).contains) ?? true else {
                    #expect(throws: GateParseError.self) { try expression.check(against: subject) }
                    continue
                }
                try expression.check(against: subject)
            }
        }
        let parts = try metric.examples.compactMap { try GateExpression(parsing: $0).measure.breakdown?.dimension }
        #expect(parts == metric.facts.dimensions)
    }
}
