import Kubernetes
import Testing
import Wire

@Suite struct SPDYTests {
    private static let frames: [SPDYFrame] = [
        .synStream(stream: 1, isLast: false, headers: [SPDYHeader("streamtype", "error")]),
        .synReply(stream: 1, isLast: false, headers: []),
        .synStream(stream: 3, isLast: true, headers: [SPDYHeader("streamtype", "stdout"), SPDYHeader("a", "")]),
        .data(stream: 3, isLast: false, bytes: Array("hello".utf8)), .data(stream: 3, isLast: true, bytes: []),
        .headers(stream: 1, isLast: false, headers: [SPDYHeader("b", "c")]),
        .reset(stream: 1, status: 5), .ping(id: 7), .ignored(type: 4), .goAway(lastStream: 3, status: 0),
    ]

    private static func encoded() throws -> [UInt8] {
        let encoder = try SPDYEncoder()
        return try frames.flatMap { try encoder.encode($0) }
    }

    private static func read(_ pieces: [some Sequence<UInt8>]) throws -> [SPDYFrame] {
        let decoder = try SPDYDecoder()
        var frames: [SPDYFrame] = []
        for piece in pieces {
            decoder.append(piece)
            while let frame = try decoder.next() { frames.append(frame) }
        }
        return frames
    }

    @Test("what is written is read, byte by byte too")
    func roundTrip() throws {
        let bytes = try Self.encoded()
        #expect(try Self.read([bytes]) == Self.frames)
        #expect(try Self.read(bytes.map { [$0] }) == Self.frames)
    }

    @Test("a frame may be cut anywhere")
    func everySplit() throws {
        let bytes = try Self.encoded()
        for cut in 0...bytes.count {
            #expect(try Self.read([bytes[..<cut], bytes[cut...]]) == Self.frames, "cut at \(cut)")
        }
    }

    @Test("all header blocks of a connection are one zlib stream with SPDY's dictionary")
    func compression() throws {
        let encoder = try SPDYEncoder()
        let frame = SPDYFrame.synStream(stream: 1, isLast: false, headers: [SPDYHeader("streamtype", "stdout")])
        let (first, second) = (try encoder.encode(frame), try encoder.encode(frame))
        // zlib's header: a preset dictionary, and the Adler-32 of SPDY/3's.
        #expect(first[18] & 0x0F == 8 && first[19] & 0x20 != 0)
        #expect(Array(first[20..<24]) == [0xE3, 0xC6, 0xA7, 0xC2])
        #expect(second.count < first.count)
        #expect(throws: SPDYError.headerCompression) { try Self.read([second]) }
    }

    @Test(
        "what is no frame is refused",
        arguments: [
            ([0x80, 0x02, 0, 6, 0, 0, 0, 4, 0, 0, 0, 1], SPDYError.version(2)),
            ([0x80, 0x03, 0, 6, 0, 0, 0, 2, 0, 0], .malformed(type: 6)),
            ([0x80, 0x03, 0, 1, 0, 0, 0, 4, 0, 0, 0, 1], .malformed(type: 1)),
            ([0, 0, 0, 1, 0, 0xFF, 0xFF, 0xFF], .tooLong),
        ] as [([UInt8], SPDYError)])
    func malformed(bytes: [UInt8], error: SPDYError) {
        #expect(throws: error) { try Self.read([bytes]) }
    }

    @Test("an exit code survives its Status", arguments: [0, 1, 3, 127, 143])
    func exitCode(_ code: Int) {
        #expect(RemoteCommand.exitCode(in: RemoteCommand.status(exitCode: code)) == code)
    }

    @Test("a Status of another failure tells no exit code")
    func otherFailure() {
        #expect(RemoteCommand.exitCode(in: Status.internalError("no such container").json) == nil)
    }
}
