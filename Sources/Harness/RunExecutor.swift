package import Experiments
package import Logging
import Simulation

/// Carries out the trials of a run, one after the other, and hands each record on as soon as it is whole.
package struct RunExecutor: Sendable {
    package var world: any World
    package var runID: String
    package var logger: Logger
    package var onProgress: @Sendable (TrialSpec, TrialProgress) -> Void

    package init(
        world: any World, runID: String, logger: Logger,
        onProgress: @escaping @Sendable (TrialSpec, TrialProgress) -> Void
    ) {
        self.world = world
        self.runID = runID
        self.logger = logger
        self.onProgress = onProgress
    }

    /// - Parameter record: Keeps a finished trial; the next one begins when it has returned.
    package func run(_ specs: [TrialSpec], record: (TrialRecord) async throws -> Void) async throws {
        for spec in specs {
            try Task.checkCancellation()
            if let study = Study(spec) {
                try await record(study.run())
                continue
            }
            let runner = TrialRunner(
                spec: spec, world: world, runID: runID, logger: logger, onProgress: { onProgress(spec, $0) })
            try await record(try await runner.run())
        }
    }
}
