import NIOCore
import NIOHTTP1
import Wire

/// Writes the one answer to a request, on the channel's event loop.
final class ResponseWriter {
    private let context: ChannelHandlerContext
    private let head: HTTPRequestHead
    private let headers: ResponseHeaders
    private let isLast: Bool
    private let isHTTP1: Bool
    private let finished: () -> Void

    /// - Parameter finished: Called when the answer is complete, before its last bytes are on their way.
    init(
        context: ChannelHandlerContext, head: HTTPRequestHead, connection: HTTPConnection, headers: ResponseHeaders,
        finished: @escaping () -> Void
    ) {
        self.context = context
        self.head = head
        self.headers = headers
        self.finished = finished
        isHTTP1 = connection.version == .http1
        // The parser stops behind a request to upgrade, which is refused here: nothing more can be read after it.
        let wantsUpgrade = head.headers.contains(name: "Upgrade")
        isLast = isHTTP1 && (!head.isKeepAlive || wantsUpgrade)
    }

    var eventLoop: any EventLoop { context.eventLoop }

    /// Whether more can be written without it piling up for a slow reader.
    var isWritable: Bool { context.channel.isWritable }

    func write(_ answer: HTTPAnswer) {
        var fields = headers.make(contentType: answer.contentType)
        for header in answer.headers { fields.add(name: header.name, value: header.value) }
        // Neither has a body, and 204 must not even say so (RFC 9110 §8.6).
        if answer.status != 204, answer.status != 304 {
            fields.add(name: "Content-Length", value: String(answer.body.count))
        }
        writeHead(status: answer.status, fields)
        if head.method != .HEAD, !answer.body.isEmpty { write(answer.body) }
        end()
    }

    /// Opens a body without an end in sight; the client gets the headers at once.
    func startStream(contentType: String) {
        var fields = headers.make(contentType: contentType)
        if isHTTP1 { fields.add(name: "Transfer-Encoding", value: "chunked") }
        writeHead(status: 200, fields)
        context.flush()
    }

    func write(_ bytes: [UInt8]) {
        write(context.channel.allocator.buffer(bytes: bytes))
    }

    func write(_ buffer: ByteBuffer) {
        context.write(NIOAny(HTTPServerResponsePart.body(.byteBuffer(buffer))), promise: nil)
    }

    func flush() { context.flush() }

    func end() {
        finished()
        let written = context.writeAndFlush(NIOAny(HTTPServerResponsePart.end(nil)))
        if isLast {
            let channel = context.channel
            written.whenComplete { _ in channel.close(promise: nil) }
        }
    }

    private func writeHead(status: Int, _ fields: HTTPHeaders) {
        var fields = fields
        if isLast { fields.add(name: "Connection", value: "close") }
        let response = HTTPResponseHead(
            version: head.version, status: HTTPResponseStatus(statusCode: status), headers: fields)
        context.write(NIOAny(HTTPServerResponsePart.head(response)), promise: nil)
    }
}

@available(*, unavailable)
extension ResponseWriter: Sendable {}
