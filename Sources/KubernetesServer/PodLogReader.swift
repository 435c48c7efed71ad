import Kubernetes

/// Asks whoever runs the pods for a log: the bridge from an event loop to an asynchronous function.
struct PodLogReader: Sendable {
    var request: PodLogRequest
    var podLogs: PodLogs?
    var isPretty: Bool

    /// Begins to read. To cancel the task is to say that nobody waits for the answer any more.
    func start(_ deliver: @escaping @Sendable (HTTPAnswer) -> Void) -> Task<Void, Never> {
        Task { deliver(await answer()) }
    }

    private func answer() async -> HTTPAnswer {
        do {
            if let bytes = try await podLogs?(request) {
                return HTTPAnswer(status: 200, contentType: "text/plain", body: bytes)
            }
            let message =
                "container \"\(request.container)\" in pod \"\(request.pod.name)\" is waiting to start: "
                + "ContainerCreating"
            return .failure(.badRequest(message), isPretty: isPretty)
        } catch {
            let status = (error as? APIError)?.status ?? .internalError("\(error)")
            return .failure(status, isPretty: isPretty)
        }
    }
}
