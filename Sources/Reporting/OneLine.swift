extension StringProtocol {
    /// The text on one line of at most so many characters; what is left out at its end shows as an ellipsis.
    ///
    /// - Parameter width: At least 1.
    package func oneLine(width: Int) -> String {
        precondition(width > 0, "a line has room for a character (has \(width))")
        let line = split(whereSeparator: \.isNewline).joined(separator: " ")
        return line.count <= width ? line : line.prefix(width - 1) + "…"
    }
}
