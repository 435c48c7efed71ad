import Testing
import Wire

@Suite struct WebSocketTests {
    private static let messages: [WebSocketMessage] = [
        .binary([1]), .binary([]), .text(Array("{}".utf8)), .ping([7]), .pong([]),
        .binary(Array(repeating: 3, count: 126)), .binary(Array(repeating: 4, count: 65_536)),
        .close(code: 1_000, reason: Array("bye".utf8)),
    ]

    private static func read(
        _ pieces: [some Sequence<UInt8>], isFromClient: Bool
    ) throws(WebSocketError) -> [WebSocketMessage] {
        var decoder = WebSocketDecoder(isFromClient: isFromClient)
        var messages: [WebSocketMessage] = []
        for piece in pieces {
            decoder.append(piece)
            while let message = try decoder.next() { messages.append(message) }
        }
        return messages
    }

    @Test("what is written is read, byte by byte too", arguments: [nil, UInt32(0xDEAD_BEEF)])
    func roundTrip(mask: UInt32?) throws {
        let bytes = Self.messages.flatMap { $0.encoded(mask: mask) }
        #expect(try Self.read([bytes], isFromClient: mask != nil) == Self.messages)
        #expect(try Self.read(bytes.map { [$0] }, isFromClient: mask != nil) == Self.messages)
    }

    @Test("a frame may be cut anywhere", arguments: [nil, UInt32(1)])
    func everySplit(mask: UInt32?) throws {
        let messages: [WebSocketMessage] = [
            .binary([1, 2, 3]), .binary(Array(repeating: 5, count: 200)), .close(code: nil),
        ]
        let bytes = messages.flatMap { $0.encoded(mask: mask) }
        for cut in 0...bytes.count {
            let pieces = [bytes[..<cut], bytes[cut...]]
            #expect(try Self.read(pieces, isFromClient: mask != nil) == messages, "cut at \(cut)")
        }
    }

    @Test("the examples of RFC 6455, 5.7, are read as it says")
    func specification() throws {
        let hello: [UInt8] = [0x81, 0x05, 0x48, 0x65, 0x6C, 0x6C, 0x6F]
        #expect(try Self.read([hello], isFromClient: false) == [.text(Array("Hello".utf8))])
        let masked: [UInt8] = [0x81, 0x85, 0x37, 0xFA, 0x21, 0x3D, 0x7F, 0x9F, 0x4D, 0x51, 0x58]
        #expect(try Self.read([masked], isFromClient: true) == [.text(Array("Hello".utf8))])
        // In two pieces, with a ping between.
        let pieces: [UInt8] = [0x01, 0x03, 0x48, 0x65, 0x6C, 0x89, 0x01, 0x21, 0x80, 0x02, 0x6C, 0x6F]
        #expect(try Self.read([pieces], isFromClient: false) == [.ping([0x21]), .text(Array("Hello".utf8))])
    }

    @Test(
        "what is no frame is refused",
        arguments: [
            ([0xC2, 0x00], WebSocketError.reservedBits), ([0x83, 0x00], .unknownOpcode(3)),
            ([0x82, 0x80], .wrongMasking), ([0x09, 0x00], .badControlFrame), ([0x89, 126], .badControlFrame),
            ([0x80, 0x00], .badFragment), ([0x02, 0x00, 0x82, 0x00], .badFragment),
            ([0x82, 127, 0, 0, 0, 1, 0, 0, 0, 0], .tooLong),
            ([0x82, 127, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF], .tooLong),
        ] as [([UInt8], WebSocketError)])
    func malformed(bytes: [UInt8], error: WebSocketError) {
        #expect(throws: error) { try Self.read([bytes], isFromClient: false) }
    }

    @Test("the key of RFC 6455, 1.3, has its answer")
    func handshake() {
        #expect(WebSocketHandshake.accept("dGhlIHNhbXBsZSBub25jZQ==") == "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=")
        var generator = SystemRandomNumberGenerator()
        #expect(WebSocketHandshake.key(using: &generator).count == 24)
    }
}
