import Determinism
import Kubernetes

/// Plays a script without running anything: what it prints, what it writes to files, how long it takes, how it ends.
struct PythonInterpreter {
    enum Flow: Hashable, Sendable {
        case next, breakLoop, continueLoop
    }

    /// Statements and values that a script may come to; more of them stand for a script that never ends.
    private static let stepsMax = 100_000
    /// Characters and elements that a script may make of anything.
    static let sizeMax = 1 << 20

    var plan = ContainerPlan(duration: .zero, exitCode: 0)
    var variables: [String: PythonValue] = ["__name__": .string("__main__")]
    /// What names that were imported stand for.
    private var imports: [String: String] = [:]
    let environment: [String: String]
    let arguments: [String]
    let isJavaScript: Bool
    /// Civil time at the start.
    let epoch: Timestamp
    var generator: SplitMix64
    private var steps = 0
    private var printed = 0

    init(
        environment: [String: String], arguments: [String], isJavaScript: Bool, epoch: Timestamp,
        generator: SplitMix64
    ) {
        self.environment = environment
        self.arguments = arguments
        self.isJavaScript = isJavaScript
        self.epoch = epoch
        self.generator = generator
    }

    /// - Throws: ``PythonFailure/unsupported(_:)`` alone: nobody can say what the script does.
    mutating func play(_ statements: [PythonStatement]) throws(PythonFailure) -> ContainerPlan {
        do throws(PythonFailure) {
            _ = try run(statements)
        } catch {
            switch error {
            case .unsupported: throw error
            case .exited(let code): plan.exitCode = code & 0xFF
            case .raised(let words):
                plan.print("Traceback (most recent call last):\n\(words)\n", stream: .standardError)
                plan.exitCode = 1
            case .endless: plan.duration = nil
            }
        }
        return plan
    }

    /// - Parameter elements: How many were made at once.
    mutating func step(elements: Int = 0) throws(PythonFailure) {
        steps += 1 + elements / 16
        guard steps <= Self.stepsMax else { throw .endless }
    }

    // MARK: Statements

    private mutating func run(_ statements: [PythonStatement]) throws(PythonFailure) -> Flow {
        for statement in statements {
            let flow = try run(statement)
            guard flow == .next else { return flow }
        }
        return .next
    }

    private mutating func run(_ statement: PythonStatement) throws(PythonFailure) -> Flow {
        try step()
        switch statement {
        case .pass: break
        case .breakLoop: return .breakLoop
        case .continueLoop: return .continueLoop
        case .expression(let expression): _ = try value(of: expression)
        case .assign(let target, let expression): try assign(try value(of: expression), to: target)
        case .choice(let branches, let otherwise):
            for branch in branches where try value(of: branch.condition).isTrue { return try run(branch.body) }
            return try run(otherwise)
        case .each(let name, let source, let body):
            for element in try elements(of: try value(of: source)) {
                variables[name] = element
                guard try run(body) != .breakLoop else { break }
            }
        case .loop(let condition, let body):
            while try value(of: condition).isTrue {
                try step()
                guard try run(body) != .breakLoop else { break }
            }
        case .with(let source, let name, let body):
            variables[name] = try value(of: source)
            return try run(body)
        case .importing(let path, let name): imports[name] = path
        case .raise(let expression): throw .raised(try complaint(expression))
        }
        return .next
    }

    private mutating func assign(_ value: PythonValue, to target: PythonExpression) throws(PythonFailure) {
        switch target {
        case .name(let name): variables[name] = value
        case .element(.name(let name), let key):
            let key = try self.value(of: key)
            switch variables[name] {
            case .dictionary(var pairs):
                if let index = pairs.firstIndex(where: { $0.key.equals(key) }) {
                    pairs[index].value = value
                } else {
                    pairs.append(.init(key: key, value: value))
                }
                variables[name] = .dictionary(pairs)
            case .list(var elements):
                elements[try index(key, in: elements.count)] = value
                variables[name] = .list(elements)
            default: throw .unsupported("an assignment to that")
            }
        default: throw .unsupported("an assignment to that")
        }
    }

    /// `ValueError: why`
    private mutating func complaint(_ expression: PythonExpression) throws(PythonFailure) -> String {
        guard case .call(.name(let name), let values, _) = expression else {
            if case .name(let name) = expression { return name }
            throw .unsupported("raise")
        }
        var words: [String] = []
        for argument in values { words.append(try value(of: argument).text) }
        return words.isEmpty ? name : "\(name): \(words.joined(separator: ", "))"
    }

