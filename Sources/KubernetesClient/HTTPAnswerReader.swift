/// Reads the answer to one HTTP/1.1 request from its bytes, however these are cut: its head, and its body where the
/// server did not switch protocols.
struct HTTPAnswerReader: Sendable {
    enum Event: Hashable, Sendable {
        /// The server speaks another protocol from here on; what came behind the head belongs to it.
        case switched(ResponseHead, rest: [UInt8])
        case answered(ResponseHead, body: [UInt8])
        case malformed
    }

    private enum State {
        case head
        case sized(ResponseHead, Int)
        case chunked(ResponseHead)
        /// The body ends with the connection.
        case open(ResponseHead)
        case done
    }

    /// A body that is longer is cut: what it says stands at its beginning.
    static let bodyBytesMax = 1 << 20
    static let headBytesMax = 1 << 16

    private var state = State.head
    private var buffer: [UInt8] = []

    mutating func received(_ bytes: some Sequence<UInt8>) -> Event? {
        buffer += bytes
        while true {
            switch state {
            case .head:
                guard let end = Self.headEnd(in: buffer) else {
                    return buffer.count > Self.headBytesMax ? finish(.malformed) : nil
                }
                guard let head = Self.head(buffer[..<end]) else { return finish(.malformed) }
                buffer.removeFirst(end)
                if head.status == 101 { return finish(.switched(head, rest: buffer)) }
                // 100 Continue and its like come before the answer.
                if (100..<200).contains(head.status) { continue }
                state = Self.bodyState(head)
            case .sized(let head, let length):
                guard buffer.count >= min(length, Self.bodyBytesMax) else { return nil }
                return finish(.answered(head, body: Array(buffer.prefix(length))))
            case .chunked(let head):
                let (body, isWhole) = Self.unchunked(buffer)
                guard isWhole || buffer.count > Self.bodyBytesMax else { return nil }
                return finish(.answered(head, body: body))
            case .open(let head):
                guard buffer.count > Self.bodyBytesMax else { return nil }
                return finish(.answered(head, body: buffer))
            case .done: return nil
            }
        }
    }

    /// The connection has ended.
    mutating func ended() -> Event? {
        switch state {
        case .sized(let head, _), .open(let head): finish(.answered(head, body: buffer))
        case .chunked(let head): finish(.answered(head, body: Self.unchunked(buffer).body))
        case .head, .done: nil
        }
    }

    private mutating func finish(_ event: Event) -> Event {
        state = .done
        return event
    }

    private static func bodyState(_ head: ResponseHead) -> State {
        if head.status == 204 || head.status == 304 { return .sized(head, 0) }
        if head.field("Transfer-Encoding")?.lowercased() == "chunked" { return .chunked(head) }
        guard let text = head.field("Content-Length"), let length = Int(text), length >= 0 else { return .open(head) }
        return .sized(head, length)
    }

    /// Where the empty line behind the fields ends.
    private static func headEnd(in bytes: [UInt8]) -> Int? {
        guard bytes.count >= 4 else { return nil }
        return (3..<bytes.count).first { bytes[$0 - 3...$0].elementsEqual([13, 10, 13, 10]) }.map { $0 + 1 }
    }

    /// `HTTP/1.1 101 Switching Protocols` and the fields behind it.
    private static func head(_ bytes: ArraySlice<UInt8>) -> ResponseHead? {
        guard let lineEnd = bytes.firstIndex(of: 10) else { return nil }
        let words = String(decoding: bytes[..<lineEnd], as: UTF8.self).split(separator: " ", maxSplits: 2)
        guard words.count >= 2, words[0].hasPrefix("HTTP/1."),
            let status = Int(words[1].prefix { $0.isASCII && $0.isNumber }), (100..<600).contains(status)
        else { return nil }
        return ResponseHead(status: status, lines: Array(bytes[bytes.index(after: lineEnd)...]))
    }

    /// RFC 9112, 7.1.
    private static func unchunked(_ bytes: [UInt8]) -> (body: [UInt8], isWhole: Bool) {
        var body: [UInt8] = []
        var rest = bytes[...]
        while let lineEnd = rest.firstIndex(of: 10) {
            let digits = rest[..<lineEnd].prefix { $0 != UInt8(ascii: ";") && $0 != 13 }
            guard let size = Int(String(decoding: digits, as: UTF8.self), radix: 16), size >= 0 else { break }
            rest = rest[rest.index(after: lineEnd)...]
            if size == 0 { return (body, true) }
            guard rest.count >= size + 2 else {
                body += rest.prefix(size)
                break
            }
            body += rest.prefix(size)
            rest = rest.dropFirst(size + 2)
        }
        return (body, false)
    }
}
