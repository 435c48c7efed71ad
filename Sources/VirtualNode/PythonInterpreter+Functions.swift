import Determinism
import Kubernetes

extension PythonInterpreter {
    /// A member of a module, where it is no function.
    func member(_ path: String) throws(PythonFailure) -> PythonValue {
        switch path {
        case "sys.stdout": return .stream(.standardOutput)
        case "sys.stderr": return .stream(.standardError)
        case "sys.argv": return .list(arguments.map { .string($0) })
        case "os.environ":
            let pairs = environment.sorted { $0.key < $1.key }
            return .dictionary(pairs.map { .init(key: .string($0.key), value: .string($0.value)) })
        case "math.pi": return .number(.pi)
        default: throw .unsupported(path)
        }
    }

    mutating func call(
        _ function: PythonExpression, _ arguments: [PythonExpression], _ namedArguments: [String: PythonExpression]
    ) throws(PythonFailure) -> PythonValue {
        var values: [PythonValue] = []
        for argument in arguments { values.append(try value(of: argument)) }
        var named: [String: PythonValue] = [:]
        for (name, argument) in namedArguments.sorted(by: { $0.key < $1.key }) {
            named[name] = try value(of: argument)
        }
        guard let path = path(of: function) else {
            guard case .member(let owner, let name) = function else { throw .unsupported("such a call") }
            return try method(name, of: owner, values)
        }
        if isJavaScript { return try scriptFunction(path, values) }
        if path.contains(".") {
            guard let value = try libraryFunction(path, values, named) else {
                guard case .member(let owner, let name) = function else { throw .unsupported(path) }
                return try method(name, of: owner, values)
            }
            return value
        }
        return try builtin(path, values, named)
    }

    // MARK: Builtins

    private mutating func builtin(
        _ name: String, _ values: [PythonValue], _ named: [String: PythonValue]
    ) throws(PythonFailure) -> PythonValue {
        switch (name, values.first) {
        case ("print", _):
            let text = values.map(\.text).joined(separator: named["sep"]?.text ?? " ")
            try write(text + (named["end"]?.text ?? "\n"), to: named["file"] ?? .stream(.standardOutput))
            return .none
        case ("exit", _), ("quit", _): throw exit(values.first)
        case ("range", _): return try range(values)
        case ("open", let path?):
            let mode = values.count > 1 ? values[1].text : named["mode"]?.text ?? "r"
            if mode.hasPrefix("w") {
                plan.files[path.text] = ""
            } else if !mode.hasPrefix("a"), plan.files[path.text] == nil {
                throw .raised("FileNotFoundError: [Errno 2] No such file or directory: '\(path.text)'")
            }
            return .file(path.text)
        case ("str", let value?): return .string(value.text)
        case ("len", let value?):
            guard let count = value.elements?.count else { throw .raised("TypeError: object has no len()") }
            return .integer(count)
        case ("int", let value?): return try whole(value)
        case ("float", let value?):
            guard let number = value.double ?? Double(value.text.filter { !$0.isWhitespace }) else {
                throw .raised("ValueError: could not convert string to float: '\(value.text)'")
            }
            return .number(number)
        case ("bool", let value?): return .bool(value.isTrue)
        case ("list", let value?), ("tuple", let value?): return .list(value.elements ?? [])
        case ("list", nil): return .list([])
        case ("dict", nil):
            return .dictionary(named.sorted { $0.key < $1.key }.map { .init(key: .string($0.key), value: $0.value) })
        case ("abs", .integer(let value)?): return .integer(value == .min ? .max : abs(value))
        case ("abs", .number(let value)?): return .number(abs(value))
        case ("round", .number(let value)?) where values.count == 1:
            return try whole(.number(value.rounded(.toNearestOrEven)))
        case ("sum", let value?):
            return .integer(try numbers(value).reduce(0) { $0 &+ $1 })
        case ("min", _), ("max", _):
            let all = try numbers(values.count == 1 ? values[0] : .list(values))
            guard let result = name == "min" ? all.min() : all.max() else {
                throw .raised("ValueError: \(name)() arg is an empty sequence")
            }
            return .integer(result)
        default: throw .unsupported("\(name)()")
        }
    }

    private func exit(_ value: PythonValue?) -> PythonFailure {
        switch value {
        case nil, PythonValue.none?: .exited(0)
        case let value?: .exited(value.integer ?? 1)
        }
    }

