/// Text that means in Markdown what it says, and breaks out of no line and no table.
///
/// It goes by scalars: to characters, a carriage return with a line feed is one that equals neither.
enum MarkdownText {
    private static let special = Set("\\`*_[]<>#|~&".unicodeScalars)

    static func escaped(_ text: String) -> String {
        var escaped = ""
        for scalar in onOneLine(text).unicodeScalars {
            if special.contains(scalar) { escaped.append("\\") }
            escaped.unicodeScalars.append(scalar)
        }
        return escaped
    }

    /// Never empty, because some readers take an empty cell for none.
    static func cell(_ text: String) -> String { text.isEmpty ? " " : escaped(text) }

    /// A code span, for a table's cell: a bar is escaped even there (https://github.github.com/gfm/#example-200), and the
    /// fence is longer than any run of backticks within.
    static func code(_ text: String) -> String {
        guard !text.isEmpty else { return "" }
        var code = ""
        var (run, longest) = (0, 0)
        for scalar in onOneLine(text).unicodeScalars {
            run = scalar == "`" ? run + 1 : 0
            longest = max(longest, run)
            if scalar == "|" { code.append("\\") }
            code.unicodeScalars.append(scalar)
        }
        let fence = String(repeating: "`", count: longest + 1)
        // A reader takes one space off both ends, unless there is nothing else.
        let isPadded = code.hasPrefix("`") || code.hasSuffix("`") || code.hasPrefix(" ") && code.hasSuffix(" ")
        return isPadded ? "\(fence) \(code) \(fence)" : fence + code + fence
    }

    /// Each line's end is a space.
    private static func onOneLine(_ text: String) -> String {
        var line = ""
        var isAfterReturn = false
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\n" where isAfterReturn: break
            case "\n", "\r", "\u{B}", "\u{C}", "\u{85}", "\u{2028}", "\u{2029}": line.append(" ")
            default: line.unicodeScalars.append(scalar)
            }
            isAfterReturn = scalar == "\r"
        }
        return line
    }
}
