import Kubernetes
import Resilience

/// A failed attempt: what the caller is told, and what the transport layer decides by.
struct AttemptFailure: Error {
    var error: APIError
    var cause: TransportRetrier.Failure
}

extension ClusterCall {
    /// The body of a successful answer.
    ///
    /// - Throws: What the answer says, or why there is none.
    func content(of outcome: TransferOutcome, from server: ServerAddress) throws(AttemptFailure) -> [UInt8] {
        guard outcome.curlCode == 0, let head = outcome.head else { throw unanswered(outcome, server) }
        switch head.status {
        case 200..<300: return outcome.body
        case 300..<400:
            let place = head.field("Location") ?? "nowhere"
            throw malformed("the server redirects to \(place); redirects are not followed", head.status)
        default: throw refused(head, outcome.body)
        }
    }

    /// The object, list or Status that a successful answer holds.
    func object(in outcome: TransferOutcome, from server: ServerAddress) throws(AttemptFailure) -> JSONObject {
        let body = try content(of: outcome, from: server)
        let status = outcome.head?.status ?? 0
        let value: JSONValue
        do {
            value = try JSONValue(parsing: body)
        } catch {
            throw malformed("the answer is not JSON: \(error)", status)
        }
        guard let object = value.object else {
            throw malformed("the answer is a JSON \(value.typeName), not an object", status)
        }
        if object["kind"]?.string == "Status", object["status"]?.string == "Failure", let head = outcome.head {
            throw refused(head, body)
        }
        return object
    }

    func unanswered(_ outcome: TransferOutcome, _ server: ServerAddress) -> AttemptFailure {
        let error = APIError(outcome, method: method, server: server, path: uri, isWrite: verb.isWrite)
        return AttemptFailure(
            error: error, cause: .transport((error.transport?.kind ?? .other).rawValue, message: error.message))
    }

    func malformed(_ message: String, _ status: Int) -> AttemptFailure {
        let error = APIError(
            code: .malformed, message: message, status: Status(code: status, reason: "", message: message))
        return AttemptFailure(error: error, cause: .answer(status: status, retryAfter: nil))
    }

    private func refused(_ head: ResponseHead, _ body: [UInt8]) -> AttemptFailure {
        let header = head.field("Retry-After")
        let seconds = TransportRetrier.seconds(header)
        let error = APIError(
            status(head, body, retryAfterSeconds: seconds), retryAfter: seconds.map { .seconds($0) })
        return AttemptFailure(error: error, cause: .answer(status: head.status, retryAfter: header))
    }

    /// The server's Status, or the one that client-go would make of its answer. Some servers leave out kind and
    /// apiVersion, and some the code.
    private func status(_ head: ResponseHead, _ body: [UInt8], retryAfterSeconds: Int?) -> Status {
        if let json = (try? JSONValue(parsing: body))?.object, json["status"]?.string == "Failure" {
            var status = Status(json: json)
            if status.code == 0 { status.json["code"] = .integer(Int64(head.status)) }
            return status
        }
        let type = head.field("Content-Type") ?? ""
        // client-go's bound for text that it quotes.
        let text = String(decoding: body.prefix(2_048), as: UTF8.self)
        let trimmed = text.drop(while: \.isWhitespace).reversed().drop(while: \.isWhitespace).reversed()
        return Status(
            unstructured: head.status, method: method, identity: identity,
            text: type.isEmpty || type.lowercased().hasPrefix("text/") ? String(trimmed) : nil,
            retryAfterSeconds: retryAfterSeconds)
    }
}