    // MARK: Expressions

    mutating func value(of expression: PythonExpression) throws(PythonFailure) -> PythonValue {
        try step()
        switch expression {
        case .literal(let value): return value
        case .name(let name):
            guard let value = variables[name] else { throw .unsupported("the name \(name)") }
            return value
        case .member:
            guard let path = path(of: expression) else { throw .unsupported("such a member") }
            return try member(path)
        case .call(let function, let values, let named): return try call(function, values, named)
        case .element(let source, let key): return try element(try value(of: source), try value(of: key))
        case .list(let parts):
            var elements: [PythonValue] = []
            for part in parts { elements.append(try value(of: part)) }
            return .list(elements)
        case .dictionary(let parts):
            var pairs: [PythonValue.Pair] = []
            for part in parts {
                pairs.append(.init(key: try value(of: part.key), value: try value(of: part.value)))
            }
            return .dictionary(pairs)
        case .comprehension(let element, let name, let source, let condition):
            return try comprehension(element, name, try value(of: source), condition)
        case .choice(let condition, let then, let otherwise):
            return try value(of: try value(of: condition).isTrue ? then : otherwise)
        case .unary(let sign, let operand): return try unary(sign, try value(of: operand))
        case .binary(let sign, let left, let right): return try binary(sign, left, right)
        case .formatted(let fields):
            var text = ""
            for field in fields {
                guard let part = try value(of: field.value).formatted(field.format) else {
                    throw .unsupported("the format \(field.format)")
                }
                text += part
            }
            return .string(text)
        }
    }

    private mutating func comprehension(
        _ element: PythonExpression, _ name: String, _ source: PythonValue, _ condition: PythonExpression?
    ) throws(PythonFailure) -> PythonValue {
        let outer = variables[name]
        var results: [PythonValue] = []
        for value in try elements(of: source) {
            variables[name] = value
            if let condition, !(try self.value(of: condition).isTrue) { continue }
            results.append(try self.value(of: element))
        }
        variables[name] = outer
        return .list(results)
    }

    private func elements(of value: PythonValue) throws(PythonFailure) -> [PythonValue] {
        guard let elements = value.elements else { throw .raised("TypeError: object is not iterable") }
        return elements
    }

    private func index(_ key: PythonValue, in count: Int) throws(PythonFailure) -> Int {
        guard let number = key.integer else { throw .raised("TypeError: indices must be integers") }
        guard number < count, number >= -count else { throw .raised("IndexError: list index out of range") }
        return number < 0 ? number + count : number
    }

    private func element(_ source: PythonValue, _ key: PythonValue) throws(PythonFailure) -> PythonValue {
        if case .dictionary(let pairs) = source {
            guard let pair = pairs.first(where: { $0.key.equals(key) }) else { throw .raised("KeyError: \(key.text)") }
            return pair.value
        }
        guard let elements = source.elements else { throw .raised("TypeError: object is not subscriptable") }
        return elements[try index(key, in: elements.count)]
    }

    private func unary(_ sign: String, _ value: PythonValue) throws(PythonFailure) -> PythonValue {
        if sign == "not" { return .bool(!value.isTrue) }
        if case .number(let number) = value { return .number(sign == "-" ? -number : number) }
        guard let integer = value.integer else { throw .raised("TypeError: bad operand type for unary \(sign)") }
        return .integer(sign == "-" ? 0 &- integer : integer)
    }

    /// The `a.b.c` that an expression is, with imported names in place; nil for another, and where `a` is a variable.
    func path(of expression: PythonExpression) -> String? {
        switch expression {
        case .name(let name): variables[name] == nil ? imports[name] ?? name : nil
        case .member(let owner, let name): path(of: owner).map { "\($0).\(name)" }
        default: nil
        }
    }

    // MARK: Printing

    mutating func write(_ text: String, to target: PythonValue) throws(PythonFailure) {
        printed += text.count
        guard printed <= Self.sizeMax, !text.isEmpty else { return }
        switch target {
        case .stream(let stream): plan.print(text, stream: stream)
        case .file("/dev/stdout"): plan.print(text)
        case .file("/dev/null"): break
        case .file(let path): plan.files[path, default: ""] += text
        default: throw .unsupported("writing to that")
        }
    }
}
