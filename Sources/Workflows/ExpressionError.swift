/// Why an expression cannot be read or evaluated, and where in it.
package struct ExpressionError: Error, Hashable, Sendable, CustomStringConvertible {
    /// The whole expression.
    package var text: String
    /// Counted in characters from 1.
    package var column: Int
    /// What is wrong there, and where something else was expected, what.
    package var message: String

    package init(text: String, column: Int, message: String) {
        self.text = text
        self.column = column
        self.message = message
    }

    package var description: String { "\(message) at column \(column) of \"\(text)\"" }
}
