import CCurl

/// What other threads ask of the thread that drives libcurl.
enum CurlCommand: Sendable {
    case add(CurlTransferID, TransferRequest, TransferSink)
    case cancel(CurlTransferID)
    /// The reader of a paused stream has room again.
    case unpause(CurlTransferID)
    /// Ends every transfer and then the thread.
    case stop
    /// Resumes once the thread has ended.
    case awaitStop(CheckedContinuation<Void, Never>)
}

typealias CurlTransferID = UInt64

/// Where an answer goes.
enum TransferSink: Sendable {
    case whole(CheckedContinuation<TransferOutcome, Never>)
    case stream(TransferStream)
}

/// The queue of commands, and the one libcurl function that other threads may call: the wake-up.
final class CurlInbox: Sendable {
    /// libcurl's multi handle, as other threads hold it.
    private struct MultiHandle: @unchecked Sendable {
        // SAFETY: off its own thread the handle is only given to `curl_multi_wakeup`, which libcurl documents as
        // callable from any thread, and only before `close()`, which the owner calls before it frees the handle.
        let pointer: UnsafeMutableRawPointer
    }

    private struct State {
        var commands: [CurlCommand] = []
        var previousID: CurlTransferID = 0
        var isClosed = false
    }

    private let multi: MultiHandle
    private let state = PosixLock(State())

    init(multi: UnsafeMutableRawPointer) { self.multi = MultiHandle(pointer: multi) }

    func makeID() -> CurlTransferID {
        state.withLock { state in
            state.previousID += 1
            return state.previousID
        }
    }

    /// Queues a command; false where the thread has ended and will never take it.
    func submit(_ command: CurlCommand) -> Bool {
        state.withLock { state in
            guard !state.isClosed else { return false }
            state.commands.append(command)
            // One wake-up is enough for all that are queued. It is called under the lock, so that the handle cannot be
            // freed in between; it does not block.
            if state.commands.count == 1 { curl_multi_wakeup(multi.pointer) }
            return true
        }
    }

    func takeCommands() -> [CurlCommand] {
        state.withLock { state in
            let commands = state.commands
            state.commands = []
            return commands
        }
    }

    /// Refuses commands from now on, and gives those that were still queued.
    func close() -> [CurlCommand] {
        state.withLock { state in
            let commands = state.commands
            state.commands = []
            state.isClosed = true
            return commands
        }
    }
}
