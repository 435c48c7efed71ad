import Determinism
import Foundation
import Statistics

/// A program that ran to its end, as the kernel counted it.
struct MeasuredProcess: Sendable {
    var seconds: Double
    var peakBytes: Int
    /// Of the program; nil where a signal ended it.
    var exitCode: Int?

    /// Runs a program with its output thrown away.
    init(_ path: String, _ arguments: [String]) throws {
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        posix_spawn_file_actions_addopen(&actions, STDOUT_FILENO, "/dev/null", O_WRONLY, 0)
        let words: [UnsafeMutablePointer<CChar>?] = ([path] + arguments).map { strdup($0) } + [nil]
        let variables: [UnsafeMutablePointer<CChar>?] =
            ProcessInfo.processInfo.environment.map { strdup("\($0.key)=\($0.value)") } + [nil]
        defer { for text in words + variables { free(text) } }
        var id: pid_t = 0
        let clock = ContinuousClock()
        let start = clock.now
        let code = posix_spawn(&id, path, &actions, nil, words, variables)
        guard code == 0 else { throw BenchmarkError("\(path) did not start: \(String(cString: strerror(code)))") }
        var status: Int32 = 0
        var usage = rusage()
        guard wait4(id, &status, 0, &usage) == id else { throw BenchmarkError("\(path) was lost sight of") }
        seconds = (clock.now - start).seconds
        // In kilobytes (getrusage(2)). What started the program counts too, as long as it has not become the program, so
        // that whoever measures had better be small.
        peakBytes = usage.ru_maxrss << 10
        exitCode = status & 0x7F == 0 ? Int(status >> 8 & 0xFF) : nil
    }

    /// Three times, one after another.
    ///
    /// - Parameter codes: The exit codes that are no failure.
    static func thrice(_ path: String, _ arguments: [String], codes: ClosedRange<Int>) throws -> [MeasuredProcess] {
        try (0..<3).map { _ in
            let process = try MeasuredProcess(path, arguments)
            guard let code = process.exitCode, codes.contains(code) else {
                throw BenchmarkError(
                    "\(arguments.joined(separator: " ")) ended with \(process.exitCode.map(String.init) ?? "a signal")")
            }
            return process
        }
    }
}
