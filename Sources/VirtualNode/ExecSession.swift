package import Kubernetes
package import Wire

/// The node's end of an exec's upgraded connection: takes the client's bytes and the command's end, gives what to do.
package struct ExecSession {
    package enum Action: Hashable, Sendable {
        case send([UInt8])
        /// Run the command; ``finished(_:)`` is to follow.
        case start
        /// End the connection when all is sent.
        case close
    }

    /// What came of the command.
    package enum End: Hashable, Sendable {
        case exited(ExecResult)
        /// It could not run.
        case failed(Status)

        fileprivate var status: JSONObject {
            switch self {
            case .exited(let result): RemoteCommand.status(exitCode: result.exitCode)
            case .failed(let status): status.json
            }
        }
    }

    /// Which streams the client asked for.
    package struct Streams: Hashable, Sendable {
        package var input = false
        package var output = false
        package var errors = false
        package var isTerminal = false

        package init() {}

        /// Reads the query of a kubelet's path: `input=1&output=1&error=1&tty=1`, or an API server's own words.
        init(_ query: [String: [String]]) {
            func isSet(_ names: String...) -> Bool {
                names.contains { ["1", "true"].contains(query[$0]?.last) }
            }
            input = isSet("input", "stdin")
            output = isSet("output", "stdout")
            errors = isSet("error", "stderr")
            isTerminal = isSet("tty")
        }
    }

    private enum Wire {
        case webSocket(WebSocketDecoder)
        case spdy(SPDYDecoder, SPDYEncoder)
    }

    private var wire: Wire
    private let streams: Streams
    /// Of a SPDY connection: the streams that the client has opened, by what they are for.
    private var opened: [String: UInt32] = [:]
    private var hasStarted = false
    private var isOver = false

    /// kubelets write no longer messages.
    private static let chunkBytes = 32_768

    package static func webSocket(_ streams: Streams) -> ExecSession {
        ExecSession(wire: .webSocket(WebSocketDecoder(isFromClient: true)), streams: streams)
    }

    package static func spdy(_ streams: Streams) throws(SPDYError) -> ExecSession {
        ExecSession(wire: .spdy(try SPDYDecoder(), try SPDYEncoder()), streams: streams)
    }

    private init(wire: Wire, streams: Streams) {
        self.wire = wire
        self.streams = streams
    }

    /// The connection is upgraded.
    package mutating func began() -> [Action] {
        guard case .webSocket = wire else { return [] }
        // An empty message on the lowest channel that can be written says that the server is there.
        let channel: RemoteCommand.Channel =
            streams.output ? .standardOutput : streams.errors ? .standardError : .status
        hasStarted = true
        return [message(channel, []), .start]
    }

    package mutating func received(_ bytes: some Sequence<UInt8>) -> [Action] {
        guard !isOver else { return [] }
        switch wire {
        case .webSocket(var decoder):
            decoder.append(bytes)
            return read(from: decoder)
        case .spdy(let decoder, let encoder):
            decoder.append(bytes)
            return read(from: decoder, encoder)
        }
    }

    /// The command has ended.
    package mutating func finished(_ end: End) -> [Action] {
        guard !isOver else { return [] }
        isOver = true
        var result = ExecResult(exitCode: 0)
        if case .exited(let exited) = end { result = exited }
        // With a terminal, both come as one.
        let output = result.standardOutput + (streams.isTerminal ? result.standardError : [])
        let errors = streams.isTerminal ? [] : result.standardError
        let status = JSONValue.object(end.status).bytes
        switch wire {
        case .webSocket:
            var actions = streams.output ? chunks(output).map { message(.standardOutput, $0) } : []
            if streams.errors { actions += chunks(errors).map { message(.standardError, $0) } }
            let farewell = WebSocketMessage.close(code: WebSocketMessage.normalClosure)
            return actions + [message(.status, status), .send(farewell.encoded()), .close]
        case .spdy(_, let encoder):
            var frames: [SPDYFrame] = []
            for (type, bytes) in [("stdout", output), ("stderr", errors), ("error", status)] {
                guard let stream = opened[type] else { continue }
                frames += chunks(bytes).map { .data(stream: stream, isLast: false, bytes: $0) }
                frames.append(.data(stream: stream, isLast: true, bytes: []))
            }
            return encoded(frames, encoder) + [.close]
        }
    }

    private func chunks(_ bytes: [UInt8]) -> [[UInt8]] {
        stride(from: 0, to: bytes.count, by: Self.chunkBytes).map {
            Array(bytes[$0..<min($0 + Self.chunkBytes, bytes.count)])
        }
    }

    // MARK: WebSocket

    private func message(_ channel: RemoteCommand.Channel, _ bytes: [UInt8]) -> Action {
        .send(WebSocketMessage.binary([channel.rawValue] + bytes).encoded())
    }

    private mutating func read(from decoder: WebSocketDecoder) -> [Action] {
        var decoder = decoder
        var actions: [Action] = []
        do throws(WebSocketError) {
            while let message = try decoder.next() {
                switch message {
                case .ping(let bytes): actions.append(.send(WebSocketMessage.pong(bytes).encoded()))
                case .close(let code, _):
                    isOver = true
                    return actions + [.send(WebSocketMessage.close(code: code).encoded()), .close]
                // No command here reads its input.
                case .binary, .text, .pong: break
                }
            }
            wire = .webSocket(decoder)
            return actions
        } catch {
            isOver = true
            let farewell = WebSocketMessage.close(code: WebSocketMessage.protocolError)
            return actions + [.send(farewell.encoded()), .close]
        }
    }

    // MARK: SPDY

    /// What the client has to open before the command can run.
    private var required: [String] {
        var types = ["error"]
        if streams.input { types.append("stdin") }
        if streams.output { types.append("stdout") }
        if streams.errors, !streams.isTerminal { types.append("stderr") }
        if streams.isTerminal { types.append("resize") }
        return types
    }

    private mutating func read(from decoder: SPDYDecoder, _ encoder: SPDYEncoder) -> [Action] {
        var actions: [Action] = []
        do throws(SPDYError) {
            while let frame = try decoder.next() {
                switch frame {
                case .synStream(let stream, _, let headers):
                    let type = headers.first { $0.name == "streamtype" }?.value ?? ""
                    opened[type] = stream
                    actions += encoded([.synReply(stream: stream, isLast: false, headers: [])], encoder)
                case .ping(let id) where id % 2 == 1: actions += encoded([.ping(id: id)], encoder)
                case .goAway:
                    isOver = true
                    return actions + [.close]
                case .ping, .synReply, .headers, .data, .reset, .ignored: break
                }
            }
        } catch {
            isOver = true
            return actions + [.close]
        }
        if !hasStarted, required.allSatisfy({ opened[$0] != nil }) {
            hasStarted = true
            actions.append(.start)
        }
        return actions
    }

    private func encoded(_ frames: [SPDYFrame], _ encoder: SPDYEncoder) -> [Action] {
        frames.compactMap { frame in
            do throws(SPDYError) {
                return .send(try encoder.encode(frame))
            } catch {
                return nil
            }
        }
    }
}

@available(*, unavailable)
extension ExecSession: Sendable {}
