import Faults
import Kubernetes
import NIOCore
import Testing

@testable import FaultProxy

/// What a fault does to the bytes of a watch, without sockets.
struct WatchFilterTests {
    private static func line(_ type: String, _ name: String, _ version: Int = 1, _ uid: String = "u") -> String {
        #"{"type":"\#(type)", "object":{"kind":"Pod","metadata":{"name":"\#(name)","resourceVersion":"\#(version)","#
            + #""uid":"\#(uid)","note":"Ω \n"}}}"# + "\n"
    }

    /// Feeds the text in one piece, and gives what comes out, in words: an event's bytes as they are.
    private func run(_ filter: inout WatchFilter, _ text: String) -> [String] {
        words(filter.received(ByteBuffer(string: text)))
    }

    private func words(_ actions: [WatchFilter.Action]) -> [String] {
        actions.map { action in
            switch action {
            case .deliver(let bytes): String(buffer: bytes)
            case .recordEffect: "effect"
            case .wait(let span): "wait \(span)"
            case .end: "end"
            }
        }
    }

    private let a = line("ADDED", "a")
    private let b = line("MODIFIED", "b", 2)
    private let c = line("DELETED", "c", 3)
    private let mark = line("BOOKMARK", "", 4)

    // MARK: Faithfulness

    private static let faults: [Fault] = [
        .cutWatch(.init(afterEvents: 9)), .expireWatch(.init(afterEvents: 9)), .stallWatch(.init(afterEvents: 9)),
        .withholdBookmarks(.init(which: .initialEventsEnd)), .compactEvents(.init(within: .seconds(1))),
    ]

    @Test("events pass byte for byte, wherever the parts are cut", arguments: faults)
    func faithful(fault: Fault) {
        let text = a + b + "\n" + mark + c + Self.line("FUTURE", "x")
        for split in 0...text.utf8.count {
            var filter = WatchFilter(fault, .lines)
            var actions = filter.begin()
            actions += filter.received(ByteBuffer(bytes: text.utf8.prefix(split)))
            actions += filter.received(ByteBuffer(bytes: text.utf8.dropFirst(split)))
            if actions.contains(where: { if case .wait = $0 { true } else { false } }) {
                actions += filter.timeElapsed()
            }
            actions += filter.ended()
            #expect(words(actions).filter { !$0.hasPrefix("wait") }.joined() == text, "cut at \(split)")
        }
    }

    @Test("byte by byte, an event passes when its last byte is there")
    func byteByByte() {
        var filter = WatchFilter(.cutWatch(.init(afterEvents: 9)), .lines)
        let text = a + b
        var output: [[String]] = []
        for byte in text.utf8 { output.append(words(filter.received(ByteBuffer(bytes: [byte])))) }
        #expect(output.filter { !$0.isEmpty } == [[a], [b]])
        #expect(output[a.utf8.count - 1] == [a])
    }

    @Test("what the server sent of a last, broken event comes through as the stream ends")
    func brokenEnd() {
        var filter = WatchFilter(.cutWatch(.init(afterEvents: 9)), .lines)
        #expect(run(&filter, a + #"{"type":"#) == [a])
        #expect(words(filter.ended()) == [#"{"type":"#])
    }

    @Test("a stream of protobuf is cut by its lengths", arguments: [false, true])
    func protobuf(inBytes: Bool) {
        func message(_ type: String) -> [UInt8] {
            let body = [0x0A, UInt8(type.utf8.count)] + Array(type.utf8) + [0x12, 2, 0x0A, 0x0B]
            return [0, 0, 0, UInt8(body.count)] + body
        }
        let parts = [message("BOOKMARK"), message("ADDED"), message("MODIFIED"), message("ADDED")]
        let bytes = parts.flatMap(\.self)
        var filter = WatchFilter(.cutWatch(.init(afterEvents: 2)), .lengths)
        var actions: [WatchFilter.Action] = []
        for piece in inBytes ? bytes.map({ [$0] }) : [bytes] { actions += filter.received(ByteBuffer(bytes: piece)) }
        let passed = actions.compactMap { if case .deliver(let bytes) = $0 { Array(buffer: bytes) } else { nil } }
        #expect(passed == Array(parts.prefix(3)))
        #expect(actions.suffix(2) == [.recordEffect, .end])
    }

    // MARK: Faults

    @Test("a cut comes behind so many events, and bookmarks are none")
    func cut() {
        var filter = WatchFilter(.cutWatch(.init(afterEvents: 2)), .lines)
        #expect(words(filter.begin()) == [])
        #expect(run(&filter, a + mark) == [a, mark])
        #expect(run(&filter, b + c) == [b, "effect", "end"])
        #expect(run(&filter, c) == [])
    }

