import Logging
import NIOConcurrencyHelpers
import Wire

/// The control of a proxy: plain HTTP on the loopback, beside the proxy and not through it, for holders of its token.
package final class ControlServer: Sendable {
    private let listener: HTTPListener
    private let token: String

    /// - Parameter port: 0 is any free one.
    /// - Throws: `WireError` where the port is in use.
    package init(of proxy: ReverseProxy, port: Int, format: PlanFormat) async throws {
        let desk = ControlDesk(core: proxy.core, format: format)
        let gate = ControlGuard(token: proxy.token)
        let streams = ControlStreams()
        token = proxy.token
        let core = proxy.core
        let configuration = HTTPListener.Configuration(
            port: port, headTimeout: .seconds(32),
            onRefusal: { _ in core.notice("the control turned a client away", [:]) })
        listener = try await HTTPListener.bind(configuration) { _ in
            [ControlHandler(desk: desk, gate: gate, streams: streams)]
        }
    }

    /// `http://127.0.0.1:port`.
    package var url: String { "http://\(listener.configuration.host):\(listener.port)" }

    /// The page's address, with what lets its reader in.
    package var pageURL: String { "\(url)/?token=\(token)" }

    package func shutDown() async { await listener.shutDown() }
}

/// How many streams of events are open: each costs work twice a second.
final class ControlStreams: Sendable {
    static let countMax = 16

    private let count = NIOLockedValueBox(0)

    /// - Returns: False where there are too many.
    func begin() -> Bool {
        count.withLockedValue { count in
            guard count < Self.countMax else { return false }
            count += 1
            return true
        }
    }

    func end() { count.withLockedValue { $0 -= 1 } }
}
