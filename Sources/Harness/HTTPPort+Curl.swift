package import KubernetesClient
package import Workflows

extension HTTPPort {
    /// Makes the calls with libcurl, over connections of its own: they reach the world beside the API server, and the
    /// fault path is not between.
    package init(_ multiplexer: CurlMultiplexer) {
        self.init { request in
            var headers = request.headers.map { "\($0.name): \($0.value)" }
            if request.body != nil, !request.headers.contains(where: { $0.name.lowercased() == "content-type" }) {
                // libcurl would call any body a form.
                headers.append("Content-Type: application/octet-stream")
            }
            let outcome = await multiplexer.perform(
                TransferRequest(
                    method: request.method, url: request.url, headers: headers,
                    body: request.body.map { Array($0.utf8) }, timeout: request.timeout,
                    settings: TransferSettings()))
            if outcome.isCancelled { throw CancellationError() }
            guard outcome.curlCode == 0, let head = outcome.head else {
                throw HarnessError(.unavailable, "\(request.method) \(request.url): \(outcome.detail)")
            }
            return Response(status: head.status, body: String(decoding: outcome.body, as: UTF8.self))
        }
    }
}
