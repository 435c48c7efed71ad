import CCurl
import Determinism
import Glibc
import Kubernetes

/// One transfer on libcurl's thread, from its options to its outcome.
final class CurlTransfer {
    let id: CurlTransferID
    let easy: UnsafeMutableRawPointer
    let request: TransferRequest
    /// When the request's timeout is over.
    let deadline: ContinuousClock.Instant?
    /// Tells connections apart; nil until the request is sent on one.
    private(set) var localPort: Int32?
    private let sink: TransferSink
    private var outcome = TransferOutcome()
    private var headers: UnsafeMutablePointer<curl_slist>?
    private var connectTo: UnsafeMutablePointer<curl_slist>?
    private let errorText = UnsafeMutablePointer<CChar>.allocate(capacity: Int(CURL_ERROR_SIZE))
    /// The head of an interim answer, or the one that counts.
    private var head: ResponseHead?
    private var isHeadDone = false
    private var bodyOffset = 0
    /// How often libcurl came to the point of sending the request.
    private var sendCount = 0
    /// What had been sent on a connection before the request itself: CONNECT to a proxy.
    private var bytesBeforeRequest = 0

    init(id: CurlTransferID, easy: UnsafeMutableRawPointer, request: TransferRequest, sink: TransferSink) {
        self.id = id
        self.easy = easy
        self.request = request
        self.sink = sink
        deadline = request.timeout.map { ContinuousClock.now + $0 }
        errorText.pointee = 0
    }

    deinit {
        curl_slist_free_all(headers)
        curl_slist_free_all(connectTo)
        errorText.deallocate()
    }

    // MARK: What libcurl calls

    /// Whether libcurl may send the request (again); called before each send, and before each new connection.
    ///
    /// libcurl sends again what was on a reused connection that died before the answer's first byte, and what an
    /// HTTP/2 server refused. That would hide an attempt from the record and, for a write, do it twice. It may go on
    /// only where nothing of the request had been written yet.
    ///
    /// - Parameter port: The connection's local port; nil before there is one.
    func maySend(onPort port: Int32?) -> Bool {
        if sendCount > 0, requestBytesSent > bytesBeforeRequest {
            if !outcome.isReplayRefused { outcome.systemError = systemErrorNow }
            outcome.isReplayRefused = true
            outcome.wasSent = true
            return false
        }
        if let port {
            localPort = port
            sendCount += 1
            bytesBeforeRequest = requestBytesSent
        }
        return true
    }

    func receive(headerLine line: UnsafeRawBufferPointer) {
        // What follows the head is a trailer.
        guard !isHeadDone else { return }
        if line.starts(with: "HTTP/".utf8) {
            let fields = line.split(separator: UInt8(ascii: " "), maxSplits: 2)
            let status = fields.count > 1 ? Int(String(decoding: fields[1].prefix(3), as: UTF8.self)) : nil
            head = ResponseHead(status: status ?? 0)
        } else if line.count > 2 {
            head?.append(line: line)
        } else if let head, head.status >= 200 {
            isHeadDone = true
            if case .stream(let stream) = sink { stream.receive(head: head) }
        }
    }

    /// Takes bytes of the body; gives how many were taken, or a signal to libcurl.
    func receive(_ bytes: UnsafeRawBufferPointer) -> Int {
        switch sink {
        case .stream(let stream):
            return stream.receive(bytes) ? bytes.count : Int(CURL_WRITEFUNC_PAUSE)
        case .whole:
            guard outcome.body.count + bytes.count <= request.settings.responseBytesMax else {
                outcome.isTooLong = true
                return 0
            }
            outcome.body += bytes
            return bytes.count
        }
    }

    /// Copies the next part of the request's body; gives how much.
    func supplyBody(into buffer: UnsafeMutableRawBufferPointer) -> Int {
        guard let body = request.body else { return 0 }
        let count = min(buffer.count, body.count - bodyOffset)
        body.withUnsafeBytes {
            buffer.copyMemory(from: UnsafeRawBufferPointer(rebasing: $0[bodyOffset..<bodyOffset + count]))
        }
        bodyOffset += count
        return count
    }

    // MARK: Ending

