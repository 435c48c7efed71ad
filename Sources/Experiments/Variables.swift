/// The values that vary from cell to cell, and their places in a document: `$(name)`.
struct Variables: Hashable, Sendable {
    struct Setting: Hashable, Sendable {
        var name: String
        var value: DocumentNode
    }

    var settings: [Setting]
    /// How many choices of values there are in all, this one among them.
    var combinations = 1

    /// `outage=50ms,writers=4`.
    var name: String { settings.map { "\($0.name)=\($0.value.scalarText ?? "")" }.joined(separator: ",") }

    /// Every choice of one value for each name, the first name varying slowest.
    static func combinations(_ node: DocumentNode?, file: String) throws(ExperimentError) -> [Variables] {
        guard let node, node.content != .null else { return [Variables(settings: [])] }
        func error(_ message: String, _ place: DocumentNode.Position?, _ path: String = "") -> ExperimentError {
            ExperimentError(file: file, position: place ?? node.position, path: "spec.vary\(path)", message: message)
        }
        guard let members = node.members, !members.isEmpty else {
            throw error("names with lists of values are wanted here, such as {outage: [50ms, 1s]}", nil)
        }
        var all = [Variables(settings: [])]
        for member in members {
            guard isName(member.key) else {
                throw error("\(member.key) is no name; use letters, digits, - and _", member.keyPosition)
            }
            guard let values = member.value.elements, !values.isEmpty, values.allSatisfy({ $0.scalarText != nil })
            else {
                throw error(
                    "a list of values is wanted here, and this is \(member.value.typeName)", member.value.position,
                    ".\(member.key)")
            }
            if Set(values.map(\.scalarText)).count < values.count {
                throw error("a value stands here twice", member.value.position, ".\(member.key)")
            }
            all = all.flatMap { variables in
                values.map { Variables(settings: variables.settings + [Setting(name: member.key, value: $0)]) }
            }
            guard all.count <= combinationsMax else {
                throw error("more than \(combinationsMax) combinations", member.keyPosition)
            }
        }
        return all.map { Variables(settings: $0.settings, combinations: all.count) }
    }

    /// A bound on cells, far above any run that ends.
    static let combinationsMax = 1_000

    private static func isName(_ text: String) -> Bool {
        !text.isEmpty && text.allSatisfy { $0.isASCII && ($0.isLetter || $0.isNumber || $0 == "-" || $0 == "_") }
    }

    /// The document with the values in place: a scalar that is `$(name)` and nothing else takes the value with its
    /// type, and within a longer text the value's spelling stands in.
    func applied(to node: DocumentNode) -> DocumentNode {
        if settings.isEmpty { return node }
        switch node.content {
        case .string(let text):
            if let setting = settings.first(where: { text == "$(\($0.name))" }) { return setting.value }
            var result = text
            for setting in settings {
                result = Self.replacing("$(\(setting.name))", with: setting.value.scalarText ?? "", in: result)
            }
            return DocumentNode(.string(result), at: node.position)
        case .sequence(let elements): return DocumentNode(.sequence(elements.map(applied)), at: node.position)
        case .mapping(let members):
            return DocumentNode(
                .mapping(
                    members.map {
                        DocumentNode.Member(key: $0.key, keyPosition: $0.keyPosition, value: applied(to: $0.value))
                    }), at: node.position)
        case .null, .bool, .integer, .number: return node
        }
    }

    private static func replacing(_ target: String, with value: String, in text: String) -> String {
        text.split(separator: target, omittingEmptySubsequences: false).joined(separator: value)
    }

    /// The `$(name)`s of a document, each with its place.
    static func references(in node: DocumentNode) -> [(name: String, position: DocumentNode.Position?)] {
        switch node.content {
        case .string(let text):
            text.split(separator: "$(", omittingEmptySubsequences: false).dropFirst().compactMap { part in
                part.firstIndex(of: ")").map { (String(part[..<$0]), node.position) }
            }
        case .sequence(let elements): elements.flatMap(references)
        case .mapping(let members): members.flatMap { references(in: $0.value) }
        case .null, .bool, .integer, .number: []
        }
    }
}
