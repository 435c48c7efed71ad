package import NIOCore
import NIOHTTP1
import NIOHTTP2

/// One accepted TCP connection: on HTTP/1.1 one request after another, on HTTP/2 many at once.
package final class HTTPConnection: Sendable {
    package enum Version: Hashable, Sendable { case http1, http2 }

    package let version: Version
    /// The connection's own channel; on HTTP/2 it is the parent of the channels that carry the requests.
    package let channel: any Channel
    /// Who the client's certificate says it is; nil without a verified certificate.
    package let client: ClientName?
    private let cutter: NIOLoopBound<ConnectionCutter>
    private let onSendingAway: @Sendable () -> Void

    /// The subject of a client certificate, in the terms of Kubernetes.
    package struct ClientName: Hashable, Sendable {
        /// The common name.
        package var user: String
        /// The organisations.
        package var groups: [String]
    }

    init(
        version: Version, channel: any Channel, client: ClientName?, cutter: NIOLoopBound<ConnectionCutter>,
        onSendingAway: @escaping @Sendable () -> Void
    ) {
        self.version = version
        self.onSendingAway = onSendingAway
        self.channel = channel
        self.client = client
        self.cutter = cutter
    }

    /// Ends the connection with a TCP reset, below TLS: the client sees "connection reset by peer".
    ///
    /// On HTTP/2 every stream of the connection ends with it, as it does when a network or a server breaks.
    package func reset() { onEventLoop { $0.reset() } }

    /// Ends the connection with a plain FIN, below TLS and in the middle of whatever it carries.
    package func cut() { onEventLoop { $0.close() } }

    /// Lets no further byte through to the client, below TLS, while the connection stays up: half of it is open.
    ///
    /// On HTTP/2 every stream of the connection falls silent, and so do the answers to pings, by which clients find out.
    package func silence() { onEventLoop { $0.silence() } }

    /// Asks an HTTP/2 client to send no more requests on this connection (RFC 9113, 6.8); nothing on HTTP/1.1.
    package func goAway(errorCode: Int = 0) {
        guard version == .http2 else { return }
        goAway(lastStream: .maxID, errorCode: errorCode)
    }

    /// Sends an HTTP/2 client away as Go's server does: what has been asked is answered, what is asked from now on is not
    /// taken, and a second after the last answer the connection ends. Nothing on HTTP/1.1.
    package func sendAway() { if version == .http2 { onSendingAway() } }

    private func onEventLoop(_ act: @escaping @Sendable (ConnectionCutter) -> Void) {
        let cutter = self.cutter
        if channel.eventLoop.inEventLoop {
            act(cutter.value)
        } else {
            channel.eventLoop.execute { act(cutter.value) }
        }
    }
}
