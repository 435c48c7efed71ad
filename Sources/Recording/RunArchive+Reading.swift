package import Experiments
import Faults
import GRDB
import Kubernetes
import Resilience

extension RunArchive {
    /// All runs, the latest first.
    package func runs() async throws -> [RunHeading] {
        try await fetch { db in
            try Row.fetchAll(
                db,
                sql: """
                    SELECT run.*, (SELECT count(*) FROM trial WHERE runId = run.id) AS trialsFinished
                    FROM run ORDER BY startedEpochMicroseconds DESC, id DESC
                    """
            ).map(RunHeading.init(row:))
        }
    }

    /// The run that a user means.
    ///
    /// - Parameter reference: `latest`, a run's identifier, or the beginning of exactly one.
    /// - Throws: ``ArchiveError`` with code `missing`, which names what there is.
    package func run(_ reference: String) async throws -> RunRecord {
        try await fetch { [path] db in
            let rows: [Row]
            if reference == "latest" {
                rows = try Row.fetchAll(
                    db, sql: "SELECT * FROM run ORDER BY startedEpochMicroseconds DESC, id DESC LIMIT 1")
                if rows.isEmpty { throw ArchiveError(.missing, path: path, "the archive holds no run yet") }
            } else {
                rows = try Row.fetchAll(
                    db, sql: "SELECT * FROM run WHERE identifier = ?1 OR substr(identifier, 1, length(?1)) = ?1",
                    arguments: [reference])
            }
            if let exact = rows.first(where: { $0["identifier"] == reference }) ?? (rows.count == 1 ? rows[0] : nil) {
                return try RunRecord(row: exact, path: path)
            }
            let all = try String.fetchAll(
                db, sql: "SELECT identifier FROM run ORDER BY startedEpochMicroseconds DESC, id DESC")
            guard rows.isEmpty else {
                let meant = rows.map { $0["identifier"] as String }.sorted().joined(separator: ", ")
                throw ArchiveError(.missing, path: path, "\(reference) may be any of the runs \(meant)")
            }
            let mend = Spelling.nearest(to: reference, among: all).map { "did you mean \($0)?" }
            throw ArchiveError(
                .missing, path: path,
                "there is no run \(reference); \(mend ?? "boreas ls lists them, latest is the last")")
        }
    }

    /// Which trials of a run are written down: `resume` leaves them out.
    package func finishedTrials(of run: String) async throws -> Set<TrialKey> {
        try await fetch { db in
            let rows = try Row.fetchAll(
                db,
                sql: """
                    SELECT policy, variation, trialIndex FROM trial JOIN run ON run.id = runId WHERE identifier = ?
                    """, arguments: [run])
            return Set(
                rows.map { TrialKey(policy: $0["policy"], variation: $0["variation"], index: $0["trialIndex"]) })
        }
    }

    /// The latest run that was stopped before its end and is the same as this one: what `--resume` goes on with.
    package func unfinishedRun(of experiment: Experiment, world: String, seed: UInt64) async throws -> RunRecord? {
        let document = try experiment.document()
        return try await fetch { [path] db in
            try Row.fetchOne(
                db,
                sql: """
                    SELECT * FROM run WHERE document = ? AND world = ? AND seed = ? AND outcome IS NULL
                    ORDER BY startedEpochMicroseconds DESC, id DESC LIMIT 1
                    """, arguments: [document, world, Int64(bitPattern: seed)]
            ).map { try RunRecord(row: $0, path: path) }
        }
    }

    /// The counts and samples of a run's trials, by number. What it takes grows with the trials and the samples that are
    /// asked for, and not with the attempts.
    ///
    /// - Parameter keys: Which samples; nil is all.
    package func tallies(of run: String, keys: Set<SampleKey>? = nil) async throws -> [TrialTally] {
        try await fetch { db in
            guard let runID = try Int64.fetchOne(db, sql: "SELECT id FROM run WHERE identifier = ?", arguments: [run])
            else { return [] }
            let samples = try RunSamples(db, runID: runID, keys: keys)
            let rows = try PreparedSelect(
                db, sql: "SELECT \(TrialTally.columns), id FROM trial WHERE runId = ? ORDER BY number",
                arguments: [runID])
            var tallies: [TrialTally] = []
            tallies.reserveCapacity(samples.trials)
            while try rows.next() {
                let own = samples.samples(of: rows.integer(15), hint: tallies.count)
                tallies.append(try TrialTally(rows, samples: own))
            }
            return tallies
        }
    }

    /// One trial with all that is known of it.
    ///
    /// - Throws: ``ArchiveError`` with code `missing` where the run has no such trial.
    package func trial(_ number: Int, of run: String) async throws -> TrialRecord {
        try await fetch { [path] db in
            let trial = try PreparedSelect(
                db,
                sql: """
                    SELECT \(TrialTally.columns), id, isDetailed FROM trial
                    WHERE runId = (SELECT id FROM run WHERE identifier = ?) AND number = ?
                    """, arguments: [run, number])
            guard try trial.next() else {
                let count =
                    try Int.fetchOne(db, sql: "SELECT count(*) FROM trialView WHERE run = ?", arguments: [run]) ?? 0
                throw ArchiveError(
                    .missing, path: path,
                    "the run \(run) has no trial \(number); it has \(count), boreas show lists them")
            }
            return try TrialReader(db, trial: trial).record()
        }
    }
}

/// Reads one trial back.
private struct TrialReader {
    let db: Database
    let tally: TrialTally
    let id: Int64
    let isDetailed: Bool

    /// - Parameter trial: Whose row is at hand.
    init(_ db: Database, trial: PreparedSelect) throws {
        self.db = db
        tally = try TrialTally(trial, samples: TrialSamples([:]))
        id = trial.integer(15)
        isDetailed = trial.isTrue(16)
    }

    private func rows(_ table: String) throws -> [Row] {
        try Row.fetchAll(
            db, sql: "SELECT * FROM \(table) WHERE trialId = ? ORDER BY id", arguments: [id])
    }

    func record() throws -> TrialRecord {
        let faults = try rows("fault")
        let indices = Dictionary(
            faults.enumerated().map { ($0.element["id"] as Int64, $0.offset) }, uniquingKeysWith: { first, _ in first })
        let operations = try rows("operation")
        let paths = Dictionary(
            operations.map { ($0["id"] as Int64, ($0["identifier"] as String, $0["path"] as String)) },
            uniquingKeysWith: { first, _ in first })
        return TrialRecord(
            number: tally.number, key: tally.key, seed: tally.seed,
            startedEpochMicroseconds: tally.startedEpochMicroseconds, duration: tally.duration,
            operations: try operations.map(OperationRecord.init(row:)),
            attempts: try rows("attempt").map { row in
                let (operation, path) = paths[row["operationId"]] ?? ("", "")
                let exchange = try Exchange(row: row, operation: operation, path: path)
                return AttemptRecord(
                    exchange: exchange, decision: try RetryDecision(row: row),
                    injection: (row["faultId"] as Int64?).flatMap { indices[$0] },
                    seen: AttemptRecord.Seen(row: row))
            },
            injections: try faults.map(Injection.init(row:)),
            observations: try rows("observation").map(Observation.init(row:)),
            violations: try rows("violation").map(Violation.init(row:)),
            samples: try rows("sample").map(Sample.init(row:)), outcome: tally.outcome, reason: tally.reason,
            digest: tally.digest, historyDigest: tally.historyDigest,
            unlisted: isDetailed
                ? nil
                : TrialRecord.Counts(
                    operations: tally.operations, attempts: tally.attempts, injections: tally.faults))
    }
}
