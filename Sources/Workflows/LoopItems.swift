package import Kubernetes

/// The items over which a step or a task is expanded.
package struct LoopItems: Hashable, Sendable {
    package struct Item: Hashable, Sendable {
        package var index: Int
        package var value: JSONValue
        /// `item`, and `item.key` for each key of a map.
        package var variables: [String: String]
        /// What stands behind the index in the node's name: `0:` of `name(0:value)`.
        package var label: String

        /// `name(0:value)`.
        package func name(of step: String) -> String { "\(step)(\(index):\(label))" }
    }

    package struct Failure: Error, Hashable, Sendable, CustomStringConvertible {
        package var field: String
        package var why: String

        package var description: String { "\(field): \(why)" }
    }

    package var items: [Item]

    /// - Parameter step: A step or a task, its variables filled in; nil where it has no loop.
    package init?(of step: JSONObject, field: String) throws(Failure) { return nil }

    /// - Parameter list: The value of `withItems`.
    package init(withItems list: JSONValue, field: String) throws(Failure) { preconditionFailure("not written yet") }

    /// - Parameter text: The value of `withParam`: a JSON list.
    package init(withParam text: String, field: String) throws(Failure) { preconditionFailure("not written yet") }

    /// - Parameter sequence: The value of `withSequence`.
    package init(withSequence sequence: JSONObject, field: String) throws(Failure) {
        preconditionFailure("not written yet")
    }
}
