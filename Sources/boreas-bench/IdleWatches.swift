import Foundation
import KubernetesClient
import NIOConcurrencyHelpers
import NIOCore
import NIOHTTP1
import NIOHTTP2
import NIOPosix
import NIOSSL

/// Watches that are held open and never asked for more.
final class IdleWatches: Sendable {
    struct Counts: Sendable {
        /// Answered with 200.
        var opened = 0
        /// Told of an event.
        var heard = 0
        var ended = 0
        /// The first that went wrong.
        var failure: String?
    }

    /// As many connections are made at once; more might wait for longer than they want to.
    private static let connectsAtOnce = 32

    private let address: ServerAddress
    private let head: HTTPRequestHead
    private let authorityPEM: [UInt8]
    private let state = NIOLockedValueBox(Counts())
    private let channels = NIOLockedValueBox<[any Channel]>([])

    init(connection: ClusterConnection, path: String) throws {
        guard case .token(let token) = connection.authentication, let root = connection.tls.certificateAuthority else {
            throw BenchmarkError("the proxy's kubeconfig has no token or no root")
        }
        address = connection.server
        authorityPEM = root
        head = HTTPRequestHead(
            version: .http1_1, method: .GET, uri: path,
            headers: ["host": connection.server.authority, "authorization": "Bearer \(token)"])
    }

    var counts: Counts { state.withLockedValue { $0 } }

    /// Opens some more watches, and returns when all are answered: one on each connection over HTTP/1.1, else so many
    /// over HTTP/2.
    func open(_ count: Int, perConnection: Int, atMost limit: Duration) async throws {
        let tls = try makeContext(isHTTP2: perConnection > 1)
        let before = counts.opened
        for start in stride(from: 0, to: count, by: perConnection * Self.connectsAtOnce) {
            let end = min(count, start + perConnection * Self.connectsAtOnce)
            try await withThrowingTaskGroup(of: Void.self) { group in
                for first in stride(from: start, to: end, by: perConnection) {
                    group.addTask {
                        if perConnection > 1 {
                            try await self.connectHTTP2(min(perConnection, end - first), tls)
                        } else {
                            try await self.connectHTTP1(tls)
                        }
                    }
                }
                try await group.waitForAll()
            }
            try await wait(for: \.opened, of: before + end, atMost: limit)
        }
    }

    /// Waits until one of the counts is there.
    func wait(for count: any KeyPath<Counts, Int> & Sendable, of wanted: Int, atMost limit: Duration) async throws {
        let start = ContinuousClock.now
        while true {
            let counts = self.counts
            if counts[keyPath: count] >= wanted { return }
            guard counts.failure == nil, ContinuousClock.now - start < limit else {
                throw BenchmarkError("\(wanted) watches are not there: \(counts)")
            }
            try await Task.sleep(for: .milliseconds(50))
        }
    }

    func close() {
        let all = channels.withLockedValue { channels in
            defer { channels = [] }
            return channels
        }
        for channel in all { channel.close(promise: nil) }
    }

    private func makeContext(isHTTP2: Bool) throws -> NIOSSLContext {
        var tls = TLSConfiguration.makeClientConfiguration()
        tls.applicationProtocols = [isHTTP2 ? "h2" : "http/1.1"]
        tls.trustRoots = .certificates(try NIOSSLCertificate.fromPEMBytes(authorityPEM))
        return try NIOSSLContext(configuration: tls)
    }

    private func connect(
        _ tls: NIOSSLContext, _ configure: @escaping @Sendable (any Channel) throws -> Void
    ) async throws -> any Channel {
        let channel = try await ClientBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .connectTimeout(.seconds(60))
            .channelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.addHandler(
                        NIOSSLClientHandler(context: tls, serverHostname: nil))
                    try configure(channel)
                }
            }
            .connect(host: address.host, port: address.port).get()
        channels.withLockedValue { $0.append(channel) }
        return channel
    }

    private func connectHTTP1(_ tls: NIOSSLContext) async throws {
        let channel = try await connect(tls) { [state] channel in
            try channel.pipeline.syncOperations.addHTTPClientHandlers()
            try channel.pipeline.syncOperations.addHandler(WatchCounter(state))
        }
        request(on: channel)
    }

    private func connectHTTP2(_ count: Int, _ tls: NIOSSLContext) async throws {
        let channel = try await connect(tls) { channel in
            _ = try channel.pipeline.syncOperations.configureHTTP2Pipeline(
                mode: .client, connectionConfiguration: .init(), streamConfiguration: .init(),
                inboundStreamInitializer: { $0.close() })
        }
        let multiplexer = try await channel.pipeline.handler(type: NIOHTTP2Handler.self).flatMap { $0.multiplexer }
            .get()
        for _ in 0..<count {
            let stream = try await multiplexer.createStreamChannel { [state] stream in
                stream.eventLoop.makeCompletedFuture {
                    try stream.pipeline.syncOperations.addHandlers(
                        HTTP2FramePayloadToHTTP1ClientCodec(httpProtocol: .https), WatchCounter(state))
                }
            }.get()
            request(on: stream)
        }
    }

    private func request(on channel: any Channel) {
        channel.write(HTTPClientRequestPart.head(head), promise: nil)
        channel.writeAndFlush(HTTPClientRequestPart.end(nil), promise: nil)
    }
}

/// Counts what comes of one watch.
private final class WatchCounter: ChannelInboundHandler {
    typealias InboundIn = HTTPClientResponsePart
    typealias OutboundOut = HTTPClientRequestPart

    private let counts: NIOLockedValueBox<IdleWatches.Counts>
    private var hasHeard = false

    init(_ counts: NIOLockedValueBox<IdleWatches.Counts>) { self.counts = counts }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        switch unwrapInboundIn(data) {
        case .head(let head):
            counts.withLockedValue { counts in
                if head.status == .ok {
                    counts.opened += 1
                } else {
                    counts.failure = counts.failure ?? "a watch was answered \(head.status)"
                }
            }
        case .body:
            guard !hasHeard else { return }
            hasHeard = true
            counts.withLockedValue { $0.heard += 1 }
        case .end: break
        }
    }

    func channelInactive(context: ChannelHandlerContext) {
        counts.withLockedValue { $0.ended += 1 }
        context.fireChannelInactive()
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        counts.withLockedValue { $0.failure = $0.failure ?? "\(error)" }
        context.close(promise: nil)
    }
}

@available(*, unavailable)
extension WatchCounter: Sendable {}
