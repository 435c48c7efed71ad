import Kubernetes

extension ExpressionFunction {
    /// Repetitions and paddings go no further, so that no expression can fill the memory.
    static let lengthMax = 1_000_000

    static let strings: [String: ExpressionFunction] = [
        "hasPrefix": ExpressionFunction(2) { .bool(GoStrings.hasPrefix(try $0.text(0), try $0.text(1))) },
        "hasSuffix": ExpressionFunction(2) { .bool(GoStrings.hasSuffix(try $0.text(0), try $0.text(1))) },
        "indexOf": ExpressionFunction(2) { .integer(GoStrings.index(of: try $0.text(1), in: try $0.text(0))) },
        "lastIndexOf": ExpressionFunction(2) { .integer(GoStrings.lastIndex(of: try $0.text(1), in: try $0.text(0))) },
        "lower": ExpressionFunction(1) { .string(try $0.text(0).lowercased()) },
        "upper": ExpressionFunction(1) { .string(try $0.text(0).uppercased()) },
        "repeat": ExpressionFunction(2) { .string(try repeated(try $0.text(0), try $0.int(1))) },
        "replace": ExpressionFunction(3...4) { arguments in
            let limit = arguments.count == 4 ? try arguments.int(3) : -1
            return .string(
                GoStrings.replace(try arguments.text(0), try arguments.text(1), try arguments.text(2), limit: limit))
        },
        "split": ExpressionFunction(2...3) { arguments in
            let limit = arguments.count == 3 ? try arguments.int(2) : -1
            return .json(JSONValue(GoStrings.split(try arguments.text(0), at: try arguments.text(1), limit: limit)))
        },
        "splitAfter": ExpressionFunction(2...3) { arguments in
            let limit = arguments.count == 3 ? try arguments.int(2) : -1
            let separator = try arguments.text(1)
            let all = GoStrings.split(try arguments.text(0), at: separator, limit: limit)
            return .json(JSONValue(all.dropLast().map { $0 + separator } + all.suffix(1)))
        },
        "trim": ExpressionFunction(1...2) { arguments in
            let set = arguments.count == 2 ? try arguments.text(1) : nil
            return .string(GoStrings.trim(try arguments.text(0), of: set))
        },
        "trimPrefix": ExpressionFunction(1...2) { arguments in
            let prefix = arguments.count == 2 ? try arguments.text(1) : " "
            return .string(GoStrings.trimPrefix(try arguments.text(0), prefix))
        },
        "trimSuffix": ExpressionFunction(1...2) { arguments in
            let suffix = arguments.count == 2 ? try arguments.text(1) : " "
            return .string(GoStrings.trimSuffix(try arguments.text(0), suffix))
        },
    ]

    static func repeated(_ text: String, _ count: Int) throws(ExpressionFault) -> String {
        guard count >= 0, count <= lengthMax, text.utf8.count * count <= lengthMax else {
            throw ExpressionFault("a text cannot be repeated \(count) times")
        }
        return String(repeating: text, count: count)
    }
}
