/// A pattern in which `*` is any run of characters, an empty one too, and `?` any one; all else stands for itself.
package struct Glob: Hashable, Sendable {
    package let pattern: String
    private let scalars: [Unicode.Scalar]

    package init(_ pattern: String) {
        self.pattern = pattern
        scalars = Array(pattern.unicodeScalars)
    }

    package func matches(_ text: String) -> Bool {
        if pattern == "*" { return true }
        let text = text.unicodeScalars
        var here = text.startIndex
        var position = 0
        // The last star, and how far the text was when it was met: on a mismatch the star takes one character more.
        var star: (position: Int, text: String.UnicodeScalarView.Index)?
        while here < text.endIndex {
            if position < scalars.count, scalars[position] == "*" {
                star = (position, here)
                position += 1
            } else if position < scalars.count, scalars[position] == "?" || scalars[position] == text[here] {
                position += 1
                here = text.index(after: here)
            } else if let last = star {
                position = last.position + 1
                here = text.index(after: last.text)
                star = (last.position, here)
            } else {
                return false
            }
        }
        return scalars[position...].allSatisfy { $0 == "*" }
    }
}
