package import NIOCore
import NIOHTTP2

extension HTTPConnection {
    /// Ends one HTTP/2 stream with RST_STREAM; the connection and its other streams live on.
    ///
    /// What is written and not yet sent is lost.
    ///
    /// - Parameters:
    ///   - stream: The channel that carries the request.
    ///   - code: RFC 9113, 7.
    /// - Precondition: On the connection's event loop.
    package func resetStream(_ stream: any Channel, code: Int) {
        precondition(version == .http2, "only HTTP/2 has streams (is \(version))")
        let reset = HTTP2Frame.FramePayload.rstStream(HTTP2ErrorCode(networkCode: code))
        // Below the handler that makes frames of HTTP parts. It is not there only where the stream has ended.
        let codec = HTTP2FramePayloadToHTTP1ServerCodec.self
        try? stream.pipeline.syncOperations.context(handlerType: codec).writeAndFlush(NIOAny(reset), promise: nil)
    }

    /// Does not take an HTTP/2 stream, and ends the connection: a GOAWAY says that this stream and all later ones were not
    /// looked at, so that the client may send them again elsewhere. On HTTP/1.1 the connection ends.
    ///
    /// - Precondition: On the connection's event loop.
    package func turnAway(_ stream: any Channel) {
        guard version == .http2, let id = try? stream.syncOptions?.getOption(HTTP2StreamChannelOptions.streamID) else {
            return cut()
        }
        let last = Int(id) > 2 ? HTTP2StreamID(Int(id) - 2) : .rootStream
        goAway(lastStream: last).whenComplete { [channel] _ in channel.close(promise: nil) }
    }

    /// Says in a GOAWAY which stream is the last that is served.
    @discardableResult
    func goAway(lastStream: HTTP2StreamID, errorCode: Int = 0) -> EventLoopFuture<Void> {
        let frame = HTTP2Frame(
            streamID: .rootStream,
            payload: .goAway(
                lastStreamID: lastStream, errorCode: HTTP2ErrorCode(networkCode: errorCode), opaqueData: nil))
        return channel.writeAndFlush(frame)
    }
}
