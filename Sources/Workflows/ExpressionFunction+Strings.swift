import Kubernetes

extension ExpressionFunction {
    /// Repetitions and paddings go no further, so that no expression can fill the memory.
    static let lengthMax = 1_000_000

    static let strings: [String: ExpressionFunction] = [
        "hasPrefix": ExpressionFunction(2) { .bool(try $0.text(0).hasPrefix(try $0.text(1))) },
        "hasSuffix": ExpressionFunction(2) { .bool(try $0.text(0).hasSuffix(try $0.text(1))) },
        "indexOf": ExpressionFunction(2) { .integer(try $0.text(0).byteOffset(of: try $0.text(1), isLast: false)) },
        "lastIndexOf": ExpressionFunction(2) { .integer(try $0.text(0).byteOffset(of: try $0.text(1), isLast: true)) },
        "lower": ExpressionFunction(1) { .string(try $0.text(0).lowercased()) },
        "upper": ExpressionFunction(1) { .string(try $0.text(0).uppercased()) },
        "repeat": ExpressionFunction(2) { .string(try repeated(try $0.text(0), try $0.int(1))) },
        "replace": ExpressionFunction(3...4) { arguments in
            let limit = arguments.count == 4 ? try arguments.int(3) : -1
            return .string(
                replaced(try arguments.text(0), try arguments.text(1), try arguments.text(2), limit: limit))
        },
        "split": ExpressionFunction(2...3) { arguments in
            let limit = arguments.count == 3 ? try arguments.int(2) : -1
            return .json(JSONValue(parts(of: try arguments.text(0), at: try arguments.text(1), limit: limit)))
        },
        "splitAfter": ExpressionFunction(2...3) { arguments in
            let limit = arguments.count == 3 ? try arguments.int(2) : -1
            let separator = try arguments.text(1)
            let all = parts(of: try arguments.text(0), at: separator, limit: limit)
            return .json(JSONValue(all.dropLast().map { $0 + separator } + all.suffix(1)))
        },
        "trim": ExpressionFunction(1...2) { arguments in
            let set = arguments.count == 2 ? try arguments.text(1) : nil
            return .string(trimmed(try arguments.text(0), of: set))
        },
        "trimPrefix": ExpressionFunction(1...2) { arguments in
            let prefix = arguments.count == 2 ? try arguments.text(1) : " "
            return .string(withoutPrefix(prefix, try arguments.text(0)))
        },
        "trimSuffix": ExpressionFunction(1...2) { arguments in
            let suffix = arguments.count == 2 ? try arguments.text(1) : " "
            return .string(withoutSuffix(suffix, try arguments.text(0)))
        },
    ]

    static func repeated(_ text: String, _ count: Int) throws(ExpressionFault) -> String {
        guard count >= 0, count <= lengthMax, text.utf8.count * count <= lengthMax else {
            throw ExpressionFault("a text cannot be repeated \(count) times")
        }
        return String(repeating: text, count: count)
    }

    static func replaced(_ text: String, _ old: String, _ new: String, limit: Int) -> String {
        limit < 0 ? text.replacing(old, with: new) : text.replacing(old, with: new, maxReplacements: limit)
    }

    /// Go's `strings.SplitN`: an empty separator splits between characters.
    static func parts(of text: String, at separator: String, limit: Int) -> [String] {
        guard limit != 0 else { return [] }
        guard !separator.isEmpty else {
            let characters = text.unicodeScalars.map { String(Character($0)) }
            guard limit > 0, characters.count > limit else { return characters }
            return characters.prefix(limit - 1) + [characters.dropFirst(limit - 1).joined()]
        }
        return text.split(
            separator: separator, maxSplits: limit < 0 ? .max : limit - 1, omittingEmptySubsequences: false
        ).map(String.init)
    }

    /// Of white space, or of the characters of a set.
    static func trimmed(_ text: String, of set: String?) -> String {
        func isTrimmed(_ character: Character) -> Bool { set?.contains(character) ?? character.isWhitespace }
        var rest = Substring(text)
        while let first = rest.first, isTrimmed(first) { rest.removeFirst() }
        while let last = rest.last, isTrimmed(last) { rest.removeLast() }
        return String(rest)
    }

    static func withoutPrefix(_ prefix: String, _ text: String) -> String {
        text.hasPrefix(prefix) ? String(text.dropFirst(prefix.count)) : text
    }

    static func withoutSuffix(_ suffix: String, _ text: String) -> String {
        text.hasSuffix(suffix) ? String(text.dropLast(suffix.count)) : text
    }
}

extension String {
    /// Go counts bytes; -1 where the part is not in the text.
    fileprivate func byteOffset(of part: String, isLast: Bool) -> Int {
        let (text, part) = (Array(utf8), Array(part.utf8))
        guard part.count <= text.count else { return -1 }
        let starts = Array(0...(text.count - part.count))
        let isFound = { (start: Int) in text[start..<start + part.count].elementsEqual(part) }
        return (isLast ? starts.last(where: isFound) : starts.first(where: isFound)) ?? -1
    }
}
