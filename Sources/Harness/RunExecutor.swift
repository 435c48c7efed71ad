package import Experiments
import Faults
package import Logging
import Simulation

/// Carries out the trials of a run, and hands each record on as soon as it is whole and its turn has come.
package struct RunExecutor: Sendable {
    package var world: any World
    package var runID: String
    /// Trials at a time. More than one only where trials share nothing: in the simulated world.
    package var jobs: Int
    package var logger: Logger
    package var onProgress: @Sendable (TrialSpec, TrialProgress) -> Void
    /// The calm trials of the run: what there is of them already, and what it carries out.
    package let references: ReferenceShelf

    package init(
        world: any World, runID: String, jobs: Int = 1, logger: Logger,
        references: ReferenceShelf = ReferenceShelf(),
        onProgress: @escaping @Sendable (TrialSpec, TrialProgress) -> Void
    ) {
        precondition(jobs > 0, "some trial is carried out at a time (are \(jobs))")
        precondition(jobs == 1 || world.kind == .simulated, "trials on sockets follow each other")
        self.world = world
        self.runID = runID
        self.jobs = jobs
        self.logger = logger
        self.references = references
        self.onProgress = onProgress
    }

    /// One trial, whose record nobody keeps. One of a process is judged against calm trials, which are carried out before
    /// it where there are none yet.
    package func trial(_ spec: TrialSpec) async throws -> TrialRecord {
        if spec.variation.process != nil, !spec.isReference, references.records(for: spec.variation).isEmpty {
            for calm in spec.references { _ = try await trial(calm) }
        }
        let record = try await carryOut(spec)
        references.keep(record, of: spec)
        return record
    }

    private func carryOut(_ spec: TrialSpec) async throws -> TrialRecord {
        if let study = Study(spec) { return study.run() }
        if let subject = spec.variation.process {
            let process = ProcessTrial(
                spec: spec, subject: subject, world: world, runID: runID, logger: logger,
                reference: references.entry(for: spec), onProgress: { onProgress(spec, $0) })
            return try await process.run()
        }
        let runner = TrialRunner(
            spec: spec, world: world,
            // The objects of a trial carry the run's name, and a simulated one must not depend on it.
            runID: world.kind == .simulated ? "simulated" : runID, logger: logger,
            onProgress: { onProgress(spec, $0) })
        return try await world.perform(seed: spec.seed) { try await runner.run() }
    }

    /// - Parameter record: Keeps a finished trial; called for one at a time, in the order of the specs.
    package func run(_ specs: [TrialSpec], record: (TrialRecord) async throws -> Void) async throws {
        try await withThrowingTaskGroup(of: (Int, TrialRecord).self) { group in
            defer { group.cancelAll() }
            var begun = 0
            var done: [Int: TrialRecord] = [:]
            var next = 0
            while next < specs.count {
                // One that takes long must not make the others pile up behind it.
                while begun < min(specs.count, next + 8 * jobs), begun - next - done.count < jobs {
                    try Task.checkCancellation()
                    let turn = begun
                    group.addTask { (turn, try await trial(specs[turn])) }
                    begun += 1
                }
                guard let (turn, trial) = try await group.next() else { return }
                done[turn] = trial
                while let trial = done.removeValue(forKey: next) {
                    try await record(trial)
                    next += 1
                }
            }
        }
    }
}

extension TrialSpec {
    /// The calm trials of the same, for one that is carried out by itself.
    fileprivate var references: [TrialSpec] {
        var calm = variation
        calm.name = Experiment.referenceName
        calm.plan.rules = []
        return (1...Experiment.referenceTrials).map { index in
            TrialSpec(
                number: index, policy: policy, variation: calm, index: index, seed: seed, isReference: true)
        }
    }
}
