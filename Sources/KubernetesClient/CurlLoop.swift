import CCurl
import Determinism
import Glibc

/// The thread that owns libcurl's handles, and all that only it may touch.
final class CurlLoop {
    /// Easy handles that are kept for the next transfer.
    private static let idleHandlesMax = 256
    /// The default, four times the handles in use, closes and reopens TLS connections under load.
    private static let connectionsMax = 1024
    /// Commands wake the loop and libcurl knows its own timers, so that this only bounds what nobody foresaw.
    private static let pollMax: Duration = .seconds(30)

    private let multi: UnsafeMutableRawPointer
    private let inbox: CurlInbox
    private var transfers: [CurlTransferID: CurlTransfer] = [:]
    private var idleHandles: [UnsafeMutableRawPointer] = []
    /// No transfer's time is over before this.
    private var nextDeadline: ContinuousClock.Instant?
    private var isStopping = false
    private var stopWaiters: [CheckedContinuation<Void, Never>] = []

    private init(multi: UnsafeMutableRawPointer, inbox: CurlInbox) {
        self.multi = multi
        self.inbox = inbox
    }

    /// Starts the thread, which ends after a stop command.
    static func start(multi: UnsafeMutableRawPointer, inbox: CurlInbox) {
        let context = Unmanaged.passRetained(CurlLoop(multi: multi, inbox: inbox)).toOpaque()
        var thread = pthread_t()
        let code = pthread_create(
            &thread, nil,
            { context in
                guard let context else { return nil }
                Unmanaged<CurlLoop>.fromOpaque(context).takeRetainedValue().run()
                return nil
            }, context)
        precondition(code == 0, "a thread can be started (is errno \(code))")
        pthread_detach(thread)
    }

    private func run() {
        _ = boreas_curl_set_multi_long(multi, CURLMOPT_MAXCONNECTS, Self.connectionsMax)
        _ = boreas_curl_set_multi_long(multi, CURLMOPT_PIPELINING, Int(CURLPIPE_MULTIPLEX))
        while !isStopping {
            for command in inbox.takeCommands() { obey(command) }
            var runningCount: Int32 = 0
            curl_multi_perform(multi, &runningCount)
            completeTransfers()
            endOverdueTransfers()
            if !isStopping { curl_multi_poll(multi, nil, 0, pollMilliseconds, nil) }
        }
        stop()
    }

    private func obey(_ command: CurlCommand) {
        switch command {
        case .add(let id, let request, let sink): add(id, request, sink)
        case .cancel(let id): cancel(id)
        case .unpause(let id):
            if let transfer = transfers[id] { curl_easy_pause(transfer.easy, CURLPAUSE_CONT) }
        case .stop: isStopping = true
        case .awaitStop(let waiter):
            isStopping = true
            stopWaiters.append(waiter)
        }
    }

    private func add(_ id: CurlTransferID, _ request: TransferRequest, _ sink: TransferSink) {
        guard let easy = idleHandles.popLast() ?? curl_easy_init() else {
            preconditionFailure("libcurl can allocate an easy handle")
        }
        let transfer = CurlTransfer(id: id, easy: easy, request: request, sink: sink)
        var code = transfer.configure()
        if code == CURLE_OK, curl_multi_add_handle(multi, easy) != CURLM_OK { code = CURLE_FAILED_INIT }
        if code == CURLE_OK {
            transfers[id] = transfer
            if let deadline = transfer.deadline { nextDeadline = min(nextDeadline ?? deadline, deadline) }
        } else {
            transfer.finish(code)
            curl_easy_cleanup(easy)
        }
    }

    private func cancel(_ id: CurlTransferID) {
        guard let transfer = transfers[id] else { return }
        abandon(transfer)
        transfer.finishCancelled()
        curl_easy_cleanup(transfer.easy)
    }

    /// Ends the transfers whose time is over.
    ///
    /// Not with libcurl's own timeout, which leaves an HTTP/2 stream open at the server (see ``abandon(_:)``).
    private func endOverdueTransfers() {
        guard let deadline = nextDeadline else { return }
        let now = ContinuousClock.now
        guard deadline <= now else { return }
        for transfer in transfers.values.filter({ $0.deadline.map { $0 <= now } ?? false }) {
            abandon(transfer)
            transfer.finishOverdue()
            curl_easy_cleanup(transfer.easy)
        }
        nextDeadline = transfers.values.lazy.compactMap(\.deadline).min()
    }

    private var pollMilliseconds: Int32 {
        let wait = nextDeadline.map { min(Self.pollMax, ContinuousClock.now.duration(to: $0)) } ?? Self.pollMax
        // Rounded up, lest the loop turns idly for the last part of a millisecond.
        return Int32(max(0, (wait.microseconds + 999) / 1_000))
    }

    /// Takes an unfinished transfer from libcurl, so that the server learns of it: an HTTP/1.1 connection is closed, an
    /// HTTP/2 stream reset.
    ///
    /// libcurl 7.88 queues the RST_STREAM and sends it when the connection is next used. So the connection is closed
    /// where the transfer was alone on it, and where it was not, a neighbour is made to write, by a pause that ends at
    /// once.
    private func abandon(_ transfer: CurlTransfer) {
        transfers[transfer.id] = nil
        _ = boreas_curl_set_long(transfer.easy, CURLOPT_FORBID_REUSE, 1)
        curl_multi_remove_handle(multi, transfer.easy)
        guard let port = transfer.localPort,
            let neighbour = transfers.values.first(where: { $0.localPort == port })
        else { return }
        curl_easy_pause(neighbour.easy, CURLPAUSE_RECV)
        curl_easy_pause(neighbour.easy, CURLPAUSE_CONT)
    }

    private func completeTransfers() {
        var waitingCount: Int32 = 0
        while let message = curl_multi_info_read(multi, &waitingCount) {
            guard message.pointee.msg == CURLMSG_DONE, let easy = message.pointee.easy_handle,
                let context = boreas_curl_info_pointer(easy, CURLINFO_PRIVATE)
            else { continue }
            let code = boreas_curl_message_result(message)
            let transfer = Unmanaged<CurlTransfer>.fromOpaque(context).takeUnretainedValue()
            transfers[transfer.id] = nil
            curl_multi_remove_handle(multi, easy)
            transfer.finish(code)
            recycle(easy, after: code)
        }
    }

    /// A handle that failed is not used again: it would carry the old error number into the next transfer.
    private func recycle(_ easy: UnsafeMutableRawPointer, after code: CURLcode) {
        guard code == CURLE_OK, idleHandles.count < Self.idleHandlesMax else {
            curl_easy_cleanup(easy)
            return
        }
        curl_easy_reset(easy)
        idleHandles.append(easy)
    }

    private func stop() {
        for id in transfers.keys.sorted() { cancel(id) }
        for command in inbox.close() {
            switch command {
            case .add(_, _, .whole(let continuation)): continuation.resume(returning: .stopped)
            case .add(_, _, .stream(let stream)): stream.finish(.stopped)
            case .awaitStop(let waiter): stopWaiters.append(waiter)
            case .cancel, .unpause, .stop: break
            }
        }
        for easy in idleHandles { curl_easy_cleanup(easy) }
        curl_multi_cleanup(multi)
        for waiter in stopWaiters { waiter.resume() }
    }
}
