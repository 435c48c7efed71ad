import CInserts
import Determinism
import Foundation
import Recording
import Statistics

/// What the archive's inserts cost over those of a C program that runs the same statement, bound to the same values, on
/// a file with the same settings.
enum ArchiveBenchmark {
    private static let rows = 500_000
    private static let rowsPerTransaction = 1_000
    private static let budget = Duration.seconds(30)

    static func report() async throws -> String {
        let comparison = try await Comparison(budget: budget) {
            try rowsPerSecond(insertFromC)
        } b: {
            try rowsPerSecond { path in
                try InsertBenchmark.insert(rows: rows, at: path, rowsPerTransaction: rowsPerTransaction)
            }
        }
        return Table.text(
            title: "Inserts into SQLite, \(rows) rows a round, \(rowsPerTransaction) rows a transaction",
            [
                ["", "rows/s", "rounds"],
                ["C", comparison.a(\.self).rate, "\(comparison.count)"],
                ["archive", comparison.b(\.self).rate, "\(comparison.count)"],
                ["archive / C", comparison.ratio(\.self).ratio, ""],
            ]) + "\n" + (try await trialReport())
    }

    /// What the parts of metrics cost, sixty samples a trial.
    private static func trialReport() async throws -> String {
        let comparison = try await Comparison(budget: budget) {
            try await trialsPerSecond(hasBreakdowns: false)
        } b: {
            try await trialsPerSecond(hasBreakdowns: true)
        }
        return Table.text(
            title: "Trials of about \(EvidenceArchive.attemptsPerTrial) attempts and 25 samples, a transaction each",
            [
                ["", "trials/s", "rounds"],
                ["as they are", comparison.a(\.self).rate, "\(comparison.count)"],
                ["and 60 samples of parts", comparison.b(\.self).rate, "\(comparison.count)"],
                ["with / without", comparison.ratio(\.self).ratio, ""],
            ])
    }

    private static func trialsPerSecond(hasBreakdowns: Bool) async throws -> Double {
        let folder = FileManager.default.temporaryDirectory.appending(path: "boreas-bench-\(UUID())")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        let clock = ContinuousClock()
        let start = clock.now
        let written = try await EvidenceArchive(trialsPerCell: 100, hasBreakdowns: hasBreakdowns).write(
            to: folder.appending(path: "trials.sqlite").path)
        return Double(written.trials) / (clock.now - start).seconds
    }

    /// - Parameter insert: Fills the file at a path, and gives the seconds that it took. The file is gone afterwards.
    private static func rowsPerSecond(_ insert: (String) throws -> Double) throws -> Double {
        let folder = FileManager.default.temporaryDirectory.appending(path: "boreas-bench-\(UUID())")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        let path = folder.appending(path: "inserts.sqlite").path
        try InsertBenchmark.createTable(at: path)
        return Double(rows) / (try insert(path))
    }

    private static func insertFromC(at path: String) throws -> Double {
        let messageMax = 256
        var message = [CChar](repeating: 0, count: messageMax)
        let seconds = boreas_insert_rows(
            path, InsertBenchmark.sql, InsertBenchmark.types, Int32(rows), Int32(rowsPerTransaction), &message,
            Int32(messageMax))
        guard seconds >= 0 else {
            let bytes = message.prefix { $0 != 0 }.map(UInt8.init(bitPattern:))
            throw BenchmarkError("the C inserts failed: \(String(decoding: bytes, as: UTF8.self))")
        }
        return seconds
    }
}
