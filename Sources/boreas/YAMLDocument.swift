import Experiments
import Foundation
import Yams

/// Reads YAML, of which JSON is a part, into nodes that know their places.
enum YAMLDocument {
    /// - Parameter file: The file's name, for errors.
    /// - Throws: ``ExperimentError`` for what is not YAML, or is more than one document.
    static func node(parsing text: String, file: String) throws -> DocumentNode {
        do {
            let parser = try Yams.Parser(yaml: text)
            guard let root = try parser.singleRoot() else { return DocumentNode(.null) }
            var builder = Builder(file: file)
            return try builder.node(root, path: "", depth: 0)
        } catch let error as YamlError {
            throw translate(error, file: file)
        }
    }

    /// Reads all documents of a text; those that hold nothing are left out.
    static func nodes(parsing text: String, file: String) throws -> [DocumentNode] {
        do {
            let parser = try Yams.Parser(yaml: text)
            var nodes: [DocumentNode] = []
            var builder = Builder(file: file)
            while let root = try parser.nextRoot() {
                let node = try builder.node(root, path: "", depth: 0)
                if node.content != .null { nodes.append(node) }
            }
            return nodes
        } catch let error as YamlError {
            throw translate(error, file: file)
        }
    }

    /// Reads a file of manifests: one document as it is, several as their list.
    static func manifests(file: String) throws -> DocumentNode {
        let nodes = try nodes(parsing: try text(file: file), file: file)
        return nodes.count == 1 ? nodes[0] : DocumentNode(.sequence(nodes))
    }

    /// Reads a file.
    ///
    /// - Throws: ``ExperimentError`` for a file that is missing, unreadable, or no YAML.
    static func node(file: String) throws -> DocumentNode {
        try node(parsing: try text(file: file), file: file)
    }

    private static func text(file: String) throws -> String {
        let bytes: Data
        do {
            bytes = try Data(contentsOf: URL(fileURLWithPath: file))
        } catch {
            let isMissing = !FileManager.default.fileExists(atPath: file)
            throw ExperimentError(
                file: file, position: nil, path: "",
                message: isMissing ? "there is no such file" : "the file can't be read; change its permissions")
        }
        guard let text = String(bytes: bytes, encoding: .utf8) else {
            throw ExperimentError(file: file, position: nil, path: "", message: "the file is not UTF-8 text")
        }
        return text
    }

    private static func translate(_ error: YamlError, file: String) -> ExperimentError {
        func refusal(_ mark: Mark?, _ message: String) -> ExperimentError {
            ExperimentError(
                file: file, position: mark.map { DocumentNode.Position(line: $0.line, column: $0.column) }, path: "",
                message: message)
        }
        switch error {
        case .scanner(_, let problem, let mark, _), .parser(_, let problem, let mark, _):
            return refusal(mark, "this is not YAML: \(problem)")
        case .composer(_, let problem, let mark, _): return refusal(mark, problem)
        case .duplicatedKeysInMapping(let duplicates, let context):
            return refusal(
                context.mark, "the key \(duplicates.sorted().joined(separator: ", ")) stands twice in one mapping")
        default: return refusal(nil, "this is not YAML: \(error)")
        }
    }

    private struct Builder {
        let file: String
        private var count = 0

        /// Aliases let a small file unfold into a document without end.
        static let nodesMax = 200_000
        static let depthMax = 200

        init(file: String) { self.file = file }

        mutating func node(_ node: Node, path: String, depth: Int) throws -> DocumentNode {
            let position = node.mark.map { DocumentNode.Position(line: $0.line, column: $0.column) }
            count += 1
            guard count <= Self.nodesMax, depth <= Self.depthMax else {
                throw ExperimentError(
                    file: file, position: position, path: path,
                    message: "the document is too large, or its aliases unfold into too much")
            }
            switch node {
            case .scalar(let scalar): return DocumentNode(Self.content(scalar), at: position)
            case .sequence(let sequence):
                var elements: [DocumentNode] = []
                for (index, element) in sequence.enumerated() {
                    elements.append(try self.node(element, path: "\(path)[\(index)]", depth: depth + 1))
                }
                return DocumentNode(.sequence(elements), at: position)
            case .mapping(let mapping):
                return DocumentNode(.mapping(try members(mapping, path: path, depth: depth)), at: position)
            case .alias:
                throw ExperimentError(
                    file: file, position: position, path: path, message: "an alias without its anchor")
            }
        }

        private mutating func members(
            _ mapping: Node.Mapping, path: String, depth: Int
        ) throws -> [DocumentNode.Member] {
            var members: [DocumentNode.Member] = []
            var keys: Set<String> = []
            for (key, value) in mapping {
                let position = key.mark.map { DocumentNode.Position(line: $0.line, column: $0.column) }
                guard case .scalar(let scalar) = key else {
                    throw ExperimentError(file: file, position: position, path: path, message: "a key must be a text")
                }
                guard keys.insert(scalar.string).inserted else {
                    throw ExperimentError(
                        file: file, position: position, path: path,
                        message: "the key \(scalar.string) stands twice in one mapping")
                }
                let childPath = path.isEmpty ? scalar.string : "\(path).\(scalar.string)"
                members.append(
                    DocumentNode.Member(
                        key: scalar.string, keyPosition: position,
                        value: try node(value, path: childPath, depth: depth + 1)))
            }
            return members
        }

        /// By the core schema of YAML 1.2 (https://yaml.org/spec/1.2.2/#103-core-schema): `yes`, `on` and `1:30` are
        /// texts, whatever YAML 1.1 made of them.
        private static func content(_ scalar: Node.Scalar) -> DocumentNode.Content {
            let text = scalar.string
            guard scalar.style == .plain || scalar.style == .any else { return .string(text) }
            switch text {
            case "", "~", "null", "Null", "NULL": return .null
            case "true", "True", "TRUE": return .bool(true)
            case "false", "False", "FALSE": return .bool(false)
            default: break
            }
            let isSigned = text.hasPrefix("-") || text.hasPrefix("+")
            let digits = isSigned ? text.dropFirst() : Substring(text)
            guard let first = digits.first, first.isASCII, first.isNumber || first == "." else { return .string(text) }
            if let integer = integer(digits), !isSigned || digits.allSatisfy(\.isNumber) {
                return .integer(text.hasPrefix("-") ? -integer : integer)
            }
            let isDecimal = digits.allSatisfy { $0.isASCII && ($0.isNumber || ".eE+-".contains($0)) }
            if isDecimal, let number = Double(text), number.isFinite { return .number(number) }
            return .string(text)
        }

        private static func integer(_ digits: Substring) -> Int64? {
            if digits.hasPrefix("0x") { return Int64(digits.dropFirst(2), radix: 16) }
            if digits.hasPrefix("0o") { return Int64(digits.dropFirst(2), radix: 8) }
            return digits.allSatisfy { $0.isASCII && $0.isNumber } ? Int64(digits) : nil
        }
    }
}
