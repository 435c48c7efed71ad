import Testing

@testable import Reporting

struct MarkdownTextTests {
    @Test(
        "what Markdown would read as its own is escaped, and no line ends",
        arguments: [
            ("a|b", "a\\|b"), ("1 ~ 2 * 3", "1 \\~ 2 \\* 3"), ("<b>_x_[y]`z`\\", "\\<b\\>\\_x\\_\\[y\\]\\`z\\`\\\\"),
            ("a\r\n::error::b", "a ::error::b"), ("a\nb\rc\u{2028}d", "a b c d"), ("&lt;", "\\&lt;"),
        ])
    func escaped(text: String, expected: String) {
        #expect(MarkdownText.escaped(text) == expected)
    }

    @Test(
        "code is fenced by more backticks than it has in a row, and its bars are escaped for tables",
        arguments: [
            ("a|b", "`a\\|b`"), ("a`b``c", "```a`b``c```"), ("`a`", "`` `a` ``"), (" a ", "`  a  `"), ("", ""),
            ("a\r\nb", "`a b`"),
        ])
    func code(text: String, expected: String) {
        #expect(MarkdownText.code(text) == expected)
    }
}
