import Determinism
package import Experiments
import Faults
import GRDB
import Kubernetes
import Resilience

extension RunArchive {
    /// Writes down that a run has begun, with its policies.
    ///
    /// - Throws: ``ArchiveError``.
    package func begin(_ run: RunRecord) async throws {
        let document = try run.experiment.document()
        let policies = try (run.experiment.references + run.experiment.variations).flatMap { variation in
            try variation.policies.map { policy in
                (variation.name, policy.name, policy.description, try DocumentEncoder().encode(policy).text)
            }
        }
        try await write { db in
            try db.execute(
                sql: """
                    INSERT INTO run (identifier, experiment, description, document, world, serverVersion,
                        boreasVersion, label, seed, trialsPlanned, startedEpochMicroseconds)
                    VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
                    """,
                arguments: [
                    run.identifier, run.experiment.name, run.experiment.description, document, run.world,
                    run.serverVersion, run.boreasVersion, run.label, Int64(bitPattern: run.seed), run.trialsPlanned,
                    run.startedEpochMicroseconds,
                ])
            let id = db.lastInsertedRowID
            for (variation, name, description, definition) in policies {
                try db.execute(
                    sql: """
                        INSERT INTO policy (runId, variation, name, description, definition) VALUES (?, ?, ?, ?, ?)
                        """,
                    arguments: [id, variation, name, description, definition])
            }
        }
    }

    /// Writes down a finished trial, in one transaction: killed at any instant, the archive holds all of it or nothing.
    ///
    /// - Parameter isDetailed: Whether its operations, attempts, faults and observations are kept too.
    /// - Throws: ``ArchiveError``, also for a trial that the run holds already.
    package func record(_ trial: TrialRecord, in run: String, isDetailed: Bool = true) async throws {
        try await write { [path] db in
            guard let runID = try Int64.fetchOne(db, sql: "SELECT id FROM run WHERE identifier = ?", arguments: [run])
            else { throw ArchiveError(.missing, path: path, "the archive has no run \(run)") }
            try TrialWriter(db, trial: trial, runID: runID, isDetailed: isDetailed).write()
        }
    }

    /// Writes down that all trials of a run are done, and what they come to.
    ///
    /// - Throws: ``ArchiveError``.
    package func finish(run: String, outcome: Verdict, epochMicroseconds: Int64) async throws {
        try await write { [path] db in
            try db.execute(
                sql: "UPDATE run SET outcome = ?, finishedEpochMicroseconds = ? WHERE identifier = ?",
                arguments: [outcome.rawValue, epochMicroseconds, run])
            guard db.changesCount == 1 else {
                throw ArchiveError(.missing, path: path, "the archive has no run \(run)")
            }
        }
    }
}

/// Writes one trial and all that hangs on it.
private struct TrialWriter {
    let db: Database
    let trial: TrialRecord
    let trialID: Int64
    let isDetailed: Bool

    init(_ db: Database, trial: TrialRecord, runID: Int64, isDetailed: Bool) throws {
        self.isDetailed = isDetailed
        self.db = db
        self.trial = trial
        try db.execute(
            sql: """
                INSERT INTO trial (runId, number, policy, variation, trialIndex, seed, startedEpochMicroseconds,
                    durationMicroseconds, outcome, reason, digest, historyDigest, operations, attempts, faults,
                    violations, isDetailed)
                VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
                """,
            arguments: [
                runID, trial.number, trial.key.policy, trial.key.variation, trial.key.index,
                Int64(bitPattern: trial.seed), trial.startedEpochMicroseconds, trial.duration.microseconds,
                trial.outcome.rawValue, trial.reason, trial.digest, trial.historyDigest,
                trial.operations.count, trial.attempts.count, trial.injections.count, trial.violations.count,
                isDetailed,
            ])
        trialID = db.lastInsertedRowID
    }

    func write() throws {
        if isDetailed {
            let operations = try writeOperations()
            let faults = try writeFaults()
            try writeAttempts(operations: operations, faults: faults)
            try writeObservations()
        }
        try writeViolations()
        try writeSamples()
    }

    private static let identityColumns = ["verb", "group", "resource", "subresource", "namespace", "name"]

    /// - Returns: The row of each operation, by its identifier.
    private func writeOperations() throws -> [String: Int64] {
        var insert = try PreparedInsert(
            db, table: "operation",
            columns: ["trialId", "identifier", "path"] + Self.identityColumns
                + ["startedMicroseconds", "finishedMicroseconds", "outcome"])
        var rows: [String: Int64] = [:]
        for operation in trial.operations {
            insert.bind(trialID)
            insert.bind(operation.id)
            insert.bind(operation.path)
            insert.bind(operation.identity)
            insert.bind(operation.started)
            insert.bind(operation.finished)
            insert.bind(operation.outcome.rawValue)
            rows[operation.id] = try insert.insert()
        }
        return rows
    }

