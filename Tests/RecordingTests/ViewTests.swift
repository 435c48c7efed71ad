import Experiments
import Foundation
import GRDB
import Kubernetes
import Recording
import Testing

/// The views, against results/README.md and against a trial of which all is known.
struct ViewTests {
    /// What README.md says of a table or a view: the names in the first column of its table, by the heading before it.
    private static func documented() throws -> [String: Set<String>] {
        let file = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent().appending(path: "results/README.md")
        let text = try String(contentsOf: file, encoding: .utf8)
        var columns: [String: Set<String>] = [:]
        for section in text.components(separatedBy: "\n### `").dropFirst() {
            let lines = section.components(separatedBy: "\n## ")[0].split(separator: "\n")
            let name = String(try #require(lines.first).prefix { $0 != "`" })
            let cells = lines.filter { $0.hasPrefix("| `") }.compactMap { $0.split(separator: "|").first }
            let words = cells.flatMap { $0.split(separator: "`").map(String.init) }.filter {
                $0.contains(where: \.isLetter)
            }
            columns[name] = Set(words)
        }
        return columns
    }

    /// An archive with one trial of each fixture cell.
    private func withDatabase(_ body: (DatabaseQueue) throws -> Void) async throws {
        try await Fixtures.withFolder { folder in
            let archive = try RunArchive.open(at: "\(folder)/a.sqlite")
            for (identifier, started) in [("older", 1), ("newer", 2)] as [(String, Int64)] {
                let run = try Fixtures.run(identifier, started: started)
                try await archive.begin(run)
                for spec in run.experiment.trialSpecs() {
                    try await archive.record(Fixtures.trial(spec), in: identifier)
                }
            }
            try archive.close()
            let queue = try DatabaseQueue(path: "\(folder)/a.sqlite")
            try body(queue)
            try queue.close()
        }
    }

    @Test("README.md has every table and view and no other, with every column and no other")
    func documentation() async throws {
        let documented = try Self.documented()
        try await withDatabase { queue in
            try queue.read { db in
                let names = try String.fetchAll(
                    db,
                    sql: """
                        SELECT name FROM sqlite_schema
                        WHERE type = 'view' OR type = 'table' AND name <> 'grdb_migrations'
                        """)
                #expect(Set(documented.keys) == Set(names))
                for (name, columns) in documented {
                    let actual = Set(try String.fetchAll(db, sql: "SELECT name FROM pragma_table_info('\(name)')"))
                    #expect(columns.isSubset(of: actual), "\(name): \(columns.subtracting(actual))")
                    // It has all columns of the table beside its own.
                    let inherited = name == "attemptView" ? documented["attempt"] ?? [] : []
                    #expect(actual.isSubset(of: columns.union(inherited)), "\(name): \(actual.subtracting(columns))")
                }
            }
        }
    }

    private func row(_ queue: DatabaseQueue, _ sql: String) throws -> Row {
        try queue.read { try #require(try Row.fetchOne($0, sql: sql), "\(sql)") }
    }

    private func expect(
        _ row: Row, _ values: [String: any DatabaseValueConvertible], _ location: SourceLocation = #_sourceLocation
    ) {
        for (column, value) in values.sorted(by: { $0.key < $1.key }) {
            let actual: DatabaseValue = row[column]
            #expect(actual == value.databaseValue, "\(column)", sourceLocation: location)
        }
    }

    @Test("a fault is told with what became of the operation that it hit")
    func faults() async throws {
        try await withDatabase { queue in
            let fault = try row(queue, "SELECT * FROM faultView WHERE run = 'newer' AND trial = 1")
            expect(fault, ["rule": "cut", "kind": "reset"])
            expect(fault, ["curlCode": 56, "layer": "call", "waitMicroseconds": 480_000])
            expect(fault, ["operation": "op-1", "operationOutcome": "succeeded"])
            expect(fault, ["toOperationEndMicroseconds": 1_012_000])
        }
    }

    @Test("a retry is told with the wait before it, and how much of that was missing")
    func retries() async throws {
        try await withDatabase { queue in
            let sql = "SELECT * FROM retryView WHERE run = 'newer' AND trial = 1 AND retry = "
            let first = try row(queue, sql + "1")
            expect(first, ["layer": "call", "curlCode": 56, "retryHttpStatus": 409])
            expect(first, ["waitMicroseconds": 480_000, "gapMicroseconds": 488_000])
            expect(first, ["earlyMicroseconds": 0])
            let second = try row(queue, sql + "2")
            expect(second, ["layer": "requeue", "httpStatus": 409, "retryHttpStatus": 201])
            try queue.write {
                try $0.execute(sql: "UPDATE attempt SET waitMicroseconds = 490000 WHERE waitMicroseconds = 480000")
            }
            expect(try row(queue, sql + "1"), ["earlyMicroseconds": 2_000])
        }
    }

    @Test("cells, trials and operations are counted, and phases have their bounds")
    func counts() async throws {
        try await withDatabase { queue in
            let cell = try row(queue, "SELECT * FROM cellView WHERE run = 'newer' AND policy = 'ours'")
            expect(cell, ["trials": 3, "failed": 3, "passed": 0])
            expect(cell, ["workflows": 6, "workflowsSucceeded": 3, "successShare": 0.5])
            expect(cell, ["operations": 3, "attempts": 9, "attemptsPerOperation": 3.0])
            expect(cell, ["faults": 3, "violations": 3])
            let trial = try row(queue, "SELECT * FROM trialView WHERE run = 'newer' AND number = 2")
            expect(trial, ["workflows": 2, "workflowsSucceeded": 1, "attempts": 3])
            expect(trial, ["replay": "boreas replay newer/2"])
            let operation = try row(queue, "SELECT * FROM operationView WHERE run = 'newer' AND trial = 1")
            expect(operation, ["attempts": 3, "waitMicroseconds": 930_000])
            expect(operation, ["durationMicroseconds": 1_012_000])
            let phases = try queue.read {
                try Row.fetchAll(
                    $0, sql: "SELECT * FROM phaseView WHERE run = 'newer' AND trial = 1 ORDER BY startedMicroseconds")
            }
            try #require(phases.count == 2)
            expect(phases[0], ["phase": "calm", "startedMicroseconds": 0, "endedMicroseconds": 3_000_000])
            expect(phases[1], ["phase": "converge", "startedMicroseconds": 3_000_000, "endedMicroseconds": 8_000_000])
            let latest = try row(queue, "SELECT * FROM runView WHERE isLatest")
            expect(latest, ["run": "newer", "trialsFinished": 6])
        }
    }

    @Test("of clients that are the subject, requests are counted by their samples")
    func clients() async throws {
        try await withDatabase { queue in
            try queue.write { db in
                try db.execute(sql: "DELETE FROM sample WHERE metric = 'operations.succeeded' AND breakdown = ''")
                for (metric, value) in [("operations", 40), ("operations.succeeded", 30), ("attempts", 80)] {
                    try db.execute(
                        sql: """
                            INSERT INTO sample (trialId, metric, subject, value, isCensored)
                            SELECT id, ?, '', ?, 0 FROM trialView WHERE run = 'newer' AND policy = 'ours'
                            """, arguments: [metric, value])
                }
                try db.execute(sql: "DELETE FROM sample WHERE metric = 'workflow.completion'")
            }
            let trial = try row(queue, "SELECT * FROM trialView WHERE run = 'newer' AND policy = 'ours'")
            expect(trial, ["operations": 40, "operationsSucceeded": 30, "attempts": 80])
            let cell = try row(queue, "SELECT * FROM cellView WHERE run = 'newer' AND policy = 'ours'")
            expect(cell, ["successShare": 0.75, "attemptsPerOperation": 2.0])
            // Without workflows, and without a count of what succeeded, there is no share.
            let other = try row(queue, "SELECT * FROM cellView WHERE run = 'newer' AND policy = 'base'")
            expect(other, ["successShare": nil as Double?])
        }
    }

    @Test("a timeline has every row of its trial, and those of no other")
    func timeline() async throws {
        try await withDatabase { queue in
            let records = try queue.read {
                try Row.fetchAll(
                    $0,
                    sql: """
                        SELECT record, count(*) AS count FROM timelineView WHERE run = 'newer' AND trial = 1
                        GROUP BY record ORDER BY record
                        """)
            }
            let counts = records.map { row in
                let (record, count): (String, Int) = (row["record"], row["count"])
                return "\(record) \(count)"
            }
            #expect(counts == ["attempt 3", "fault 1", "observation 6", "operation 1", "violation 1"])
            let conflict = try row(
                queue, "SELECT * FROM timelineView WHERE run = 'newer' AND trial = 1 AND subject = 'op-1.2'")
            expect(conflict, ["event": "create pods/s wf-1", "durationMicroseconds": 12_000])
            let detail: String = conflict["detail"]
            #expect(detail == "409 Conflict: naïve \"words\" of Conflict; requeue waits 450000 µs")
        }
    }

    @Test(
        "one trial's rows are found without a look at the others",
        arguments: [
            "attemptView", "operationView", "retryView", "faultView", "conflictView", "violationView", "metricView",
            "phaseView", "trialView", "timelineView",
        ])
    func plans(view: String) async throws {
        try await withDatabase { queue in
            let plan = try queue.read { db in
                try Row.fetchAll(
                    db,
                    sql: """
                        EXPLAIN QUERY PLAN SELECT * FROM \(view)
                        WHERE run = (SELECT run FROM runView WHERE isLatest) AND trial = 1
                        """
                ).map { $0["detail"] as String }
            }
            // Of all tables, only the runs may be gone through.
            let scans = plan.filter { $0.hasPrefix("SCAN") && !["SCAN run", "SCAN CONSTANT ROW"].contains($0) }
            #expect(scans.allSatisfy { $0.hasPrefix("SCAN run ") }, "\(plan)")
            #expect(plan.contains { $0.hasPrefix("SEARCH trial") }, "\(plan)")
        }
    }
}
