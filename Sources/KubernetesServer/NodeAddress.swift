import Kubernetes

/// Where a node's kubelet is reached, as its status says.
struct NodeAddress: Hashable, Sendable {
    var host: String
    var port: Int

    /// kube-apiserver's `--kubelet-preferred-address-types`, with what installers put first in front.
    private static let preference = ["InternalIP", "Hostname", "InternalDNS", "ExternalDNS", "ExternalIP"]
    /// What a node that names no port is dialled at.
    private static let defaultPort = 10_250

    /// - Returns: Nil where the node has no address.
    init?(_ node: JSONObject) {
        let addresses = (node["status", "addresses"]?.array ?? []).compactMap(\.object)
        let first = Self.preference.lazy.compactMap { type in
            addresses.first { $0["type"]?.string == type }?["address"]?.string
        }.first
        guard let first else { return nil }
        host = first
        let port = node["status", "daemonEndpoints", "kubeletEndpoint", "Port"]?.integer ?? 0
        self.port = port == 0 ? Self.defaultPort : Int(truncatingIfNeeded: port)
    }
}

/// What an API server asks a kubelet for on behalf of a client, as method and path.
struct NodeCall: Hashable, Sendable {
    var uri: String

    /// `/exec/{namespace}/{pod}/{container}` and its like, with the options in a kubelet's own words.
    init(subresource: String, pod: Pod, query: [String: [String]]) {
        let containers = pod.containers.map(\.name)
        let byDefault = pod.metadata.annotations["kubectl.kubernetes.io/default-container"]
        let container = query["container"]?.last ?? byDefault ?? containers.first ?? ""
        let verb = subresource == "log" ? "containerLogs" : subresource
        let place = [verb, pod.metadata.key.namespace, pod.metadata.name, container]
        var items = (query["command"] ?? []).map { ("command", $0) }
        for (name, word) in [("stdin", "input"), ("stdout", "output"), ("stderr", "error"), ("tty", "tty")]
        where ["true", "1"].contains(query[name]?.last) {
            items.append((word, "1"))
        }
        if subresource == "log" {
            for name in ["follow", "limitBytes", "previous", "sinceSeconds", "sinceTime", "tailLines", "timestamps"] {
                if let value = query[name]?.last { items.append((name, value)) }
            }
        }
        let text = items.map { "\($0)=\(APIRequest.percentEncoded($1))" }.joined(separator: "&")
        uri = "/" + place.map(APIRequest.percentEncoded).joined(separator: "/") + (text.isEmpty ? "" : "?\(text)")
    }
}
