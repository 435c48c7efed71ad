import Experiments
package import Recording

/// A run as a file that can be committed: what a comparison needs of it and no more, so without dates and identifiers.
/// A run in the simulated world gives the same bytes whenever it is made.
///
/// The file is JSON with one trial a line, so that two versions of it can be told apart by eye. A cell names its samples
/// once, and its trials give their values in that order: a number, several as an array, `null` where there is none, and
/// `{"over": 60}` for one of which no more is known than that it is larger.
package struct StoredBaseline: Hashable, Sendable {
    static let schema = "boreas.dev/baseline/v1"

    /// The experiment's name.
    package var experiment: String
    package var world: String
    package var seed: UInt64
    package var boreasVersion: String
    package var label: String
    /// In all cells together.
    package var trialsPlanned: Int
    package var cells: [CellSummary]

    package init(_ run: RunRecord, _ tallies: [TrialTally]) {
        self.init(
            experiment: run.experiment.name, world: run.world, seed: run.seed, boreasVersion: run.boreasVersion,
            label: run.label, trialsPlanned: run.trialsPlanned, cells: CellSummary.cells(of: run, tallies))
    }

    /// What was read with all its samples, as a file.
    package init(_ evidence: Evidence) {
        self.init(
            experiment: evidence.experiment, world: evidence.world, seed: evidence.seed,
            boreasVersion: evidence.boreasVersion, label: evidence.label, trialsPlanned: evidence.trialsPlanned,
            cells: evidence.cells)
    }

    init(
        experiment: String, world: String, seed: UInt64, boreasVersion: String, label: String, trialsPlanned: Int,
        cells: [CellSummary]
    ) {
        self.experiment = experiment
        self.world = world
        self.seed = seed
        self.boreasVersion = boreasVersion
        self.label = label
        self.trialsPlanned = trialsPlanned
        self.cells = cells
    }
}
