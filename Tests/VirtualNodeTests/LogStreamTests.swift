import Kubernetes
import Testing

@testable import VirtualNode

@Suite struct LogStreamTests {
    private static let started = Timestamp(microsecondsSinceEpoch: 1_700_000_000_000_000)

    /// `a` at once, `b` without its line's end after a second, the end of it after two, an unfinished `d` after three.
    private static func log(_ seconds: Double, isEnded: Bool = false) -> ContainerLog {
        ContainerLog(
            run: 0, started: started,
            output: [
                .init(offset: .zero, text: "a\n"), .init(offset: .seconds(1), text: "b"),
                .init(offset: .seconds(1), text: "e\n", stream: .standardError),
                .init(offset: .seconds(2), text: "c\n"), .init(offset: .seconds(3), text: "d"),
            ], elapsed: .seconds(seconds), isEnded: isEnded)
    }

    private static func read(_ options: LogOptions, _ logs: [ContainerLog]) -> [String] {
        var stream = LogStream(options)
        return logs.map { String(decoding: stream.read($0, asked: $0.started + $0.elapsed), as: UTF8.self) }
    }

    @Test("lines come when they are whole, each once, and the rest with the container's end")
    func lines() {
        let read = Self.read(.init(), [0.5, 1.5, 1.7, 2.5, 3.5].map { Self.log($0) } + [Self.log(4, isEnded: true)])
        #expect(read == ["a\n", "e\n", "", "bc\n", "", "d"])
    }

    @Test("the tail is counted once, and what follows is whole")
    func tail() {
        var options = LogOptions()
        options.tailLines = 1
        #expect(Self.read(options, [Self.log(1.5), Self.log(4, isEnded: true)]) == ["e\n", "bc\nd"])
        options.tailLines = 0
        #expect(Self.read(options, [Self.log(1.5), Self.log(2.5)]) == ["", "bc\n"])
    }

    @Test("lines bear the time at which they were whole, and count with it")
    func timestamps() {
        var options = LogOptions()
        options.hasTimestamps = true
        #expect(
            Self.read(options, [Self.log(1.5), Self.log(2.5)]) == [
                "2023-11-14T22:13:20.000000000Z a\n2023-11-14T22:13:21.000000000Z e\n",
                "2023-11-14T22:13:22.000000000Z bc\n",
            ])
        options.bytesMax = 40
        var stream = LogStream(options)
        #expect(stream.read(Self.log(1.5), asked: Self.started).count == 40)
        #expect(stream.isFull)
        #expect(stream.read(Self.log(2.5), asked: Self.started).isEmpty)
    }

    @Test("what is older than asked for is left out")
    func since() {
        var options = LogOptions()
        options.since = .span(.seconds(1))
        #expect(Self.read(options, [Self.log(1.5)]) == ["e\n"])
        options.since = .moment(Self.started + .seconds(2))
        #expect(Self.read(options, [Self.log(2.5)]) == ["bc\n"])
    }

    @Test("a reader that comes late gets the last 64 KiB, in whole lines")
    func bound() {
        let line = String(repeating: "x", count: 999) + "\n"
        let output = (0..<100).map { _ in ContainerPlan.Output(offset: .zero, text: line) }
        let log = ContainerLog(run: 0, started: Self.started, output: output, elapsed: .seconds(1), isEnded: true)
        #expect(Self.read(.init(), [log]).map(\.utf8.count) == [65_000])
    }

    @Test("the log of an earlier run is there for as long as it is remembered")
    func runs() {
        var run = ContainerRun(
            name: "c", image: "", role: .main, program: .planned(ContainerPlan(duration: .seconds(1), exitCode: 1)))
        func log(_ which: LogRun) -> ContainerLog? { run.log(of: which, epoch: Self.started, at: .seconds(5)) }
        #expect(log(.latest) == nil)
        run.start(at: .zero)
        #expect(log(.latest)?.elapsed == .seconds(5))
        #expect(log(.previous) == nil)
        run.end(at: .seconds(1), exitCode: 1) { _ in true }
        #expect(log(.previous) == log(.latest))
        run.start(at: .seconds(1))
        #expect(log(.latest)?.run == 1)
        #expect(log(.previous)?.run == 0)
        #expect(log(.number(0)) == log(.previous))
        #expect(log(.number(0))?.isEnded == true)
        run.end(at: .seconds(2), exitCode: 1) { _ in true }
        run.start(at: .seconds(12))
        #expect(log(.number(0)) == nil)
    }
}