    @Test("a cut comes at once, or at its time, and only if the stream is there still")
    func cutInTime() {
        var filter = WatchFilter(.cutWatch(.init()), .lines)
        #expect(words(filter.begin()) == ["effect", "end"])
        filter = WatchFilter(.cutWatch(.init(after: .seconds(2))), .lines)
        #expect(words(filter.begin()) == ["wait 2.0 seconds"])
        #expect(run(&filter, a) == [a])
        #expect(words(filter.timeElapsed()) == ["effect", "end"])
        filter = WatchFilter(.cutWatch(.init(afterEvents: 1, after: .seconds(2))), .lines)
        _ = filter.begin()
        #expect(words(filter.ended()) == [])
        #expect(words(filter.timeElapsed()) == [])
    }

    @Test("an expired watch ends with the server's own words")
    func expiry() {
        var filter = WatchFilter(.expireWatch(.init(afterEvents: 1)), .lines, version: 5)
        #expect(words(filter.begin()) == [])
        let error =
            #"{"type":"ERROR","object":{"kind":"Status","apiVersion":"v1","metadata":{},"status":"Failure","#
            + #""message":"too old resource version: 5 (8)","reason":"Expired","code":410}}"# + "\n"
        #expect(run(&filter, Self.line("ADDED", "a", 7) + b) == [Self.line("ADDED", "a", 7), "effect", error, "end"])
    }

    @Test("a stalled stream keeps all, bookmarks too, until its time is over")
    func stall() {
        var filter = WatchFilter(.stallWatch(.init(afterEvents: 1, span: .seconds(3))), .lines)
        #expect(words(filter.begin()) == [])
        #expect(run(&filter, a) == [a, "wait 3.0 seconds"])
        #expect(run(&filter, b + mark) == ["effect"])
        #expect(run(&filter, c) == [])
        #expect(!filter.isIdle)
        #expect(words(filter.timeElapsed()) == [b, mark, c])
        #expect(filter.isIdle)
        #expect(run(&filter, a) == [a])
    }

    @Test("when the rule is removed, half an event that has come is not lost")
    func release() {
        var filter = WatchFilter(.stallWatch(.init()), .lines)
        #expect(run(&filter, a + b.prefix(9)) == ["effect"])
        #expect(words(filter.release()) == [a, String(b.prefix(9))])
        #expect(run(&filter, String(b.dropFirst(9))) == [String(b.dropFirst(9))])
    }

    @Test("a stream that stalls and has nothing to say was not hit; what is held when the server ends it is lost")
    func stallEnds() {
        var filter = WatchFilter(.stallWatch(.init()), .lines)
        #expect(words(filter.begin() + filter.ended()) == [])
        filter = WatchFilter(.stallWatch(.init()), .lines)
        #expect(run(&filter, a) == ["effect"])
        #expect(words(filter.ended()) == [])
    }

    @Test("a server with too much to say to a stalled stream has to wait")
    func bounded() {
        var filter = WatchFilter(.stallWatch(.init()), .lines)
        let event = Self.line("ADDED", String(repeating: "x", count: 1 << 20))
        for _ in 0..<16 {
            #expect(filter.wantsMore)
            _ = run(&filter, event)
        }
        #expect(!filter.wantsMore)
        _ = filter.release()
        #expect(filter.wantsMore)
    }

    @Test("bookmarks are withheld: all, or the one behind the initial events")
    func bookmarks() {
        let last =
            #"{"type":"BOOKMARK","object":{"metadata":{"annotations":{"k8s.io/initial-events-end":"true"}}}}"# + "\n"
        var filter = WatchFilter(.withholdBookmarks(.init()), .lines)
        #expect(run(&filter, a + mark + b + last) == [a, "effect", b])
        filter = WatchFilter(.withholdBookmarks(.init(which: .initialEventsEnd)), .lines)
        #expect(run(&filter, a + mark + last + b) == [a, mark, "effect", b])
    }

    @Test("events of objects come twice, others once")
    func duplicates() {
        var filter = WatchFilter(.duplicateEvents(.init()), .lines)
        #expect(run(&filter, a + mark) == [a, "effect", a, mark])
        #expect(run(&filter, c) == [c, c])
    }

    // MARK: Compaction

