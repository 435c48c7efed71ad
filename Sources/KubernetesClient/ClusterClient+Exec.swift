import Determinism
import Glibc
package import Kubernetes
import NIOCore
import NIOPosix
import NIOSSL
import Wire

extension ClusterClient {
    /// Runs a command over a connection of its own, which is upgraded to a WebSocket: v5 of the channel protocol where
    /// the server knows it, else v4.
    ///
    /// The request's timeout bounds everything from connecting to the command's end. No transport layer tries again:
    /// a command may have run although no answer came.
    package func exec(_ request: ExecRequest) async throws -> ExecResult {
        let trace = request.trace ?? makeTrace()
        try await awaitTurn(.connect)
        let credentials = try await credentials()
        let started = configuration.clock.now
        let call = ExecCall(request, trace: trace, configuration: configuration, credentials: credentials)
        let target: ExecConnection.Target
        do {
            target = try call.target()
        } catch {
            report(request, trace, started: started, httpStatus: 0, error)
            throw error
        }
        let exchange = ExecExchange(key: call.key, mask: call.mask)
        let (end, stage) = await ExecConnection.run(exchange, request: call.bytes, to: target)
        if case .cancelled = end {
            report(request, trace, started: started, httpStatus: stage == .running ? 101 : 0, nil, isCancelled: true)
            throw CancellationError()
        }
        if case .finished(.refused(let head, _)) = end, head.status == 401 {
            await authenticator.rejected(credentials)
        }
        do throws(APIError) {
            let result = try call.result(of: end, at: stage)
            report(request, trace, started: started, httpStatus: 101, nil)
            return result
        } catch {
            report(request, trace, started: started, httpStatus: error.httpStatus, error)
            throw error
        }
    }

    private func report(
        _ request: ExecRequest, _ trace: RequestTrace, started: Duration, httpStatus: Int, _ failure: APIError?,
        isCancelled: Bool = false
    ) {
        var exchange = Exchange(
            trace: trace, identity: request.identity, started: started,
            duration: configuration.clock.now - started, httpStatus: httpStatus)
        if let failure {
            exchange.reason = failure.transport?.kind.rawValue ?? failure.status?.reason ?? ""
            exchange.message = failure.message
        } else if isCancelled {
            exchange.reason = "cancelled"
            exchange.message = "the request was cancelled by its caller"
        }
        configuration.onExchange(exchange)
    }
}

/// An exec as it goes on the wire, and what its end means.
private struct ExecCall {
    private typealias Words = TransportFailure.Words

    let request: ExecRequest
    let trace: RequestTrace
    let configuration: ClusterClient.Configuration
    let credentials: Credentials
    let key: String
    let mask: UInt32

    init(
        _ request: ExecRequest, trace: RequestTrace, configuration: ClusterClient.Configuration,
        credentials: Credentials
    ) {
        self.request = request
        self.trace = trace
        self.configuration = configuration
        self.credentials = credentials
        // Nonces of the transport, which decide nothing.
        var generator = SystemRandomNumberGenerator()
        key = WebSocketHandshake.key(using: &generator)
        mask = generator.next()
    }

    private var connection: ClusterConnection { configuration.connection }

    private var server: ServerAddress { connection.server }

    /// The request to upgrade.
    var bytes: [UInt8] {
        var lines = [
            "GET \(server.pathPrefix)\(request.uri) HTTP/1.1", "Host: \(server.authority)",
            "User-Agent: \(configuration.userAgent)", "Accept: application/json, */*",
            "\(RequestTrace.header): \(trace.requestID)", "Connection: Upgrade", "Upgrade: websocket",
            "Sec-WebSocket-Version: 13", "Sec-WebSocket-Key: \(key)",
            "Sec-WebSocket-Protocol: \(RemoteCommand.Version.allCases.map(\.rawValue).joined(separator: ", "))",
        ]
        if let authorization = credentials.authorization { lines.append("Authorization: \(authorization)") }
        lines += connection.impersonation.headers
        return Array((lines.map(ClusterCall.oneLine) + ["", ""]).joined(separator: "\r\n").utf8)
    }

    func target() throws(APIError) -> ExecConnection.Target {
        if connection.proxyURL != nil {
            throw APIError(
                code: .invalid,
                message: "exec does not go through a proxy; remove proxy-url, or reach the "
                    + "server directly")
        }
        let name = connection.tlsServerName ?? server.host
        let isAddress = (try? SocketAddress(ipAddress: name, port: 0)) != nil
        return ExecConnection.Target(
            host: server.host, port: server.port, tls: server.isTLS ? try context() : nil,
            tlsServerName: isAddress ? nil : name, connectTimeout: configuration.connectTimeout,
            timeout: request.timeout)
    }

