/// Go's `strings` package: text is bytes there, so that a line feed is found within a carriage return and line feed,
/// which Swift takes for one character.
enum GoStrings {
    static func contains(_ text: String, _ part: String) -> Bool { !offsets(of: part, in: text, limit: 1).isEmpty }

    static func hasPrefix(_ text: String, _ prefix: String) -> Bool { text.utf8.starts(with: prefix.utf8) }

    static func hasSuffix(_ text: String, _ suffix: String) -> Bool {
        text.utf8.reversed().starts(with: suffix.utf8.reversed())
    }

    /// -1 where the part is not in the text.
    static func index(of part: String, in text: String) -> Int {
        part.isEmpty ? 0 : offsets(of: part, in: text, limit: 1).first ?? -1
    }

    static func lastIndex(of part: String, in text: String) -> Int {
        let (bytes, part) = (Array(text.utf8), Array(part.utf8))
        guard part.count <= bytes.count else { return -1 }
        let starts = (0...(bytes.count - part.count)).reversed()
        return starts.first { bytes[$0...].starts(with: part) } ?? -1
    }

    /// `strings.Replace`: a negative limit is none.
    static func replace(_ text: String, _ old: String, _ new: String, limit: Int = -1) -> String {
        guard !old.isEmpty else { return interspersed(text, with: new, limit: limit) }
        return split(text, at: old, limit: limit < 0 || limit == .max ? -1 : limit + 1).joined(separator: new)
    }

    /// `strings.SplitN`: an empty separator splits between characters; a negative limit is none.
    static func split(_ text: String, at separator: String, limit: Int = -1) -> [String] {
        guard limit != 0 else { return [] }
        guard !separator.isEmpty else {
            let characters = text.unicodeScalars.map { String(Character($0)) }
            guard limit > 0, characters.count > limit else { return characters }
            return characters.prefix(limit - 1) + [characters.dropFirst(limit - 1).joined()]
        }
        let bytes = Array(text.utf8)
        var parts: [String] = []
        var start = 0
        for offset in offsets(of: separator, in: text, limit: limit < 0 ? .max : limit - 1) {
            parts.append(String(decoding: bytes[start..<offset], as: UTF8.self))
            start = offset + separator.utf8.count
        }
        return parts + [String(decoding: bytes[start...], as: UTF8.self)]
    }

    /// Of white space, or of the characters of a set.
    static func trim(_ text: some StringProtocol, of set: String? = nil) -> String {
        func isTrimmed(_ scalar: Unicode.Scalar) -> Bool {
            set?.unicodeScalars.contains(scalar) ?? scalar.properties.isWhitespace
        }
        var rest = text.unicodeScalars[...]
        while let first = rest.first, isTrimmed(first) { rest.removeFirst() }
        while let last = rest.last, isTrimmed(last) { rest.removeLast() }
        return String(String.UnicodeScalarView(rest))
    }

    static func trimPrefix(_ text: String, _ prefix: String) -> String {
        guard hasPrefix(text, prefix) else { return text }
        return String(decoding: text.utf8.dropFirst(prefix.utf8.count), as: UTF8.self)
    }

    static func trimSuffix(_ text: String, _ suffix: String) -> String {
        guard hasSuffix(text, suffix) else { return text }
        return String(decoding: text.utf8.dropLast(suffix.utf8.count), as: UTF8.self)
    }

    /// Where a part that is not empty stands in a text, without overlaps.
    private static func offsets(of part: String, in text: String, limit: Int) -> [Int] {
        let (bytes, part) = (Array(text.utf8), Array(part.utf8))
        if part.isEmpty { return [0] }
        var found: [Int] = []
        var offset = 0
        while found.count < limit, offset + part.count <= bytes.count {
            if bytes[offset] == part[0], bytes[offset...].starts(with: part) {
                found.append(offset)
                offset += part.count
            } else {
                offset += 1
            }
        }
        return found
    }

    private static func interspersed(_ text: String, with new: String, limit: Int) -> String {
        var result = ""
        var count = 0
        for scalar in text.unicodeScalars {
            if limit < 0 || count < limit { result += new }
            count += 1
            result.unicodeScalars.append(scalar)
        }
        return limit < 0 || count < limit ? result + new : result
    }
}
