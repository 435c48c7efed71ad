import Kubernetes

/// What a virtual node is called, which pods it runs, and the bounds it keeps.
package struct NodeConfiguration: Hashable, Sendable {
    /// Which pods without a node this node takes.
    package enum Binding: Hashable, Sendable {
        /// All it sees: for a server without a scheduler, or a namespace of one's own.
        case everything
        /// Those that name this scheduler, so that the cluster's own leaves them alone.
        case scheduler(String)
        /// None: something else binds them.
        case nothing
    }

    package var name: String
    /// Where to look for pods; nil looks everywhere.
    package var namespace: String?
    /// Which pods to look at, as a label selector; nil is all of them.
    package var labelSelector: String?
    package var binding: Binding
    /// Labels of the Node object, beside its own.
    package var labels: [String: String]
    /// Pods at a time; the others wait, pending.
    package var podCapacity: Int
    /// Requests at a time, agents not counted.
    package var maxConcurrentRequests: Int
    /// Bounds one request.
    package var requestTimeout: Duration
    /// How long the server keeps a watch; a dead connection is noticed after that at the latest.
    package var watchTimeoutSeconds: Int
    /// Between two signs of life. Clusters give a node up after 40 s without (Kubernetes, "Node heartbeats").
    package var heartbeatInterval: Duration
    /// A failed request is sent again after this, doubling, until ``maxRetryDelay``.
    package var retryDelay: Duration
    package var maxRetryDelay: Duration
    /// The IP address on which the node serves exec and logs, over TLS on a free port, and by which API servers reach
    /// it; nil serves nothing, and exec of its pods fails.
    package var endpointHost: String?

    package init(
        name: String = "boreas-virtual-node", namespace: String? = nil, labelSelector: String? = nil,
        binding: Binding = .everything, labels: [String: String] = [:], podCapacity: Int = 10_000,
        maxConcurrentRequests: Int = 16, requestTimeout: Duration = .seconds(10), watchTimeoutSeconds: Int = 300,
        heartbeatInterval: Duration = .seconds(10), retryDelay: Duration = .milliseconds(50),
        maxRetryDelay: Duration = .seconds(5), endpointHost: String? = nil
    ) {
        precondition(podCapacity > 0, "a node has room for a pod (is \(podCapacity))")
        precondition(maxConcurrentRequests > 0, "a node may send a request (is \(maxConcurrentRequests))")
        self.name = name
        self.namespace = namespace
        self.labelSelector = labelSelector
        self.binding = binding
        self.labels = labels
        self.podCapacity = podCapacity
        self.maxConcurrentRequests = maxConcurrentRequests
        self.requestTimeout = requestTimeout
        self.watchTimeoutSeconds = watchTimeoutSeconds
        self.heartbeatInterval = heartbeatInterval
        self.retryDelay = retryDelay
        self.maxRetryDelay = maxRetryDelay
        self.endpointHost = endpointHost
    }

    func binds(_ pod: Pod) -> Bool {
        switch binding {
        case .everything: true
        case .scheduler(let name): pod.json["spec", "schedulerName"]?.string == name
        case .nothing: false
        }
    }

    /// How long to wait after so many failures in a row, and never less than the server asked for.
    func retryDelay(failures: Int, asked: Duration? = nil) -> Duration {
        max(asked ?? .zero, min(maxRetryDelay, retryDelay * (1 << min(max(failures, 1) - 1, 20))))
    }
}
