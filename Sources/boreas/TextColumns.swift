/// Text in columns and lines of a terminal.
enum TextColumns {
    /// Where lines are broken.
    static let width = 100

    static func padded(_ text: String, _ width: Int) -> String {
        text + String(repeating: " ", count: max(0, width - text.count))
    }

    /// A name in a column of this width, and beside it what it means, on as many lines as that takes.
    static func entry(_ name: String, _ text: String, width: Int, indent: Int = 0) -> [String] {
        let head = String(repeating: " ", count: indent) + padded(name, width)
        let body = wrapped(text, indent: head.count)
        return [head + body[0].dropFirst(head.count)] + body.dropFirst()
    }

    /// The words on lines that begin so far to the right; one line at least.
    static func wrapped(_ text: String, indent: Int = 0) -> [String] {
        let start = String(repeating: " ", count: indent)
        var lines: [String] = []
        var line = start
        for word in text.split(whereSeparator: \.isWhitespace) {
            if line.count > indent, line.count + word.count + 1 > width {
                lines.append(line)
                line = start
            }
            line += line.count > indent ? " \(word)" : "\(word)"
        }
        return lines + [line]
    }
}
