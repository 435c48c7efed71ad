import Kubernetes
import KubernetesClient
import Testing
import Wire

/// The exec state machine, without sockets.
@Suite struct ExecExchangeTests {
    private static let key = "dGhlIHNhbXBsZSBub25jZQ=="

    private static func head(_ fields: String...) -> [UInt8] {
        Array((["HTTP/1.1 101 Switching Protocols"] + fields + ["", ""]).joined(separator: "\r\n").utf8)
    }

    private static let upgraded = head(
        "Upgrade: websocket", "Connection: Upgrade", "Sec-WebSocket-Accept: \(WebSocketHandshake.accept(key))",
        "Sec-WebSocket-Protocol: v5.channel.k8s.io")

    private static func message(_ channel: RemoteCommand.Channel, _ text: String) -> [UInt8] {
        WebSocketMessage.binary([channel.rawValue] + text.utf8).encoded()
    }

    private static func status(_ code: Int) -> [UInt8] {
        message(.status, JSONValue.object(RemoteCommand.status(exitCode: code)).text)
    }

    private static func run(_ pieces: [some Sequence<UInt8>], ends: Bool = true) -> [ExecExchange.Action] {
        var exchange = ExecExchange(key: key, mask: 1)
        var actions = pieces.flatMap { exchange.received($0) }
        if ends { actions += exchange.ended() }
        return actions
    }

    private static func outcome(_ actions: [ExecExchange.Action]) -> ExecExchange.Outcome? {
        if case .finish(let outcome) = actions.last { outcome } else { nil }
    }

    private static let session =
        upgraded + message(.standardOutput, "") + message(.standardOutput, "hello\n")
        + message(.standardError, "oh\n") + WebSocketMessage.ping([9]).encoded() + message(.standardOutput, "world\n")
        + status(3) + WebSocketMessage.close(code: 1_000).encoded()

    private static let result = ExecResult(
        exitCode: 3, standardOutput: Array("hello\nworld\n".utf8), standardError: Array("oh\n".utf8))

    @Test("a command's outputs and exit code come out, a ping is answered, and the end is said once")
    func session() {
        let actions = Self.run([Self.session])
        #expect(
            actions == [
                .upgraded, .send(WebSocketMessage.pong([9]).encoded(mask: 1)),
                .send(WebSocketMessage.close(code: 1_000).encoded(mask: 1)), .finish(.result(Self.result)),
            ])
        #expect(Self.run(Self.session.map { [$0] }) == actions)
    }

    @Test("the stream may be cut anywhere")
    func everySplit() {
        let whole = Self.run([Self.session])
        for cut in 0...Self.session.count {
            #expect(Self.run([Self.session[..<cut], Self.session[cut...]]) == whole, "cut at \(cut)")
        }
    }

    @Test("a connection that ends anywhere before the status is a cut one")
    func everyEnd() {
        let before = Self.session.count - WebSocketMessage.close(code: 1_000).encoded().count
        for end in 0..<before {
            #expect(Self.outcome(Self.run([Self.session[..<end]])) == .cut, "ended at \(end)")
        }
        #expect(Self.outcome(Self.run([Self.session[..<before]])) == .result(Self.result))
    }

    @Test("a close without a status is no success")
    func closedWithoutStatus() {
        let bytes = Self.upgraded + WebSocketMessage.close(code: 1_000).encoded()
        #expect(Self.outcome(Self.run([bytes], ends: false)) == .cut)
    }

    @Test("a status that is not an exit code's is a failure")
    func failure() {
        let status = Status.internalError("container not found")
        let bytes = Self.upgraded + Self.message(.status, JSONValue.object(status.json).text)
        #expect(Self.outcome(Self.run([bytes])) == .failed(status))
    }

    @Test(
        "an answer before the upgrade is a refusal, whatever frames its body",
        arguments: [
            "Content-Length: 2\r\n\r\nno", "Transfer-Encoding: chunked\r\n\r\n1\r\nn\r\n1\r\no\r\n0\r\n\r\n", "\r\nno",
        ])
    func refusal(rest: String) throws {
        let bytes = Array("HTTP/1.1 400 Bad Request\r\nX: y\r\n\(rest)".utf8)
        for pieces in [[bytes], bytes.map { [$0] }] {
            guard case .refused(let head, let body) = Self.outcome(Self.run(pieces)) else {
                Issue.record("no refusal")
                return
            }
            #expect(head.status == 400)
            #expect(head.field("x") == "y")
            #expect(body == Array("no".utf8))
        }
    }

    @Test("an upgrade to something else is none")
    func otherProtocol() {
        let spdy = Self.head("Upgrade: SPDY/3.1")
        let old = Self.head(
            "Sec-WebSocket-Accept: \(WebSocketHandshake.accept(Self.key))", "Sec-WebSocket-Protocol: channel.k8s.io")
        for bytes in [spdy, old, Array("SSH-2.0\r\n\r\n".utf8)] {
            guard case .malformed = Self.outcome(Self.run([bytes])) else {
                Issue.record("\(String(decoding: bytes, as: UTF8.self)) was taken")
                continue
            }
        }
    }

    @Test("output beyond the bound is read and dropped")
    func bound() {
        var exchange = ExecExchange(key: Self.key, mask: 1, outputBytesMax: 4)
        _ = exchange.received(
            Self.upgraded + Self.message(.standardOutput, "hello") + Self.message(.standardOutput, "x"))
        let actions = exchange.received(Self.status(0))
        #expect(
            Self.outcome(actions) == .result(ExecResult(exitCode: 0, standardOutput: Array("hell".utf8))))
    }
}
