import Foundation
import Recording
import Resilience

/// The database of permits of one trial, where its policy keeps them in one.
enum TrialPermits {
    /// Makes a database in a temporary file, which is gone when `body` returns.
    ///
    /// - Parameters:
    ///   - inMemory: Makes it without a file.
    ///   - body: Takes the database; nil for a policy that keeps its permits elsewhere.
    static func with<Result>(
        _ policy: Policy, inMemory: Bool, _ body: (PermitDatabase?) async throws -> Result
    ) async throws -> Result {
        guard policy.locks.store == .sqlite else { return try await body(nil) }
        if inMemory { return try await closing(PermitDatabase(path: ":memory:"), body) }
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent("boreas-\(SecretToken.make())")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        return try await closing(PermitDatabase(path: folder.appendingPathComponent("permits.sqlite").path), body)
    }

    private static func closing<Result>(
        _ database: PermitDatabase, _ body: (PermitDatabase?) async throws -> Result
    ) async throws -> Result {
        let result: Result
        do {
            result = try await body(database)
        } catch {
            try database.close()
            throw error
        }
        try database.close()
        return result
    }
}
