import Experiments
import Faults
import Foundation
import Harness
import Kubernetes
import Resilience
import Synchronization
import Testing

@testable import boreas

struct HuntTests {
    /// Each rule of the plan hits one request.
    private static let play: TrialExecutor = { spec in
        let injections = spec.variation.plan.rules.map { rule in
            Injection(
                rule: rule.name, kind: rule.fault.kind,
                identity: RequestIdentity(
                    verb: .create, group: "", resource: "pods", namespace: "ns", name: "\(rule.name)-pod"),
                ordinal: 1, requestID: nil, at: .zero)
        }
        var record = TrialRecord(spec, evidence: TrialEvidence(injections: injections), startedEpochMicroseconds: 0)
        let kinds = Set(injections.map(\.kind))
        if kinds.contains(.halfOpen) {
            record.violations = [Violation(.noPodLeaked, "pod", at: nil, evidence: "is left")]
        } else if kinds.isSuperset(of: [.crash, .latency]) || kinds.contains(.refuse) {
            record.violations = [Violation(.noPermitLeaked, "limits", at: nil, evidence: "leaks")]
        }
        return record
    }

    private static let experiment = Experiment(
        name: "e", description: "", seed: 1, trials: 7,
        variations: ["a=1", "a=2"].map { name in
            Experiment.Variation(
                name: name, policies: [.boreas, .fixed],
                workload: [Experiment.Load(manifest: #"{"kind":"Workflow"}"#, count: 3, every: .zero)],
                phases: Experiment.Phases(calm: .zero, storm: .seconds(5), converge: .seconds(5)), plan: Plan())
        }
    ).asSwarm

    private func hunt(trials: Int, jobs: Int, seed: UInt64 = 3) async throws -> (report: Hunt.Report, paths: [String]) {
        let hunt = Hunt([Self.experiment], seed: seed, world: .simulated, executionsMax: 500)
        let paths = Mutex<[String]>([])
        try await hunt.run(
            jobs: jobs, isOver: { hunt.report.trials >= trials },
            keep: { regression, seed in
                let path = "\(regression.experiment.name)-\(seed)"
                paths.withLock { $0.append(path) }
                return path
            }, onTrial: { _ in }, execute: Self.play)
        return (hunt.report, paths.withLock(\.self))
    }

    @Test("violations of one kind are one finding, cut down to the faults that it takes")
    func findings() async throws {
        let (report, paths) = try await hunt(trials: 400, jobs: 1)
        #expect(report.trials == 400)
        let found = report.findings.map { finding in
            let kinds = finding.regression.kinds.map(\.rawValue).joined(separator: "+")
            return "\(finding.regression.experiment.name) \(kinds)"
        }
        #expect(
            found.sorted() == [
                "e-boreas-no-permit-leaked crash+latency", "e-boreas-no-permit-leaked refuse",
                "e-boreas-no-pod-leaked halfOpen", "e-fixed-no-permit-leaked crash+latency",
                "e-fixed-no-permit-leaked refuse", "e-fixed-no-pod-leaked halfOpen",
            ])
        #expect(report.findings.map(\.path) == paths)
        #expect(report.findings.reduce(0) { $0 + $1.count } == report.violations)
        #expect(report.violations > 250)
        for finding in report.findings { #expect(finding.regression.shrinkage.spec.variation.workflowCount == 1) }
    }

    @Test("the same seed finds the same, and several jobs find as much")
    func repeatable() async throws {
        let once = try await hunt(trials: 100, jobs: 1)
        let again = try await hunt(trials: 100, jobs: 1)
        #expect(once.paths == again.paths)
        #expect(once.report.violations == again.report.violations)
        let parallel = try await hunt(trials: 400, jobs: 4)
        #expect(
            Set(parallel.report.findings.map { "\($0.regression.experiment.name) \($0.regression.kinds)" }).count == 6)
        #expect(parallel.report.findings.count == 6)
    }

    @Test("a trial that can't be carried out is told of, and ten of them end the hunt")
    func failures() async throws {
        struct Unfit: Error {}
        let hunt = Hunt([Self.experiment], seed: 3, world: .simulated, executionsMax: 500)
        let failed = Mutex(0)
        try await hunt.run(
            jobs: 1, isOver: { hunt.report.trials >= 50 }, keep: { regression, _ in regression.experiment.name },
            onTrial: { _ in },
            execute: { spec in
                let isUnfit =
                    spec.policy.name == "fixed"
                    && failed.withLock { count in
                        count += 1
                        return count % 20 == 0
                    }
                if isUnfit { throw Unfit() }
                return try await Self.play(spec)
            })
        #expect((1..<10).contains(hunt.report.failures.count))
        #expect(hunt.report.failures[0].hasPrefix("e (fixed, a="))
        let broken = Hunt([Self.experiment], seed: 3, world: .simulated, executionsMax: 500)
        await #expect(throws: Unfit.self) {
            try await broken.run(
                jobs: 1, isOver: { false }, keep: { _, _ in "" }, onTrial: { _ in }, execute: { _ in throw Unfit() })
        }
        #expect(broken.report.failures.count == 10)
    }

    @Test("every round has a seed of its own, and every cell once, with one plan for all policies")
    func rounds() {
        let hunt = Hunt([Self.experiment], seed: 9, world: .simulated, executionsMax: 1)
        let shots = (0..<40).map { _ in hunt.next() }
        #expect(Set(shots.map(\.seed)).count == 10)
        for round in 0..<10 {
            let own = shots[round * 4..<round * 4 + 4]
            #expect(Set(own.map(\.spec.key)).count == 4)
            #expect(Set(own.map(\.seed)).count == 1 && Set(own.map(\.spec.variation.plan)).count == 1)
        }
    }

    @Test("what is kept can be run: its one trial is the one that failed")
    func kept() async throws {
        let (report, _) = try await hunt(trials: 100, jobs: 1)
        for finding in report.findings {
            let text = try finding.regression.text(at: finding.path)
            let reader = ExperimentReader(file: "e.yaml", presets: Policy.presets) { _ in DocumentNode(.null) }
            let read = try reader.experiment(from: try YAMLDocument.node(parsing: text, file: "e.yaml"))
            #expect(read == finding.regression.experiment)
            let specs = read.trialSpecs()
            #expect(specs.count == 1)
            #expect(try await Self.play(specs[0]).violations == finding.regression.shrinkage.record.violations)
            #expect(text.contains("boreas run \(finding.path) --world simulated"))
        }
    }
}
