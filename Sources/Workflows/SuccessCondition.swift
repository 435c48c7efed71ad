import Kubernetes

/// Argo's `successCondition` of an HTTP template: an expression over `response.statusCode`, `response.body` and
/// `response.headers`.
package struct SuccessCondition: Hashable, Sendable {
    package struct ParseError: Error, Hashable, Sendable, CustomStringConvertible {
        package var expression: String
        package var why: String

        package var description: String { "unsupported successCondition \"\(expression)\": \(why)" }
    }

    private let expression: Expression

    package init(_ text: String) throws(ParseError) {
        do throws(ExpressionError) {
            expression = try Expression(text)
        } catch {
            throw ParseError(expression: text, why: "\(error.message) at column \(error.column)")
        }
        let known: Set<String> = ["body", "headers", "statusCode"]
        for path in expression.references where path[0] != "response" || path.count > 1 && !known.contains(path[1]) {
            let name = path.joined(separator: ".")
            throw ParseError(
                expression: text,
                why: "there is no \(name), only response.statusCode, response.body and response.headers")
        }
    }

    /// Throws where the expression does not fit the answer, or is neither true nor false.
    package func holds(
        statusCode: Int, body: String, headers: [HTTPPort.Header] = []
    ) throws(ExpressionError) -> Bool {
        var named = JSONObject()
        for header in headers {
            let name = Self.canonical(header.name)
            named[name] = .array((named[name]?.array ?? []) + [.string(header.value)])
        }
        let response: JSONObject = [
            "statusCode": .integer(Int64(statusCode)), "body": .string(body), "headers": .object(named),
        ]
        return try expression.holds(["response": .object(response)])
    }

    /// `content-type` is `Content-Type` in Go, however the server spells it.
    private static func canonical(_ name: String) -> String {
        name.split(separator: "-", omittingEmptySubsequences: false).map { part in
            part.prefix(1).uppercased() + part.dropFirst().lowercased()
        }.joined(separator: "-")
    }
}
