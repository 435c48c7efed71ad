package import Experiments
import GRDB

/// One look at a run that is carried on until its gate is decided: what it found, and what of the error was spent on it.
package struct Look: Hashable, Sendable {
    /// From 1.
    package var number: Int
    /// In each cell, at this look.
    package var trials: Int
    /// In each cell, when all of the error is spent; the same for all looks of a run.
    package var trialsMax: Int
    /// The one-sided level at which each condition was judged.
    package var nominalAlpha: Double
    package var verdict: Verdict
    /// Civil time, microseconds since 1970.
    package var epochMicroseconds: Int64

    package init(
        number: Int, trials: Int, trialsMax: Int, nominalAlpha: Double, verdict: Verdict, epochMicroseconds: Int64
    ) {
        self.number = number
        self.trials = trials
        self.trialsMax = trialsMax
        self.nominalAlpha = nominalAlpha
        self.verdict = verdict
        self.epochMicroseconds = epochMicroseconds
    }
}

extension Look {
    static let tables = [
        """
        CREATE TABLE look (
            id INTEGER PRIMARY KEY,
            runId INTEGER NOT NULL REFERENCES run (id) ON DELETE CASCADE,
            number INTEGER NOT NULL CHECK (number > 0),
            trials INTEGER NOT NULL CHECK (trials > 0),
            trialsMax INTEGER NOT NULL CHECK (trialsMax >= trials),
            nominalAlpha REAL NOT NULL CHECK (nominalAlpha >= 0 AND nominalAlpha < 0.5),
            verdict TEXT NOT NULL CHECK (verdict IN ('pass', 'fail', 'inconclusive')),
            epochMicroseconds INTEGER NOT NULL,
            UNIQUE (runId, number),
            UNIQUE (runId, trials)
        ) STRICT
        """
    ]

    fileprivate init(row: Row) throws {
        self.init(
            number: row["number"], trials: row["trials"], trialsMax: row["trialsMax"],
            nominalAlpha: row["nominalAlpha"], verdict: try row.word("verdict"),
            epochMicroseconds: row["epochMicroseconds"])
    }
}

extension RunArchive {
    /// The looks at a run, in their order; none where it was not carried on.
    package func looks(of run: String) async throws -> [Look] {
        try await fetch { db in
            try Row.fetchAll(
                db,
                sql: """
                    SELECT look.* FROM look JOIN run ON run.id = runId WHERE identifier = ? ORDER BY number
                    """, arguments: [run]
            ).map(Look.init(row:))
        }
    }

    /// Writes a look down.
    ///
    /// - Throws: ``ArchiveError``, also for a look that the run has already: another process may be looking.
    package func record(_ look: Look, of run: String) async throws {
        try await write { [path] db in
            guard let runID = try Int64.fetchOne(db, sql: "SELECT id FROM run WHERE identifier = ?", arguments: [run])
            else { throw ArchiveError(.missing, path: path, "the archive has no run \(run)") }
            try db.execute(
                sql: """
                    INSERT INTO look (runId, number, trials, trialsMax, nominalAlpha, verdict, epochMicroseconds)
                    VALUES (?, ?, ?, ?, ?, ?, ?)
                    """,
                arguments: [
                    runID, look.number, look.trials, look.trialsMax, look.nominalAlpha, look.verdict.rawValue,
                    look.epochMicroseconds,
                ])
        }
    }

    /// Writes down that a run is to have more trials, or fewer than were planned; it is then unfinished.
    ///
    /// - Parameter trialsPlanned: In all cells together.
    /// - Throws: ``ArchiveError``.
    package func replan(run: String, trialsPlanned: Int) async throws {
        try await write { [path] db in
            try db.execute(
                sql: """
                    UPDATE run SET trialsPlanned = ?, outcome = NULL, finishedEpochMicroseconds = NULL
                    WHERE identifier = ?
                    """, arguments: [trialsPlanned, run])
            guard db.changesCount == 1 else {
                throw ArchiveError(.missing, path: path, "the archive has no run \(run)")
            }
        }
    }
}
