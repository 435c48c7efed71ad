import Wire

/// Lets Prometheus fetch a controller's metrics: plain HTTP on the loopback, and nothing but `GET /metrics`.
package enum MetricsEndpoint {
    package static let path = "/metrics"

    /// Serves for as long as `body` runs.
    ///
    /// - Parameters:
    ///   - port: 0 is any that is free.
    ///   - exposition: Gives the text of the moment, in Prometheus's format 0.0.4; called from an event loop, so that it
    ///     must not wait.
    ///   - body: Takes the URL to fetch.
    /// - Throws: ``WireError`` where the port is in use, and whatever `body` throws.
    package static func with<Result>(
        port: Int, exposition: @escaping @Sendable () -> String, _ body: (String) async throws -> Result
    ) async throws -> Result {
        let paths: @Sendable (String) -> HTTPResponder.Answer? = { path in
            guard path == Self.path else { return nil }
            return HTTPResponder.Answer(contentType: "text/plain; version=0.0.4; charset=utf-8", body: exposition())
        }
        return try await HTTPResponder.serving(port: port, paths: paths) { url in try await body(url + Self.path) }
    }
}
