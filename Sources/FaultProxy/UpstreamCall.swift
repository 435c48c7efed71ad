import NIOCore
import NIOHTTP1

/// A request of the proxy's own to the server.
final class UpstreamCall: UpstreamClient {
    struct Receiver {
        var head: (HTTPResponseHead) -> Void
        var body: (ByteBuffer) -> Void
        /// Told whether the answer came to its end; not after ``cancel()``.
        var end: (Bool) -> Void
    }

    private let head: HTTPRequestHead
    private let body: ByteBuffer?
    private var receiver: Receiver?
    private var upstream: UpstreamHandler?

    init(head: HTTPRequestHead, body: ByteBuffer? = nil, _ receiver: Receiver) {
        self.head = head
        self.body = body
        self.receiver = receiver
    }

    func cancel() {
        receiver = nil
        upstream?.abandon()
        upstream = nil
    }

    private func complete(_ isWhole: Bool) {
        let receiver = self.receiver
        self.receiver = nil
        receiver?.end(isWhole)
    }

    func connected(to upstream: UpstreamHandler) {
        guard receiver != nil else { return upstream.release() }
        self.upstream = upstream
        upstream.send(.head(head))
        if let body { upstream.send(.body(.byteBuffer(body))) }
        upstream.send(.end(nil))
        upstream.flush()
    }

    func failedToConnect(_ end: UpstreamEnd) { complete(false) }

    func answered(_ head: HTTPResponseHead) { receiver?.head(head) }

    func answered(body bytes: ByteBuffer) { receiver?.body(bytes) }

    func answered(end trailers: HTTPHeaders?) {
        upstream?.release()
        upstream = nil
        complete(true)
    }

    func upstreamEnded(_ end: UpstreamEnd) {
        upstream = nil
        complete(false)
    }

    func flush() {}

    func resumeReading() {}

    var isWritable: Bool { true }
}

@available(*, unavailable)
extension UpstreamCall: Sendable {}