    private func whole(_ value: PythonValue) throws(PythonFailure) -> PythonValue {
        if let integer = value.integer { return .integer(integer) }
        if case .number(let number) = value, let integer = Int(exactly: number.rounded(.towardZero)) {
            return .integer(integer)
        }
        if case .string(let text) = value, let integer = Int(text.filter { !$0.isWhitespace }) {
            return .integer(integer)
        }
        throw .raised("ValueError: invalid literal for int() with base 10: '\(value.text)'")
    }

    private func numbers(_ value: PythonValue) throws(PythonFailure) -> [Int] {
        let elements = value.elements ?? []
        let numbers = elements.compactMap(\.integer)
        guard numbers.count == elements.count else { throw .unsupported("these elements") }
        return numbers
    }

    private mutating func range(_ values: [PythonValue]) throws(PythonFailure) -> PythonValue {
        let numbers = values.compactMap(\.integer)
        guard (1...3).contains(numbers.count), numbers.count == values.count else {
            throw .raised("TypeError: 'range' expected integers")
        }
        let step = numbers.count == 3 ? numbers[2] : 1
        guard step != 0 else { throw .raised("ValueError: range() arg 3 must not be zero") }
        let (start, end) = numbers.count == 1 ? (0, numbers[0]) : (numbers[0], numbers[1])
        let all = stride(from: start, to: end, by: step).prefix(100_001)
        let elements = all.map { PythonValue.integer($0) }
        guard elements.count <= 100_000 else { throw .unsupported("a long range") }
        try self.step(elements: elements.count)
        return .list(elements)
    }

    // MARK: Modules

    /// - Returns: Nil for what is no function of a module that is known.
    private mutating func libraryFunction(
        _ path: String, _ values: [PythonValue], _ named: [String: PythonValue]
    ) throws(PythonFailure) -> PythonValue? {
        switch (path, values.first) {
        case ("random.randint", .integer(let low)?):
            guard values.count == 2, let high = values[1].integer, low <= high else {
                throw .raised("ValueError: empty range for randint()")
            }
            return .integer(Int.random(in: low...high, using: &generator))
        case ("random.randrange", _):
            return try element(of: try range(values), path)
        case ("random.choice", let value?): return try element(of: value, path)
        case ("random.random", nil): return .number(generator.uniform())
        case ("random.uniform", let low?):
            guard let low = low.double, values.count == 2, let high = values[1].double else {
                throw .unsupported(path)
            }
            return .number(low + (high - low) * generator.uniform())
        case ("random.seed", _): return PythonValue.none
        case ("json.dumps", let value?):
            guard named.isEmpty else { throw .unsupported("\(path) with options") }
            return .string(try json(value))
        case ("json.dump", let value?):
            guard named.isEmpty, values.count == 2 else { throw .unsupported(path) }
            try write(try json(value), to: values[1])
            return PythonValue.none
        case ("json.loads", .string(let text)?):
            guard let value = try? JSONValue(parsing: Array(text.utf8)) else {
                throw .raised("json.decoder.JSONDecodeError: Expecting value: line 1 column 1 (char 0)")
            }
            return PythonValue(value)
        case ("sys.exit", _), ("os._exit", _):
            if case .string(let words)? = values.first { try write(words + "\n", to: .stream(.standardError)) }
            throw exit(values.first)
        case ("time.sleep", let value?):
            guard let seconds = value.double, (0..<3.2e9).contains(seconds) else { throw .unsupported(path) }
            plan.duration = plan.duration.map { $0 + .nanoseconds(Int64((seconds * 1e9).rounded())) }
            return PythonValue.none
        case ("time.time", nil):
            let now = epoch + (plan.duration ?? .zero)
            return .number(Double(now.microsecondsSinceEpoch) / 1e6)
        case ("os.getenv", .string(let name)?):
            return environment[name].map { .string($0) } ?? values.dropFirst().first ?? PythonValue.none
        case ("math.floor", let value?), ("math.ceil", let value?):
            guard let number = value.double else { throw .unsupported(path) }
            return try whole(.number(number.rounded(path == "math.floor" ? .down : .up)))
        default: return nil
        }
    }

    private mutating func element(of value: PythonValue, _ path: String) throws(PythonFailure) -> PythonValue {
        guard let element = value.elements?.randomElement(using: &generator) else {
            throw .raised("IndexError: Cannot choose from an empty sequence")
        }
        return element
    }

    private func json(_ value: PythonValue) throws(PythonFailure) -> String {
        guard let text = value.json(isCompact: isJavaScript) else {
            throw .raised("TypeError: object is not JSON serializable")
        }
        return text
    }

