import Experiments
import Harness

/// Carries out trials that no archive keeps: those of a replay and of a hunt.
enum TrialExecution {
    /// Sets up a world, and hands `body` the way to carry out trials in it. As many may be carried out at a time as the
    /// place has jobs.
    static func with<Result: Sendable>(
        _ place: RunSession.Place, _ body: @Sendable @escaping (@escaping TrialExecutor) async throws -> Result
    ) async throws -> Result {
        let identifier = RunSession.makeIdentifier()
        let inWorld: @Sendable (any World) async throws -> Result = { world in
            let executor = RunExecutor(
                world: world, runID: identifier, logger: Log.logger, onProgress: { _, _ in })
            return try await body { try await executor.trial($0) }
        }
        return switch place {
        case .simulated: try await inWorld(SimulatedWorld(logger: Log.logger))
        case .embedded: try await SocketWorld.withEmbedded(logger: Log.logger, inWorld)
        case .cluster(let connection):
            try await SocketWorld.withCluster(connection, runID: identifier, logger: Log.logger, inWorld)
        }
    }
}
