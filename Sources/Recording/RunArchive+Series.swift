import Determinism
package import Experiments
package import Faults
import GRDB

/// A trial of which the archive keeps all that happened.
package struct DetailedTrial: Hashable, Sendable {
    package var number: Int
    package var key: TrialKey
    package var outcome: Verdict
    /// As listed; of clients by themselves the archive may list none.
    package var attempts: Int
    package var duration: Duration
}

/// How much one trial asked of the server, and got, in equal spans of time from its beginning.
package struct TrialLoad: Hashable, Sendable {
    package struct Bin: Hashable, Sendable {
        package var attempts = 0
        /// Operations that succeeded; a watch is none of them, as it has no end of its own.
        package var succeeded = 0
    }

    package var trial: DetailedTrial
    /// When each phase began.
    package var phases: [Phase: Duration]
    /// Up to the last in which anything happened.
    package var bins: [Bin]
}

/// A wait before a retry of a call, as it was decided.
package struct CallWait: Hashable, Sendable {
    package var policy: String
    package var path: String
    /// Among the waits of the call's own layer, from 1; a call that the work queue begins anew counts anew.
    package var retry: Int
    package var wait: Duration
    /// Whether the answer asked for fewer requests (429).
    package var isThrottled: Bool
}

/// How often an invariant broke in one cell, with the first time.
package struct BrokenInvariant: Hashable, Sendable {
    package var invariant: Invariant
    package var count: Int
    /// The first trial in which it did.
    package var trial: Int
    package var key: TrialKey
    package var subject: String
    package var evidence: String
}

/// What pictures need, each read by one trial's index and bounded, so that a run of any size is drawn in seconds.
extension RunArchive {
    /// The first detailed trials of each policy under one variation.
    ///
    /// - Parameters:
    ///   - perPolicy: So many at most.
    ///   - attemptsMax: No more of a policy once they list so many attempts together; its first is always there.
    package func detailedTrials(
        of run: String, variation: String, perPolicy: Int, attemptsMax: Int
    ) async throws -> [DetailedTrial] {
        try await fetch { db in
            try Row.fetchAll(
                db,
                sql: """
                    SELECT number, policy, variation, trialIndex, outcome, attempts, durationMicroseconds FROM (
                        SELECT trial.*, row_number() OVER cell AS place, sum(attempts) OVER cell AS total
                        FROM trial JOIN run ON run.id = runId
                        WHERE identifier = ? AND variation = ? AND isDetailed
                        WINDOW cell AS (PARTITION BY policy ORDER BY trialIndex)
                    )
                    WHERE place = 1 OR (place <= ? AND total <= ?) ORDER BY number
                    """, arguments: [run, variation, perPolicy, attemptsMax]
            ).map(DetailedTrial.init(row:))
        }
    }

    /// Under which variation the detailed trials list most attempts; nil where none lists any.
    package func busiestDetails(of run: String) async throws -> String? {
        try await fetch { db in
            try String.fetchOne(
                db,
                sql: """
                    SELECT variation FROM trial JOIN run ON run.id = runId WHERE identifier = ? AND isDetailed
                    GROUP BY variation HAVING sum(attempts) > 0 ORDER BY sum(attempts) DESC, variation LIMIT 1
                    """, arguments: [run])
        }
    }

    /// The detailed trial that teaches most: the first that failed, else the first that is inconclusive, else the one in
    /// which most was tried again.
    ///
    /// - Parameter attemptsMax: One that lists more is passed over.
    /// - Returns: Its number; nil where there is none.
    package func instructiveTrial(of run: String, attemptsMax: Int) async throws -> Int? {
        try await fetch { db in
            try Int.fetchOne(
                db,
                sql: """
                    SELECT number FROM trial JOIN run ON run.id = runId
                    WHERE identifier = ? AND isDetailed AND attempts BETWEEN 1 AND ?
                    ORDER BY CASE trial.outcome WHEN 'fail' THEN 0 WHEN 'inconclusive' THEN 1 ELSE 2 END,
                        CASE trial.outcome WHEN 'pass' THEN operations - attempts ELSE number END, number
                    LIMIT 1
                    """, arguments: [run, attemptsMax])
        }
    }

    /// What each of some trials asked of the server in time: counted from its attempts, or as the clients told it
    /// second by second.
    package func loads(of run: String, _ trials: [DetailedTrial], width: Duration) async throws -> [TrialLoad] {
        try await fetch { db in
            try trials.map { trial in
                guard
                    let id = try Int64.fetchOne(
                        db,
                        sql:
                            "SELECT trial.id FROM trial JOIN run ON run.id = runId WHERE identifier = ? AND number = ?",
                        arguments: [run, trial.number])
                else { return TrialLoad(trial: trial, phases: [:], bins: []) }
                return try LoadReader(db: db, trialID: id, widthMicroseconds: width.microseconds).load(of: trial)
            }
        }
    }

