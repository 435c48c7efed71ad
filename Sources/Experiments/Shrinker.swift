import Determinism
import Faults

/// Carries out one trial, and gives its record.
package typealias TrialExecutor = @Sendable (TrialSpec) async throws -> TrialRecord

/// Cuts a trial that breaks an invariant down to the fewest faults and the smallest workload that still break it.
///
/// First whole rules and workflows go; then the faults that are left are pinned to the requests that they hit, and go one
/// by one; then whatever else the trial has. Every step is kept only if the same invariant breaks again, so that the
/// result is a trial that was seen to fail. What would make the workload itself unfit, the ConfigMap that its limits stand
/// in for one, stays: in fair weather the invariant still has to hold, where it did so before.
package struct Shrinker: Sendable {
    /// How far it is.
    package struct Progress: Hashable, Sendable {
        /// Trials carried out so far.
        package var executions: Int
        /// What the smallest trial so far has.
        package var faults: Int
        package var workflows: Int
    }

    private let executionsMax: Int
    private let execute: TrialExecutor
    private let onProgress: @Sendable (Progress) -> Void

    /// - Parameters:
    ///   - executionsMax: When so many trials have been carried out, the smallest that was found is the result.
    package init(
        executionsMax: Int = 500, onProgress: @escaping @Sendable (Progress) -> Void = { _ in },
        execute: @escaping TrialExecutor
    ) {
        precondition(executionsMax >= 0, "a bound on executions (is \(executionsMax))")
        self.executionsMax = executionsMax
        self.execute = execute
        self.onProgress = onProgress
    }

    /// - Parameter record: Of this very trial, with a violation; the first of them is what has to come again.
    /// - Throws: `CancellationError`; what a trial throws that can't be carried out counts as no violation.
    package func shrink(_ spec: TrialSpec, violating record: TrialRecord) async throws -> Shrinkage {
        guard let violation = record.violations.first else {
            preconditionFailure("a trial that breaks an invariant (\(record.key) does not)")
        }
        let search = Search(
            spec, record, violation.invariant, executionsMax: executionsMax, execute: execute, onProgress: onProgress)
        var isExhausted = false
        do {
            try await search.run()
        } catch is Search.Exhausted {
            isExhausted = true
        }
        return Shrinkage(
            original: spec, spec: search.best, record: search.record, invariant: violation.invariant,
            executions: search.executions, isExhausted: isExhausted)
    }
}

/// The smallest trial that was found, and the way to it.
package struct Shrinkage: Hashable, Sendable {
    package var original: TrialSpec
    package var spec: TrialSpec
    package var record: TrialRecord
    package var invariant: Invariant
    /// Trials that were carried out.
    package var executions: Int
    /// Whether there might have been more to take away, had there been more executions.
    package var isExhausted: Bool

    /// What the invariant has against the smallest trial.
    package var violation: Violation {
        record.violations.first { $0.invariant == invariant } ?? Violation(invariant, "", at: nil, evidence: "")
    }

    /// `workflows 8 to 1`, `faults 12 to 1`: in what the two trials differ.
    package var removed: [String] {
        func change<Value: Equatable>(_ name: String, _ text: (TrialSpec) -> Value) -> String? {
            let (before, after) = (text(original), text(spec))
            return before == after ? nil : "\(name) \(before) to \(after)"
        }
        return [
            change("rules") { $0.variation.plan.rules.count }, change("workflows") { $0.variation.workflowCount },
            change("objects") { $0.variation.objects.count }, change("changes") { $0.variation.changes.count },
            change("controllers") { $0.variation.replicas }, change("calm") { $0.variation.phases.calm.text },
            change("storm") { $0.variation.phases.storm.text },
        ].compactMap(\.self)
    }
}

extension Experiment.Variation {
    /// Workflows that arrive; those that CronWorkflows make come on top.
    package var workflowCount: Int { workload.reduce(0) { $0 + $1.count } }
}
