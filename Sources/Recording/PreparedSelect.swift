import GRDB
import GRDBSQLite

/// A statement that yields many rows: prepared by GRDB on its own connection, stepped and read through SQLite's C
/// interface, which costs a fraction of what GRDB's rows cost.
///
/// To be used within one access to the database.
struct PreparedSelect {
    private let statement: Statement
    private let handle: OpaquePointer
    private let connection: OpaquePointer

    /// - Parameter arguments: Integers and texts.
    init(_ db: Database, sql: String, arguments: StatementArguments) throws {
        statement = try db.makeStatement(sql: sql)
        guard let connection = db.sqliteConnection else {
            throw DatabaseError(resultCode: .SQLITE_MISUSE, message: "the connection is closed")
        }
        try statement.setArguments(arguments)
        handle = statement.sqliteStatement
        self.connection = connection
    }

    /// Goes on to the next row, and tells whether there is one.
    func next() throws -> Bool {
        switch sqlite3_step(handle) {
        case SQLITE_ROW: return true
        case SQLITE_DONE:
            sqlite3_reset(handle)
            return false
        case let code:
            let message = String(cString: sqlite3_errmsg(connection))
            sqlite3_reset(handle)
            throw DatabaseError(resultCode: ResultCode(rawValue: code), message: message, sql: statement.sql)
        }
    }

    func integer(_ column: Int32) -> Int64 { sqlite3_column_int64(handle, column) }

    func count(_ column: Int32) -> Int { Int(integer(column)) }

    func isTrue(_ column: Int32) -> Bool { integer(column) != 0 }

    func number(_ column: Int32) -> Double { sqlite3_column_double(handle, column) }

    func text(_ column: Int32) -> String { bytes(column) { String(decoding: $0, as: UTF8.self) } }

    /// Hands the bytes of a text to `body`; none for a null.
    func bytes<Result>(_ column: Int32, _ body: (UnsafeBufferPointer<UInt8>) -> Result) -> Result {
        // The text comes first: it may convert the value, and the number of its bytes with it.
        let start = sqlite3_column_text(handle, column)
        let count = Int(sqlite3_column_bytes(handle, column))
        return body(UnsafeBufferPointer(start: start, count: start == nil ? 0 : count))
    }
}
