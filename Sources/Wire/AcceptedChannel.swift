import NIOConcurrencyHelpers
import NIOCore
import NIOHTTP1
import NIOHTTP2
import NIOSSL
import SwiftASN1
import X509

/// A connection from its acceptance on, before it is known which protocol it speaks.
final class AcceptedChannel: Sendable {
    let channel: any Channel
    private let cutter: NIOLoopBound<ConnectionCutter>
    private let headTimer: NIOLoopBound<HeadTimer>
    private let state = NIOLockedValueBox(State())

    private struct State {
        /// Nil until a protocol is agreed on.
        var connection: HTTPConnection?
        /// HTTP/2 streams that are open.
        var streamCount = 0
        /// The newest HTTP/2 stream.
        var streamLast = HTTP2StreamID.rootStream
        var isDraining = false
        /// Whether the client has been sent away.
        var isSentAway = false
    }

    /// How long a client that is sent away may take to leave; that of Go's server (net/http2, goAwayTimeout).
    private static let leavingTime = TimeAmount.seconds(1)

    /// - Precondition: On the channel's event loop.
    init(_ channel: any Channel, _ configuration: HTTPListener.Configuration) throws {
        self.channel = channel
        let cutter = ConnectionCutter()
        try channel.pipeline.syncOperations.addHandler(cutter)
        self.cutter = NIOLoopBound(cutter, eventLoop: channel.eventLoop)
        let timer = HeadTimer(timeout: configuration.headTimeout.map { TimeAmount($0) }) {
            configuration.onRefusal(.headersTooSlow)
            cutter.close()
        }
        headTimer = NIOLoopBound(timer, eventLoop: channel.eventLoop)
        timer.start(on: channel.eventLoop)
        let bound = headTimer
        channel.closeFuture.whenComplete { _ in bound.value.stop() }
    }

    /// Lets what is under way finish, asks for no more, and then ends the connection; one that has not agreed on a
    /// protocol has nothing under way.
    func drain() {
        let (connection, streamCount, isFirst) = state.withLockedValue { state in
            defer { state.isDraining = true }
            return (state.connection, state.streamCount, !state.isDraining)
        }
        // NIO's pipeline handler takes the event once.
        guard isFirst else { return }
        switch connection?.version {
        case nil: cut()
        case .http1: channel.pipeline.fireUserInboundEventTriggered(ChannelShouldQuiesceEvent())
        case .http2: if streamCount == 0 { channel.close(promise: nil) } else { connection?.goAway() }
        }
    }

    /// Ends the connection if nothing is under way on it, or, on HTTP/1.1, as soon as nothing is.
    ///
    /// A busy HTTP/2 connection is not asked to go away: libcurl 7.88 lets a request that it is about to send on such a
    /// connection wait for ever.
    func endWhenIdle() {
        let isBusy = state.withLockedValue { $0.connection?.version == .http2 && $0.streamCount > 0 }
        if !isBusy { drain() }
    }

    private func streamOpened(_ stream: any Channel) {
        let id = try? stream.syncOptions?.getOption(HTTP2StreamChannelOptions.streamID)
        state.withLockedValue { state in
            state.streamCount += 1
            if let id { state.streamLast = max(state.streamLast, id) }
        }
        stream.closeFuture.whenComplete { [state, channel] _ in
            let (isDone, isSentAway) = state.withLockedValue { state in
                state.streamCount -= 1
                return (state.streamCount == 0, state.isSentAway)
            }
            guard isDone else { return }
            if isSentAway {
                Self.closeSoon(channel)
            } else if state.withLockedValue({ $0.isDraining }) {
                channel.close(promise: nil)
            }
        }
    }

    /// Sends an HTTP/2 client away: see ``HTTPConnection/sendAway()``.
    private func sendAway() {
        let (last, streamCount, isFirst) = state.withLockedValue { state in
            defer { state.isSentAway = true }
            return (state.streamLast, state.streamCount, !state.isSentAway && !state.isDraining)
        }
        guard isFirst, let connection = state.withLockedValue({ $0.connection }) else { return }
        connection.goAway(lastStream: last)
        if streamCount == 0 { Self.closeSoon(channel) }
    }

    private static func closeSoon(_ channel: any Channel) {
        let timer = channel.eventLoop.scheduleTask(in: leavingTime) { channel.close(promise: nil) }
        channel.closeFuture.whenComplete { _ in timer.cancel() }
    }

    func cut() {
        let cutter = self.cutter
        channel.eventLoop.execute { cutter.value.close() }
    }

    /// Lets no handshake succeed.
    func refuseHandshake() throws { try channel.pipeline.syncOperations.addHandler(HandshakeRefuser()) }

    func configure(
        tls: NIOSSLContext?, _ configuration: HTTPListener.Configuration,
        _ makeHandlers: @escaping HTTPListener.HandlerFactory
    ) throws {
        guard let tls else { return try configureHTTP1(configuration, makeHandlers) }
        let handler = NIOSSLServerHandler(context: tls)
        try channel.pipeline.syncOperations.addHandlers(
            handler, TLSErrorReporter(onRefusal: configuration.onRefusal))
        channel.configureHTTP2SecureUpgrade(
            h2ChannelConfigurator: { channel in
                channel.eventLoop.makeCompletedFuture { try self.configureHTTP2(configuration, makeHandlers) }
            },
            http1ChannelConfigurator: { channel in
                channel.eventLoop.makeCompletedFuture { try self.configureHTTP1(configuration, makeHandlers) }
            }
        ).whenFailure { _ in self.cut() }
    }

