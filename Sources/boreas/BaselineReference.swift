import ArgumentParser
import Experiments
import Foundation
import Recording
import Reporting

/// What conditions against `baseline` are held against: a run of the archive, or a file that was saved of one.
enum BaselineReference {
    static let help = ArgumentHelp(
        "What conditions against baseline are held against: a run, or a file made by boreas compare --save.",
        valueName: "run|file")

    /// Finds it, and refuses one that is missing where a condition needs it, or that none needs.
    ///
    /// - Parameter gates: Of all runs.
    static func evidence(
        _ name: String?, for gates: [[GateExpression]], database: String
    ) async throws -> Evidence? {
        let needy = gates.joined().filter { $0.baseline == .stored }
        guard let name else {
            guard let first = needy.first else { return nil }
            throw CommandFailure(
                code: .usage,
                message: "the condition \(first.text) needs --baseline: a run, or a file made by boreas compare --save")
        }
        guard !needy.isEmpty else {
            throw CommandFailure(
                code: .usage,
                message: "no condition is against baseline; leave --baseline out, or write one such as "
                    + "success_rate vs baseline >= -1%")
        }
        return try await evidence(name, keys: GateReport.keys(of: needy), database: database)
    }

    private static func evidence(_ name: String, keys: Set<SampleKey>, database: String) async throws -> Evidence {
        var isFolder: ObjCBool = false
        if FileManager.default.fileExists(atPath: name, isDirectory: &isFolder), !isFolder.boolValue {
            guard let data = FileManager.default.contents(atPath: name), let text = String(bytes: data, encoding: .utf8)
            else { throw CommandFailure(code: .usage, message: "--baseline: \(name) can't be read as text") }
            return Evidence(try StoredBaseline(parsing: text, file: name), file: name)
        }
        guard FileManager.default.fileExists(atPath: database) else {
            throw CommandFailure(
                code: .usage,
                message: "--baseline: there is no file \(name), and no archive \(database) with such a run")
        }
        return try await RunArchive.withReading(at: database) { archive in
            let run = try await archive.run(name)
            return Evidence(run, try await archive.tallies(of: run.identifier, keys: keys))
        }
    }
}
