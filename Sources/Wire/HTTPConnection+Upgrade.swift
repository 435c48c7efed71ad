package import NIOCore
package import NIOHTTP1

extension HTTPConnection {
    /// Answers an HTTP/1.1 upgrade request with `head` (101) and turns the connection into a stream of bytes.
    ///
    /// The HTTP handlers leave the pipeline, `successor` takes the place of `handler`, and bytes that came right behind
    /// the request reach it first. A request that asked for an upgrade and is answered with anything but 101 must be
    /// the connection's last: the parser stops behind it, so write `Connection: close` and close.
    ///
    /// - Precondition: On the connection's event loop, after the request's end and before any part of its answer.
    package func switchProtocols(
        _ head: HTTPResponseHead, from handler: some RemovableChannelHandler, to successor: any ChannelHandler
    ) throws {
        precondition(version == .http1, "only HTTP/1.1 connections switch protocols (is \(version))")
        let pipeline = channel.pipeline.syncOperations
        func remove<Handler: RemovableChannelHandler>(_ type: Handler.Type) throws {
            pipeline.removeHandler(context: try pipeline.context(handlerType: type), promise: nil)
        }
        // First, so that it does not wait for the end of an answer that has none.
        try remove(HTTPServerPipelineHandler.self)
        try remove(ProtocolErrorHandler.self)
        try remove(HeadTimer.Bytes.self)
        try remove(HeadTimer.Parts.self)
        channel.writeAndFlush(HTTPServerResponsePart.head(head), promise: nil)
        try remove(HTTPResponseEncoder.self)
        try pipeline.addHandler(successor)
        pipeline.removeHandler(handler, promise: nil)
        // Last: it hands the bytes that it has read ahead to the handlers behind it.
        try remove(ByteToMessageHandler<HTTPRequestDecoder>.self)
    }
}
