/// How wide text will be, as far as that can be told without the font: a little more than common ones need.
enum Lettering {
    /// Of all text in charts, in units.
    static let size = 13.0
    /// From one line to the next.
    static let leading = 17.0

    static func width(of text: String) -> Double {
        text.unicodeScalars.reduce(0) { $0 + advance(of: $1) } * size
    }

    /// The text, cut so that it fits.
    static func cut(_ text: String, to width: Double) -> String {
        guard self.width(of: text) > width else { return text }
        var rest = text
        while !rest.isEmpty, self.width(of: rest) + advance(of: "…") * size > width { rest.removeLast() }
        return rest + "…"
    }

    private static func advance(of letter: Unicode.Scalar) -> Double {
        switch letter {
        case "i", "j", "l", "I", "t", "f", "r", " ", "\u{A0}", ".", ",", ":", ";", "'", "|", "!", "(", ")", "[", "]",
            "-":
            0.37
        case "m", "w", "M", "W", "%", "@", "…", "—": 0.92
        case "A"..."Z", "×", "+", "=", "<", ">", "\u{2212}": 0.68
        case "a"..."z", "0"..."9", "–", "µ", "/", "_": 0.58
        default: letter.value < 0x2E80 ? 0.66 : 1.05
        }
    }
}
