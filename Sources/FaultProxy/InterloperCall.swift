import NIOCore
import NIOHTTP1

/// A request of the proxy's own to the server, which changes an object that a client is about to write.
final class InterloperCall: UpstreamClient {
    private let head: HTTPRequestHead
    private let body: ByteBuffer
    private var completion: ((Bool) -> Void)?
    private var upstream: UpstreamHandler?
    private var isChanged = false

    /// - Parameter completion: Told whether the object was changed; not after ``cancel()``.
    init(head: HTTPRequestHead, body: ByteBuffer, completion: @escaping (Bool) -> Void) {
        self.head = head
        self.body = body
        self.completion = completion
    }

    func cancel() {
        completion = nil
        upstream?.abandon()
        upstream = nil
    }

    private func complete(_ isDone: Bool) {
        let completion = self.completion
        self.completion = nil
        completion?(isDone)
    }

    func connected(to upstream: UpstreamHandler) {
        guard completion != nil else { return upstream.release() }
        self.upstream = upstream
        upstream.send(.head(head))
        upstream.send(.body(.byteBuffer(body)))
        upstream.send(.end(nil))
        upstream.flush()
    }

    func failedToConnect(_ end: UpstreamEnd) { complete(false) }

    func answered(_ head: HTTPResponseHead) { isChanged = (200..<300).contains(head.status.code) }

    func answered(body bytes: ByteBuffer) {}

    func answered(end trailers: HTTPHeaders?) {
        upstream?.release()
        upstream = nil
        complete(isChanged)
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
extension InterloperCall: Sendable {}
