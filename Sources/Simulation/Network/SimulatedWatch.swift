import Determinism
import Kubernetes

/// One watch, from its request to its end, and the events that its reader has not taken yet.
///
/// Confined to the loop's thread, and unchecked for that reason.
final class SimulatedWatch: @unchecked Sendable {
    /// Events that may wait for their reader; a server cuts a watch that is read more slowly.
    private static let waitingMax = 100_000

    let trace: RequestTrace
    let started: Duration
    private let client: SimulatedClient
    private let call: SimulatedCall
    private var stream: SimulatedStream?
    private var deadline: SimulationLoop.Alarm?
    private var isOpen = false
    private var events: [WatchEvent] = []
    private var read = 0
    /// How the stream ended; nil while it goes on.
    private var end: SimulatedOutcome.End?
    private let news = NewsWaiter()

    init(_ client: SimulatedClient, _ call: SimulatedCall, _ trace: RequestTrace) {
        self.client = client
        self.call = call
        self.trace = trace
        started = client.loop.now
    }

    /// Sends the request.
    ///
    /// - Returns: Nil when the watch is open, else what came of it.
    func open() async -> SimulatedOutcome? {
        let stream = client.stream(for: call, trace) { [weak self] in self?.receive($0) }
        self.stream = stream
        if let timeout = call.request.timeout {
            deadline = client.loop.after(timeout) { self.abandon(.timedOut) }
        }
        client.start(stream)
        while !isOpen, end == nil { await wait() }
        return isOpen ? nil : outcome
    }

    /// The next event; nil where the server ended the stream.
    func next() async throws -> WatchEvent? {
        while true {
            if read < events.count {
                defer { advance() }
                return events[read]
            }
            switch end {
            case nil: await wait()
            case .streamEnded, .answer: return nil
            case .cancelled: throw CancellationError()
            case .failed, .timedOut:
                if case .failure(let failure) = call.result(of: outcome, server: client.configuration.server) {
                    throw failure.error
                }
                return nil
            }
        }
    }

    private func advance() {
        read += 1
        guard read == events.count || read >= 256 else { return }
        events.removeFirst(read)
        read = 0
    }

    /// Closes the stream where it is open, and gives what came of it.
    func close() -> SimulatedOutcome {
        if end == nil { abandon(.cancelled) }
        return outcome
    }

    private var outcome: SimulatedOutcome {
        client.outcome(end ?? .streamEnded, of: stream, started: started, hasHead: isOpen)
    }

    private func receive(_ part: SimulatedStream.Part) {
        switch part {
        case .head: isOpen = true
        case .event(let event):
            events.append(event)
            if events.count - read > Self.waitingMax { abandon(.streamEnded) }
        case .answer(let answer): finish(.answer(answer))
        case .end: finish(.streamEnded)
        case .failed(let end): finish(.failed(end))
        case .result: break
        }
        news.wake()
    }

    private func finish(_ end: SimulatedOutcome.End) {
        if let stream { client.finish(stream) }
        conclude(end)
    }

    private func abandon(_ end: SimulatedOutcome.End) {
        guard self.end == nil, let stream else { return }
        client.abandon(stream)
        conclude(end)
        news.wake()
    }

    private func conclude(_ end: SimulatedOutcome.End) {
        guard self.end == nil else { return }
        self.end = end
        if let deadline { client.loop.cancel(deadline) }
        deadline = nil
    }

    /// Returns when something has come; a cancelled task ends the stream.
    private func wait() async {
        await news.wait(unless: { end != nil }, onCancel: { abandon(.cancelled) })
    }
}
