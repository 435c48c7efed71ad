import Kubernetes

/// Gives the events of an open watch, one by one.
final class WatchReader: Sendable {
    private let stream: TransferStream
    private let decoder = PosixLock(WatchDecoder())
    private let failure: @Sendable (TransferOutcome) -> APIError

    /// - Parameter failure: What to throw where the stream broke.
    init(stream: TransferStream, failure: @escaping @Sendable (TransferOutcome) -> APIError) {
        self.stream = stream
        self.failure = failure
    }

    /// The next event; nil where the server ended the stream.
    func next() async throws -> WatchEvent? {
        while true {
            if let event = try decoded() { return event }
            switch await stream.next() {
            case .bytes(let bytes): decoder.withLock { $0.append(bytes) }
            case .end(let outcome):
                if outcome.isCancelled { throw CancellationError() }
                guard outcome.curlCode == 0 else { throw failure(outcome) }
                guard decoder.withLock({ $0.isAtBoundary }) else {
                    throw APIError(
                        code: .unreachable, message: "the watch ended within an event: unexpected EOF",
                        transport: TransportFailure(kind: .truncated))
                }
                return nil
            }
        }
    }

    private func decoded() throws -> WatchEvent? {
        do {
            return try decoder.withLock { decoder throws(WatchDecoder.Failure) in try decoder.next() }
        } catch {
            throw APIError(code: .malformed, message: error.message)
        }
    }
}

extension TransferStream {
    /// Reads the stream to its end, or to a bound, as a whole answer.
    func collect(bytesMax: Int) async -> TransferOutcome {
        var body: [UInt8] = []
        while body.count < bytesMax {
            switch await next() {
            case .bytes(let bytes): body += bytes
            case .end(var outcome):
                outcome.body = body
                return outcome
            }
        }
        var outcome = await close()
        // It was cut off on purpose: what is there is judged as the answer.
        outcome.isCancelled = false
        outcome.body = Array(body.prefix(bytesMax))
        return outcome
    }
}
