import Experiments
import Faults
import Foundation
import Harness
import Kubernetes
import Resilience

/// A trial that was cut down, as an experiment file that shows the bug.
struct Regression {
    let experiment: Experiment
    let shrinkage: Shrinkage
    let world: WorldKind
    private let origin: String

    /// - Parameters:
    ///   - original: What the trial was one of.
    ///   - seed: The run's.
    init(of original: Experiment, _ shrinkage: Shrinkage, seed: UInt64, world: WorldKind) {
        experiment = original.regression(shrinkage, seed: seed)
        self.shrinkage = shrinkage
        self.world = world
        let trial = shrinkage.original
        let cell = [trial.policy.name, trial.variation.name].filter { !$0.isEmpty }.joined(separator: ", ")
        origin = "\(original.name) (\(cell)), trial \(trial.index) under the seed \(seed)"
    }

    /// `faults: 1 of reset; workflows: 1`.
    var size: String {
        let variation = shrinkage.spec.variation
        let kinds = kinds.map(\.rawValue).joined(separator: ", ")
        let faults = "\(variation.plan.rules.count) \(variation.plan.rules.count == 1 ? "fault" : "faults")"
        let workflows = "\(variation.workflowCount) \(variation.workflowCount == 1 ? "workflow" : "workflows")"
        return "\(faults)\(kinds.isEmpty ? "" : " (\(kinds))"), \(workflows)"
    }

    /// The kinds of faults that are left, sorted.
    var kinds: [Fault.Kind] {
        Set(shrinkage.spec.variation.plan.rules.map(\.fault.kind)).sorted { $0.rawValue < $1.rawValue }
    }

    /// What became of the trial, for people.
    var summary: String {
        let removed = shrinkage.removed.isEmpty ? "nothing could go" : shrinkage.removed.joined(separator: ", ")
        let bound = shrinkage.isExhausted ? "; the bound on executions is reached" : ""
        return "\(size) left after \(shrinkage.executions) executions: \(removed)\(bound)"
    }

    /// - Parameter path: Where the file is to be.
    func text(at path: String) throws -> String {
        let policy = shrinkage.spec.policy.name
        let violation = shrinkage.violation
        return try ExperimentText(experiment).text(comment: [
            "\(policy) breaks \(shrinkage.invariant.rawValue):",
            "  \(violation.subject) \(violation.evidence)".split(whereSeparator: \.isNewline).joined(separator: " "),
            "Cut down from \(origin).",
            "",
            "  boreas run \(path) --world \(world.rawValue)",
            "",
            "It is to fail as long as the bug is there. When that is mended, write expect: {\(policy): pass}.",
        ])
    }

    func json(at path: String) -> JSONObject {
        [
            "file": .string(path), "experiment": .string(experiment.name),
            "policy": .string(shrinkage.spec.policy.name), "invariant": .string(shrinkage.invariant.rawValue),
            "subject": .string(shrinkage.violation.subject), "evidence": .string(shrinkage.violation.evidence),
            "faults": .integer(Int64(shrinkage.spec.variation.plan.rules.count)),
            "kinds": .array(kinds.map { .string($0.rawValue) }),
            "workflows": .integer(Int64(shrinkage.spec.variation.workflowCount)),
            "executions": .integer(Int64(shrinkage.executions)), "isExhausted": .bool(shrinkage.isExhausted),
            "removed": .array(shrinkage.removed.map { .string($0) }),
        ]
    }

    /// Writes the file, and the folders that it is to be in.
    func write(to path: String) throws {
        let file = URL(filePath: path)
        let text = try text(at: path)
        do {
            try FileManager.default.createDirectory(
                at: file.deletingLastPathComponent(), withIntermediateDirectories: true)
            try Data(text.utf8).write(to: file, options: .atomic)
        } catch {
            throw CommandFailure(
                code: .usage,
                message: "\(path) can't be written: \(error.localizedDescription); choose another by --out")
        }
    }
}
