package import Kubernetes

/// An expression of the language that Argo takes from github.com/expr-lang/expr, read once, evaluated many times.
package struct Expression: Hashable, Sendable {
    package let text: String

    package init(_ text: String) throws(ExpressionError) { self.text = text }

    /// - Parameters:
    ///   - environment: The variables.
    ///   - times: Variables that are moments, by their dotted names: `cronworkflow.lastScheduledTime`.
    ///   - now: What `now()` gives; without it, an expression that calls it is refused.
    package func evaluate(
        _ environment: JSONObject, times: [String: Timestamp] = [:], now: Timestamp? = nil
    ) throws(ExpressionError) -> JSONValue {
        preconditionFailure("not written yet")
    }

    /// Like ``evaluate(_:times:now:)``, where only true or false is of use.
    package func holds(
        _ environment: JSONObject, times: [String: Timestamp] = [:], now: Timestamp? = nil
    ) throws(ExpressionError) -> Bool {
        preconditionFailure("not written yet")
    }

    /// The dotted paths of the variables that must be there: `item`, `item.key`, `steps`, `steps.a-b.outputs.result`.
    package var references: [String] { preconditionFailure("not written yet") }
}
