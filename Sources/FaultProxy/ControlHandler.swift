import Kubernetes
import NIOCore
import NIOHTTP1

/// The control's end of a connection: takes requests apart, and writes what ``ControlDesk`` answers.
final class ControlHandler: ChannelInboundHandler {
    typealias InboundIn = HTTPServerRequestPart
    typealias OutboundOut = HTTPServerResponsePart

    private static let bodyBytesMax = 1 << 20
    private static let linger = TimeAmount.milliseconds(500)
    private static let period = TimeAmount.milliseconds(500)
    /// A reader of events who takes nothing for so many turns is gone, or might as well be.
    private static let missedMax = 40

    private let desk: ControlDesk
    private let gate: ControlGuard
    private let streams: ControlStreams
    private var head: HTTPRequestHead?
    /// Whether a body was too long: what else comes is dropped.
    private var isRefused = false
    private var body: [UInt8] = []
    private var events: RepeatedTask?
    private var sequence = 0
    private var missed = 0

    init(desk: ControlDesk, gate: ControlGuard, streams: ControlStreams) {
        self.desk = desk
        self.gate = gate
        self.streams = streams
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        switch unwrapInboundIn(data) {
        case .head(let head):
            guard !isRefused else { return }
            self.head = head
            body = []
        case .body(var bytes):
            guard let head else { return }
            guard body.count + bytes.readableBytes <= Self.bodyBytesMax else {
                // The rest is not waited for.
                self.head = nil
                let refusal = ControlAnswer.refusal(413, "the body is longer than \(Self.bodyBytesMax) bytes")
                isRefused = true
                return write(refusal, to: head, isLast: true, context)
            }
            body += bytes.readBytes(length: bytes.readableBytes) ?? []
        case .end:
            guard let head else { return }
            self.head = nil
            respond(to: head, context)
        }
    }

    func channelInactive(context: ChannelHandlerContext) {
        endEvents()
        context.fireChannelInactive()
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) { context.close(promise: nil) }

    private func respond(to head: HTTPRequestHead, _ context: ChannelHandlerContext) {
        let request = ControlRequest(method: head.method.rawValue, uri: head.uri, body: body)
        body = []
        let refusal = gate.refusal(of: request) { head.headers.first(name: $0) }
        write(refusal ?? desk.answer(request), to: head, isLast: !head.isKeepAlive, context)
    }

    private func write(
        _ answer: ControlAnswer, to head: HTTPRequestHead, isLast: Bool, _ context: ChannelHandlerContext
    ) {
        switch answer {
        case .json(let code, let value):
            write(code, type: "application/json", value.text + "\n", to: head, isLast: isLast, context)
        case .text(let type, let text): write(200, type: type, text, to: head, isLast: isLast, context)
        case .page:
            let page = ControlPage()
            write(
                200, type: "text/html; charset=utf-8", policy: page.contentSecurityPolicy, page.html, to: head,
                isLast: isLast, context)
        case .events: beginEvents(head, context)
        }
    }

    private static func headers(type: String, policy: String = "default-src 'none'") -> HTTPHeaders {
        [
            "Content-Type": type, "Cache-Control": "no-store", "X-Content-Type-Options": "nosniff",
            "Referrer-Policy": "no-referrer", "X-Frame-Options": "DENY", "Cross-Origin-Resource-Policy": "same-origin",
            "Content-Security-Policy": policy,
        ]
    }

    private func write(
        _ code: Int, type: String, policy: String = "default-src 'none'", _ text: String, to head: HTTPRequestHead,
        isLast: Bool, _ context: ChannelHandlerContext
    ) {
        var headers = Self.headers(type: type, policy: policy)
        headers.add(name: "Content-Length", value: "\(text.utf8.count)")
        if isLast { headers.add(name: "Connection", value: "close") }
        let status = HTTPResponseStatus(statusCode: code)
        context.write(
            wrapOutboundOut(.head(HTTPResponseHead(version: .http1_1, status: status, headers: headers))), promise: nil)
        if head.method != .HEAD {
            context.write(wrapOutboundOut(.body(.byteBuffer(ByteBuffer(string: text)))), promise: nil)
        }
        context.writeAndFlush(wrapOutboundOut(.end(nil)), promise: nil)
        guard isLast else { return }
        // A connection that is closed while bytes lie unread is reset, and the client might not see the answer.
        let bound = NIOLoopBound(context, eventLoop: context.eventLoop)
        context.eventLoop.scheduleTask(in: isRefused ? Self.linger : .zero) { bound.value.close(promise: nil) }
    }

    // MARK: Events

    private func beginEvents(_ head: HTTPRequestHead, _ context: ChannelHandlerContext) {
        guard streams.begin() else {
            let refusal = ControlAnswer.refusal(503, "\(ControlStreams.countMax) streams of events are open; close one")
            return write(refusal, to: head, isLast: true, context)
        }
        let response = HTTPResponseHead(
            version: .http1_1, status: .ok, headers: Self.headers(type: "text/event-stream"))
        context.writeAndFlush(wrapOutboundOut(.head(response)), promise: nil)
        tick(context)
        let bound = NIOLoopBound((self, context), eventLoop: context.eventLoop)
        events = context.eventLoop.scheduleRepeatedTask(initialDelay: Self.period, delay: Self.period) { _ in
            let (handler, context) = bound.value
            handler.tick(context)
        }
    }

    private func tick(_ context: ChannelHandlerContext) {
        guard context.channel.isWritable else {
            missed += 1
            if missed > Self.missedMax { context.close(promise: nil) }
            return
        }
        missed = 0
        let (text, last) = desk.event(after: sequence)
        sequence = last
        context.writeAndFlush(wrapOutboundOut(.body(.byteBuffer(ByteBuffer(string: text)))), promise: nil)
    }

    private func endEvents() {
        guard let events else { return }
        events.cancel()
        self.events = nil
        streams.end()
    }
}

@available(*, unavailable)
extension ControlHandler: Sendable {}