    func finish(_ code: CURLcode) {
        outcome.curlCode = Int(code.rawValue)
        outcome.detail = String(cString: errorText)
        if outcome.detail.isEmpty, code != CURLE_OK { outcome.detail = String(cString: curl_easy_strerror(code)) }
        if !outcome.isReplayRefused, [CURLE_COULDNT_CONNECT, CURLE_SEND_ERROR, CURLE_RECV_ERROR].contains(code) {
            outcome.systemError = systemErrorNow
        }
        deliver()
    }

    func finishCancelled() {
        outcome.isCancelled = true
        deliver()
    }

    func finishOverdue() {
        outcome.curlCode = Int(CURLE_OPERATION_TIMEDOUT.rawValue)
        let milliseconds = (request.timeout ?? .zero).microseconds / 1_000
        outcome.detail = "Operation timed out after \(milliseconds) milliseconds"
        deliver()
    }

    private func deliver() {
        if sendCount > 0, requestBytesSent > bytesBeforeRequest { outcome.wasSent = true }
        outcome.wasSentWhole = outcome.wasSent && bodyOffset == request.body?.count ?? 0
        outcome.head = head.flatMap { $0.status >= 200 ? $0 : nil }
        outcome.connectionsOpened = boreas_curl_info_long(easy, CURLINFO_NUM_CONNECTS)
        outcome.timings = timings
        switch sink {
        case .whole(let continuation): continuation.resume(returning: outcome)
        case .stream(let stream): stream.finish(outcome)
        }
    }

    private var timings: TransferTimings {
        func time(_ info: CURLINFO) -> Duration { .microseconds(boreas_curl_info_offset(easy, info)) }
        var timings = TransferTimings()
        if outcome.connectionsOpened > 0 {
            timings.nameLookup = time(CURLINFO_NAMELOOKUP_TIME_T)
            timings.connect = time(CURLINFO_CONNECT_TIME_T)
            timings.tlsHandshake = time(CURLINFO_APPCONNECT_TIME_T)
        }
        timings.firstByte = time(CURLINFO_STARTTRANSFER_TIME_T)
        timings.total = time(CURLINFO_TOTAL_TIME_T)
        return timings
    }

    private var requestBytesSent: Int { boreas_curl_info_long(easy, CURLINFO_REQUEST_SIZE) }

    private var systemErrorNow: Int32 {
        Int32(truncatingIfNeeded: boreas_curl_info_long(easy, CURLINFO_OS_ERRNO))
    }
}

extension CurlTransfer {
    /// Gives the easy handle all its options; anything but `CURLE_OK` means that this libcurl cannot do it.
    func configure() -> CURLcode {
        var code = CURLE_OK
        func check(_ result: CURLcode) { if code == CURLE_OK { code = result } }
        func set(_ option: CURLoption, _ value: Int) { check(boreas_curl_set_long(easy, option, value)) }
        func set(_ option: CURLoption, _ value: String) { check(boreas_curl_set_string(easy, option, value)) }
        let context = Unmanaged.passUnretained(self).toOpaque()

        check(boreas_curl_set_pointer(easy, CURLOPT_PRIVATE, context))
        check(boreas_curl_set_pointer(easy, CURLOPT_ERRORBUFFER, errorText))
        set(CURLOPT_URL, request.url)
        set(CURLOPT_PATH_AS_IS, 1)
        set(CURLOPT_NOSIGNAL, 1)
        set(CURLOPT_USERAGENT, request.settings.userAgent)
        set(CURLOPT_HTTP_VERSION, Int(CURL_HTTP_VERSION_2TLS))
        // Waits for a connection that is about to be ready for streams, rather than open one for each transfer.
        set(CURLOPT_PIPEWAIT, 1)
        set(CURLOPT_TCP_KEEPALIVE, 1)
        set(CURLOPT_TCP_KEEPIDLE, 30)
        set(CURLOPT_TCP_KEEPINTVL, 30)
        set(CURLOPT_CONNECTTIMEOUT_MS, Self.milliseconds(request.settings.connectTimeout))
        if let limit = request.idleLimit {
            set(CURLOPT_LOW_SPEED_LIMIT, 1)
            set(CURLOPT_LOW_SPEED_TIME, max(1, Int(limit.components.seconds)))
        }
        if request.settings.acceptsCompressedAnswers { set(CURLOPT_ACCEPT_ENCODING, "gzip") }
        switch request.settings.proxy {
        case .direct: set(CURLOPT_PROXY, "")
        case .environment: break
        case .url(let url): set(CURLOPT_PROXY, url)
        }
        if let target = request.settings.connectTo {
            connectTo = curl_slist_append(connectTo, target)
            check(boreas_curl_set_list(easy, CURLOPT_CONNECT_TO, connectTo))
        }
        check(setMethodAndHeaders())
        check(setTLS(request.settings.tls))
        check(setCallbacks(context))
        return code
    }

