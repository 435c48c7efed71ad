import Foundation
import Kubernetes
import Subprocess
import Testing

/// The built executable, run in a folder of its own.
struct Executable {
    let folder: URL
    /// A folder of programs that are found before those in PATH.
    var programs: String?

    /// How a run of it ended.
    struct Outcome: CustomStringConvertible {
        var code: Int?
        var output: String
        var errors: String

        var errorLines: [Substring] { errors.split(separator: "\n") }

        var description: String { "exit code \(code.map(String.init) ?? "none")\n\(output)\n\(errors)" }

        func json() throws -> JSONObject {
            try #require(try JSONValue(parsing: Array(output.utf8)).object)
        }
    }

    /// Hands an empty folder to `body`, and removes it.
    static func withFolder(_ body: (Executable) async throws -> Void) async throws {
        let name = "boreas-\(UUID().uuidString)"
        let folder = FileManager.default.temporaryDirectory.appending(path: name)
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        try await body(Executable(folder: folder))
    }

    /// Lies beside the bundle of the tests, wherever that was built.
    static func path() throws -> String {
        let bundle = CommandLine.arguments.first { $0.contains(".xctest") }
        let build = Self.package.appending(path: ".build/debug")
        let folders =
            [bundle.map { URL(filePath: $0).deletingLastPathComponent() }, Bundle.main.bundleURL, build]
            .compactMap(\.self)
        let candidates = folders.map { $0.appending(path: "boreas").path }
        return try #require(
            candidates.first { FileManager.default.isExecutableFile(atPath: $0) }, "no executable in \(candidates)")
    }

    /// The package's root.
    static var package: URL {
        URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
    }

    func write(_ text: String, to name: String) throws {
        try Data(text.utf8).write(to: folder.appending(path: name))
    }

    /// All that lies in the folder, sorted.
    func files() throws -> [String] { try FileManager.default.subpathsOfDirectory(atPath: folder.path).sorted() }

    func callAsFunction(_ arguments: String...) async throws -> Outcome { try await run(arguments) }

    /// Changes into the folder in a shell, which the executable then replaces: its process is the executable's own.
    static let script = #"cd "$0" && exec "$@""#

    func run(_ arguments: [String]) async throws -> Outcome {
        let path = ProcessInfo.processInfo.environment["PATH"] ?? ""
        let result = try await Subprocess.run(
            .name("sh"), arguments: Arguments(["-c", Self.script, folder.path, Self.path()] + arguments),
            environment: programs.map { .inherit.updating(["PATH": "\($0):\(path)"]) } ?? .inherit, input: .none,
            output: .string(limit: 1 << 24), error: .string(limit: 1 << 20))
        return Outcome(
            code: Self.code(result.terminationStatus), output: result.standardOutput, errors: result.standardError)
    }

    /// Runs it until `isReached` says so of stderr, then interrupts it as Ctrl-C does.
    func interrupted(
        _ arguments: String..., when isReached: (String) -> Bool
    ) async throws -> Outcome {
        let result = try await Subprocess.run(
            .name("sh"), arguments: Arguments(["-c", Self.script, folder.path, Self.path()] + arguments), input: .none,
            output: .discarded, error: .sequence
        ) { execution in
            var text = ""
            var isInterrupted = false
            for try await line in execution.standardError.strings() {
                text += line
                if !isInterrupted, isReached(text) {
                    isInterrupted = true
                    try execution.send(signal: .interrupt)
                }
            }
            return text
        }
        return Outcome(code: Self.code(result.terminationStatus), output: "", errors: result.closureResult)
    }

    private static func code(_ status: TerminationStatus) -> Int? {
        guard case .exited(let code) = status else { return nil }
        return Int(code)
    }
}

/// Files that the tests run.
enum Texts {
    /// Six workflows under two policies, through nothing worse than a slow answer.
    static let tiny = """
        apiVersion: boreas.dev/v1alpha1
        kind: Experiment
        metadata: {name: tiny}
        spec:
          seed: 7
          trials: 1
          subject: {core: {}}
          policies: [full-jitter, boreas]
          workload:
            - workflow:
                inline:
                  apiVersion: argoproj.io/v1alpha1
                  kind: Workflow
                  metadata: {generateName: call-}
                  spec:
                    entrypoint: call
                    templates:
                      - name: call
                        http:
                          url: $(responder)/hello
                          timeoutSeconds: 10
                          successCondition: response.statusCode == 200
                count: 6
                every: 50ms
          phases: {calm: 100ms, storm: 1s, converge: 20s}
          faults:
            - name: slow
              match: {verb: [create], resource: pods}
              latency: {fixed: 20ms}
          gate:
            - violations == 0

        """

    /// The experiment with one piece of its text replaced.
    static func tiny(replacing text: String, with replacement: String) throws -> String {
        try #require(tiny.contains(text))
        return tiny.replacing(text, with: replacement, maxReplacements: 1)
    }

    /// A kubeconfig of one cluster, whose context is `dev`.
    static func kubeconfig(port: Int) -> String {
        """
        apiVersion: v1
        kind: Config
        clusters: [{name: c, cluster: {server: "https://127.0.0.1:\(port)"}}]
        contexts: [{name: dev, context: {cluster: c, user: u}}]
        users: [{name: u, user: {token: t}}]

        """
    }
}
