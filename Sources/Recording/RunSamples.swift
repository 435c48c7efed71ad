import Experiments
import GRDB

/// The samples of a run's trials, read metric by metric.
struct RunSamples {
    private let table: TrialSamples.Table
    /// The run's trials, in order.
    private let ids: [Int64]

    /// - Parameter keys: Which samples; nil is all.
    init(_ db: Database, runID: Int64, keys: Set<SampleKey>?) throws {
        var ids: [Int64] = []
        let trials = try PreparedSelect(
            db, sql: "SELECT id FROM trial WHERE runId = ?", arguments: [runID])
        while try trials.next() { ids.append(trials.integer(0)) }
        ids.sort()
        self.ids = ids
        var columns: [SampleKey: TrialSamples.Column] = [:]
        if !ids.isEmpty {
            for key in try keys ?? Self.keys(db) {
                let column = try Self.column(db, key, of: ids)
                if !column.values.isEmpty { columns[key] = column }
            }
        }
        table = TrialSamples.Table(columns)
    }

    var trials: Int { ids.count }

    /// - Parameter hint: Where it may stand: trials are asked for in their order, which is mostly that of their rows.
    func samples(of trial: Int64, hint: Int) -> TrialSamples {
        if hint < ids.count, ids[hint] == trial { return TrialSamples(table, at: hint) }
        var (low, high) = (0, ids.count)
        while low < high {
            let middle = (low + high) / 2
            if ids[middle] < trial { low = middle + 1 } else { high = middle }
        }
        return low < ids.count && ids[low] == trial ? TrialSamples(table, at: low) : TrialSamples([:])
    }

    /// All that the archive has, each found by a leap over those before it.
    private static func keys(_ db: Database) throws -> Set<SampleKey> {
        var keys: Set<SampleKey> = []
        var last = (metric: "", breakdown: "")
        while let row = try Row.fetchOne(
            db,
            sql: """
                SELECT metric, breakdown FROM sample INDEXED BY sampleByMetric
                WHERE (metric, breakdown) > (?, ?) ORDER BY metric, breakdown LIMIT 1
                """, arguments: [last.metric, last.breakdown])
        {
            last = (row[0], row[1])
            keys.insert(try SampleKey(metric: last.metric, breakdown: last.breakdown))
        }
        return keys
    }

    /// By the index `sampleByMetric` alone. Trials of runs that were carried out at the same time lie in between, and are
    /// passed over.
    private static func column(_ db: Database, _ key: SampleKey, of ids: [Int64]) throws -> TrialSamples.Column {
        let rows = try PreparedSelect(
            db,
            sql: """
                SELECT trialId, value, isCensored FROM sample INDEXED BY sampleByMetric
                WHERE metric = ? AND breakdown = ? AND trialId BETWEEN ? AND ? ORDER BY trialId
                """,
            arguments: [key.metric.rawValue, key.breakdown?.description ?? "", ids[0], ids[ids.count - 1]])
        var column = TrialSamples.Column(trials: ids.count)
        while try rows.next() {
            let id = rows.integer(0)
            while ids[column.trials] < id { column.close() }
            if ids[column.trials] == id { column.append(rows.number(1), isCensored: rows.isTrue(2)) }
        }
        while column.trials < ids.count { column.close() }
        return column
    }
}
