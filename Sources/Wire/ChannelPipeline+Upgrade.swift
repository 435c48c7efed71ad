package import NIOCore
import NIOHTTP1

extension ChannelPipeline.SynchronousOperations {
    /// Turns a client's HTTP/1.1 connection on which the server has switched protocols into a stream of bytes.
    ///
    /// The HTTP handlers leave the pipeline and `successor` takes the place of `handler`; until the future is done,
    /// nothing may be written.
    ///
    /// - Precondition: On the connection's event loop, after the answer's end.
    package func switchProtocols(
        from handler: some RemovableChannelHandler, to successor: any ChannelHandler
    ) throws -> EventLoopFuture<Void> {
        let decoder = try context(handlerType: ByteToMessageHandler<HTTPResponseDecoder>.self)
        removeHandler(context: try context(handlerType: HTTPRequestEncoder.self), promise: nil)
        try addHandler(successor)
        removeHandler(handler, promise: nil)
        // Last: it hands the bytes that it has read ahead to the successor. It leaves a turn of the loop later, and
        // looks at what is written as long as it is there.
        return removeHandler(context: decoder)
    }
}