    private func configureHTTP1(
        _ configuration: HTTPListener.Configuration, _ makeHandlers: HTTPListener.HandlerFactory
    ) throws {
        let connection = settle(on: .http1)
        let pipeline = channel.pipeline.syncOperations
        let timer = headTimer.value
        try pipeline.addHandlers(
            HeadTimer.Bytes(timer), HTTPResponseEncoder(),
            ByteToMessageHandler(HTTPRequestDecoder(leftOverBytesStrategy: .forwardBytes)), HeadTimer.Parts(timer))
        try pipeline.addHandlers(
            HTTPServerPipelineHandler(), ProtocolErrorHandler(onRefusal: configuration.onRefusal))
        try pipeline.addHandlers(makeHandlers(connection))
    }

    private func configureHTTP2(
        _ configuration: HTTPListener.Configuration, _ makeHandlers: @escaping HTTPListener.HandlerFactory
    ) throws {
        let connection = settle(on: .http2)
        _ = try channel.pipeline.syncOperations.configureHTTP2Pipeline(
            mode: .server, connectionConfiguration: configuration.http2Connection,
            streamConfiguration: .generous
        ) { stream in
            self.streamOpened(stream)
            self.headTimer.value.stop()
            return stream.eventLoop.makeCompletedFuture {
                let pipeline = stream.pipeline.syncOperations
                try pipeline.addHandler(HTTP2FramePayloadToHTTP1ServerCodec())
                try pipeline.addHandlers(makeHandlers(connection))
            }
        }
        try channel.pipeline.syncOperations.addHandler(HTTP2ErrorReporter(onRefusal: configuration.onRefusal))
    }

    private func settle(on version: HTTPConnection.Version) -> HTTPConnection {
        let connection = HTTPConnection(version: version, channel: channel, client: clientName, cutter: cutter) {
            [weak self] in self?.sendAway()
        }
        state.withLockedValue { $0.connection = connection }
        return connection
    }

    /// The subject of the certificate that TLS has verified.
    private var clientName: HTTPConnection.ClientName? {
        guard
            let handler = try? channel.pipeline.syncOperations.handler(type: NIOSSLServerHandler.self),
            let bytes = try? handler.peerCertificate?.toDERBytes(),
            let certificate = try? Certificate(derEncoded: bytes)
        else { return nil }
        var name = HTTPConnection.ClientName(user: "", groups: [])
        for attribute in certificate.subject.lazy.flatMap({ $0 }) {
            switch attribute.type {
            case .RDNAttributeType.commonName: name.user = String(describing: attribute.value)
            case .RDNAttributeType.organizationName: name.groups.append(String(describing: attribute.value))
            default: break
            }
        }
        return name
    }
}

extension HTTPListener.Configuration {
    fileprivate var http2Connection: NIOHTTP2Handler.ConnectionConfiguration {
        var connection = NIOHTTP2Handler.ConnectionConfiguration()
        connection.initialSettings = [
            HTTP2Setting(parameter: .maxConcurrentStreams, value: streamsMax),
            HTTP2Setting(parameter: .maxHeaderListSize, value: 1 << 16),
        ]
        // One request whose body is not read must not stop the others of its connection.
        connection.targetWindowSize = 1 << 24
        connection.maximumConnectionGlitches = .max
        connection.controlFrameRateLimit.maximumCount = .max
        return connection
    }
}

extension NIOHTTP2Handler.StreamConfiguration {
    fileprivate static var generous: Self {
        var stream = Self()
        stream.targetWindowSize = 1 << 18
        stream.outboundBufferSizeHighWatermark = 1 << 16
        stream.outboundBufferSizeLowWatermark = 1 << 14
        // libcurl 7.88 resets each stream that NIO has ended with an empty DATA frame. NIO takes more than 200 resets in
        // 30 s for an attack and ends the connection; here the peer is a client under test, on the same machine.
        stream.streamResetFrameRateLimit.maximumCount = .max
        stream.streamErrorRateLimit.maximumCount = .max
        return stream
    }
}

extension NIOSSLContext {
    static func server(
        _ identity: TLSIdentity, _ configuration: HTTPListener.Configuration
    ) throws -> NIOSSLContext {
        do {
            var tls = TLSConfiguration.makeServerConfiguration(
                certificateChain: try NIOSSLCertificate.fromPEMBytes(Array(identity.certificatePEM.utf8))
                    .map { .certificate($0) },
                privateKey: .privateKey(
                    try NIOSSLPrivateKey(bytes: Array(identity.privateKeyPEM.utf8), format: .pem)))
            tls.applicationProtocols = configuration.offersHTTP2 ? ["h2", "http/1.1"] : ["http/1.1"]
            tls.shutdownTimeout = .seconds(1)
            if let roots = configuration.clientAuthorityPEM {
                tls.trustRoots = .certificates(try NIOSSLCertificate.fromPEMBytes(Array(roots.utf8)))
                tls.certificateVerification = .optionalVerification
            }
            return try NIOSSLContext(configuration: tls)
        } catch {
            throw WireError(code: .badIdentity, message: "cannot use the server's certificate and key: \(error)")
        }
    }
}
