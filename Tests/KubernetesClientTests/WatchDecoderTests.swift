import Determinism
import Kubernetes
import KubernetesClient
import Testing

struct WatchDecoderTests {
    static let text = """
        {"type":"ADDED","object":{"metadata":{"name":"ä\\n","resourceVersion":"1"}}}
        {"type":"MODIFIED","object":{"metadata":{"name":"a","resourceVersion":"2"}}}\r

        {"type":"BOOKMARK","object":{"metadata":{"resourceVersion":"3"}}}
        {"type":"DELETED","object":{"metadata":{"name":"a","resourceVersion":"4"}}}
        {"type":"ERROR","object":{"kind":"Status","code":410,"reason":"Expired","message":"too old"}}

        """
    static let bytes = Array(text.utf8)

    private func events(_ decoder: inout WatchDecoder) throws -> [WatchEvent] {
        var events: [WatchEvent] = []
        while let event = try decoder.next() { events.append(event) }
        return events
    }

    @Test("all events come, in order, from one piece")
    func whole() throws {
        var decoder = WatchDecoder()
        decoder.append(Self.bytes)
        let events = try events(&decoder)
        #expect(events.map(\.type) == ["ADDED", "MODIFIED", "BOOKMARK", "DELETED", "ERROR"])
        #expect(events.first?.object["metadata", "name"]?.string == "ä\n")
        guard case .error(let status) = events[4] else { Issue.record("no error"); return }
        #expect(status.code == 410)
        #expect(decoder.isAtBoundary)
    }

    @Test("the same events come byte by byte")
    func byteByByte() throws {
        var whole = WatchDecoder()
        whole.append(Self.bytes)
        let expected = try events(&whole)
        var decoder = WatchDecoder()
        var found: [WatchEvent] = []
        for byte in Self.bytes {
            decoder.append([byte])
            found += try events(&decoder)
        }
        #expect(found == expected)
    }

    @Test("the same events come in two pieces, wherever they are split")
    func everySplit() throws {
        var whole = WatchDecoder()
        whole.append(Self.bytes)
        let expected = try events(&whole)
        for split in 0...Self.bytes.count {
            var decoder = WatchDecoder()
            decoder.append(Self.bytes[..<split])
            var found = try events(&decoder)
            decoder.append(Self.bytes[split...])
            found += try events(&decoder)
            #expect(found == expected, "split at \(split)")
        }
    }

    @Test("pieces of random length give the same events", arguments: 0..<20)
    func randomPieces(seed: UInt64) throws {
        let line = #"{"type":"ADDED","object":{"metadata":{"name":"n"}}}"# + "\n"
        let bytes = Array(String(repeating: line, count: 500).utf8)
        var generator = SplitMix64(seed: seed)
        var decoder = WatchDecoder()
        var rest = bytes[...]
        var count = 0
        while !rest.isEmpty {
            let length = min(rest.count, Int(generator.next() % 4_096) + 1)
            decoder.append(rest.prefix(length))
            rest = rest.dropFirst(length)
            count += try events(&decoder).count
        }
        #expect(count == 500)
        #expect(decoder.isAtBoundary)
    }

    @Test("a stream that ends within an event is not at a boundary")
    func unfinished() throws {
        var decoder = WatchDecoder()
        decoder.append(Self.bytes.dropLast(5))
        #expect(try events(&decoder).count == 4)
        #expect(!decoder.isAtBoundary)
    }

    @Test(
        "what no server sends is an error, after the events before it",
        arguments: [#"{"type":"NEW","object":{}}"#, #"{"object":{}}"#, "[]", "{", #"{"type":"ADDED"}"#])
    func malformed(line: String) throws {
        var decoder = WatchDecoder()
        decoder.append(Array(#"{"type":"ADDED","object":{}}"#.utf8) + [0x0A] + Array(line.utf8) + [0x0A])
        #expect(try decoder.next() != nil)
        #expect(throws: WatchDecoder.Failure.self) { try decoder.next() }
    }

    @Test("a line without end is refused before it fills the memory")
    func endless() throws {
        var decoder = WatchDecoder()
        let piece = [UInt8](repeating: 0x61, count: 1 << 20)
        for _ in 0..<16 {
            decoder.append(piece)
            #expect(try decoder.next() == nil)
        }
        decoder.append(piece)
        #expect(throws: WatchDecoder.Failure.self) { try decoder.next() }
    }
}
