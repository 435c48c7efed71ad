/// The answer to one transfer, for one reader, while it comes.
///
/// Bytes wait here for the reader; when there are more than `bytesMax`, the transfer is paused, so that the server
/// feels a slow reader as it would feel a slow network.
package final class TransferStream: Sendable {
    private struct State {
        var head: ResponseHead?
        var bytes: [UInt8] = []
        var isPaused = false
        var outcome: TransferOutcome?
        var waiters: [CheckedContinuation<Void, Never>] = []
    }

    private let id: CurlTransferID
    private let inbox: CurlInbox
    /// Kept, because a multiplexer that is let go stops its transfers.
    private let multiplexer: CurlMultiplexer
    private let bytesMax: Int
    private let state = PosixLock(State())

    init(id: CurlTransferID, inbox: CurlInbox, multiplexer: CurlMultiplexer, bytesMax: Int) {
        self.id = id
        self.inbox = inbox
        self.multiplexer = multiplexer
        self.bytesMax = bytesMax
    }

    /// What the reader gets next.
    package enum Part: Sendable {
        case bytes([UInt8])
        /// Nothing more comes; the outcome tells why.
        case end(TransferOutcome)
    }

    /// Waits for the answer's head; nil where the transfer ended without one.
    ///
    /// A cancelled task stops the transfer; ``next()`` then gives its end.
    package func head() async -> ResponseHead? {
        while true {
            await wait { $0.head != nil }
            let (head, hasEnded) = state.withLock { ($0.head, $0.outcome != nil) }
            if head != nil || hasEnded { return head }
        }
    }

    /// Waits for bytes, or for the end; after the end it gives the end again.
    package func next() async -> Part {
        while true {
            await wait { !$0.bytes.isEmpty }
            if let part = takePart() { return part }
        }
    }

    /// What there is to read; nil where something else woke the reader.
    private func takePart() -> Part? {
        let (bytes, outcome, mustUnpause) = state.withLock { state in
            let bytes = state.bytes
            state.bytes = []
            let mustUnpause = state.isPaused && state.outcome == nil
            state.isPaused = false
            return (bytes, state.outcome, mustUnpause)
        }
        if mustUnpause { _ = inbox.submit(.unpause(id)) }
        return bytes.isEmpty ? outcome.map(Part.end) : .bytes(bytes)
    }

    /// Stops the transfer, waits until it has stopped, and gives what came of it.
    package func close() async -> TransferOutcome {
        _ = inbox.submit(.cancel(id))
        while true {
            await waitUninterrupted { _ in false }
            if let outcome = state.withLock({ $0.outcome }) { return outcome }
        }
    }

    private func wait(until isReady: @Sendable (borrowing State) -> Bool) async {
        await withTaskCancellationHandler {
            await waitUninterrupted(until: isReady)
        } onCancel: {
            _ = inbox.submit(.cancel(id))
        }
    }

    /// Returns when the state is as wanted, or the transfer has ended.
    private func waitUninterrupted(until isReady: @Sendable (borrowing State) -> Bool) async {
        await withCheckedContinuation { continuation in
            let mustWait = state.withLock { state in
                guard state.outcome == nil, !isReady(state) else { return false }
                state.waiters.append(continuation)
                return true
            }
            if !mustWait { continuation.resume() }
        }
    }
}

// The transfer's side, called on libcurl's thread.
extension TransferStream {
    func receive(head: ResponseHead) { update { $0.head = head } }

    /// Takes bytes; false, where there is no room for them until the reader has read.
    func receive(_ bytes: UnsafeRawBufferPointer) -> Bool {
        var hasRoom = true
        update { state in
            hasRoom = state.bytes.count < bytesMax
            if hasRoom { state.bytes += bytes } else { state.isPaused = true }
        }
        return hasRoom
    }

    func finish(_ outcome: TransferOutcome) { update { $0.outcome = outcome } }

    private func update(_ change: (inout State) -> Void) {
        let waiters = state.withLock { state in
            change(&state)
            let waiters = state.waiters
            state.waiters = []
            return waiters
        }
        for waiter in waiters { waiter.resume() }
    }
}
