import NIOConcurrencyHelpers
package import NIOCore
import NIOPosix
import NIOSSL

/// A listening socket for HTTP/1.1 and, over TLS, HTTP/2, whose requests go to channel handlers.
///
/// No web framework: whoever injects faults needs the channel itself.
package final class HTTPListener: Sendable {
    package struct Configuration: Sendable {
        /// An IP address of this machine.
        package var host: String
        /// 0 is any free port.
        package var port: Int
        /// What the server shows to clients; nil is plain HTTP/1.1, without TLS.
        package var identity: TLSIdentity?
        /// The roots, in PEM, by which certificates of clients are verified; a client without one is let in all the
        /// same, and ``HTTPConnection/client`` tells. Nil asks for none.
        package var clientAuthorityPEM: String?
        /// Streams that a client may have open at once on an HTTP/2 connection.
        package var streamsMax: Int
        /// Whether TLS offers h2 beside http/1.1.
        package var offersHTTP2: Bool
        /// How long a client may take for the head of a request; nil is for ever.
        package var headTimeout: Duration?
        /// Told, on an event loop, of each client that is turned away for what it sends.
        package var onRefusal: @Sendable (Refusal) -> Void
        package var eventLoopGroup: any EventLoopGroup

        package init(
            host: String = "127.0.0.1", port: Int = 0, identity: TLSIdentity? = nil,
            clientAuthorityPEM: String? = nil, streamsMax: Int = 250, offersHTTP2: Bool = true,
            headTimeout: Duration? = nil, onRefusal: @escaping @Sendable (Refusal) -> Void = { _ in },
            eventLoopGroup: any EventLoopGroup = MultiThreadedEventLoopGroup.singleton
        ) {
            self.host = host
            self.port = port
            self.identity = identity
            self.clientAuthorityPEM = clientAuthorityPEM
            self.streamsMax = streamsMax
            self.offersHTTP2 = offersHTTP2
            self.headTimeout = headTimeout
            self.onRefusal = onRefusal
            self.eventLoopGroup = eventLoopGroup
        }
    }

    /// Why a client is turned away.
    package enum Refusal: Hashable, Sendable {
        /// What it sends is no HTTP.
        case badRequest
        case headersTooLarge
        /// The head of its request was not complete in time.
        case headersTooSlow
        case tlsFailure
    }

    /// Makes the handlers that see a channel's `HTTPServerRequestPart`s: once for an HTTP/1.1 connection with all its
    /// requests, once for each HTTP/2 stream. It is called on the connection's event loop.
    package typealias HandlerFactory = @Sendable (HTTPConnection) throws -> [any ChannelHandler]

    package let configuration: Configuration
    /// The port that is listened on.
    package let port: Int

    private let reservation: PortReservation
    private let tls: NIOSSLContext?
    private let makeHandlers: HandlerFactory
    private let state = NIOLockedValueBox(State())

    private struct State {
        var listening: (any Channel)?
        /// Whether ``pause()`` stopped the listening; a refusal ends by itself, a pause does not.
        var isPaused = false
        /// When the refusal that is under way ends.
        var refusedUntil: NIODeadline?
        /// How handshakes fail, and until when.
        var handshakeFailure: (failure: HandshakeFailure, until: NIODeadline)?
        var isShutDown = false
        var accepted: [ObjectIdentifier: AcceptedChannel] = [:]

        var mayListen: Bool { listening == nil && !isPaused && refusedUntil == nil && !isShutDown }

        /// Takes the channel that listens, for it to be closed.
        mutating func stopListening() -> (any Channel)? {
            defer { listening = nil }
            return listening
        }
    }

    private init(configuration: Configuration, makeHandlers: @escaping HandlerFactory) throws {
        self.configuration = configuration
        self.makeHandlers = makeHandlers
        tls = try configuration.identity.map { try NIOSSLContext.server($0, configuration) }
        reservation = try PortReservation(host: configuration.host, port: configuration.port)
        port = reservation.port
    }

    /// Starts to listen.
    ///
    /// - Throws: ``WireError`` where the port is in use or the identity cannot be read.
    package static func bind(
        _ configuration: Configuration, makeHandlers: @escaping HandlerFactory
    ) async throws -> HTTPListener {
        let listener = try HTTPListener(configuration: configuration, makeHandlers: makeHandlers)
        try await listener.resume()
        return listener
    }

    /// Listens for as long as `body` runs.
    package static func with<Result>(
        _ configuration: Configuration, makeHandlers: @escaping HandlerFactory,
        _ body: (HTTPListener) async throws -> Result
    ) async throws -> Result {
        let listener = try await bind(configuration, makeHandlers: makeHandlers)
        do {
            let result = try await body(listener)
            await listener.shutDown()
            return result
        } catch {
            await listener.shutDown()
            throw error
        }
    }

    /// Listens again after ``pause()``, on the same port; at once where it already listens.
    package func resume() async throws {
        state.withLockedValue { $0.isPaused = false }
        try await listen().get()
    }

    /// Stops listening, so that connects are refused, until ``resume()``; accepted connections live on, and the system
    /// gives the port to nobody who asks for any.
    package func pause() async {
        let channel = state.withLockedValue { state in
            state.isPaused = true
            return state.stopListening()
        }
        // It fails only where the channel is closed already.
        try? await channel?.close()
    }

    /// Stops listening for a span, so that connects are refused; spans that overlap join. The future is done when
    /// nothing listens any more.
    ///
    /// Accepted connections on which nothing is under way end, so that their clients too have to connect; HTTP/1.1
    /// connections that are busy end with their answer.
    package func refuseConnects(for span: Duration) -> EventLoopFuture<Void> {
        let loop = configuration.eventLoopGroup.next()
        let end = NIODeadline.now() + TimeAmount(span)
        let (channel, isFirst, accepted) = state.withLockedValue { state in
            let isFirst = state.refusedUntil == nil
            state.refusedUntil = max(state.refusedUntil ?? end, end)
            return (state.stopListening(), isFirst, Array(state.accepted.values))
        }
        for connection in accepted { connection.endWhenIdle() }
        if isFirst { scheduleEndOfRefusal(at: end, on: loop) }
        // A close fails only where the channel is closed already.
        return channel?.close().recover { _ in } ?? loop.makeSucceededVoidFuture()
    }

    /// Ends a refusal that is under way before its time: listens again.
    package func endRefusal() {
        let loop = configuration.eventLoopGroup.next()
        let wasRefusing = state.withLockedValue { state in
            defer { state.refusedUntil = nil }
            return state.refusedUntil != nil
        }
        guard wasRefusing else { return }
        listen().whenFailure { [weak self] _ in self?.scheduleEndOfRefusal(at: .now() + .milliseconds(10), on: loop) }
    }

    /// How TLS cannot be agreed on.
    enum HandshakeFailure: Sendable {
        /// The client's first message is answered with a fatal alert.
        case alert
        /// The client is shown a certificate of another authority.
        case stranger(NIOSSLContext)
    }

    /// Lets the handshakes of connections that are accepted within a span fail; those that are accepted live on. The last
    /// call counts.
    ///
    /// - Parameter stranger: What is shown in place of the listener's own certificate; nil ends handshakes by an alert.
    /// - Throws: ``WireError`` where the certificate cannot be read.
    package func failHandshakes(for span: Duration, showing stranger: TLSIdentity?) throws {
        let failure = try stranger.map { try HandshakeFailure.stranger(.server($0, configuration)) } ?? .alert
        let until = NIODeadline.now() + TimeAmount(span)
        state.withLockedValue { $0.handshakeFailure = (failure, max(until, $0.handshakeFailure?.until ?? until)) }
    }

    /// Lets handshakes succeed again before their time.
    package func endHandshakeFailures() { state.withLockedValue { $0.handshakeFailure = nil } }

    /// Whether a refusal is under way.
    package var isRefusing: Bool { state.withLockedValue { $0.refusedUntil != nil } }

    private func scheduleEndOfRefusal(at deadline: NIODeadline, on loop: any EventLoop) {
        loop.scheduleTask(deadline: deadline) { [weak self] in
            guard let self else { return }
            let later = state.withLockedValue { state -> NIODeadline? in
                if let until = state.refusedUntil, until > .now() { return until }
                state.refusedUntil = nil
                return nil
            }
            if let later { return scheduleEndOfRefusal(at: later, on: loop) }
            listen().whenFailure { [weak self] _ in
                // Somebody holds the port for a moment; nothing else can be done but to try again.
                self?.scheduleEndOfRefusal(at: .now() + .milliseconds(10), on: loop)
            }
        }
    }

    /// Listens, unless it already does or must not.
    private func listen() -> EventLoopFuture<Void> {
        let loop = configuration.eventLoopGroup.next()
        guard state.withLockedValue({ $0.mayListen }) else { return loop.makeSucceededVoidFuture() }
        let (host, port) = (configuration.host, port)
        let socket: CInt
        do { socket = try reservation.makeListener() } catch { return loop.makeFailedFuture(error) }
        return bootstrap.withBoundSocket(socket)
            .flatMapErrorThrowing { error in
                guard let error = error as? IOError else { throw error }
                throw WireError.cannotListen(host: host, port: port, errno: error.errnoCode)
            }
            .flatMap { [state] channel in
                let isWanted = state.withLockedValue { state in
                    guard state.mayListen else { return false }
                    state.listening = channel
                    return true
                }
                return isWanted ? channel.eventLoop.makeSucceededVoidFuture() : channel.close()
            }
    }

    /// Stops listening and ends all accepted connections; returns when they are gone.
    ///
    /// - Parameter grace: How long answers under way may still take.
    package func shutDown(grace: Duration = .zero) async {
        state.withLockedValue { $0.isShutDown = true }
        await pause()
        let accepted = state.withLockedValue { Array($0.accepted.values) }
        if grace > .zero { for connection in accepted { connection.drain() } }
        let cut = configuration.eventLoopGroup.next().scheduleTask(in: TimeAmount(grace)) {
            for connection in accepted { connection.cut() }
        }
        for connection in accepted { try? await connection.channel.closeFuture.get() }
        cut.cancel()
    }

    /// Ends all accepted connections at once, and returns when they are gone; new ones are accepted as before.
    package func cutConnections() async {
        let accepted = cutAll()
        // It fails only where the loop itself is shut down, and the connections with it.
        for connection in accepted { try? await connection.channel.closeFuture.get() }
    }

    /// Ends all accepted connections soon; new ones are accepted as before.
    package func cut() { _ = cutAll() }

    private func cutAll() -> [AcceptedChannel] {
        let accepted = state.withLockedValue { Array($0.accepted.values) }
        for connection in accepted { connection.cut() }
        return accepted
    }

    /// The connections that are open now.
    package var connectionCount: Int { state.withLockedValue { $0.accepted.count } }

    private var bootstrap: ServerBootstrap {
        ServerBootstrap(group: configuration.eventLoopGroup)
            .serverChannelOption(.backlog, value: 1024)
            .childChannelOption(.tcpOption(.tcp_nodelay), value: 1)
            .childChannelInitializer { [self] channel in
                channel.eventLoop.makeCompletedFuture { try self.accept(channel) }
            }
    }

    private func accept(_ channel: any Channel) throws {
        try channel.closeOnExec()
        let accepted = try AcceptedChannel(channel, configuration)
        let isWelcome = state.withLockedValue { state in
            guard !state.isShutDown else { return false }
            state.accepted[ObjectIdentifier(channel)] = accepted
            return true
        }
        guard isWelcome else { throw ChannelError.ioOnClosedChannel }
        channel.closeFuture.whenComplete { [state] _ in
            state.withLockedValue { _ = $0.accepted.removeValue(forKey: ObjectIdentifier(channel)) }
        }
        let failure = state.withLockedValue { state in
            state.handshakeFailure.flatMap { $0.until > .now() ? $0.failure : nil }
        }
        switch failure {
        case nil: try accepted.configure(tls: tls, configuration, makeHandlers)
        case .alert: try accepted.refuseHandshake()
        case .stranger(let tls):
            // What a client says of the certificate is no news.
            var configuration = self.configuration
            configuration.onRefusal = { _ in }
            try accepted.configure(tls: tls, configuration, makeHandlers)
        }
    }
}
