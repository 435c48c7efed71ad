package import Experiments

/// One run, without its trials.
package struct RunRecord: Hashable, Sendable {
    /// Unique among all archives; what `boreas show` takes.
    package var identifier: String
    package var experiment: Experiment
    /// `embedded`, `cluster` or `simulated`.
    package var world: String
    package var serverVersion: String
    package var boreasVersion: String
    /// What was under test, a commit or a build say, in the words of whoever started the run; may be empty.
    package var label: String
    /// The seed that the run was started with.
    package var seed: UInt64
    /// In all cells together.
    package var trialsPlanned: Int
    /// Civil time, microseconds since 1970.
    package var startedEpochMicroseconds: Int64
    /// Nil while the run goes on, or for one that was stopped.
    package var finishedEpochMicroseconds: Int64?
    /// Nil as long as the run has not finished.
    package var outcome: Verdict?

    package init(
        identifier: String, experiment: Experiment, world: String, serverVersion: String, boreasVersion: String,
        label: String = "", seed: UInt64, trialsPlanned: Int, startedEpochMicroseconds: Int64,
        finishedEpochMicroseconds: Int64? = nil,
        outcome: Verdict? = nil
    ) {
        self.identifier = identifier
        self.experiment = experiment
        self.world = world
        self.serverVersion = serverVersion
        self.boreasVersion = boreasVersion
        self.label = label
        self.seed = seed
        self.trialsPlanned = trialsPlanned
        self.startedEpochMicroseconds = startedEpochMicroseconds
        self.finishedEpochMicroseconds = finishedEpochMicroseconds
        self.outcome = outcome
    }
}

/// One line of the list of runs. It needs nothing of the stored experiment, so that a run whose experiment this Boreas
/// can't read hides no other.
package struct RunHeading: Hashable, Sendable {
    package var identifier: String
    /// The experiment's name.
    package var experiment: String
    package var world: String
    /// What was under test; may be empty.
    package var label: String
    package var seed: UInt64
    package var trialsPlanned: Int
    package var trialsFinished: Int
    /// Civil time, microseconds since 1970.
    package var startedEpochMicroseconds: Int64
    /// Nil as long as the run has not finished.
    package var outcome: Verdict?

    package init(
        identifier: String, experiment: String, world: String, label: String = "", seed: UInt64, trialsPlanned: Int,
        trialsFinished: Int, startedEpochMicroseconds: Int64, outcome: Verdict?
    ) {
        self.identifier = identifier
        self.experiment = experiment
        self.world = world
        self.label = label
        self.seed = seed
        self.trialsPlanned = trialsPlanned
        self.trialsFinished = trialsFinished
        self.startedEpochMicroseconds = startedEpochMicroseconds
        self.outcome = outcome
    }
}

/// What `show` and its like are asked for: `latest`, `3f9c`, `latest/7`.
package struct RunReference: Hashable, Sendable {
    /// A run's identifier, the beginning of one, or `latest`.
    package var run: String
    /// A trial's number.
    package var trial: Int?

    /// Nil for what is neither `RUN` nor `RUN/NUMBER`.
    package init?(parsing text: String) {
        let parts = text.split(separator: "/", omittingEmptySubsequences: false)
        guard let first = parts.first, !first.isEmpty, parts.count <= 2 else { return nil }
        run = String(first)
        if parts.count == 2 {
            guard let number = Int(parts[1]), number > 0 else { return nil }
            trial = number
        }
    }
}
