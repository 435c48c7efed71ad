import Foundation
import NIOPosix

/// A program that has run to its end, and what it has said.
struct Program: CustomStringConvertible {
    var status: Int32
    var output: String
    var errors: String

    var description: String { "exit \(status)\n\(output)\(errors)" }

    static func run(_ arguments: String...) async throws -> Program { try await run(arguments) }

    static func run(_ arguments: [String]) async throws -> Program {
        try await withFile("") { output in
            try await withFile("") { errors in
                let status = try await ChildProcess.pool.runIfActive {
                    try ChildProcess.wait(
                        for: ChildProcess.spawn(arguments, outputPath: output, errorPath: errors))
                }
                return Program(
                    status: status, output: try String(contentsOfFile: output, encoding: .utf8),
                    errors: try String(contentsOfFile: errors, encoding: .utf8))
            }
        }
    }

    /// The interpreter of Python: a name or a path.
    static let python = ProcessInfo.processInfo.environment["BOREAS_PYTHON"] ?? "python3"

    /// Runs a Python script.
    static func python(_ script: String, _ arguments: String...) async throws -> Program {
        try await withFile(script) { file in try await run([python, file] + arguments) }
    }

    /// Whether a program is in PATH.
    static func isInstalled(_ name: String) -> Bool {
        (ProcessInfo.processInfo.environment["PATH"] ?? "").split(separator: ":").contains {
            FileManager.default.isExecutableFile(atPath: "\($0)/\(name)")
        }
    }
}
