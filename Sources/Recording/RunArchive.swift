import Foundation
import GRDB

/// The record of all runs: one SQLite file, in WAL mode, which several processes may write at once.
package final class RunArchive: Sendable {
    package let path: String
    let database: any DatabaseWriter
    let canWrite: Bool

    /// How long a process waits for another one's transaction.
    static let busySecondsMax = 30.0

    private init(path: String, database: any DatabaseWriter, canWrite: Bool) {
        self.path = path
        self.database = database
        self.canWrite = canWrite
    }

    /// Refuses a place where no archive can be written, before anything is made there.
    ///
    /// - Parameter makesFolder: Whether its folder, too, would be made.
    /// - Throws: ``ArchiveError``.
    package static func checkWritable(at path: String, makesFolder: Bool = false) throws {
        try ArchiveLocation(path: path, makesFolder: makesFolder).checkWritable()
    }

    /// Lends an archive to look into it, and closes it afterwards.
    ///
    /// - Throws: ``ArchiveError``, or what `body` throws.
    package static func withReading<Result>(
        at path: String, _ body: (RunArchive) async throws -> Result
    ) async throws -> Result {
        try await read(at: path).closing(body)
    }

    /// Lends an archive for a run, as ``open(at:makesFolder:)`` opens it, and closes it afterwards.
    ///
    /// - Throws: ``ArchiveError``, or what `body` throws.
    package static func withWriting<Result>(
        at path: String, makesFolder: Bool = false, _ body: (RunArchive) async throws -> Result
    ) async throws -> Result {
        try await open(at: path, makesFolder: makesFolder).closing(body)
    }

    private func closing<Result>(_ body: (RunArchive) async throws -> Result) async throws -> Result {
        let result: Result
        do {
            result = try await body(self)
        } catch {
            // What went wrong first is to be told.
            try? close()
            throw error
        }
        try close()
        return result
    }

    /// Opens an archive for a run, creates it where it is missing, and brings its schema up to date.
    ///
    /// - Parameter makesFolder: Whether its folder, too, is made where it is missing.
    /// - Throws: ``ArchiveError``; nothing that was not there before is left behind.
    package static func open(at path: String, makesFolder: Bool = false) throws -> RunArchive {
        let location = ArchiveLocation(path: path, makesFolder: makesFolder)
        try location.prepareForWriting()
        let isNew = location.isNew
        do {
            var configuration = Configuration()
            configuration.label = "boreas.archive"
            configuration.busyMode = .timeout(busySecondsMax)
            configuration.maximumReaderCount = 2
            let pool = try opening { try DatabasePool(path: path, configuration: configuration) }
            try settle(pool, path: path)
            return RunArchive(path: path, database: pool, canWrite: true)
        } catch {
            if isNew { location.removeFiles() }
            throw location.translate(error)
        }
    }

    /// Opens an archive to look into it. A file in a folder that can't be written is read as it stands.
    ///
    /// - Throws: ``ArchiveError``.
    package static func read(at path: String) throws -> RunArchive {
        let location = ArchiveLocation(path: path)
        try location.prepareForReading()
        do {
            var configuration = Configuration()
            configuration.label = "boreas.archive"
            configuration.busyMode = .timeout(busySecondsMax)
            let isWritable = location.isWritable
            configuration.readonly = !isWritable
            // One connection that may write, so that closing it takes the files of the WAL away again, and that is
            // told not to.
            if isWritable { configuration.prepareDatabase { try $0.execute(sql: "PRAGMA query_only = ON") } }
            let name = isWritable || location.hasWAL ? path : location.immutableURI
            let queue = try DatabaseQueue(path: name, configuration: configuration)
            try queue.read { try Schema.check($0, path: path) }
            return RunArchive(path: path, database: queue, canWrite: false)
        } catch {
            throw location.translate(error)
        }
    }

    /// Closes all connections; the last process to close leaves one file behind, without a WAL.
    package func close() throws {
        do {
            // A connection that only reads can't tidy up, so the one that writes goes last.
            (database as? DatabasePool)?.invalidateReadOnlyConnections()
            try database.close()
        } catch {
            throw ArchiveLocation(path: path).translate(error)
        }
    }

    /// Two processes that create one file at the same time collide in the change to WAL, for which SQLite does not
    /// wait as it does for transactions.
    private static func opening(_ open: () throws -> DatabasePool) throws -> DatabasePool {
        for _ in 1..<openingsMax {
            do {
                return try open()
            } catch let error as DatabaseError where error.resultCode == .SQLITE_BUSY {
                Thread.sleep(forTimeInterval: 0.05)
            }
        }
        return try open()
    }

    private static let openingsMax = 100

    private static func settle(_ pool: DatabasePool, path: String) throws {
        do {
            // In one transaction: another process may be making the archive just now.
            try pool.read { db in
                try Schema.checkSuperseded(db, path: path)
                try Schema.checkForeign(db, path: path)
            }
            try migrate(pool)
        } catch {
            pool.invalidateReadOnlyConnections()
            try pool.close()
            throw error
        }
    }

    /// Another process that makes the same file may be faster at a table; what it has made is looked at anew.
    private static func migrate(_ pool: DatabasePool) throws {
        for _ in 1..<migrationsMax {
            do {
                return try Schema.migrator.migrate(pool)
            } catch let error as DatabaseError where error.resultCode == .SQLITE_ERROR {
                Thread.sleep(forTimeInterval: 0.05)
            }
        }
        try Schema.migrator.migrate(pool)
    }

    private static let migrationsMax = 20

    /// Performs a write transaction, and words its failure.
    func write<Result: Sendable>(_ body: @escaping @Sendable (Database) throws -> Result) async throws -> Result {
        guard canWrite else { throw ArchiveError(.unwritable, path: path, "the archive was opened to be read") }
        do {
            return try await database.write(body)
        } catch {
            throw ArchiveLocation(path: path).translate(error)
        }
    }

    func fetch<Result: Sendable>(_ body: @escaping @Sendable (Database) throws -> Result) async throws -> Result {
        do {
            return try await database.read(body)
        } catch {
            throw ArchiveLocation(path: path).translate(error)
        }
    }
}
