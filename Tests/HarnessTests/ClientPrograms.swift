import Foundation
import Subprocess

/// Programs that find their server by a kubeconfig, each with a directory of its own.
struct ClientPrograms: Sendable {
    let directory: String
    /// Variables of their environment, beside `KUBECONFIG`.
    var environment: [Environment.Key: String?] = [:]

    struct Result: Hashable, Sendable {
        /// -1 where a signal ended the program.
        var status: Int
        var output: [UInt8]
        var errors: String

        var text: String { String(decoding: output, as: UTF8.self) }
    }

    static func with<Result>(
        _ kubeconfig: String, _ body: (ClientPrograms) async throws -> Result
    ) async throws -> Result {
        let directory = NSTemporaryDirectory() + "boreas-clients-\(UInt64.random(in: 0 ... .max))"
        try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(atPath: directory) }
        let programs = ClientPrograms(directory: directory)
        try programs.write(kubeconfig, to: "kubeconfig")
        return try await body(programs)
    }

    /// - Returns: The file's path.
    @discardableResult
    func write(_ text: String, to name: String) throws -> String {
        let path = directory + "/" + name
        try Data(text.utf8).write(to: URL(filePath: path))
        return path
    }

    func run(_ program: String, _ arguments: [String], input: String = "") async throws -> Result {
        let result = try await Subprocess.run(
            .name(program), arguments: Arguments(arguments), environment: .inherit.updating(variables),
            input: .string(input), output: .bytes(limit: 1 << 24), error: .string(limit: 1 << 20))
        guard case .exited(let code) = result.terminationStatus else {
            return Result(status: -1, output: [], errors: "ended by a signal")
        }
        return Result(status: Int(code), output: result.standardOutput, errors: result.standardError)
    }

    func kubectl(_ arguments: [String], input: String = "") async throws -> Result {
        try await run("kubectl", cache + arguments, input: input)
    }

    /// The lines that kubectl prints, each with its time of arrival, to the last one that is wanted.
    ///
    /// - Parameter act: Called after the first line.
    func kubectlLines(
        _ arguments: [String], after act: @escaping @Sendable () async throws -> Void = {},
        until isLast: @escaping @Sendable (String) -> Bool = { _ in false }
    ) async throws -> [(text: String, at: ContinuousClock.Instant)] {
        try await Subprocess.run(
            .name("kubectl"), arguments: Arguments(cache + arguments), environment: .inherit.updating(variables),
            input: .none, output: .sequence, error: .discarded
        ) { execution in
            var lines: [(text: String, at: ContinuousClock.Instant)] = []
            for try await line in execution.standardOutput.strings() {
                lines.append((line.trimmingCharacters(in: .newlines), .now))
                if lines.count == 1 { try await act() }
                if isLast(line) { break }
            }
            await execution.teardown(using: [])
            return lines
        }.closureResult
    }

    private var cache: [String] { ["--cache-dir", directory + "/cache"] }

    private var variables: [Environment.Key: String?] {
        var variables = environment
        variables["KUBECONFIG"] = directory + "/kubeconfig"
        return variables
    }

    static func isInstalled(_ program: String) -> Bool {
        let path = ProcessInfo.processInfo.environment["PATH"] ?? ""
        return path.split(separator: ":").contains { FileManager.default.isExecutableFile(atPath: "\($0)/\(program)") }
    }
}
