/// What a task of a dag waits for.
package struct DependsExpression: Hashable, Sendable {
    package enum Result: String, Hashable, Sendable, CaseIterable {
        case succeeded = "Succeeded"
        case failed = "Failed"
        case errored = "Errored"
        case skipped = "Skipped"
        case omitted = "Omitted"
        case daemoned = "Daemoned"
        case anySucceeded = "AnySucceeded"
        case allFailed = "AllFailed"
    }

    /// A task's `continueOn`: which of its ends count as good for those that name it without a result.
    package struct ContinueOn: Hashable, Sendable {
        package var error: Bool
        package var failed: Bool

        package init(error: Bool = false, failed: Bool = false) {
            self.error = error
            self.failed = failed
        }
    }

    package struct Failure: Error, Hashable, Sendable, CustomStringConvertible {
        package var field: String
        package var why: String

        package var description: String { "\(field): \(why)" }
    }

    /// The tasks that are waited for, each once, in the order in which they are first named.
    package var tasks: [String] { preconditionFailure("not written yet") }

    /// Those of ``tasks`` whose expanded items are asked about (`AnySucceeded`, `AllFailed`).
    package var tasksWithItems: [String] { preconditionFailure("not written yet") }

    /// - Parameter tasks: All tasks of the dag.
    package init(_ text: String, tasks: [String: ContinueOn], field: String) throws(Failure) {}

    /// The older form, `dependencies: [A, B]`: all of them.
    package init(dependencies: [String], tasks: [String: ContinueOn], field: String) throws(Failure) {}

    /// - Parameter results: Which results are true of each of ``tasks``, all of which have ended.
    package func holds(_ results: [String: Set<Result>]) throws(Failure) -> Bool {
        preconditionFailure("not written yet")
    }
}
