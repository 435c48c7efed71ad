import Faults
import Kubernetes
import NIOCore

/// One event of a watch, in the bytes in which it came.
struct WatchFrame: Hashable {
    enum Change: Hashable {
        case added, modified, deleted
        case bookmark, error
        /// No event that is known: an empty line, or a type of the future.
        case other

        init(_ type: some StringProtocol) {
            switch type {
            case "ADDED": self = .added
            case "MODIFIED": self = .modified
            case "DELETED": self = .deleted
            case "BOOKMARK": self = .bookmark
            case "ERROR": self = .error
            default: self = .other
            }
        }

        /// Whether something happened to an object.
        var isOfObject: Bool { self == .added || self == .modified || self == .deleted }
    }

    let bytes: ByteBuffer
    let change: Change
    private let isText: Bool

    init(_ bytes: ByteBuffer, _ framing: WatchFrames.Framing) {
        self.bytes = bytes
        isText = framing == .lines
        change = isText ? Self.change(inLine: bytes) : Self.change(inMessage: bytes.readableBytesView.dropFirst(4))
    }

    /// What the event tells of; nil in another encoding than JSON.
    var object: JSONObject? {
        isText ? (try? JSONValue(parsing: bytes.readableBytesView))?.object?["object"]?.object : nil
    }

    private static let typeKey = Array(#"{"type":""#.utf8)

    private static func change(inLine line: ByteBuffer) -> Change {
        let view = line.readableBytesView
        if view.starts(with: typeKey) {
            let type = view.dropFirst(typeKey.count).prefix { $0 != UInt8(ascii: "\"") }
            return Change(String(decoding: type, as: UTF8.self))
        }
        return (try? JSONValue(parsing: view))?.object?["type"]?.string.map { Change($0) } ?? .other
    }

    /// `WatchEvent {type = 1, object = 2}`.
    /// https://kubernetes.io/docs/reference/using-api/api-concepts/#protobuf-encoding
    private static func change(inMessage message: some Collection<UInt8>) -> Change {
        ProtobufMessage(Array(message)[...]).string(1).map { Change($0) } ?? .other
    }

    /// The same event as one that adds its object: what a client sees that never saw the object before.
    var asAdded: ByteBuffer {
        var json = (try? JSONValue(parsing: bytes.readableBytesView))?.object ?? JSONObject()
        json["type"] = "ADDED"
        return Self.line(json)
    }

    /// An event as a server writes it.
    static func line(_ type: String, _ object: JSONObject) -> ByteBuffer {
        line(["type": .string(type), "object": .object(object)])
    }

    private static func line(_ event: JSONObject) -> ByteBuffer {
        var bytes = ByteBuffer(string: #"{"type":"#)
        bytes.writeBytes((event["type"] ?? "").bytes)
        bytes.writeString(#","object":"#)
        bytes.writeBytes((event["object"] ?? [:]).bytes)
        bytes.writeString("}\n")
        return bytes
    }

    /// The event with which a server ends a watch that it cannot go on with.
    static func error(_ status: Status) -> ByteBuffer {
        var bytes = ByteBuffer(string: #"{"type":"ERROR","object":"#)
        bytes.writeBytes(status.servedJSON)
        bytes.writeString("}\n")
        return bytes
    }
}

/// Cuts the body of a watch into its events, however the bytes arrive, and leaves them as they are.
struct WatchFrames {
    enum Framing: Hashable {
        /// A JSON document a line.
        case lines
        /// A length of four bytes before each message: `application/vnd.kubernetes.protobuf;stream=watch`.
        case lengths

        /// Nil for a body that is cut in no way that is known here.
        init?(contentType: String?) {
            guard let contentType else { return nil }
            if contentType.hasPrefix("application/json") {
                self = .lines
            } else if contentType.hasPrefix("application/vnd.kubernetes.protobuf") {
                self = .lengths
            } else {
                return nil
            }
        }
    }

    /// Objects are at most a few MiB; what is longer is no event.
    static let frameBytesMax = 16 << 20

    let framing: Framing
    private var buffer = ByteBuffer()
    /// How many of the readable bytes hold no line's end.
    private var searched = 0

    init(_ framing: Framing) { self.framing = framing }

    mutating func append(_ bytes: ByteBuffer) {
        if buffer.readableBytes == 0 {
            buffer = bytes
        } else {
            buffer.discardReadBytes()
            buffer.writeImmutableBuffer(bytes)
        }
    }

    /// The next event with what frames it; nil until more bytes are there.
    mutating func next() -> WatchFrame? {
        guard let length = nextLength, let bytes = buffer.readSlice(length: length) else { return nil }
        searched = 0
        return WatchFrame(bytes, framing)
    }

    private var nextLength: Int? {
        mutating get {
            switch framing {
            case .lines:
                let view = buffer.readableBytesView
                let rest = view.dropFirst(searched)
                guard let end = rest.firstIndex(of: UInt8(ascii: "\n")) else {
                    searched = view.count
                    return nil
                }
                return end - view.startIndex + 1
            case .lengths:
                guard let length = buffer.getInteger(at: buffer.readerIndex, as: UInt32.self) else { return nil }
                let whole = Int(length) + 4
                return buffer.readableBytes >= whole ? whole : nil
            }
        }
    }

    /// Whether what is waited for cannot be an event.
    var isOverlong: Bool { buffer.readableBytes > Self.frameBytesMax }

    /// What has come of an event that is not whole.
    mutating func takeRest() -> ByteBuffer {
        searched = 0
        defer { buffer = ByteBuffer() }
        return buffer
    }
}
