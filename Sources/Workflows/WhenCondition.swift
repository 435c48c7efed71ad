/// The `when` of a step, of a task or of a cron workflow, its variables filled in.
package enum WhenCondition {
    package struct Failure: Error, Hashable, Sendable, CustomStringConvertible {
        package var text: String
        package var why: String

        package var description: String { "Invalid 'when' expression '\(text)': \(why)" }
    }

    /// An empty condition holds.
    package static func holds(_ text: String) throws(Failure) -> Bool { preconditionFailure("not written yet") }
}
