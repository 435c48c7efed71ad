import APIMachinery
import Glibc
import Kubernetes
import NIOCore
import NIOHTTP1
import NIOPosix
import NIOSSL
import Wire

/// One question of an API server to a webhook, over a connection of its own.
///
/// Failures are worded as Go's client words them, because clients see them. It belongs to its event loop.
final class WebhookDial: ChannelInboundHandler {
    typealias InboundIn = HTTPClientResponsePart
    typealias OutboundOut = HTTPClientRequestPart

    /// The limit of kube-apiserver's webhook clients is that of its responses, 3 MiB.
    private static let bodyBytesMax = 3 << 20

    private let call: WebhookCall
    private let place: WebhookAddress
    private var completion: ((WebhookAnswer) -> Void)?
    private var timer: Scheduled<Void>?
    private var channel: (any Channel)?
    private var hasSent = false
    private var head: HTTPResponseHead?
    private var body: [UInt8] = []

    private init(_ call: WebhookCall, _ place: WebhookAddress, completion: @escaping (WebhookAnswer) -> Void) {
        self.call = call
        self.place = place
        self.completion = completion
    }

    /// Asks, and calls `completion` once.
    static func start(
        _ call: WebhookCall, on eventLoop: any EventLoop, completion: @escaping @Sendable (WebhookAnswer) -> Void
    ) {
        eventLoop.execute {
            guard let place = WebhookAddress(call.url) else {
                return completion(.failure("Post \"\(call.url)\": invalid URL"))
            }
            let bound = NIOLoopBound(WebhookDial(call, place, completion: completion), eventLoop: eventLoop)
            bound.value.timer = eventLoop.scheduleTask(in: TimeAmount(call.timeout)) {
                bound.value.fail("context deadline exceeded")
            }
            ClientBootstrap(group: eventLoop)
                .connectTimeout(TimeAmount(call.timeout))
                .channelOption(.tcpOption(.tcp_nodelay), value: 1)
                .channelInitializer { channel in
                    channel.eventLoop.makeCompletedFuture { try bound.value.configure(channel) }
                }
                .connect(host: place.host, port: place.port)
                .whenFailure { error in
                    bound.value.fail("dial tcp \(place.host):\(place.port): \(Self.words(for: error))")
                }
        }
    }

    private func configure(_ channel: any Channel) throws {
        try channel.closeOnExec()
        self.channel = channel
        var tls = TLSConfiguration.makeClientConfiguration()
        tls.applicationProtocols = ["http/1.1"]
        if let roots = call.authorityPEM {
            tls.trustRoots = .certificates(try NIOSSLCertificate.fromPEMBytes(Array(roots.utf8)))
        }
        let isAddress = (try? SocketAddress(ipAddress: place.host, port: 0)) != nil
        let pipeline = channel.pipeline.syncOperations
        try pipeline.addHandler(
            NIOSSLClientHandler(
                context: try NIOSSLContext(configuration: tls), serverHostname: isAddress ? nil : place.host))
        try pipeline.addHandlers(HTTPRequestEncoder(), ByteToMessageHandler(HTTPResponseDecoder()))
        try pipeline.addHandler(self)
    }

    private static func words(for error: any Error) -> String {
        if let error = error as? NIOConnectionError, error.connectionErrors.isEmpty {
            return "lookup \(error.host): no such host"
        }
        let cause = (error as? NIOConnectionError)?.connectionErrors.last?.error ?? error
        switch (cause as? IOError)?.errnoCode {
        case ECONNREFUSED: return "connect: connection refused"
        case nil: return cause is ChannelError ? "i/o timeout" : "\(cause)"
        default: return "\(cause)"
        }
    }

    func handlerAdded(context: ChannelHandlerContext) { if context.channel.isActive { send(context) } }

    func channelActive(context: ChannelHandlerContext) {
        send(context)
        context.fireChannelActive()
    }

    private func send(_ context: ChannelHandlerContext) {
        guard !hasSent, completion != nil else { return }
        hasSent = true
        let bytes = JSONValue.object(call.review).bytes
        let head = HTTPRequestHead(
            version: .http1_1, method: .POST, uri: place.path,
            headers: [
                "Host": place.authority, "User-Agent": "kube-apiserver-admission", "Content-Type": "application/json",
                "Accept": "application/json, */*", "Content-Length": "\(bytes.count)", "Connection": "close",
            ])
        context.write(wrapOutboundOut(.head(head)), promise: nil)
        context.write(
            wrapOutboundOut(.body(.byteBuffer(context.channel.allocator.buffer(bytes: bytes)))), promise: nil)
        context.writeAndFlush(wrapOutboundOut(.end(nil)), promise: nil)
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        switch unwrapInboundIn(data) {
        case .head(let head): self.head = head
        case .body(let bytes):
            guard body.count + bytes.readableBytes <= Self.bodyBytesMax else { return fail("the answer is too long") }
            body += bytes.readableBytesView
        case .end: answered()
        }
    }

    private func answered() {
        guard let head else { return }
        guard head.status.code < 300 else {
            let text = String(decoding: body.prefix(2048), as: UTF8.self)
            return complete(
                .failure(
                    head.status.code >= 500
                        ? "an error on the server (\(JSONValue.string(text).text)) has prevented the request from succeeding"
                        : "the server rejected our request with status \(head.status.code): \(text)"))
        }
        do {
            let answer = try JSONValue(parsing: body)
            guard let review = answer.object else { return complete(.failure("the answer is not an object")) }
            complete(.review(review))
        } catch {
            complete(.failure("couldn't get version/kind; json parse error: \(error)"))
        }
    }

    func channelInactive(context: ChannelHandlerContext) {
        fail("EOF")
        context.fireChannelInactive()
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        switch error {
        case NIOSSLError.handshakeFailed: fail("tls: failed to verify certificate: \(error)")
        case is NIOSSLExtraError: fail("tls: failed to verify certificate: x509: \(error)")
        default: fail("\(error)")
        }
    }

    private func fail(_ why: String) { complete(.failure("Post \"\(call.url)\": \(why)")) }

    private func complete(_ answer: WebhookAnswer) {
        let completion = self.completion
        self.completion = nil
        timer?.cancel()
        channel?.close(promise: nil)
        completion?(answer)
    }
}

@available(*, unavailable)
extension WebhookDial: Sendable {}

/// Where a webhook is: `https://host[:port]/path?query`.
struct WebhookAddress: Hashable, Sendable {
    var host: String
    var port: Int
    /// As the Host header has it.
    var authority: String
    var path: String

    init?(_ url: String) {
        guard url.hasPrefix("https://") else { return nil }
        let rest = url.dropFirst(8)
        authority = String(rest.prefix { $0 != "/" && $0 != "?" })
        let tail = rest.dropFirst(authority.count)
        path = tail.hasPrefix("/") ? String(tail) : "/\(tail)"
        var name = authority[...]
        port = 443
        let end = name.lastIndex(of: "]").map { name.index(after: $0) } ?? name.startIndex
        if let colon = name[end...].firstIndex(of: ":") {
            guard let number = Int(name[name.index(after: colon)...]), (1...65535).contains(number) else { return nil }
            port = number
            name = name[..<colon]
        }
        host = name.hasPrefix("[") ? String(name.dropFirst().dropLast()) : String(name)
        if host.isEmpty { return nil }
    }
}
