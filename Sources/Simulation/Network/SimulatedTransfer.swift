import APIMachinery
import Determinism
import Kubernetes

/// One attempt whose answer comes whole.
///
/// Confined to the loop's thread, and unchecked for that reason.
final class SimulatedTransfer: @unchecked Sendable {
    private let client: SimulatedClient
    private let call: SimulatedCall
    private let trace: RequestTrace
    private let started: Duration
    private var stream: SimulatedStream?
    private var deadline: SimulationLoop.Alarm?
    private var isCancelled = false
    private var continuation: UnsafeContinuation<SimulatedOutcome, Never>?

    init(_ client: SimulatedClient, _ call: SimulatedCall, _ trace: RequestTrace) {
        self.client = client
        self.call = call
        self.trace = trace
        started = client.loop.now
    }

    /// Sends the request and waits for what comes of it; cancelled, for no longer.
    func perform() async -> SimulatedOutcome {
        await withTaskCancellationHandler {
            await withUnsafeContinuation { continuation in
                self.continuation = continuation
                if self.isCancelled { self.complete(.cancelled) } else { self.begin() }
            }
        } onCancel: {
            isCancelled = true
            abandon(.cancelled)
        }
    }

    private func begin() {
        let stream = client.stream(for: call, trace) { part in
            switch part {
            case .answer(let answer): self.end(.answer(answer))
            case .failed(let end): self.end(.failed(end))
            case .head, .event, .result, .end: break
            }
        }
        self.stream = stream
        if let timeout = call.request.timeout {
            deadline = client.loop.after(timeout) { self.abandon(.timedOut) }
        }
        client.start(stream)
    }

    private func end(_ end: SimulatedOutcome.End) {
        if let stream { client.finish(stream) }
        complete(end)
    }

    private func abandon(_ end: SimulatedOutcome.End) {
        guard continuation != nil, let stream else { return }
        client.abandon(stream)
        complete(end)
    }

    private func complete(_ end: SimulatedOutcome.End) {
        guard let continuation else { return }
        self.continuation = nil
        if let deadline { client.loop.cancel(deadline) }
        continuation.resume(returning: client.outcome(end, of: stream, started: started, hasHead: false))
        // It holds the transfer.
        stream = nil
    }
}

extension SimulatedClient {
    func stream(
        for call: SimulatedCall, _ trace: RequestTrace, receive: @escaping (SimulatedStream.Part) -> Void
    ) -> SimulatedStream {
        let request = ServerRequest(call.request, userAgent: configuration.userAgent)
        return SimulatedStream(
            call.identity, requestID: trace.requestID, request: request,
            length: network.length(of: request.body, network.model.request),
            draws: network.draws(operation: trace.operation, attempt: trace.attempt), receive: receive)
    }

    func outcome(
        _ end: SimulatedOutcome.End, of stream: SimulatedStream?, started: Duration, hasHead: Bool
    ) -> SimulatedOutcome {
        var outcome = SimulatedOutcome(end: end, wasSent: stream?.wasSent ?? false, hasHead: hasHead)
        guard let stream, stream.opensConnection, let connection = stream.connection else { return outcome }
        let elapsed = loop.now - started
        outcome.isTCPConnected = connection.timings.connect <= elapsed
        if outcome.isTCPConnected { outcome.timings.connect = connection.timings.connect }
        if connection.timings.tlsHandshake <= elapsed {
            outcome.timings.tlsHandshake = connection.timings.tlsHandshake
        }
        return outcome
    }
}
