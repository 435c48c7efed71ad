import Determinism
import GRDB

/// Measures the archive's inserts by themselves, through the code that trials are written with, so that another program
/// can do the same and be compared.
package enum InsertBenchmark {
    /// The statement of each row.
    package static let sql = PreparedInsert.sql(table: "attemptBenchmark", columns: AttemptColumns.names)

    /// What each parameter of ``sql`` is bound to: `i` the row's number, `t` the text `twelve bytes`, `n` null.
    package static let types = String(AttemptColumns.names.map(type))

    private static func type(of column: String) -> Character {
        switch column {
        case "faultId", "classification", "layer", "waitMicroseconds": "n"
        case "userAgent", "fieldManager", "upstreamStatus", "isChange", "objectName": "n"
        case _ where column.hasSuffix("Microseconds"): "i"
        case "trialId", "operationId", "number", "httpStatus", "curlCode": "i"
        default: "t"
        }
    }

    /// Creates a file with the table, in WAL mode, its columns those of `attempt`.
    ///
    /// - Throws: `DatabaseError`.
    package static func createTable(at path: String) throws {
        let pool = try DatabasePool(path: path)
        try pool.write { db in
            try db.execute(sql: Schema.attemptTable(named: "attemptBenchmark", isBound: false, generation: .proxied))
        }
        try pool.close()
    }

    /// Inserts rows, and gives the seconds that it took from the first transaction to the end of the last.
    ///
    /// - Throws: `DatabaseError`.
    package static func insert(
        rows: Int, at path: String, rowsPerTransaction: Int = 1_000
    ) throws -> Double {
        let pool = try DatabasePool(path: path)
        let kinds = Array(types)
        let elapsed = try ContinuousClock().measure {
            try pool.writeWithoutTransaction { db in
                var insert = try PreparedInsert(db, table: "attemptBenchmark", columns: AttemptColumns.names)
                for start in stride(from: 0, to: rows, by: rowsPerTransaction) {
                    try db.inTransaction {
                        for row in start..<min(start + rowsPerTransaction, rows) {
                            for kind in kinds {
                                switch kind {
                                case "i": insert.bind(Int64(row))
                                case "t": insert.bind("twelve bytes")
                                default: insert.bind(nil as Int64?)
                                }
                            }
                            try insert.insert()
                        }
                        return .commit
                    }
                }
            }
        }
        try pool.close()
        return elapsed.seconds
    }
}
