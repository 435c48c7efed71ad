/// How results are dressed: plain for files and pipes, coloured for terminals.
package struct Style: Hashable, Sendable {
    package var isColoured: Bool

    package init(isColoured: Bool) { self.isColoured = isColoured }

    package static let plain = Style(isColoured: false)

    /// Colours only where somebody looks and has not asked for none (https://no-color.org).
    ///
    /// - Parameter noColor: The value of the environment variable NO_COLOR; present and not empty switches colour off.
    package init(isTerminal: Bool, noColor: String?) { isColoured = isTerminal && (noColor ?? "").isEmpty }

    /// Select Graphic Rendition parameters of ECMA-48.
    enum Ink: Int { case bold = 1, dim = 2, red = 31, green = 32, yellow = 33 }

    func dressed(_ text: String, _ ink: Ink?) -> String {
        guard isColoured, let ink, !text.isEmpty else { return text }
        return "\u{1B}[\(ink.rawValue)m\(text)\u{1B}[0m"
    }
}
