package import Kubernetes
package import Logging

/// How an embedded server is reached, by whom, and within what limits.
package struct ServerConfiguration: Sendable {
    /// The address to listen on.
    package var host: String
    /// 0 takes any free port.
    package var port: Int
    /// Users by bearer token.
    package var users: [String: String]
    /// Gives the logs of containers; nil answers every request for them as if the container had not started.
    package var podLogs: PodLogs?
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
        host: String = "127.0.0.1", port: Int = 0, users: [String: String], podLogs: PodLogs? = nil,
        limits: Limits = Limits(), logger: Logger = Logger(label: "boreas.server")
    ) {
        self.host = host
        self.port = port
        self.users = users
        self.podLogs = podLogs
        self.limits = limits
        self.logger = logger
    }
}

/// Reads a container's log; nil while the container has not started.
///
/// With ``PodLogRequest/isFollowing`` it gives the log when the container has ended.
package typealias PodLogs = @Sendable (PodLogRequest) async throws -> [UInt8]?

/// What a request for a log asks for.
/// https://kubernetes.io/docs/reference/kubernetes-api/workload-resources/pod-v1/#get-read-log-of-the-specified-pod
package struct PodLogRequest: Hashable, Sendable {
    package var pod: ObjectKey
    package var container: String
    package var isFollowing: Bool
    /// Of the container before its last restart.
    package var isOfPrevious: Bool
    package var hasTimestamps: Bool
    package var tailLines: Int?
    package var sinceSeconds: Int?
    /// Bytes.
    package var limit: Int?

    /// Reads the parameters of a request for the log of a pod.
    init(pod: ObjectKey, container: String, query: [String: [String]]) {
        func parameter(_ name: String) -> String? { query[name]?.last }
        func isSet(_ name: String) -> Bool { ["true", "1"].contains(parameter(name)) }
        self.pod = pod
        self.container = container
        isFollowing = isSet("follow")
        isOfPrevious = isSet("previous")
        hasTimestamps = isSet("timestamps")
        tailLines = parameter("tailLines").flatMap { Int($0) }
        sinceSeconds = parameter("sinceSeconds").flatMap { Int($0) }
        limit = parameter("limitBytes").flatMap { Int($0) }
    }
}
