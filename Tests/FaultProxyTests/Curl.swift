import Foundation
import NIOPosix

/// The curl program: a client that nobody here wrote, and whose exit codes tell failures apart (curl(1), EXIT CODES).
struct Curl {
    var status: Int32
    var output: String

    /// Runs curl to its end. `--silent` and a time limit are given already; a later one counts.
    static func run(_ arguments: [String]) async throws -> Curl {
        try await withFile("") { path in
            let status = try await NIOThreadPool.singleton.runIfActive {
                try wait(for: spawn(["curl", "--silent", "--max-time", "20"] + arguments, outputPath: path))
            }
            return Curl(status: status, output: try String(contentsOfFile: path, encoding: .utf8))
        }
    }

    // Not Foundation's Process: on Linux, of several at a time, one may never hear of its pipe's end.
    private static func spawn(_ arguments: [String], outputPath: String) throws -> pid_t {
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0)
        posix_spawn_file_actions_addopen(&actions, STDOUT_FILENO, outputPath, O_WRONLY, 0)
        posix_spawn_file_actions_addopen(&actions, STDERR_FILENO, "/dev/null", O_WRONLY, 0)
        var argv: [UnsafeMutablePointer<CChar>?] = arguments.map { strdup($0) } + [nil]
        defer { for argument in argv { free(argument) } }
        var pid: pid_t = 0
        let failure = posix_spawnp(&pid, arguments[0], &actions, nil, &argv, environ)
        guard failure == 0 else { throw POSIXError(POSIXErrorCode(rawValue: failure) ?? .ENOENT) }
        return pid
    }

    private static func wait(for pid: pid_t) throws -> Int32 {
        var status: Int32 = 0
        while waitpid(pid, &status, 0) < 0 {
            guard errno == EINTR else { throw POSIXError(POSIXErrorCode(rawValue: errno) ?? .ECHILD) }
        }
        return status & 0x7F == 0 ? (status >> 8) & 0xFF : -(status & 0x7F)
    }
}

/// A file that holds `text` while `body` runs.
func withFile<Result>(_ text: String, _ body: (String) async throws -> Result) async throws -> Result {
    let url = FileManager.default.temporaryDirectory.appending(path: UUID().uuidString)
    try Data(text.utf8).write(to: url)
    defer { try? FileManager.default.removeItem(at: url) }
    return try await body(url.path)
}
