import NIOCore
import NIOHTTP1
import NIOPosix
import Wire

/// The connections of one event loop to the server, HTTP/1.1, kept for reuse while they are idle.
///
/// A request goes out once. Where a reused connection turns out to be dead, the client learns of it as it would have on
/// a connection of its own. That is rare: the loop hears of a connection's end at once, and idle connections are ended
/// here long before a server ends them (kube-apiserver keeps them 90 s).
final class UpstreamPool {
    private static let idleMax = 64
    private static let idleTime = TimeAmount.seconds(30)
    private static let connectTimeout = TimeAmount.seconds(10)

    private let route: UpstreamRoute
    private let eventLoop: any EventLoop
    /// The one that was used last is taken first.
    private var idle: [UpstreamHandler] = []
    private var all: [ObjectIdentifier: UpstreamHandler] = [:]

    init(route: UpstreamRoute, eventLoop: any EventLoop) {
        self.route = route
        self.eventLoop = eventLoop
    }

    /// Gives the client a connection: at once where one is idle, later where it must be made.
    ///
    /// - Parameter isFresh: Whether it must be a new one, as for an upgrade.
    func connect(for client: any UpstreamClient, isFresh: Bool) {
        if !isFresh, let handler = idle.popLast() {
            handler.lease(to: client)
            return client.connected(to: handler)
        }
        let route = self.route
        ClientBootstrap(group: eventLoop)
            .connectTimeout(Self.connectTimeout)
            .channelOption(.tcpOption(.tcp_nodelay), value: 1)
            .channelInitializer { channel in
                channel.eventLoop.makeCompletedFuture { try Self.configure(channel, route) }
            }
            .connect(host: route.host, port: route.port)
            .assumeIsolated()
            .whenComplete { result in
                switch result {
                case .success(let channel): self.hand(channel, to: client)
                case .failure(let error): client.failedToConnect(UpstreamEnd(connecting: error))
                }
            }
    }

    private func hand(_ channel: any Channel, to client: any UpstreamClient) {
        guard let handler = try? channel.pipeline.syncOperations.handler(type: UpstreamHandler.self) else {
            return client.failedToConnect(.closed)
        }
        all[ObjectIdentifier(handler)] = handler
        handler.pool = self
        handler.lease(to: client)
        client.connected(to: handler)
    }

    private static func configure(_ channel: any Channel, _ route: UpstreamRoute) throws {
        try channel.closeOnExec()
        let pipeline = channel.pipeline.syncOperations
        if let tls = try route.makeTLSHandler() { try pipeline.addHandler(tls) }
        try pipeline.addHandlers(
            HTTPRequestEncoder(), ByteToMessageHandler(HTTPResponseDecoder(leftOverBytesStrategy: .forwardBytes)))
        try pipeline.addHandler(UpstreamHandler())
    }

    /// Takes back a connection on which all is done.
    func takeBack(_ handler: UpstreamHandler) {
        guard idle.count < Self.idleMax else { return handler.close() }
        idle.append(handler)
        handler.closeAfter(Self.idleTime)
    }

    /// Forgets a connection that has ended.
    func forget(_ handler: UpstreamHandler) {
        idle.removeAll { $0 === handler }
        all[ObjectIdentifier(handler)] = nil
    }

    /// Ends all connections.
    func shutDown() {
        for handler in all.values { handler.close() }
    }
}

@available(*, unavailable)
extension UpstreamPool: Sendable {}
