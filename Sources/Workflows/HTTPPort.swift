/// The way to the servers that workflows call: one request, its answer.
package struct HTTPPort: Sendable {
    package struct Header: Hashable, Sendable {
        package var name: String
        package var value: String

        package init(name: String, value: String) {
            self.name = name
            self.value = value
        }
    }

    package struct Request: Hashable, Sendable {
        package var method: String
        package var url: String
        package var headers: [Header]
        /// UTF-8; nil sends none.
        package var body: String?
        /// Bounds the exchange from connecting to the last byte.
        package var timeout: Duration

        package init(method: String, url: String, headers: [Header] = [], body: String? = nil, timeout: Duration) {
            self.method = method
            self.url = url
            self.headers = headers
            self.body = body
            self.timeout = timeout
        }
    }

    package struct Response: Hashable, Sendable {
        package var status: Int
        package var headers: [Header]
        package var body: String

        package init(status: Int, headers: [Header] = [], body: String) {
            self.status = status
            self.headers = headers
            self.body = body
        }
    }

    /// Throws where no whole answer came, in words fit for a node's message; `CancellationError` when cancelled.
    package var send: @Sendable (Request) async throws -> Response

    package init(send: @escaping @Sendable (Request) async throws -> Response) { self.send = send }
}