    /// What of JavaScript is known.
    private mutating func scriptFunction(
        _ path: String, _ values: [PythonValue]
    ) throws(PythonFailure) -> PythonValue {
        switch (path, values.first) {
        case ("console.log", _), ("console.error", _):
            let stream = ContainerPlan.Output.Stream.self
            try write(
                values.map(\.scriptText).joined(separator: " ") + "\n",
                to: .stream(path == "console.log" ? stream.standardOutput : stream.standardError))
            return .none
        case ("Math.random", nil): return .number(generator.uniform())
        case ("Math.floor", let value?), ("Math.ceil", let value?), ("Math.round", let value?):
            guard let number = value.double else { throw .unsupported(path) }
            let rule: FloatingPointRoundingRule = path == "Math.ceil" ? .up : .down
            return try whole(.number((path == "Math.round" ? number + 0.5 : number).rounded(rule)))
        case ("JSON.stringify", let value?): return .string(try json(value))
        case ("process.exit", _): throw exit(values.first)
        default: throw .unsupported(path)
        }
    }

    // MARK: Methods

    private mutating func method(
        _ name: String, of owner: PythonExpression, _ values: [PythonValue]
    ) throws(PythonFailure) -> PythonValue {
        let subject = try value(of: owner)
        switch (subject, name) {
        case (.string(let text), _): return try stringMethod(name, of: text, values)
        case (.stream, "write"), (.file, "write"):
            try write(values.first?.text ?? "", to: subject)
            return .integer(values.first?.text.count ?? 0)
        case (.stream, "flush"), (.file, "flush"), (.file, "close"): return .none
        case (.file(let path), "read"): return .string(plan.files[path] ?? "")
        case (.list(let elements), "append"):
            guard case .name(let variable) = owner, values.count == 1 else { throw .unsupported(name) }
            guard elements.count < Self.sizeMax else { throw .unsupported("a long list") }
            variables[variable] = .list(elements + values)
            return .none
        case (.dictionary(let pairs), "get"):
            guard let key = values.first else { throw .unsupported(name) }
            return pairs.first { $0.key.equals(key) }?.value ?? values.dropFirst().first ?? .none
        case (.dictionary(let pairs), "keys"): return .list(pairs.map(\.key))
        case (.dictionary(let pairs), "values"): return .list(pairs.map(\.value))
        default: throw .unsupported(".\(name)()")
        }
    }

    private func stringMethod(
        _ name: String, of text: String, _ values: [PythonValue]
    ) throws(PythonFailure) -> PythonValue {
        switch (name, values.first) {
        case ("format", _): return .string(try format(text, values))
        case ("join", .list(let elements)?): return .string(elements.map(\.text).joined(separator: text))
        case ("upper", nil): return .string(text.uppercased())
        case ("lower", nil): return .string(text.lowercased())
        case ("strip", nil):
            let start = text.drop(while: \.isWhitespace)
            return .string(String(start.reversed().drop(while: \.isWhitespace).reversed()))
        case ("split", nil): return .list(text.split(whereSeparator: \.isWhitespace).map { .string(String($0)) })
        case ("split", .string(let separator)?) where separator.count == 1:
            let parts = text.split(separator: separator, omittingEmptySubsequences: false)
            return .list(parts.map { .string(String($0)) })
        case ("replace", .string(let old)?) where values.count == 2 && !old.isEmpty:
            guard text.count * max(1, values[1].text.count) <= Self.sizeMax else { throw .unsupported("a long string") }
            return .string(
                text.split(separator: old, omittingEmptySubsequences: false).joined(separator: values[1].text))
        case ("startswith", .string(let part)?): return .bool(text.hasPrefix(part))
        case ("endswith", .string(let part)?): return .bool(text.hasSuffix(part))
        default: throw .unsupported("str.\(name)()")
        }
    }

    /// `"{} {0} {:.2f}".format(…)`
    private func format(_ text: String, _ values: [PythonValue]) throws(PythonFailure) -> String {
        var result = ""
        var next = 0
        var rest = text[...]
        while let character = rest.popFirst() {
            if character == "{" || character == "}", rest.first == character {
                rest.removeFirst()
                result.append(character)
                continue
            }
            guard character == "{" else {
                result.append(character)
                continue
            }
            let field = rest.prefix { $0 != "}" }
            rest = rest.dropFirst(field.count + 1)
            let parts = field.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
            let name = parts.first ?? ""
            let index = name.isEmpty ? next : Int(name) ?? -1
            next += 1
            guard index >= 0 else { throw .unsupported("the field {\(field)}") }
            guard index < values.count else { throw .raised("IndexError: Replacement index out of range") }
            guard let part = values[index].formatted(parts.count > 1 ? String(parts[1]) : "") else {
                throw .unsupported("the field {\(field)}")
            }
            result += part
        }
        return result
    }
}
