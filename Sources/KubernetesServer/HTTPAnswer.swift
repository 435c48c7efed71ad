import APIMachinery
import Kubernetes
import NIOHTTP1

/// What goes back over HTTP for one request: everything but the headers that every answer has.
struct HTTPAnswer: Hashable, Sendable {
    var status: Int
    var contentType: String?
    var headers: [Header] = []
    var body: [UInt8] = []

    struct Header: Hashable, Sendable {
        var name: String
        var value: String
    }

    /// Plain text, as the parts of an API server answer that know nothing of objects.
    static func text(_ status: Int, _ text: String) -> HTTPAnswer {
        HTTPAnswer(
            status: status, contentType: "text/plain; charset=utf-8",
            headers: [Header(name: "X-Content-Type-Options", value: "nosniff")], body: Array(text.utf8))
    }

    /// A path that no group serves.
    static let pathNotFound = text(404, "404 page not found\n")

    /// More requests in flight than the server takes; the only failure beside ``pathNotFound`` without a Status.
    static var tooManyRequests: HTTPAnswer {
        var answer = text(429, "Too many requests, please try again later.\n")
        answer.headers.append(Header(name: "Retry-After", value: "1"))
        return answer
    }

    static func json(
        _ status: Int, _ body: JSONObject, isPretty: Bool, contentType: String = "application/json"
    ) -> HTTPAnswer {
        HTTPAnswer(
            status: status, contentType: contentType,
            body: JSONText.document(body, isPretty: isPretty))
    }

    /// A failure.
    static func failure(_ failure: Status, isPretty: Bool) -> HTTPAnswer {
        var answer = json(failure.code, failure.json, isPretty: isPretty)
        if let seconds = failure.retryAfterSeconds, seconds > 0 {
            answer.headers.append(Header(name: "Retry-After", value: String(seconds)))
        }
        return answer
    }

    mutating func addWarnings(_ warnings: [String]) {
        headers += warnings.map { Header(name: "Warning", value: "299 - \(Self.quoted($0))") }
    }

    /// A quoted-string of RFC 9110 §5.6.4; control characters, which no header can carry, become spaces.
    private static func quoted(_ text: String) -> String {
        var result = "\""
        for scalar in text.unicodeScalars {
            if scalar == "\"" || scalar == "\\" { result += "\\" }
            result.unicodeScalars.append(scalar.value < 0x20 || scalar.value == 0x7F ? " " : scalar)
        }
        return result + "\""
    }
}
