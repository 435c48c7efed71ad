package import Experiments
package import Recording

/// What comparisons and gates rest on: the cells of a run, from the archive or from a stored baseline, and where they
/// are from.
package struct Evidence: Hashable, Sendable {
    package enum Source: Hashable, Sendable {
        /// A run of the archive, by its identifier.
        case run(String)
        /// A stored baseline, by the file's path.
        case file(String)
    }

    package var source: Source
    /// The experiment's name.
    package var experiment: String
    /// `embedded`, `cluster` or `simulated`.
    package var world: String
    package var seed: UInt64
    package var boreasVersion: String
    /// What was under test, in the words of whoever started the run; may be empty.
    package var label: String
    /// In all cells together.
    package var trialsPlanned: Int
    /// Variations in their order, and in each the policies in theirs.
    package var cells: [CellSummary]

    package init(_ run: RunRecord, _ tallies: [TrialTally]) {
        self.init(
            source: .run(run.identifier), experiment: run.experiment.name, world: run.world, seed: run.seed,
            boreasVersion: run.boreasVersion, label: run.label, trialsPlanned: run.trialsPlanned,
            cells: CellSummary.cells(of: run, tallies))
    }

    package init(
        source: Source, experiment: String, world: String, seed: UInt64, boreasVersion: String, label: String,
        trialsPlanned: Int, cells: [CellSummary]
    ) {
        self.source = source
        self.experiment = experiment
        self.world = world
        self.seed = seed
        self.boreasVersion = boreasVersion
        self.label = label
        self.trialsPlanned = trialsPlanned
        self.cells = cells
    }

    /// A run's identifier, or a file's name without its folder and ending.
    package var name: String {
        switch source {
        case .run(let identifier): return identifier
        case .file(let path):
            let file = path.split(separator: "/").last.map(String.init) ?? path
            return file.hasSuffix(".json") ? String(file.dropLast(5)) : file
        }
    }

    /// In the order of the cells.
    package var policies: [String] { cells.map(\.policy).distinct }

    /// In the order of the cells.
    package var variations: [String] { cells.map(\.variation).distinct }

    /// The policy that the others are compared with where nobody says which: the one that the gate names, else the first.
    /// Nil where there is none.
    package func usualBaseline(_ gate: [GateExpression]) -> (policy: String, isOfGate: Bool)? {
        for expression in gate {
            if case .policy(let name) = expression.baseline, policies.contains(name) { return (name, true) }
        }
        return policies.first.map { ($0, false) }
    }

    package func cell(policy: String, variation: String) -> CellSummary? {
        cells.first { $0.policy == policy && $0.variation == variation }
    }

    /// Why trials of another run are no pairs with those of this one, even where their seeds are equal; nil where they are.
    ///
    /// - Parameters:
    ///   - own: A cell of this evidence.
    ///   - cell: The cell that is held against it, of the experiment and world that are named.
    package func obstacle(
        _ own: CellSummary, to cell: CellSummary, experiment: String, world: String
    ) -> String? {
        if experiment != self.experiment { return "the baseline is of the experiment \(self.experiment)" }
        if world != self.world { return "the baseline took place in the \(self.world) world" }
        // Variations of other names are other conditions on purpose.
        let isChanged =
            own.variation == cell.variation && !own.conditions.isEmpty && !cell.conditions.isEmpty
            && own.conditions != cell.conditions
        return isChanged ? "the experiment's workload, phases or faults are others than the baseline's" : nil
    }
}
