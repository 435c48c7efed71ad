package import Kubernetes

extension ClusterClient {
    package func discover(timeout: Duration) async throws -> ResourceDiscovery {
        var discovery = ResourceDiscovery()
        discovery.add(try await document(at: "/api/v1", timeout), group: "", version: "v1")
        for (group, version) in ResourceDiscovery.versions(in: try await document(at: "/apis", timeout)) {
            let path = "/apis/\(group)/\(version)"
            do {
                discovery.add(try await document(at: path, timeout), group: group, version: version)
            } catch let error as APIError where error.code == .notFound || error.code == .serverFailure {
                // The group went meanwhile, or the server that it is aggregated from is down: so are its objects.
                discovery.silent.append("\(path): \(error)")
            }
        }
        return discovery
    }

    private func document(at path: String, _ timeout: Duration) async throws -> JSONObject {
        let text = try await raw(path: path, timeout: timeout)
        guard let object = try? JSONValue(parsing: Array(text.utf8)).object else {
            throw APIError(code: .malformed, message: "\(path) is no discovery document: \(text.prefix(80))")
        }
        return object
    }
}