    /// - Returns: The row of each injection, in their order.
    private func writeFaults() throws -> [Int64] {
        var insert = try PreparedInsert(
            db, table: "fault",
            columns: ["trialId", "rule", "kind"] + Self.identityColumns + ["ordinal", "requestId", "atMicroseconds"])
        return try trial.injections.map { injection in
            insert.bind(trialID)
            insert.bind(injection.rule)
            insert.bind(injection.kind.rawValue)
            insert.bind(injection.identity)
            insert.bind(injection.ordinal)
            insert.bind(injection.requestID)
            insert.bind(injection.at)
            return try insert.insert()
        }
    }

    private func writeAttempts(operations: [String: Int64], faults: [Int64]) throws {
        var insert = try PreparedInsert(db, table: "attempt", columns: AttemptColumns.names)
        for attempt in trial.attempts {
            let exchange = attempt.exchange
            guard let operation = operations[exchange.trace.operation] else {
                throw DatabaseError(
                    resultCode: .SQLITE_CONSTRAINT,
                    message: "the attempt \(exchange.trace.requestID) belongs to no operation of the trial")
            }
            insert.bind(trialID)
            insert.bind(operation)
            insert.bind(exchange.trace.attempt)
            insert.bind(exchange.trace.requestID)
            insert.bind(exchange.identity)
            insert.bind(exchange.started)
            insert.bind(exchange.duration)
            insert.bind(exchange.timings.nameLookup)
            insert.bind(exchange.timings.connect)
            insert.bind(exchange.timings.tlsHandshake)
            insert.bind(exchange.timings.firstByte)
            insert.bind(exchange.timings.total)
            insert.bind(exchange.httpStatus)
            insert.bind(exchange.curlCode)
            insert.bind(exchange.reason)
            insert.bind(exchange.message)
            insert.bind(attempt.decision?.classification.rawValue)
            insert.bind(attempt.decision?.layer?.rawValue)
            insert.bind(attempt.decision?.wait)
            insert.bind(attempt.injection.map { faults[$0] })
            insert.bind(attempt.seen?.userAgent)
            insert.bind(attempt.seen?.fieldManager)
            insert.bind(attempt.seen.map { Int64($0.upstreamStatus) })
            insert.bind(attempt.seen?.isChange.map { Int64($0 ? 1 : 0) })
            insert.bind(attempt.seen?.objectName)
            try insert.insert()
        }
    }

    private func writeObservations() throws {
        var insert = try PreparedInsert(
            db, table: "observation", columns: ["trialId", "atMicroseconds", "kind", "subject", "detail", "message"])
        for observation in trial.observations {
            insert.bind(trialID)
            insert.bind(observation.at)
            insert.bind(observation.kind.rawValue)
            insert.bind(observation.subject)
            insert.bind(observation.detail)
            insert.bind(observation.message)
            try insert.insert()
        }
    }

    private func writeViolations() throws {
        var insert = try PreparedInsert(
            db, table: "violation", columns: ["trialId", "invariant", "subject", "atMicroseconds", "evidence"])
        for violation in trial.violations {
            insert.bind(trialID)
            insert.bind(violation.invariant.rawValue)
            insert.bind(violation.subject)
            insert.bind(violation.at)
            insert.bind(violation.evidence)
            try insert.insert()
        }
    }

    private func writeSamples() throws {
        var insert = try PreparedInsert(
            db, table: "sample", columns: ["trialId", "metric", "breakdown", "subject", "value", "isCensored"])
        for sample in trial.samples {
            insert.bind(trialID)
            insert.bind(sample.metric.rawValue)
            insert.bind(sample.breakdown?.description ?? "")
            insert.bind(sample.subject)
            insert.bind(sample.value)
            insert.bind(sample.isCensored ? 1 : 0)
            try insert.insert()
        }
    }
}

/// The columns of `attempt`, in the order in which they are bound.
enum AttemptColumns {
    static let names = [
        "trialId", "operationId", "number", "requestId", "verb", "group", "resource", "subresource", "namespace",
        "name", "startedMicroseconds", "durationMicroseconds", "nameLookupMicroseconds", "connectMicroseconds",
        "tlsHandshakeMicroseconds", "firstByteMicroseconds", "totalMicroseconds", "httpStatus", "curlCode", "reason",
        "message", "classification", "layer", "waitMicroseconds", "faultId", "userAgent", "fieldManager",
        "upstreamStatus",
        "isChange", "objectName",
    ]
}

extension PreparedInsert {
    fileprivate mutating func bind(_ identity: RequestIdentity) {
        bind(identity.verb.rawValue)
        bind(identity.group)
        bind(identity.resource)
        bind(identity.subresource)
        bind(identity.namespace)
        bind(identity.name)
    }
}
