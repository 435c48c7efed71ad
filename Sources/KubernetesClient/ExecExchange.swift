package import Kubernetes
import Wire

/// One command in a container over one WebSocket connection: takes the bytes that come, and gives those to be sent and
/// what came of the command.
package struct ExecExchange: Sendable {
    package enum Action: Hashable, Sendable {
        case send([UInt8])
        /// The server has switched protocols: the command may be running.
        case upgraded
        /// All is known; nothing follows, and the connection is of no more use.
        case finish(Outcome)
    }

    package enum Outcome: Hashable, Sendable {
        /// The command ran to its end.
        case result(ExecResult)
        /// The server did not switch protocols, and said why.
        case refused(ResponseHead, body: [UInt8])
        /// The command could not run, or not to its end.
        case failed(Status)
        /// The connection ended before the command's Status came.
        case cut
        /// What came is nothing that an API server sends.
        case malformed(String)
    }

    private enum State {
        /// Can move to `open` or `done`.
        case awaitingHead(HTTPAnswerReader)
        /// Can move to `done`.
        case open(WebSocketDecoder)
        case done
    }

    private let acceptKey: String
    private let outputBytesMax: Int
    private let mask: UInt32
    private var state = State.awaitingHead(HTTPAnswerReader())
    private var output: [UInt8] = []
    private var errors: [UInt8] = []

    /// - Parameters:
    ///   - key: The `Sec-WebSocket-Key` of the request.
    ///   - mask: What frames are masked by: the few that are sent carry nothing that has to be hidden from caches.
    ///   - outputBytesMax: What is kept of each of the command's outputs; the rest is read and dropped.
    package init(key: String, mask: UInt32, outputBytesMax: Int = 1 << 20) {
        acceptKey = WebSocketHandshake.accept(key)
        self.mask = mask
        self.outputBytesMax = outputBytesMax
    }

    /// The longest message; kubelets send 32 KiB at most.
    private static let messageBytesMax = 4 << 20

    package mutating func received(_ bytes: some Sequence<UInt8>) -> [Action] {
        switch state {
        case .awaitingHead(var reader):
            let event = reader.received(bytes)
            state = .awaitingHead(reader)
            return event.map { took($0) } ?? []
        case .open(var decoder):
            decoder.append(bytes)
            return read(from: decoder)
        case .done: return []
        }
    }

    /// The server has ended the connection.
    package mutating func ended() -> [Action] {
        switch state {
        case .awaitingHead(var reader):
            if let event = reader.ended() { return took(event) }
            return finish(.cut)
        case .open: return finish(.cut)
        case .done: return []
        }
    }

    private mutating func took(_ event: HTTPAnswerReader.Event) -> [Action] {
        switch event {
        case .malformed: return finish(.malformed("the answer is not HTTP/1.1"))
        case .answered(let head, let body): return finish(.refused(head, body: body))
        case .switched(let head, let rest):
            guard head.field("Sec-WebSocket-Accept") == acceptKey else {
                return finish(.malformed("the server switched to something else than this WebSocket"))
            }
            let version = head.field("Sec-WebSocket-Protocol") ?? ""
            guard RemoteCommand.Version(rawValue: version) != nil else {
                return finish(.malformed("the server speaks \"\(version)\", not v4 or v5 of the channel protocol"))
            }
            var decoder = WebSocketDecoder(isFromClient: false, bytesMax: Self.messageBytesMax)
            decoder.append(rest)
            return [.upgraded] + read(from: decoder)
        }
    }

    private mutating func read(from decoder: WebSocketDecoder) -> [Action] {
        var decoder = decoder
        var actions: [Action] = []
        do throws(WebSocketError) {
            while let message = try decoder.next() {
                switch message {
                case .ping(let bytes): actions.append(.send(WebSocketMessage.pong(bytes).encoded(mask: mask)))
                case .pong, .text: break
                case .close: return actions + finish(.cut)
                case .binary(let bytes):
                    if let outcome = take(bytes) {
                        let farewell = WebSocketMessage.close(code: WebSocketMessage.normalClosure)
                        return actions + [.send(farewell.encoded(mask: mask))] + finish(outcome)
                    }
                }
            }
        } catch {
            return actions + finish(.malformed("the server's frames are no WebSocket's: \(error)"))
        }
        state = .open(decoder)
        return actions
    }

    /// - Returns: What came of the command, once it is known.
    private mutating func take(_ message: [UInt8]) -> Outcome? {
        // An unknown channel, and the empty message by which a server says that it is there.
        guard let channel = message.first.flatMap(RemoteCommand.Channel.init), message.count > 1 else { return nil }
        let bytes = message.dropFirst()
        switch channel {
        case .standardOutput: output += bytes.prefix(outputBytesMax - output.count)
        case .standardError: errors += bytes.prefix(outputBytesMax - errors.count)
        case .status: return outcome(Array(bytes))
        case .standardInput, .resize, .close: break
        }
        return nil
    }

    private func outcome(_ bytes: [UInt8]) -> Outcome {
        guard let json = (try? JSONValue(parsing: bytes))?.object else {
            return .malformed("the command's status is not a JSON object")
        }
        if let exitCode = RemoteCommand.exitCode(in: json) {
            return .result(ExecResult(exitCode: exitCode, standardOutput: output, standardError: errors))
        }
        var status = Status(json: json)
        if status.code == 0 { status.json["code"] = 500 }
        return .failed(status)
    }

    private mutating func finish(_ outcome: Outcome) -> [Action] {
        state = .done
        return [.finish(outcome)]
    }
}