    /// Zero would mean no limit to libcurl.
    private static func milliseconds(_ duration: Duration) -> Int {
        let (seconds, attoseconds) = duration.components
        return max(1, Int(seconds) * 1000 + Int(attoseconds / 1_000_000_000_000_000))
    }

    private func setMethodAndHeaders() -> CURLcode {
        var lines = request.headers
        if let body = request.body {
            // The body comes from the read callback, without a seek callback: libcurl then cannot send it twice.
            boreas_curl_set_long(easy, CURLOPT_POST, 1)
            boreas_curl_set_offset(easy, CURLOPT_POSTFIELDSIZE_LARGE, curl_off_t(body.count))
            lines.append("Expect:")
        }
        if request.method != (request.body == nil ? "GET" : "POST") {
            boreas_curl_set_string(easy, CURLOPT_CUSTOMREQUEST, request.method)
        }
        for line in lines { headers = curl_slist_append(headers, line) }
        return boreas_curl_set_list(easy, CURLOPT_HTTPHEADER, headers)
    }

    private func setTLS(_ tls: TLSMaterial) -> CURLcode {
        var code = CURLE_OK
        func set(_ option: CURLoption, _ bytes: [UInt8]?) {
            guard code == CURLE_OK, let bytes else { return }
            code = bytes.withUnsafeBytes { boreas_curl_set_blob(easy, option, $0.baseAddress, $0.count) }
        }
        set(CURLOPT_CAINFO_BLOB, tls.certificateAuthority)
        set(CURLOPT_SSLCERT_BLOB, tls.clientCertificate)
        set(CURLOPT_SSLKEY_BLOB, tls.clientKey)
        if tls.skipsVerification {
            boreas_curl_set_long(easy, CURLOPT_SSL_VERIFYPEER, 0)
            boreas_curl_set_long(easy, CURLOPT_SSL_VERIFYHOST, 0)
        }
        return code
    }

    private func setCallbacks(_ context: UnsafeMutableRawPointer) -> CURLcode {
        let options: [(CURLoption, CURLoption, boreas_curl_bytes_callback)] = [
            (CURLOPT_WRITEFUNCTION, CURLOPT_WRITEDATA, { $3.transfer?.receive(.init(start: $0, count: $1 * $2)) ?? 0 }),
            (
                CURLOPT_HEADERFUNCTION, CURLOPT_HEADERDATA,
                { bytes, size, count, context in
                    context.transfer?.receive(headerLine: .init(start: bytes, count: size * count))
                    return size * count
                }
            ),
            (
                CURLOPT_READFUNCTION, CURLOPT_READDATA,
                { $3.transfer?.supplyBody(into: .init(start: $0, count: $1 * $2)) ?? 0 }
            ),
        ]
        for (function, data, callback) in options {
            boreas_curl_set_bytes_callback(easy, function, callback)
            boreas_curl_set_pointer(easy, data, context)
        }
        boreas_curl_set_pointer(easy, CURLOPT_OPENSOCKETDATA, context)
        boreas_curl_set_open_socket(easy) { context, _, address in
            guard let address, context.transfer?.maySend(onPort: nil) == true else { return -1 }
            // Closed on exec, so that no child process keeps a connection open.
            let type = address.pointee.socktype | Int32(SOCK_CLOEXEC.rawValue)
            return socket(address.pointee.family, type, address.pointee.protocol)
        }
        boreas_curl_set_pointer(easy, CURLOPT_PREREQDATA, context)
        return boreas_curl_set_prerequest(easy) { context, _, _, _, localPort in
            context.transfer?.maySend(onPort: localPort) == true ? CURL_PREREQFUNC_OK : CURL_PREREQFUNC_ABORT
        }
    }
}

extension UnsafeMutableRawPointer? {
    /// The transfer that a callback's context stands for.
    fileprivate var transfer: CurlTransfer? {
        map { Unmanaged<CurlTransfer>.fromOpaque($0).takeUnretainedValue() }
    }
}