    /// Events as letters: A, M and D with the object's name, B for a bookmark.
    private func compacted(_ history: String) -> String {
        var filter = WatchFilter(.compactEvents(.init(within: .seconds(1))), .lines)
        var version = 0
        for word in history.split(separator: " ") {
            version += 1
            let type = ["A": "ADDED", "M": "MODIFIED", "D": "DELETED", "B": "BOOKMARK"][word.prefix(1)] ?? ""
            _ = filter.received(ByteBuffer(string: Self.line(type, String(word.dropFirst()), version)))
        }
        return filter.timeElapsed().compactMap { action -> String? in
            guard case .deliver(let bytes) = action, let event = WatchFrame(bytes, .lines).object else { return nil }
            let type = String(buffer: bytes).dropFirst(9).prefix(1)
            return "\(type)\(event["metadata", "name"]?.string ?? "")\(event.version)"
        }.joined(separator: " ")
    }

    @Test(
        "of each object the last state is left",
        arguments: [
            ("Ax Mx Mx", "Ax3"), ("Ax Dx", ""), ("Mx Mx", "Mx2"), ("Mx Dx", "Dx2"), ("Dx Ax", "Dx1 Ax2"),
            ("Mx Dx Ax Mx", "Dx2 Ax4"), ("Dx Ax Dx", "Dx1"), ("Ax Dx Ax", "Ax3"), ("Ax Ay Mx Dy B Az", "Ax3 B5 Az6"),
            ("Dx Ax Dx Ax", "Dx1 Ax4"), ("Mx My Mx", "My2 Mx3"),
        ])
    func compaction(history: String, left: String) { #expect(compacted(history) == left) }

    @Test("compaction takes effect where something is joined, and gathers anew for what comes later")
    func compactionInTime() {
        var filter = WatchFilter(.compactEvents(.init(within: .seconds(1))), .lines)
        #expect(run(&filter, mark) == [mark])
        #expect(run(&filter, a) == ["wait 1.0 seconds"])
        #expect(run(&filter, c) == [])
        #expect(words(filter.timeElapsed()) == [a, c])
        #expect(run(&filter, b) == ["wait 1.0 seconds"])
        #expect(run(&filter, b) == [])
        #expect(words(filter.timeElapsed()) == ["effect", b])
    }

    @Test("an error does not wait behind what is gathered")
    func compactionAndError() {
        let error = Self.line("ERROR", "")
        var filter = WatchFilter(.compactEvents(.init(within: .seconds(1))), .lines)
        #expect(run(&filter, a + error) == ["wait 1.0 seconds", a, error])
    }

    // MARK: Gates

    @Test("a gate lets through what is old enough, and what is held keeps its order")
    func gate() {
        var filter = WatchFilter(Gating(gate: .upTo(1), namespace: nil))
        #expect(run(&filter, a + b + mark + c) == [a])
        #expect(words(filter.move(to: .upTo(2))) == [b, mark])
        #expect(words(filter.move(to: .held(2))) == [])
        #expect(run(&filter, mark) == [])
        #expect(words(filter.move(to: .open)) == [c, mark])
        #expect(filter.isIdle)
    }

    @Test("a gate that expires ends the stream with the error alone")
    func expiredGate() {
        var filter = WatchFilter(Gating(gate: .held(0)), version: 1)
        #expect(run(&filter, a + b) == [])
        let actions = words(filter.move(to: .expired(newest: 3)))
        #expect(actions.count == 3 && actions.first == "effect" && actions.last == "end")
        #expect(actions[1].contains("too old resource version: 1 (3)"))
    }

    @Test("objects of other namespaces pass a gate while nothing is held")
    func otherNamespaces() {
        func event(_ namespace: String, _ version: Int) -> String {
            #"{"type":"ADDED","object":{"metadata":{"namespace":"\#(namespace)","resourceVersion":"\#(version)"}}}"#
                + "\n"
        }
        var filter = WatchFilter(Gating(gate: .held(1), namespace: Glob("mine")))
        #expect(run(&filter, event("theirs", 5)) == [event("theirs", 5)])
        #expect(run(&filter, event("mine", 6) + event("theirs", 7)) == [])
        #expect(words(filter.move(to: .open)) == [event("mine", 6), event("theirs", 7)])
    }

    @Test(
        "binary encodings give way to JSON in the header Accept",
        arguments: [
            (["application/json"], nil), ([], nil),
            (["application/vnd.kubernetes.protobuf", "application/json"], "application/json"),
            (["application/vnd.kubernetes.protobuf;stream=watch"], "application/json"),
            (
                [
                    "application/vnd.kubernetes.protobuf;as=PartialObjectMetadata;g=meta.k8s.io;v=v1",
                    "application/json;as=Table",
                ], "application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1, application/json;as=Table"
            ),
        ] as [([String], String?)])
    func accept(header: [String], rewritten: String?) { #expect(AcceptedForms.withoutBinary(header) == rewritten) }
}

extension Array<UInt8> {
    fileprivate init(buffer: ByteBuffer) { self = Array(buffer.readableBytesView) }
}
