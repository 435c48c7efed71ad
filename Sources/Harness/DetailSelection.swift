package import Experiments

/// Of which trials an archive keeps more than the summary. In the simulated world any trial can be replayed, and a
/// thousand alike would fill a disk.
package struct DetailSelection: Hashable, Sendable {
    package enum Rule: String, Hashable, Sendable, CaseIterable {
        case all
        /// Of each cell the first trial, and the first few that did not pass.
        case some
    }

    private struct Cell: Hashable {
        var policy: String
        var variation: String
    }

    private let rule: Rule
    private var failures: [Cell: Int] = [:]

    package init(_ rule: Rule) { self.rule = rule }

    /// How many trials of a cell that did not pass are kept whole.
    package static let failuresKept = 3

    /// Up to so many trials, a run keeps all details if nothing else is asked for.
    package static let smallRun = 200

    package mutating func keeps(_ trial: TrialRecord) -> Bool {
        guard rule == .some else { return true }
        let cell = Cell(policy: trial.key.policy, variation: trial.key.variation)
        if trial.outcome != .pass {
            failures[cell, default: 0] += 1
            if failures[cell, default: 0] <= Self.failuresKept { return true }
        }
        return trial.key.index == 1
    }
}
