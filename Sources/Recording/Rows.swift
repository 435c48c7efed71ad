import Experiments
import Faults
import GRDB
import Kubernetes
import Resilience

/// A cell that holds a word which this Boreas does not know.
func unknown(_ column: String, _ text: String) -> DatabaseError {
    DatabaseError(resultCode: .SQLITE_MISMATCH, message: "\"\(text)\" is no \(column)")
}

extension Row {
    /// The enum case that a column spells.
    func word<Word: RawRepresentable<String>>(_ column: String, _ type: Word.Type = Word.self) throws -> Word {
        let text: String = self[column]
        guard let word = Word(rawValue: text) else { throw unknown(column, text) }
        return word
    }

    func duration(_ column: String) -> Duration { .microseconds(self[column] as Int64) }

    fileprivate func identity() throws -> RequestIdentity {
        RequestIdentity(
            verb: try word("verb"), group: self["group"], resource: self["resource"],
            subresource: self["subresource"], namespace: self["namespace"], name: self["name"])
    }
}

extension RunHeading {
    init(row: Row) throws {
        let outcome: String? = row["outcome"]
        self.init(
            identifier: row["identifier"], experiment: row["experiment"], world: row["world"], label: row["label"],
            seed: UInt64(bitPattern: row["seed"] as Int64), trialsPlanned: row["trialsPlanned"],
            trialsFinished: row["trialsFinished"], startedEpochMicroseconds: row["startedEpochMicroseconds"],
            outcome: try outcome.map { _ in try row.word("outcome") })
    }
}

extension RunRecord {
    init(row: Row, path: String) throws {
        let outcome: String? = row["outcome"]
        let identifier: String = row["identifier"]
        let experiment: Experiment
        do {
            experiment = try Experiment(document: row["document"])
        } catch {
            throw ArchiveError(
                .newer, path: path,
                "the run \(identifier) was written by Boreas \(row["boreasVersion"] as String), whose experiment this one "
                    + "can't read (\(error))")
        }
        self.init(
            identifier: identifier, experiment: experiment, world: row["world"],
            serverVersion: row["serverVersion"], boreasVersion: row["boreasVersion"], label: row["label"],
            seed: UInt64(bitPattern: row["seed"] as Int64), trialsPlanned: row["trialsPlanned"],
            startedEpochMicroseconds: row["startedEpochMicroseconds"],
            finishedEpochMicroseconds: row["finishedEpochMicroseconds"],
            outcome: try outcome.map { _ in try row.word("outcome") })
    }
}

extension TrialTally {
    /// The columns that ``init(_:samples:)`` reads, by their places.
    static let columns = """
        number, policy, variation, trialIndex, seed, startedEpochMicroseconds, durationMicroseconds, outcome, reason,
        digest, historyDigest, operations, attempts, faults, violations
        """

    init(_ row: PreparedSelect, samples: TrialSamples) throws {
        let outcome = row.text(7)
        guard let verdict = Verdict(rawValue: outcome) else { throw unknown("outcome", outcome) }
        self.init(
            number: row.count(0), key: TrialKey(policy: row.text(1), variation: row.text(2), index: row.count(3)),
            seed: UInt64(bitPattern: row.integer(4)), startedEpochMicroseconds: row.integer(5),
            duration: .microseconds(row.integer(6)), outcome: verdict, reason: row.text(8),
            digest: row.bytes(9, CompactDigest.init), historyDigest: row.bytes(10, CompactDigest.init),
            operations: row.count(11), attempts: row.count(12), faults: row.count(13), violations: row.count(14),
            samples: samples)
    }
}

extension SampleKey {
    /// As the columns `metric` and `breakdown` spell it.
    init(metric: String, breakdown: String) throws {
        guard let known = Metric(rawValue: metric) else { throw unknown("metric", metric) }
        guard !breakdown.isEmpty else {
            self.init(known)
            return
        }
        guard let part = Breakdown(parsing: breakdown) else { throw unknown("breakdown", breakdown) }
        self.init(known, part)
    }
}

extension OperationRecord {
    init(row: Row) throws {
        self.init(
            id: row["identifier"], path: row["path"], identity: try row.identity(),
            started: row.duration("startedMicroseconds"),
            finished: (row["finishedMicroseconds"] as Int64?).map { .microseconds($0) },
            outcome: try row.word("outcome"))
    }
}

extension Exchange {
    init(row: Row, operation: String, path: String) throws {
        var timings = TransferTimings()
        timings.nameLookup = row.duration("nameLookupMicroseconds")
        timings.connect = row.duration("connectMicroseconds")
        timings.tlsHandshake = row.duration("tlsHandshakeMicroseconds")
        timings.firstByte = row.duration("firstByteMicroseconds")
        timings.total = row.duration("totalMicroseconds")
        self.init(
            trace: RequestTrace(operation: operation, attempt: row["number"], path: path),
            identity: try row.identity(), started: row.duration("startedMicroseconds"),
            duration: row.duration("durationMicroseconds"), timings: timings, httpStatus: row["httpStatus"],
            curlCode: row["curlCode"], reason: row["reason"], message: row["message"])
    }
}

extension AttemptRecord.Seen {
    /// Nil for an attempt that the subject recorded itself.
    init?(row: Row) {
        guard let upstreamStatus = row["upstreamStatus"] as Int? else { return nil }
        self.init(
            userAgent: row["userAgent"] ?? "", fieldManager: row["fieldManager"] ?? "", upstreamStatus: upstreamStatus,
            isChange: row["isChange"], objectName: row["objectName"])
    }
}

extension RetryDecision {
    /// Nil for an attempt without one.
    init?(row: Row) throws {
        guard row["classification"] as String? != nil else { return nil }
        let layer: String? = row["layer"]
        self.init(
            requestID: row["requestId"], classification: try row.word("classification"),
            layer: try layer.map { _ in try row.word("layer") }, wait: row.duration("waitMicroseconds"))
    }
}

extension Injection {
    init(row: Row) throws {
        self.init(
            rule: row["rule"], kind: try row.word("kind"), identity: try row.identity(), ordinal: row["ordinal"],
            requestID: row["requestId"], at: row.duration("atMicroseconds"))
    }
}

extension Observation {
    init(row: Row) throws {
        self.init(
            try row.word("kind"), row["subject"], detail: row["detail"], message: row["message"],
            at: row.duration("atMicroseconds"))
    }
}

extension Violation {
    init(row: Row) throws {
        self.init(
            try row.word("invariant"), row["subject"], at: (row["atMicroseconds"] as Int64?).map { .microseconds($0) },
            evidence: row["evidence"])
    }
}

extension Sample {
    init(row: Row) throws {
        let key = try SampleKey(metric: row["metric"], breakdown: row["breakdown"])
        self.init(
            key.metric, key.breakdown, subject: row["subject"], value: row["value"], isCensored: row["isCensored"])
    }
}
