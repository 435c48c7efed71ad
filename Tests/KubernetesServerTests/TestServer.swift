import APIMachinery
import Determinism
import Foundation
import Kubernetes
import KubernetesServer
import Subprocess
import Wire

/// A server on a free port, with what clients need to reach it.
struct TestServer: Sendable {
    let server: EmbeddedServer
    /// The same cluster, without sockets.
    let api: InProcessAPI
    /// For files, and for what kubectl remembers.
    let directory: String

    var kubeconfig: String { directory + "/kubeconfig" }

    var authorityFile: String { directory + "/ca.pem" }

    static let token = "test-token"

    /// Serves while `body` runs.
    static func run<Result: Sendable>(
        limits: ServerConfiguration.Limits = ServerConfiguration.Limits(),
        _ body: @Sendable @escaping (TestServer) async throws -> Result
    ) async throws -> Result {
        let clock = TrialClock(
            ContinuousClock(), startEpochMicroseconds: Int64(Date().timeIntervalSince1970 * 1_000_000))
        let core = APIServerCore(
            configuration: ClusterStore.Configuration(), clock: clock)
        let directory = FileManager.default.temporaryDirectory.appending(path: UUID().uuidString)
        try FileManager.default.createDirectory(at: directory, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: directory) }
        let path = directory.path
        return try await EmbeddedServer.with(
            ServerConfiguration(users: [token: "tester"], limits: limits), newCore: core
        ) { server in
            let fixture = TestServer(server: server, api: InProcessAPI(core), directory: path)
            try fixture.write(server.kubeconfig(token: token), to: "kubeconfig")
            try fixture.write(server.authority.certificatePEM, to: "ca.pem")
            return try await body(fixture)
        }
    }

    /// Writes a file into the directory and returns its path.
    @discardableResult
    func write(_ text: String, to name: String) throws -> String {
        let path = directory + "/" + name
        try Data(text.utf8).write(to: URL(filePath: path))
        return path
    }

    func kubectl(_ arguments: String..., input: String = "") async throws -> Command {
        try await Command.run("kubectl", kubectlOptions + arguments, input: input)
    }

    var kubectlOptions: [String] { ["--kubeconfig", kubeconfig, "--cache-dir", directory + "/cache"] }

    /// One request by curl, with the token, whose answer is read with its headers.
    func curl(_ path: String, _ arguments: String..., token: String? = TestServer.token) async throws -> CurlAnswer {
        let authorization = token.map { ["-H", "Authorization: Bearer \($0)"] } ?? []
        let command = try await Command.run(
            "curl",
            ["--silent", "--show-error", "--include", "--max-time", "30", "--cacert", authorityFile] + authorization
                + arguments + [server.url + path])
        return try CurlAnswer(command)
    }
}

/// A program that has ended.
struct Command: Sendable, CustomStringConvertible {
    var status: Int
    var output: String
    var errors: String

    var description: String { "exit \(status)\n\(output)\(errors)" }

    static func run(_ name: String, _ arguments: [String], input: String = "") async throws -> Command {
        let result = try await Subprocess.run(
            .name(name), arguments: Arguments(arguments), input: .string(input), output: .string(limit: 1 << 24),
            error: .string(limit: 1 << 20))
        guard case .exited(let code) = result.terminationStatus else {
            return Command(status: -1, output: "", errors: "\(name) was ended by a signal")
        }
        return Command(
            status: Int(code), output: result.standardOutput, errors: result.standardError)
    }

    /// Whether a program is in PATH.
    static func isInstalled(_ name: String) -> Bool {
        (ProcessInfo.processInfo.environment["PATH"] ?? "").split(separator: ":").contains {
            FileManager.default.isExecutableFile(atPath: "\($0)/\(name)")
        }
    }
}

/// What curl received.
struct CurlAnswer: Sendable {
    var status: Int
    /// Names in lower case; the last one of a name counts.
    var headers: [String: String] = [:]
    var body: String

    init(_ command: Command) throws {
        guard command.status == 0 else { throw Failure(command: command) }
        // A 100 Continue comes as a head of its own before the answer's.
        var text = command.output.replacing("\r\n", with: "\n")[...]
        status = 0
        repeat {
            let end = text.range(of: "\n\n")?.lowerBound ?? text.endIndex
            let lines = text[..<end].split(separator: "\n")
            status = Int(lines.first?.split(separator: " ").dropFirst().first ?? "") ?? 0
            headers = [:]
            for line in lines.dropFirst() {
                let sides = line.split(separator: ":", maxSplits: 1)
                headers[sides[0].lowercased()] = sides.count > 1 ? String(sides[1].dropFirst()) : ""
            }
            text = text[end...].dropFirst(2)
        } while status == 100
        body = String(text)
    }

    struct Failure: Error, CustomStringConvertible {
        var command: Command

        var description: String { "curl failed: \(command)" }
    }

    var json: JSONObject? { (try? JSONValue(parsing: Array(body.utf8)))?.object }
}
