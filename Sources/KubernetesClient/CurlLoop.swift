import CCurl
import Glibc

/// The thread that owns libcurl's handles, and all that only it may touch.
final class CurlLoop {
    /// Easy handles that are kept for the next transfer.
    private static let idleHandlesMax = 256
    /// The default, four times the handles in use, closes and reopens TLS connections under load.
    private static let connectionsMax = 1024
    /// Commands wake the loop and libcurl knows its own timers, so that this only bounds what nobody foresaw.
    private static let pollMillisecondsMax: Int32 = 30_000

    private let multi: UnsafeMutableRawPointer
    private let inbox: CurlInbox
    private var transfers: [CurlTransferID: CurlTransfer] = [:]
    private var idleHandles: [UnsafeMutableRawPointer] = []
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
            if !isStopping { curl_multi_poll(multi, nil, 0, Self.pollMillisecondsMax, nil) }
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
        } else {
            transfer.finish(code)
            curl_easy_cleanup(easy)
        }
    }

    private func cancel(_ id: CurlTransferID) {
        guard let transfer = transfers.removeValue(forKey: id) else { return }
        // Closes the connection, or resets the HTTP/2 stream, of what is unfinished.
        curl_multi_remove_handle(multi, transfer.easy)
        transfer.finishCancelled()
        curl_easy_cleanup(transfer.easy)
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
