import Determinism
import Foundation
import Subprocess

/// One life of a process, from its start to its end, with whatever it starts itself.
struct ProcessLife: Sendable {
    let command: ProcessCommand
    let clock: TrialClock
    /// The process runs.
    let onStart: @Sendable (ProcessGroup) -> Void
    let onOutput: @Sendable (ProcessOutputLog.Stream, [UInt8]) -> Void
    /// The process is dead, and its number is about to be free for another.
    let onEnd: @Sendable () -> Void

    /// Runs the process to its end; where the task is cancelled, that is by SIGKILL, at once. What is left of its group dies
    /// with it, and all of it with this process, however that ends.
    ///
    /// - Throws: ``HarnessError`` with `unavailable` for a program that cannot be started.
    func run() async throws -> ProcessEnd {
        var options = PlatformOptions()
        // A group of its own, which the terminal's Ctrl-C does not reach.
        options.processGroupID = 0
        options.teardownSequence = [.send(signal: .kill, toProcessGroup: true, allowedDurationToNextStep: .zero)]
        do {
            let result = try await Subprocess.run(
                executable, arguments: Arguments(command.arguments), environment: environment,
                workingDirectory: Self.path(command.workingDirectory), platformOptions: options, input: .none,
                output: .sequence, error: .sequence
            ) { execution in
                let group = ProcessGroup(leader: execution.processIdentifier.value)
                onStart(group)
                try await follow(group, execution.standardOutput, execution.standardError)
            }
            return switch result.terminationStatus {
            case .exited(let code): .exit(Int(code))
            case .signaled(let number): .signal(Int(number))
            }
        } catch let error as SubprocessError {
            try Task.checkCancellation()
            throw HarnessError(.unavailable, "\(command.program) cannot be started: \(error)")
        }
    }

    private func follow(
        _ group: ProcessGroup, _ output: SubprocessOutputSequence, _ errors: SubprocessOutputSequence
    ) async throws {
        defer {
            // The leader is not waited for yet, so that the group is still its own.
            group.send(SIGKILL)
            onEnd()
        }
        try await withThrowingTaskGroup(of: Void.self) { tasks in
            tasks.addTask { await Self.guardOver(group, clock) }
            defer { tasks.cancelAll() }
            async let printed: Void = read(output, .stdout)
            async let complained: Void = read(errors, .stderr)
            _ = try await (printed, complained)
            // It may have closed both and live on.
            while group.isLeaderAlive { try await clock.sleep(for: .milliseconds(20)) }
        }
    }

    private func read(_ sequence: SubprocessOutputSequence, _ stream: ProcessOutputLog.Stream) async throws {
        for try await buffer in sequence { onOutput(stream, buffer.withUnsafeBytes { Array($0) }) }
    }

    /// Kills the group when this process ends without having done so: by SIGKILL, or a second Ctrl-C. Until cancelled.
    private static func guardOver(_ group: ProcessGroup, _ clock: TrialClock) async {
        var options = PlatformOptions()
        options.processGroupID = 0
        _ = try? await Subprocess.run(
            .name("sh"), arguments: ["-c", guardScript, "guard", "\(group.leader)"], platformOptions: options,
            input: .inputWriter, output: .discarded, error: .discarded
        ) { _ in
            while true { try await clock.sleep(for: .seconds(3_600)) }
        }
    }

    /// The pipe that it reads from ends with this process, and `read` with the pipe.
    static let guardScript = #"read -r line || kill -s KILL -- "-$1""#

    private var executable: Executable {
        command.program.contains("/") ? .path(Self.path(command.program)) : .name(command.program)
    }

    private var environment: Environment {
        var additions: [Environment.Key: String?] = [:]
        for (name, value) in command.environment { additions[Environment.Key(stringLiteral: name)] = value }
        return .inherit.updating(additions)
    }

    /// Subprocess's path type belongs to a package that this one does not name.
    private static func path<Path: ExpressibleByStringLiteral>(_ text: String) -> Path
    where Path.StringLiteralType == String {
        Path(stringLiteral: text)
    }
}
