import Determinism
import Experiments
import Foundation
import Subprocess
import Synchronization
import Testing

@testable import Harness

/// One life of a process, without a server. One after another: they look at processes.
@Suite(.serialized, .timeLimit(.minutes(1)))
struct ProcessLifeTests {
    /// What a life has told.
    private final class Log: Sendable {
        let group = Mutex<ProcessGroup?>(nil)
        let text = Mutex<[ProcessOutputLog.Stream: String]>([:])
        let ends = Mutex(0)
    }

    private func life(_ script: String, _ log: Log) -> ProcessLife {
        let subject = ProcessSubject(command: ["sh", "-c", script], workingDirectory: "/")
        return ProcessLife(
            command: ProcessCommand(subject, kubeconfig: "/none", namespace: "n", inherited: [:]), clock: .real(),
            onStart: { group in log.group.withLock { $0 = group } },
            onOutput: { stream, bytes in
                log.text.withLock { $0[stream, default: ""] += String(decoding: bytes, as: UTF8.self) }
            },
            onEnd: { log.ends.withLock { $0 += 1 } })
    }

    @Test(
        "how it ended is told, and all that it printed",
        arguments: [("exit 7", ProcessEnd.exit(7)), ("kill -TERM $$", .signal(15)), ("true", .exit(0))])
    func ends(script: String, end: ProcessEnd) async throws {
        let log = Log()
        let found = try await life("echo out; echo err >&2; echo $NAMESPACE $KUBECONFIG; pwd; \(script)", log).run()
        #expect(found == end)
        #expect(log.text.withLock { $0 } == [.stdout: "out\nn /none\n/\n", .stderr: "err\n"])
        #expect(log.ends.withLock { $0 } == 1)
    }

    @Test("it has no input, and a group of its own")
    func group() async throws {
        let log = Log()
        _ = try await life("cat; ps -o pgid= -p $$; echo $$", log).run()
        let words = log.text.withLock { $0[.stdout] ?? "" }.split(whereSeparator: \.isWhitespace)
        #expect(words.count == 2)
        #expect(words.first == words.last)
        #expect(words.last.flatMap { Int32($0) } == log.group.withLock { $0?.leader })
    }

    @Test("what it leaves running dies with it, even where that holds its output open")
    func orphans() async throws {
        let log = Log()
        let start = ContinuousClock.now
        _ = try await life("sleep 1000 & sleep 1000 >/dev/null 2>&1 & echo started", log).run()
        #expect(ContinuousClock.now - start < .seconds(20))
        let group = try #require(log.group.withLock { $0 })
        try await Fixtures.eventually("none of it is left") { group.residentBytes == 0 }
    }

    @Test("one that closes its outputs and works on is waited for")
    func quiet() async throws {
        #expect(try await life("exec >/dev/null 2>&1; sleep 0.2; exit 4", Log()).run() == .exit(4))
    }

    @Test("its memory, and that of its children, is counted")
    func memory() async throws {
        let log = Log()
        try await withThrowingTaskGroup(of: Void.self) { tasks in
            tasks.addTask { _ = try await self.life("sleep 1000 & sleep 1000", log).run() }
            try await Fixtures.eventually("two children run") {
                log.group.withLock { $0 }.map { $0.residentBytes > 1 << 20 } ?? false
            }
            log.group.withLock { $0 }?.send(SIGKILL)
            try await tasks.waitForAll()
        }
        #expect(log.group.withLock { $0 }?.residentBytes == 0)
    }

    @Test("when whoever started it is gone, its guard kills it with all its group")
    func guarded() async throws {
        let log = Log()
        let end = try await withThrowingTaskGroup(of: ProcessEnd?.self) { tasks in
            tasks.addTask { try await self.life("trap '' TERM INT HUP; sleep 1000 & sleep 1000", log).run() }
            try await Fixtures.eventually("it runs") { log.group.withLock { $0 != nil } }
            let group = try #require(log.group.withLock { $0 })
            // What becomes of its input when the other end is gone: it ends.
            let killed = try await Subprocess.run(
                .name("sh"), arguments: ["-c", ProcessLife.guardScript, "guard", "\(group.leader)"], input: .none,
                output: .discarded, error: .discarded)
            #expect(killed.terminationStatus.isSuccess)
            return try await tasks.next() ?? nil
        }
        #expect(end == .signal(9))
    }
}