    /// The waits of some trials' calls, a bounded number of each trial.
    package func callWaits(
        of run: String, _ trials: [DetailedTrial], perTrial: Int
    ) async throws -> [CallWait] {
        try await fetch { db in
            try trials.flatMap { trial in
                try Row.fetchAll(
                    db,
                    sql: """
                        SELECT path, row_number() OVER (PARTITION BY operationId, call ORDER BY number),
                            waitMicroseconds, httpStatus
                        FROM (
                            SELECT operation.path, attempt.*,
                                sum(layer NOT IN ('call', 'transport')) OVER (
                                    PARTITION BY operationId ORDER BY attempt.number) AS call
                            FROM attempt JOIN operation ON operation.id = operationId
                            WHERE layer IS NOT NULL AND attempt.trialId = (
                                SELECT trial.id FROM trial JOIN run ON run.id = runId
                                WHERE identifier = ? AND number = ?)
                        )
                        WHERE layer = 'call' ORDER BY id LIMIT ?
                        """, arguments: [run, trial.number, perTrial]
                ).map { row in
                    CallWait(
                        policy: trial.key.policy, path: row[0], retry: row[1], wait: .microseconds(row[2] as Int64),
                        isThrottled: row[3] == 429)
                }
            }
        }
    }

    /// The invariants that broke, by cell, those that broke first before the others.
    package func brokenInvariants(of run: String, limit: Int) async throws -> [BrokenInvariant] {
        try await fetch { db in
            try Row.fetchAll(
                db,
                sql: """
                    SELECT * FROM (
                        SELECT trial.number AS trial, policy, variation, trialIndex, invariant, subject, evidence,
                            row_number() OVER (cell ORDER BY trial.number, violation.id) AS place,
                            count(*) OVER cell AS times
                        FROM trial JOIN run ON run.id = runId JOIN violation ON violation.trialId = trial.id
                        WHERE identifier = ? AND trial.violations > 0
                        WINDOW cell AS (PARTITION BY policy, variation, invariant)
                    )
                    WHERE place = 1 ORDER BY trial, invariant LIMIT ?
                    """, arguments: [run, limit]
            ).map(BrokenInvariant.init(row:))
        }
    }
}

extension DetailedTrial {
    fileprivate init(row: Row) throws {
        self.init(
            number: row["number"],
            key: TrialKey(policy: row["policy"], variation: row["variation"], index: row["trialIndex"]),
            outcome: try row.word("outcome"), attempts: row["attempts"], duration: row.duration("durationMicroseconds"))
    }
}

extension BrokenInvariant {
    fileprivate init(row: Row) throws {
        self.init(
            invariant: try row.word("invariant"), count: row["times"], trial: row["trial"],
            key: TrialKey(policy: row["policy"], variation: row["variation"], index: row["trialIndex"]),
            subject: row["subject"], evidence: row["evidence"])
    }
}

/// Counts what one trial did in each span of time.
private struct LoadReader {
    let db: Database
    let trialID: Int64
    let widthMicroseconds: Int64

    func load(of trial: DetailedTrial) throws -> TrialLoad {
        var bins: [Int: TrialLoad.Bin] = [:]
        let samples = try Row.fetchCursor(
            db,
            sql: """
                SELECT atMicroseconds, subject, detail FROM observation WHERE trialId = ? AND kind = 'loadSampled'
                """, arguments: [trialID])
        var isSampled = false
        while let row = try samples.next() {
            isSampled = true
            // A sample is of the second that ends at its time.
            let place = Int(((row["atMicroseconds"] as Int64) - 1_000_000) / widthMicroseconds)
            bins[place, default: TrialLoad.Bin()].attempts += try row.count("subject")
            bins[place, default: TrialLoad.Bin()].succeeded += try row.count("detail")
        }
        if !isSampled {
            for row in try count("attempt", "startedMicroseconds", "TRUE") {
                bins[row[0], default: TrialLoad.Bin()].attempts = row[1]
            }
            for row in try count("operation", "finishedMicroseconds", "verb <> 'watch' AND outcome = 'succeeded'") {
                bins[row[0], default: TrialLoad.Bin()].succeeded = row[1]
            }
        }
        let last = bins.keys.max() ?? -1
        return TrialLoad(
            trial: trial, phases: try phases(), bins: (0..<last + 1).map { bins[$0] ?? TrialLoad.Bin() })
    }

    private func count(_ table: String, _ column: String, _ condition: String) throws -> [Row] {
        try Row.fetchAll(
            db,
            sql: """
                SELECT \(column) / ? AS bin, count(*) FROM \(table)
                WHERE trialId = ? AND \(column) >= 0 AND \(condition) GROUP BY bin
                """, arguments: [widthMicroseconds, trialID])
    }

    private func phases() throws -> [Phase: Duration] {
        let rows = try Row.fetchAll(
            db, sql: "SELECT subject, atMicroseconds FROM observation WHERE trialId = ? AND kind = 'phaseEntered'",
            arguments: [trialID])
        return Dictionary(
            try rows.map { (try $0.word("subject", Phase.self), $0.duration("atMicroseconds")) },
            uniquingKeysWith: { first, _ in first })
    }
}

extension Row {
    /// The number that a column of words spells.
    fileprivate func count(_ column: String) throws -> Int {
        let text: String = self[column]
        guard let count = Int(text), count >= 0 else { throw unknown(column, text) }
        return count
    }
}
