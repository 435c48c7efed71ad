import CCurl
import Glibc

/// Performs HTTP transfers, many at once, on one thread of its own that runs libcurl's multi interface.
///
/// No thread of Swift's pool ever blocks here: callers suspend, and the thread resumes them. HTTP/2 is used over TLS
/// where the server offers it, and its streams share a connection. A request is on the wire at most once: what libcurl
/// would send again by itself is stopped and reported as the failure that it was (``TransferOutcome/isReplayRefused``).
package final class CurlMultiplexer: Sendable {
    private static let globalResult: CURLcode = curl_global_init(Int(CURL_GLOBAL_DEFAULT))

    private let inbox: CurlInbox

    package init() {
        precondition(Self.globalResult == CURLE_OK, "libcurl can be set up (is \(Self.globalResult.rawValue))")
        guard let multi = curl_multi_init() else { preconditionFailure("libcurl can allocate a multi handle") }
        inbox = CurlInbox(multi: multi)
        CurlLoop.start(multi: multi, inbox: inbox)
    }

    deinit { _ = inbox.submit(.stop) }

    /// Performs a transfer and collects its answer.
    ///
    /// When the task is cancelled the transfer is stopped (its connection is closed, or its HTTP/2 stream reset), and
    /// then this returns with ``TransferOutcome/isCancelled``.
    package func perform(_ request: TransferRequest) async -> TransferOutcome {
        let id = inbox.makeID()
        return await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                guard inbox.submit(.add(id, request, .whole(continuation))) else {
                    continuation.resume(returning: .stopped)
                    return
                }
                // The handler below may have run before there was anything to cancel.
                if Task.isCancelled { _ = inbox.submit(.cancel(id)) }
            }
        } onCancel: {
            _ = inbox.submit(.cancel(id))
        }
    }

    /// Begins a transfer whose answer is read while it comes. Whoever opens a stream must close it.
    package func open(_ request: TransferRequest) -> TransferStream {
        let id = inbox.makeID()
        let stream = TransferStream(
            id: id, inbox: inbox, multiplexer: self, bytesMax: request.settings.streamBytesMax)
        if !inbox.submit(.add(id, request, .stream(stream))) { stream.finish(.stopped) }
        return stream
    }

    /// Stops every transfer, closes every connection and ends the thread; returns when that is done.
    package func shutDown() async {
        await withCheckedContinuation { continuation in
            if !inbox.submit(.awaitStop(continuation)) { continuation.resume() }
        }
    }
}

extension TransferOutcome {
    static var stopped: TransferOutcome {
        var outcome = TransferOutcome()
        outcome.isCancelled = true
        return outcome
    }
}
