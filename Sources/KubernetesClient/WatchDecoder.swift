package import Kubernetes

/// Cuts the body of a watch into its events: a JSON document a line, however the bytes arrive.
/// https://kubernetes.io/docs/reference/using-api/api-concepts/#efficient-detection-of-changes
package struct WatchDecoder: Sendable {
    /// Objects are at most a few MiB; what is longer is no line of a watch.
    package static let lineBytesMax = 16 << 20

    private var buffer: [UInt8] = []
    /// Where the first line that was not given yet begins.
    private var start = 0
    /// How far the buffer has been searched for a line's end.
    private var searched = 0

    package init() {}

    package struct Failure: Error, Hashable {
        package var message: String
    }

    package mutating func append(_ bytes: some Sequence<UInt8>) {
        // Moves the rest to the front once in a while, so that a long watch does not grow without end.
        if start > 0, start * 2 >= buffer.count {
            buffer.removeFirst(start)
            searched -= start
            start = 0
        }
        buffer += bytes
    }

    /// The next event; nil until more bytes are there.
    package mutating func next() throws(Failure) -> WatchEvent? {
        while let end = buffer[searched...].firstIndex(of: UInt8(ascii: "\n")) {
            let line = buffer[start..<end]
            start = end + 1
            searched = start
            if !line.allSatisfy(Self.isSpace) { return try Self.event(line) }
        }
        searched = buffer.count
        guard searched - start <= Self.lineBytesMax else {
            throw Failure(message: "a line of the watch is longer than \(Self.lineBytesMax) bytes")
        }
        return nil
    }

    /// Whether the stream ended between two events, as it should.
    package var isAtBoundary: Bool { buffer[start...].allSatisfy(Self.isSpace) }

    private static func isSpace(_ byte: UInt8) -> Bool { byte == 0x20 || byte == 0x0D || byte == 0x09 || byte == 0x0A }

    private static func event(_ line: ArraySlice<UInt8>) throws(Failure) -> WatchEvent {
        let json: JSONValue
        do {
            json = try JSONValue(parsing: line)
        } catch {
            throw Failure(message: "a line of the watch is not JSON: \(error)")
        }
        guard let object = json.object, let event = WatchEvent(json: object) else {
            let type = json.object?["type"]?.text ?? "none"
            throw Failure(message: "a line of the watch is no event: its type is \(type)")
        }
        return event
    }
}
