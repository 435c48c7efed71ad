import Foundation
import KubernetesClient
import Subprocess

/// The built `boreas`, as a process of its own that gives out a kubeconfig.
struct BoreasProcess: Sendable {
    let id: Int32
    let kubeconfigPath: String

    /// Runs it while `body` runs.
    ///
    /// - Parameter arguments: Of a command that takes `--kubeconfig-out`.
    static func with<Result: Sendable>(
        _ arguments: [String], _ body: (BoreasProcess) async throws -> Result
    ) async throws -> Result {
        let file = FileManager.default.temporaryDirectory.appending(path: "boreas-bench-\(UUID().uuidString)").path
        defer { try? FileManager.default.removeItem(atPath: file) }
        // It replaces the shell, so that the process is its own.
        let result = try await Subprocess.run(
            .name("sh"),
            arguments: Arguments(["-c", #"exec "$@""#, "sh", try path()] + arguments + ["--kubeconfig-out", file]),
            input: .none, output: .discarded, error: .sequence
        ) { execution in
            let id = execution.processIdentifier.value
            var words = ""
            for try await line in execution.standardError.strings() {
                words += line
                // It says so once it serves, and the kubeconfig is written by then.
                if line.contains("boreas: ") && line.contains("Ctrl-C") { break }
            }
            guard FileManager.default.fileExists(atPath: file) else {
                throw BenchmarkError("boreas \(arguments[0]) did not start: \(words)")
            }
            do {
                let result = try await body(BoreasProcess(id: id, kubeconfigPath: file))
                try execution.send(signal: .interrupt)
                return result
            } catch {
                try? execution.send(signal: .interrupt)
                throw error
            }
        }
        return result.closureResult
    }

    /// It lies beside this executable.
    static func path() throws -> String {
        let path = Bundle.main.bundleURL.appending(path: "boreas").path
        guard FileManager.default.isExecutableFile(atPath: path) else {
            throw BenchmarkError("there is no \(path): build the product boreas the same way as boreas-bench")
        }
        return path
    }

    private var kubeconfig: Kubeconfig {
        get throws {
            try Kubeconfig(
                yaml: String(contentsOfFile: kubeconfigPath, encoding: .utf8), file: kubeconfigPath)
        }
    }

    var connection: ClusterConnection {
        get throws { try kubeconfig.connection(readFile: KubeconfigLoader.readFromDisk) }
    }

    /// The name of the kubeconfig's context.
    var context: String {
        get throws { try kubeconfig.currentContext }
    }

    /// The bytes of the process that are in memory (proc(5), statm).
    func residentBytes() throws -> Int {
        let text = try String(contentsOfFile: "/proc/\(id)/statm", encoding: .utf8)
        guard let pages = text.split(separator: " ").dropFirst().first.flatMap({ Int($0) }) else {
            throw BenchmarkError("/proc/\(id)/statm has no count of pages")
        }
        return pages * Int(sysconf(Int32(_SC_PAGESIZE)))
    }
}
