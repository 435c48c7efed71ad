import Foundation
import NIOPosix

/// The curl program: a client that nobody here wrote, and whose exit codes tell failures apart (curl(1), EXIT CODES).
struct Curl {
    var status: Int32
    var output: String

    /// Runs curl to its end. `--silent` and a time limit are given already; a later one counts.
    static func run(_ arguments: [String]) async throws -> Curl {
        try await withFile("") { path in
            let status = try await ChildProcess.pool.runIfActive {
                try ChildProcess.wait(
                    for: ChildProcess.spawn(
                        ["curl", "--silent", "--max-time", "20"] + arguments, outputPath: path))
            }
            return Curl(status: status, output: try String(contentsOfFile: path, encoding: .utf8))
        }
    }
}

/// A file that holds `text` while `body` runs.
func withFile<Result>(_ text: String, _ body: (String) async throws -> Result) async throws -> Result {
    let url = FileManager.default.temporaryDirectory.appending(path: UUID().uuidString)
    try Data(text.utf8).write(to: url)
    defer { try? FileManager.default.removeItem(at: url) }
    return try await body(url.path)
}
