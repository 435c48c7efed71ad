import NIOCore
import NIOHTTP1

/// Whoever has an exchange with the server over a connection of the pool.
protocol UpstreamClient: AnyObject {
    func connected(to upstream: UpstreamHandler)
    func failedToConnect(_ end: UpstreamEnd)
    func answered(_ head: HTTPResponseHead)
    func answered(body bytes: ByteBuffer)
    func answered(end trailers: HTTPHeaders?)
    func upstreamEnded(_ end: UpstreamEnd)
    /// What has come so far is to be passed on.
    func flush()
    /// The server's connection takes more of the request.
    func resumeReading()
    /// Whether more of the answer is wanted.
    var isWritable: Bool { get }
}
