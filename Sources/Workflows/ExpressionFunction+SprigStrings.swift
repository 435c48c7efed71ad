import Kubernetes

/// Functions of github.com/Masterminds/sprig: many take what they work on as the last argument.
extension ExpressionFunction {
    static let sprigStrings: [String: ExpressionFunction] = [
        "trim": ExpressionFunction(1) { .string(GoStrings.trim(try $0.text(0), of: nil)) },
        "trimAll": ExpressionFunction(2) { .string(GoStrings.trim(try $0.text(1), of: try $0.text(0))) },
        "trimall": ExpressionFunction(2) { .string(GoStrings.trim(try $0.text(1), of: try $0.text(0))) },
        "trimPrefix": ExpressionFunction(2) { .string(GoStrings.trimPrefix(try $0.text(1), try $0.text(0))) },
        "trimSuffix": ExpressionFunction(2) { .string(GoStrings.trimSuffix(try $0.text(1), try $0.text(0))) },
        "upper": ExpressionFunction(1) { .string(try $0.text(0).uppercased()) },
        "lower": ExpressionFunction(1) { .string(try $0.text(0).lowercased()) },
        "title": ExpressionFunction(1) { .string(title(try $0.text(0)) { $0.uppercased() }) },
        "untitle": ExpressionFunction(1) { .string(title(try $0.text(0)) { $0.lowercased() }) },
        "repeat": ExpressionFunction(2) { .string(try repeated(try $0.text(1), try $0.int(0))) },
        "replace": ExpressionFunction(3) {
            .string(GoStrings.replace(try $0.text(2), try $0.text(0), try $0.text(1)))
        },
        "nospace": ExpressionFunction(1) { .string(try $0.text(0).filter { !$0.isWhitespace }) },
        "trunc": ExpressionFunction(2) { .string(truncated(try $0.text(1), to: try $0.int(0))) },
        "substr": ExpressionFunction(3) { .string(part(of: try $0.text(2), try $0.int(0), try $0.int(1))) },
        "contains": ExpressionFunction(2) { .bool(GoStrings.contains(try $0.text(1), try $0.text(0))) },
        "hasPrefix": ExpressionFunction(2) { .bool(GoStrings.hasPrefix(try $0.text(1), try $0.text(0))) },
        "hasSuffix": ExpressionFunction(2) { .bool(GoStrings.hasSuffix(try $0.text(1), try $0.text(0))) },
        "quote": ExpressionFunction(0...) { .string(joined($0) { GoText.quoted($0) }) },
        "squote": ExpressionFunction(0...) { .string(joined($0) { "'\($0)'" }) },
        "cat": ExpressionFunction(0...) { .string(joined($0) { $0 }) },
        "indent": ExpressionFunction(2) { .string(try indented(try $0.text(1), by: try $0.int(0))) },
        "nindent": ExpressionFunction(2) { .string("\n" + (try indented(try $0.text(1), by: try $0.int(0)))) },
        "plural": ExpressionFunction(3) { try $0.int(2) == 1 ? $0[0] : $0[1] },
        "snakecase": ExpressionFunction(1) { .string(words(of: try $0.text(0)).joined(separator: "_")) },
        "kebabcase": ExpressionFunction(1) { .string(words(of: try $0.text(0)).joined(separator: "-")) },
        "camelcase": ExpressionFunction(1) { arguments in
            .string(words(of: try arguments.text(0)).map { title($0) { $0.uppercased() } }.joined())
        },
        "regexMatch": ExpressionFunction(2) { .bool(try GoPattern(try $0.text(0)).matches(try $0.text(1))) },
        "regexFind": ExpressionFunction(2) { .string(try GoPattern(try $0.text(0)).first(in: try $0.text(1)) ?? "") },
        "regexFindAll": ExpressionFunction(3) { arguments in
            let all = try GoPattern(try arguments.text(0)).all(in: try arguments.text(1))
            let limit = try arguments.int(2)
            return .json(JSONValue(limit < 0 ? all : Array(all.prefix(limit))))
        },
        "regexReplaceAll": ExpressionFunction(3) {
            .string(
                try GoPattern(try $0.text(0)).replacing(in: try $0.text(1), with: try $0.text(2), isLiteral: false))
        },
        "regexReplaceAllLiteral": ExpressionFunction(3) {
            .string(try GoPattern(try $0.text(0)).replacing(in: try $0.text(1), with: try $0.text(2), isLiteral: true))
        },
        "regexSplit": ExpressionFunction(3) {
            .json(JSONValue(try GoPattern(try $0.text(0)).split(try $0.text(1), limit: try $0.int(2))))
        },
    ]

    /// Changes the first letter of each word.
    private static func title(_ text: String, _ change: (Character) -> String) -> String {
        var result = ""
        var isInWord = false
        for character in text {
            result += isInWord ? String(character) : change(character)
            isInWord = !character.isWhitespace
        }
        return result
    }

    /// From the end where the count is negative; Go counts bytes, this counts characters.
    private static func truncated(_ text: String, to count: Int) -> String {
        let length = Int(clamping: count.magnitude)
        return String(count < 0 ? text.suffix(length) : text.prefix(length))
    }

    private static func part(of text: String, _ start: Int, _ end: Int) -> String {
        if start < 0 { return String(text.prefix(max(0, end))) }
        guard end >= 0, end <= text.count else { return String(text.dropFirst(start)) }
        return String(text.prefix(end).dropFirst(start))
    }

    /// The arguments that are not nil, as text, with spaces between them.
    private static func joined(_ arguments: ExpressionArguments, _ change: (String) -> String) -> String {
        arguments.values.filter { !$0.isNull }.map { change(GoText.plain($0)) }.joined(separator: " ")
    }

    private static func indented(_ text: String, by count: Int) throws(ExpressionFault) -> String {
        let blanks = try repeated(" ", count)
        return blanks + GoStrings.replace(text, "\n", "\n" + blanks)
    }

    /// Words in lower case, parted by anything but letters and digits and by changes from lower to upper case.
    private static func words(of text: String) -> [String] {
        var words: [String] = []
        var word = ""
        for character in text {
            let isPart = character.isLetter || character.isNumber
            if !isPart || character.isUppercase && word.last?.isLowercase == true {
                if !word.isEmpty { words.append(word) }
                word = ""
            }
            if isPart { word.append(character) }
        }
        if !word.isEmpty { words.append(word) }
        return words.map { $0.lowercased() }
    }
}