    private func context() throws(APIError) -> NIOSSLContext {
        do {
            var tls = TLSConfiguration.makeClientConfiguration()
            tls.applicationProtocols = ["http/1.1"]
            if let roots = connection.tls.certificateAuthority {
                tls.trustRoots = .certificates(try NIOSSLCertificate.fromPEMBytes(roots))
            }
            if connection.tls.skipsVerification { tls.certificateVerification = .none }
            let certificate = credentials.clientCertificate ?? connection.tls.clientCertificate
            let key = credentials.clientCertificate == nil ? connection.tls.clientKey : credentials.clientKey
            if let certificate, let key {
                tls.certificateChain = try NIOSSLCertificate.fromPEMBytes(certificate).map { .certificate($0) }
                tls.privateKey = .privateKey(try NIOSSLPrivateKey(bytes: key, format: .pem))
            }
            return try NIOSSLContext(configuration: tls)
        } catch {
            throw APIError(
                code: .unreachable, message: "\(place): tls: bad certificate (\(error))",
                transport: TransportFailure(kind: .tls))
        }
    }

    /// What messages begin with, as those of other requests do.
    private var place: String { "Get \"\(server)\(request.uri)\"" }

    func result(of end: ExecEnd, at stage: ExecStage) throws(APIError) -> ExecResult {
        switch end {
        case .finished(.result(let result)): return result
        case .finished(.failed(let status)): throw APIError(status)
        case .finished(.refused(let head, let body)): throw refusal(head, body)
        case .finished(.malformed(let words)):
            throw APIError(code: .malformed, message: "\(place): \(words)", mayHaveBeenApplied: stage == .running)
        case .finished(.cut):
            throw lost(
                .connectionClosed, stage == .running ? Words.commandCut : Words.end,
                stage)
        case .timedOut: throw timedOut(stage)
        case .failed(let error): throw broken(error, stage)
        case .cancelled: preconditionFailure("a cancelled exec has no result")
        }
    }

    private func refusal(_ head: ResponseHead, _ body: [UInt8]) -> APIError {
        let call = ClusterCall(request, trace: trace)
        if (200..<400).contains(head.status) {
            return call.malformed("the server answered \(head.status) and did not upgrade", head.status).error
        }
        var outcome = TransferOutcome()
        outcome.head = head
        outcome.body = body
        do throws(AttemptFailure) {
            _ = try call.content(of: outcome, from: server)
            preconditionFailure("an answer that is no success fails (is \(head.status))")
        } catch {
            return error.error
        }
    }

    private func lost(_ kind: TransportFailure.Kind, _ words: String, _ stage: ExecStage) -> APIError {
        APIError(
            code: .unreachable, message: "\(place): \(words)", transport: TransportFailure(kind: kind),
            mayHaveBeenApplied: stage >= .awaitingHead)
    }

    private func timedOut(_ stage: ExecStage) -> APIError {
        let words =
            switch stage {
            case .connecting: Words.connectTimedOut(server.authority)
            case .handshake: Words.handshakeTimedOut
            case .awaitingHead: Words.timedOut(hasHead: false)
            case .running: Words.commandTimedOut
            }
        return lost(.timeout, words, stage)
    }

    private func broken(_ error: any Error, _ stage: ExecStage) -> APIError {
        switch error {
        case let error as NIOConnectionError:
            guard let last = error.connectionErrors.last?.error else {
                return lost(.nameNotResolved, Words.notFound(server.host), stage)
            }
            return broken(last, stage)
        case let error as IOError:
            switch error.errnoCode {
            case ECONNREFUSED:
                return lost(
                    .connectionRefused, Words.refused(server.authority), stage)
            case ECONNRESET: return lost(.connectionReset, Words.reset, stage)
            case EPIPE: return lost(.connectionReset, Words.brokenPipe, stage)
            case ETIMEDOUT: return lost(.timeout, Words.connectionTimedOut, stage)
            default: return lost(.other, "\(error)", stage)
            }
        case is ChannelError where stage == .connecting:
            return lost(.timeout, Words.connectTimedOut(server.authority), stage)
        case is NIOSSLError, is NIOSSLExtraError, is BoringSSLError:
            return lost(.tls, "tls: failed to verify certificate: \(error)", stage)
        default: return lost(.other, "\(error)", stage)
        }
    }
}

extension ClusterCall {
    /// For the words of a refusal, which are those of any other request.
    fileprivate init(_ request: ExecRequest, trace: RequestTrace) {
        self.init(rawPath: request.uri, trace: trace, timeout: request.timeout)
        identity = request.identity
        verb = .connect
    }
}
