package import Kubernetes

/// A path into a JSON document: kubectl's `{.metadata.name}`, also without braces or with a leading `$`.
package struct JSONPath: Hashable, Sendable {
    package init(_ text: String) throws(ExpressionError) {}

    /// What the path leads to; empty where it leads nowhere.
    package func evaluate(_ value: JSONValue) -> [JSONValue] { preconditionFailure("not written yet") }

    /// What `kubectl get -o jsonpath=` prints: the values with spaces between them.
    package func render(_ value: JSONValue) -> String { preconditionFailure("not written yet") }
}
