import Experiments
import GRDB

/// The samples of a run's trials, read metric by metric.
struct RunSamples {
    private var byTrial: [Int64: [SampleKey: [TrialTally.Value]]] = [:]

    /// - Parameter keys: Which samples; nil is all.
    init(_ db: Database, runID: Int64, keys: Set<SampleKey>?) throws {
        let trials = try Row.fetchOne(
            db, sql: "SELECT min(id) AS first, max(id) AS last, count(*) AS trials FROM trial WHERE runId = ?",
            arguments: [runID])
        guard let trials, let first = trials["first"] as Int64?, let last = trials["last"] as Int64? else { return }
        byTrial.reserveCapacity(trials["trials"])
        for key in try keys ?? Self.keys(db, first, last) {
            try read(db, key, runID, first, last)
        }
    }

    subscript(trial: Int64) -> [SampleKey: [TrialTally.Value]] { byTrial[trial] ?? [:] }

    private static func keys(_ db: Database, _ first: Int64, _ last: Int64) throws -> Set<SampleKey> {
        let rows = try Row.fetchAll(
            db, sql: "SELECT DISTINCT metric, breakdown FROM sample WHERE trialId BETWEEN ? AND ?",
            arguments: [first, last])
        return Set(try rows.map { try SampleKey(metric: $0["metric"], breakdown: $0["breakdown"]) })
    }

    /// By the index `sampleByMetric` alone. Trials of runs that were carried out at the same time lie in between, and are
    /// passed over by whoever asks for the run's own.
    private mutating func read(
        _ db: Database, _ key: SampleKey, _ runID: Int64, _ first: Int64, _ last: Int64
    ) throws {
        let rows = try Row.fetchCursor(
            db,
            sql: """
                SELECT trialId, value, isCensored FROM sample INDEXED BY sampleByMetric
                WHERE metric = ? AND breakdown = ? AND trialId BETWEEN ? AND ? ORDER BY trialId
                """, arguments: [key.metric.rawValue, key.breakdown?.description ?? "", first, last])
        var trial: Int64 = 0
        var values: [TrialTally.Value] = []
        func keep() { if !values.isEmpty { byTrial[trial, default: [:]][key] = values } }
        while let row = try rows.next() {
            let id: Int64 = row[0]
            if id != trial {
                keep()
                trial = id
                values.removeAll(keepingCapacity: false)
            }
            values.append(TrialTally.Value(row[1], isCensored: row[2]))
        }
        keep()
    }
}
