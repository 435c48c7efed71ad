import GRDB

/// Permits of semaphores and mutexes in a SQLite file of their own, which several processes on one machine may share.
///
/// Every operation is one transaction, and short. They are made on the caller's thread: a controller in simulated time
/// must not be resumed from another.
package final class PermitDatabase: Sendable {
    /// What became of a try to take permits.
    package enum Answer: Hashable, Sendable {
        case taken
        /// So many others have a permit of the lock.
        case occupied(lock: String, holders: Int)
    }

    /// A lock, and how many may have it.
    package struct Wanted: Hashable, Sendable {
        package var lock: String
        package var limit: Int

        package init(lock: String, limit: Int) {
            self.lock = lock
            self.limit = limit
        }
    }

    package let path: String
    /// Its writes are immediate transactions: none finds in the middle that another one was faster.
    private let queue: DatabaseQueue

    /// How long a transaction waits for another process's.
    private static let busySecondsMax = 5.0

    /// Opens the file, and makes it where it is missing.
    ///
    /// - Throws: ``ArchiveError``.
    package init(path: String) throws {
        self.path = path
        do {
            var configuration = Configuration()
            configuration.label = "boreas.permits"
            configuration.busyMode = .timeout(Self.busySecondsMax)
            queue = try DatabaseQueue(path: path, configuration: configuration)
            try Self.migrator.migrate(queue)
        } catch {
            throw ArchiveLocation(path: path).translate(error)
        }
    }

    package func close() throws { try worded { try queue.close() } }

    private static var migrator: DatabaseMigrator {
        var migrator = DatabaseMigrator()
        migrator.registerMigration("create permits") { db in
            try db.execute(
                sql: """
                    CREATE TABLE permit (
                        lock TEXT NOT NULL CHECK (length(lock) > 0),
                        slot INTEGER NOT NULL CHECK (slot >= 0),
                        holder TEXT NOT NULL CHECK (length(holder) > 0),
                        expiresMicroseconds INTEGER NOT NULL,
                        PRIMARY KEY (lock, slot),
                        UNIQUE (lock, holder)
                    ) STRICT, WITHOUT ROWID
                    """)
            try db.execute(sql: "CREATE INDEX permitOfHolder ON permit (holder)")
        }
        return migrator
    }

    private func worded<Result>(_ body: () throws -> Result) throws -> Result {
        do {
            return try body()
        } catch {
            throw ArchiveLocation(path: path).translate(error)
        }
    }
}

extension PermitDatabase {
    private struct Occupied: Error {
        var lock: String
        var holders: Int
    }

    /// Takes a permit of each lock, or none. One that the holder has already is renewed.
    ///
    /// - Parameters:
    ///   - now: Microseconds since 1970, by which permits have expired.
    ///   - expiry: When the permits taken expire.
    /// - Throws: ``ArchiveError``.
    package func take(_ wanted: [Wanted], for holder: String, at now: Int64, until expiry: Int64) throws -> Answer {
        do {
            return try worded {
                try queue.write { db in
                    for want in wanted { try Self.take(want, for: holder, at: now, until: expiry, db) }
                    return .taken
                }
            }
        } catch let occupied as Occupied {
            // The transaction was rolled back, and with it what was taken before.
            return .occupied(lock: occupied.lock, holders: occupied.holders)
        }
    }

    private static func take(
        _ want: Wanted, for holder: String, at now: Int64, until expiry: Int64, _ db: Database
    ) throws {
        try db.execute(
            sql: "UPDATE permit SET expiresMicroseconds = ? WHERE lock = ? AND holder = ?",
            arguments: [expiry, want.lock, holder])
        if db.changesCount > 0 { return }
        try db.execute(
            sql: "DELETE FROM permit WHERE lock = ? AND expiresMicroseconds <= ?", arguments: [want.lock, now])
        let slots = try Int.fetchAll(
            db, sql: "SELECT slot FROM permit WHERE lock = ? ORDER BY slot", arguments: [want.lock])
        guard slots.count < want.limit else { throw Occupied(lock: want.lock, holders: slots.count) }
        // The lowest that is free: the first whose number is not its place.
        let slot = zip(slots, 0...).first { $0 != $1 }?.1 ?? slots.count
        try db.execute(
            sql: "INSERT INTO permit (lock, slot, holder, expiresMicroseconds) VALUES (?, ?, ?, ?)",
            arguments: [want.lock, slot, holder, expiry])
    }

    /// Renews permits that nobody else has taken meanwhile, expired or not.
    ///
    /// - Returns: The locks that the holder has no permit of any more.
    /// - Throws: ``ArchiveError``.
    package func renew(_ locks: [String], of holder: String, until expiry: Int64) throws -> [String] {
        try worded {
            try queue.write { db in
                try locks.filter { lock in
                    try db.execute(
                        sql: "UPDATE permit SET expiresMicroseconds = ? WHERE lock = ? AND holder = ?",
                        arguments: [expiry, lock, holder])
                    return db.changesCount == 0
                }
            }
        }
    }

    /// Gives permits back; those that the holder does not have are no failure.
    ///
    /// - Throws: ``ArchiveError``.
    package func giveBack(_ locks: [String], of holder: String) throws {
        try worded {
            try queue.write { db in
                for lock in locks {
                    try db.execute(
                        sql: "DELETE FROM permit WHERE lock = ? AND holder = ?", arguments: [lock, holder])
                }
            }
        }
    }

    /// Every permit that is recorded, expired or not, by holder and lock.
    ///
    /// - Throws: ``ArchiveError``.
    package func permits() throws -> [(holder: String, lock: String)] {
        try worded {
            try queue.read { db in
                try Row.fetchAll(db, sql: "SELECT holder, lock FROM permit ORDER BY holder, lock")
                    .map { ($0["holder"], $0["lock"]) }
            }
        }
    }
}
