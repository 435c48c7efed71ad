import Faults
import Testing

struct GlobTests {
    @Test(
        "a glob matches what it describes and nothing else",
        arguments: [
            ("", "", true), ("", "a", false), ("*", "", true), ("*", "abc", true), ("?", "", false), ("?", "a", true),
            ("?", "ab", false), ("a*", "a", true), ("a*", "ba", false), ("*a", "banana", true),
            ("*a", "bananas", false),
            ("a*b*c", "abc", true), ("a*b*c", "a--b--b--c", true), ("a*b*c", "acb", false),
            ("*-agent", "w-1-agent", true),
            ("w-?-agent", "w-1-agent", true), ("w-?-agent", "w-12-agent", false), ("a.c", "abc", false),
            ("**", "x", true), ("a*?", "a", false), ("a*?", "ab", true), ("*aab", "aaaaab", true), ("?*é", "né", true),
        ])
    func matching(pattern: String, text: String, isMatch: Bool) {
        #expect(Glob(pattern).matches(text) == isMatch)
    }
}
