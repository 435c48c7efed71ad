import Kubernetes
import Testing
import VirtualNode
import Wire

/// The node's end of an exec, without sockets.
@Suite struct ExecSessionTests {
    private static let result = ExecResult(
        exitCode: 3, standardOutput: Array("out".utf8), standardError: Array("err".utf8))

    private static var streams: ExecSession.Streams {
        var streams = ExecSession.Streams()
        streams.output = true
        streams.errors = true
        return streams
    }

    private func messages(_ actions: [ExecSession.Action]) throws -> [WebSocketMessage] {
        var decoder = WebSocketDecoder(isFromClient: false)
        var messages: [WebSocketMessage] = []
        for case .send(let bytes) in actions { decoder.append(bytes) }
        while let message = try decoder.next() { messages.append(message) }
        return messages
    }

    @Test("over a WebSocket, the server speaks first, and ends with the status and a close")
    func webSocket() throws {
        var session = ExecSession.webSocket(Self.streams)
        let began = session.began()
        #expect(began.last == .start)
        #expect(try messages(began) == [.binary([1])])
        let ended = session.finished(.exited(Self.result))
        #expect(ended.last == .close)
        let status = JSONValue.object(RemoteCommand.status(exitCode: 3)).bytes
        #expect(
            try messages(ended) == [
                .binary([1] + "out".utf8), .binary([2] + "err".utf8), .binary([3] + status), .close(code: 1_000),
            ])
        #expect(session.finished(.exited(Self.result)) == [])
    }

    @Test("a ping is answered wherever it is cut, and a close is the end")
    func ping() throws {
        let bytes =
            WebSocketMessage.ping([1, 2]).encoded(mask: 7) + WebSocketMessage.close(code: 1_000).encoded(mask: 9)
        for cut in 0...bytes.count {
            var session = ExecSession.webSocket(Self.streams)
            let actions = session.received(bytes[..<cut]) + session.received(bytes[cut...])
            #expect(try messages(actions) == [.pong([1, 2]), .close(code: 1_000)], "cut at \(cut)")
            #expect(actions.last == .close)
        }
    }

    @Test("over SPDY, the command starts when all streams are there, however their frames are cut")
    func spdy() throws {
        let client = try SPDYEncoder()
        let opening = try ["error", "stdout", "stderr"].enumerated().flatMap { index, type in
            try client.encode(
                .synStream(
                    stream: UInt32(2 * index + 1), isLast: false, headers: [SPDYHeader("streamtype", type)]))
        }
        for cut in 0...opening.count {
            var session = try ExecSession.spdy(Self.streams)
            #expect(session.began() == [])
            let first = session.received(opening[..<cut])
            let second = session.received(opening[cut...])
            #expect(first.contains(.start) == (cut == opening.count))
            #expect((first + second).filter { $0 == .start }.count == 1, "cut at \(cut)")
            let ended = session.finished(.exited(Self.result))
            #expect(ended.last == .close)
            let decoder = try SPDYDecoder()
            for case .send(let bytes) in first + second + ended { decoder.append(bytes) }
            var frames: [SPDYFrame] = []
            while let frame = try decoder.next() { frames.append(frame) }
            let status = JSONValue.object(RemoteCommand.status(exitCode: 3)).bytes
            #expect(
                frames == [
                    .synReply(stream: 1, isLast: false, headers: []), .synReply(stream: 3, isLast: false, headers: []),
                    .synReply(stream: 5, isLast: false, headers: []),
                    .data(stream: 3, isLast: false, bytes: Array("out".utf8)),
                    .data(stream: 3, isLast: true, bytes: []),
                    .data(stream: 5, isLast: false, bytes: Array("err".utf8)),
                    .data(stream: 5, isLast: true, bytes: []), .data(stream: 1, isLast: false, bytes: status),
                    .data(stream: 1, isLast: true, bytes: []),
                ])
        }
    }
}
