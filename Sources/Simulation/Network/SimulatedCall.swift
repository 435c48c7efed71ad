import APIMachinery
import Faults
import Kubernetes
import Resilience

/// A request as it goes on the wire, before its number.
final class SimulatedCall: Sendable {
    let request: APIRequest
    let identity: RequestIdentity
    let trace: RequestTrace

    init(_ request: APIRequest, trace: RequestTrace) {
        self.request = request
        self.trace = trace
        identity = request.identity
    }

    var verb: Verb { request.verb }

    private var method: String { request.method }
}

/// A failed attempt: what the caller is told, and what the transport layer decides by.
struct SimulatedFailure: Error {
    var error: APIError
    var cause: TransportRetrier.Failure
}

/// What came of an attempt, as the client saw it.
struct SimulatedOutcome {
    enum End {
        case answer(SimulatedAnswer)
        /// A stream has ended as it should, or goes on.
        case streamEnded
        case failed(TransferEnd)
        case timedOut
        case cancelled
    }

    var end: End
    var wasSent = false
    /// Whether a stream's head had come.
    var hasHead = false
    /// Whether TCP was connected, where the connection was still being opened.
    var isTCPConnected = false
    var timings = TransferTimings()
}

extension SimulatedOutcome {
    /// 0 where no answer came.
    var httpStatus: Int {
        switch end {
        case .answer(.object(_, let status)): status
        case .answer(.failure(let status, _)): status.code
        case .answer(.forged(let answer)): answer.code
        case .streamEnded: 200
        case .failed, .timedOut, .cancelled: hasHead ? 200 : 0
        }
    }

    /// How the transport failed, in words; nil where it did not.
    func failure(authority: String) -> (kind: TransportFailure.Kind, words: String, curlCode: Int)? {
        switch end {
        case .answer, .streamEnded, .cancelled: nil
        case .failed(let end): end.failure(authority: authority, hasHead: hasHead)
        case .timedOut:
            (
                .timeout,
                wasSent
                    ? TransportFailure.Words.timedOut(hasHead: hasHead)
                    : isTCPConnected
                        ? TransportFailure.Words.handshakeTimedOut
                        : TransportFailure.Words.connectTimedOut(authority),
                TransportFailure.CurlCode.operationTimedOut
            )
        }
    }
}

extension TransferEnd {
    func failure(authority: String, hasHead: Bool) -> (kind: TransportFailure.Kind, words: String, curlCode: Int) {
        typealias Words = TransportFailure.Words
        typealias Code = TransportFailure.CurlCode
        return switch self {
        case .unresolved:
            (.nameNotResolved, Words.notFound(Self.host(of: authority)), Code.couldNotResolveHost)
        case .refused: (.connectionRefused, Words.refused(authority), Code.couldNotConnect)
        case .reset: (.connectionReset, Words.reset, Code.receiveError)
        case .resetOnReuse:
            (.connectionReset, Words.reset, hasHead ? Code.receiveError : Code.couldNotConnect)
        case .streamCut:
            hasHead
                ? (.truncated, Words.unexpectedEnd, Code.partialFile)
                : (.connectionClosed, Words.end, Code.partialFile)
        case .streamReset(let number, let name): (.http2, Words.streamReset(number, name), Code.http2Stream)
        case .closed: (.connectionClosed, hasHead ? Words.unexpectedEnd : Words.end, Code.receiveError)
        case .handshakeCut: (.tls, Words.end, Code.tlsConnectError)
        case .notConnected(let isTCPConnected):
            (
                .timeout, isTCPConnected ? Words.handshakeTimedOut : Words.connectTimedOut(authority),
                Code.operationTimedOut
            )
        }
    }

    /// `host` of `host:port`.
    static func host(of authority: String) -> String {
        authority.lastIndex(of: ":").map { String(authority[..<$0]) } ?? authority
    }
}

extension SimulatedCall {
    /// What the caller is given, or told.
    func result(of outcome: SimulatedOutcome, server: String) -> Result<JSONObject, SimulatedFailure> {
        switch outcome.end {
        case .answer(.object(let object, _)): return .success(object)
        case .answer(.failure(let status, let retryAfter)):
            return .failure(Self.refused(status, retryAfter: retryAfter))
        case .answer(.forged(let answer)): return .failure(Self.refused(answer, method: method, identity: identity))
        case .streamEnded, .cancelled: return .success(JSONObject())
        case .failed, .timedOut: return .failure(unanswered(outcome, server: server))
        }
    }

    static func refused(_ status: Status, retryAfter: Int?) -> SimulatedFailure {
        SimulatedFailure(
            error: APIError(status, retryAfter: retryAfter.map { .seconds($0) }),
            cause: .answer(status: status.code, retryAfter: retryAfter.map(String.init)))
    }

    /// What a client makes of bytes that are a Status or are none.
    static func refused(_ answer: ForgedAnswer, method: String, identity: RequestIdentity) -> SimulatedFailure {
        func field(_ name: String) -> String? { answer.headers.first { $0.name == name }?.value }
        let retryAfter = field("Retry-After").flatMap { Int($0) }
        var status: Status
        if let json = (try? JSONValue(parsing: answer.body))?.object, json["status"]?.string == "Failure" {
            status = Status(json: json)
        } else {
            let text = String(decoding: answer.body, as: UTF8.self)
            let trimmed = text.drop(while: \.isWhitespace).reversed().drop(while: \.isWhitespace).reversed()
            status = Status(
                unstructured: answer.code, method: method, identity: identity, text: String(trimmed),
                retryAfterSeconds: retryAfter)
        }
        if status.code == 0 { status.json["code"] = .integer(Int64(answer.code)) }
        return SimulatedFailure(
            error: APIError(status, retryAfter: retryAfter.map { .seconds($0) }),
            cause: .answer(status: answer.code, retryAfter: retryAfter.map(String.init)))
    }

    private func unanswered(_ outcome: SimulatedOutcome, server: String) -> SimulatedFailure {
        let authority = SimulatedClient.authority(of: server)
        guard let failure = outcome.failure(authority: authority) else {
            preconditionFailure("what has not failed has no failure")
        }
        let message = TransportFailure.message(
            method: method, server: server, path: request.uri, words: failure.words)
        return SimulatedFailure(
            error: APIError(
                code: .unreachable, message: message,
                transport: TransportFailure(kind: failure.kind, curlCode: failure.curlCode),
                mayHaveBeenApplied: verb.isWrite && outcome.wasSent),
            cause: .transport(failure.kind.rawValue, message: message))
    }
}
