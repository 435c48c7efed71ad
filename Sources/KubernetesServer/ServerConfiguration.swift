package import Logging

/// How an embedded server is reached, by whom, and within what limits.
package struct ServerConfiguration: Sendable {
    /// The address to listen on.
    package var host: String
    /// 0 takes any free port.
    package var port: Int
    /// Users by bearer token.
    package var users: [String: String]
    package var limits: Limits
    package var logger: Logger

    /// What a server takes on; the values of kube-apiserver 1.36.
    package struct Limits: Hashable, Sendable {
        /// Bytes.
        package var bodyMax = 3 * 1_024 * 1_024
        package var readsInFlightMax = 400
        package var writesInFlightMax = 200
        /// Time for a request that is no watch.
        package var requestTimeout = Duration.seconds(60)
        /// Time for a request that writes.
        package var writeTimeout = Duration.seconds(34)
        /// Events that may wait for the reader of a watch. With more of them it is cut, unless it goes on reading.
        package var watchBufferMax = 1_000
        /// Time in which a reader with too many events waiting must have taken one.
        package var watchStallMax = Duration.seconds(5)
        /// Time for requests under way when the server stops; its watches end at once.
        package var shutdownGrace = Duration.seconds(5)

        package init() {}
    }

    package init(
        host: String = "127.0.0.1", port: Int = 0, users: [String: String], limits: Limits = Limits(),
        logger: Logger = Logger(label: "boreas.server")
    ) {
        self.host = host
        self.port = port
        self.users = users
        self.limits = limits
        self.logger = logger
    }
}
