import CCurl
import Glibc
package import Kubernetes

extension APIError {
    /// What a transfer without a whole answer means, in Go's words (``TransportFailure/Words``); libcurl's own stand in
    /// brackets after them.
    package init(
        _ outcome: TransferOutcome, method: String, server: ServerAddress, path: String, isWrite: Bool
    ) {
        let kind: TransportFailure.Kind
        let words: String
        var code = Code.unreachable
        switch TransferFailureReader(outcome: outcome, server: server).reading {
        case .transport(let readKind, let readWords): (kind, words) = (readKind, readWords)
        case .malformed(let readWords): (kind, words, code) = (.other, readWords, .malformed)
        }
        let detail = outcome.detail.isEmpty ? "" : " (curl \(outcome.curlCode): \(outcome.detail))"
        self.init(
            code: code,
            message: TransportFailure.message(
                method: method, server: server.description, path: path, words: words + detail),
            transport: TransportFailure(kind: kind, curlCode: outcome.curlCode),
            // A server acts on a whole request only.
            mayHaveBeenApplied: isWrite && outcome.wasSentWhole)
    }
}

/// Tells one failure of libcurl's from another by its code, the system's error number, how far the transfer came, and,
/// where these leave it open, libcurl's words.
private struct TransferFailureReader {
    private typealias Words = TransportFailure.Words

    let outcome: TransferOutcome
    let server: ServerAddress

    enum Reading {
        case transport(TransportFailure.Kind, String)
        case malformed(String)
    }

    var reading: Reading {
        // The request went out once, on a connection that then died; what libcurl failed at after that is no news.
        if outcome.isReplayRefused { return lost }
        switch CURLcode(rawValue: UInt32(outcome.curlCode)) {
        case CURLE_COULDNT_RESOLVE_HOST, CURLE_COULDNT_RESOLVE_PROXY:
            return .transport(.nameNotResolved, Words.notFound(server.host))
        case CURLE_COULDNT_CONNECT: return notConnected
        case CURLE_OPERATION_TIMEDOUT: return timedOut
        case CURLE_SEND_ERROR, CURLE_RECV_ERROR, CURLE_GOT_NOTHING, CURLE_SEND_FAIL_REWIND: return lost
        case CURLE_PARTIAL_FILE: return outcome.head == nil ? lost : .transport(.truncated, Words.unexpectedEnd)
        case CURLE_HTTP2:
            return .transport(.http2, Words.goAway)
        case CURLE_HTTP2_STREAM: return streamFailed
        case CURLE_SSL_CONNECT_ERROR: return handshakeFailed
        case CURLE_PEER_FAILED_VERIFICATION: return notTrusted
        case CURLE_SSL_CERTPROBLEM, CURLE_SSL_CIPHER, CURLE_SSL_CACERT_BADFILE, CURLE_SSL_ISSUER_ERROR,
            CURLE_SSL_INVALIDCERTSTATUS, CURLE_SSL_CLIENTCERT, CURLE_SSL_ENGINE_INITFAILED:
            return .transport(.tls, "tls: bad certificate")
        case CURLE_WRITE_ERROR where outcome.isTooLong: return .malformed("the answer is too long")
        case CURLE_UNSUPPORTED_PROTOCOL, CURLE_WEIRD_SERVER_REPLY:
            return .malformed("net/http: HTTP/1.x transport connection broken: malformed HTTP response")
        case CURLE_BAD_CONTENT_ENCODING: return .malformed("gzip: invalid header")
        default: return .transport(.other, "transfer failed")
        }
    }

    private func says(_ words: String...) -> Bool { words.contains { outcome.detail.contains($0) } }

    private var notConnected: Reading {
        switch SystemError(outcome.systemError) {
        case .connectionRefused:
            return .transport(.connectionRefused, Words.refused(server.authority))
        case .connectionReset:
            return .transport(.connectionReset, "dial tcp \(server.authority): connect: connection reset by peer")
        case .timedOut:
            return .transport(.timeout, "dial tcp \(server.authority): connect: connection timed out")
        case .brokenPipe, .other:
            return .transport(.other, "dial tcp \(server.authority): connect: no route to host")
        }
    }

    private var timedOut: Reading {
        if outcome.isIdle { return .transport(.timeout, Words.connectionLost) }
        if outcome.wasSent {
            return .transport(.timeout, Words.timedOut(hasHead: outcome.head != nil))
        }
        if server.isTLS, outcome.timings.connect > .zero {
            return .transport(.timeout, Words.handshakeTimedOut)
        }
        return .transport(.timeout, Words.connectTimedOut(server.authority))
    }

    /// The connection ended while an answer was awaited or under way.
    ///
    /// libcurl 7.88 reports a stream that the server refused (RST_STREAM with REFUSED_STREAM, by which it promises to
    /// have done nothing: RFC 9113, 8.7) as a connection that died, so that the promise is lost here.
    private var lost: Reading {
        switch SystemError(outcome.systemError) {
        case .connectionReset: return .transport(.connectionReset, Words.reset)
        case .brokenPipe: return .transport(.connectionReset, Words.brokenPipe)
        case .timedOut: return .transport(.timeout, Words.connectionTimedOut)
        case .connectionRefused, .other: break
        }
        if says("reset by peer") { return .transport(.connectionReset, Words.reset) }
        return .transport(.connectionClosed, outcome.head == nil ? Words.end : Words.unexpectedEnd)
    }

    /// `HTTP/2 stream 1 was not closed cleanly: INTERNAL_ERROR (err 2)`.
    private var streamFailed: Reading {
        if says("before end of the underlying") {
            return .transport(.connectionClosed, outcome.head == nil ? Words.end : Words.unexpectedEnd)
        }
        let words = outcome.detail.split(separator: " ")
        let stream = words.firstIndex(of: "stream").map { words.index(after: $0) }
            .flatMap { $0 < words.endIndex ? words[$0] : nil }
        let name = outcome.detail.split(separator: ": ").last?.split(separator: " ").first
        let number = stream.flatMap { Int($0) } ?? 1
        return .transport(.http2, Words.streamReset(number, name.map(String.init) ?? "unknown"))
    }

    private var handshakeFailed: Reading {
        if says("reset by peer", "errno 104") {
            return .transport(.connectionReset, Words.reset)
        }
        if says("unexpected eof", "SSL_ERROR_SYSCALL", "SSL_ERROR_ZERO_RETURN") { return .transport(.tls, Words.end) }
        if says("wrong version number") {
            return .transport(.tls, "tls: first record does not look like a TLS handshake")
        }
        return .transport(.tls, "remote error: tls: handshake failure")
    }

    private var notTrusted: Reading {
        let why =
            says("alternative certificate subject name", "does not match")
            ? "certificate is valid for other names, not \(server.host)"
            : "certificate signed by unknown authority"
        return .transport(.tls, "tls: failed to verify certificate: x509: \(why)")
    }
}

/// The error numbers that tell failures of sockets apart.
private enum SystemError {
    case connectionRefused, connectionReset, brokenPipe, timedOut, other

    init(_ number: Int32) {
        switch number {
        case ECONNREFUSED: self = .connectionRefused
        case ECONNRESET: self = .connectionReset
        case EPIPE: self = .brokenPipe
        case ETIMEDOUT: self = .timedOut
        default: self = .other
        }
    }
}
