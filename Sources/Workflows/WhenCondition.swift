/// The `when` of a step, of a task or of a cron workflow, its variables filled in.
///
/// The language is that of github.com/Knetic/govaluate as Argo uses it: without variables, words stand for themselves.
/// Quoted dates are text like any other, where govaluate compares them as moments. Beyond it, a word may have hyphens within (`us-east-1 == us-east-1`), which Argo takes for subtractions of text and
/// refuses.
package enum WhenCondition {
    package struct Failure: Error, Hashable, Sendable, CustomStringConvertible {
        package var text: String
        package var why: String

        package var description: String { "Invalid 'when' expression '\(text)': \(why)" }
    }

    /// An empty condition holds.
    package static func holds(_ text: String) throws(Failure) -> Bool {
        if text.isEmpty { return true }
        do throws(ExpressionFault) {
            let result = try WhenParser.evaluate(text)
            guard case .bool(let holds) = result else {
                throw ExpressionFault("expected true or false, got \(result.description)")
            }
            return holds
        } catch {
            throw Failure(text: text, why: error.message)
        }
    }
}
