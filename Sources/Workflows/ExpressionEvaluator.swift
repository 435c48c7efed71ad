import Determinism
import Kubernetes

/// Evaluates the syntax tree of one expression over one environment.
struct ExpressionEvaluator {
    /// What the names mean that an expression itself introduces.
    private struct Scope {
        var element: ExpressionValue?
        var index = 0
        var accumulator: ExpressionValue?
        var locals: [String: ExpressionValue] = [:]
    }

    /// What is left of the elements that predicates may look at, nested ones together.
    private final class Budget {
        var elements = 200_000
    }

    let text: String
    let environment: JSONObject
    let times: [String: Timestamp]
    let now: Timestamp?
    private let budget = Budget()

    init(text: String, environment: JSONObject, times: [String: Timestamp], now: Timestamp?) {
        self.text = text
        self.environment = environment
        self.times = times
        self.now = now
    }

    func value(of node: ExpressionNode) throws(ExpressionError) -> ExpressionValue { try evaluate(node, Scope()) }

    func json(of node: ExpressionNode) throws(ExpressionError) -> JSONValue {
        let value = try value(of: node)
        return try at(node) { () throws(ExpressionFault) in try value.json() }
    }

    private func evaluate(_ node: ExpressionNode, _ scope: Scope) throws(ExpressionError) -> ExpressionValue {
        switch node.form {
        case .literal(let value): return .json(value)
        case .variable(let name): return try variable(name, node, scope)
        case .element(let name): return try element(name, node, scope)
        case .array(let nodes):
            var elements: [JSONValue] = []
            for node in nodes { elements.append(try json(node, scope)) }
            return .array(elements)
        case .map(let pairs): return try map(pairs, scope)
        case .unary(let symbol, let operand):
            let value = try evaluate(operand, scope)
            return try at(node) { () throws(ExpressionFault) in try Self.apply(symbol, value) }
        case .binary(let symbol, let left, let right): return try binary(symbol, left, right, node, scope)
        case .conditional(let condition, let then, let otherwise):
            return try evaluate(try isTrue(condition, scope) ? then : otherwise, scope)
        case .member, .method: return try link(node, scope) ?? .null
        case .chain(let inner): return try link(inner, scope) ?? .null
        case .slice(let object, let from, let to):
            let value = try evaluate(object, scope)
            let start = try from.map { node throws(ExpressionError) in try evaluate(node, scope) }
            let end = try to.map { node throws(ExpressionError) in try evaluate(node, scope) }
            return try at(node) { () throws(ExpressionFault) in try Self.slice(value, start, end) }
        case .call(let name, let nodes): return try call(name, nodes, node, scope)
        case .predicate(let name, let nodes): return try predicate(name, nodes, node, scope)
        case .declaration(let name, let value, let body):
            var inner = scope
            inner.locals[name] = try evaluate(value, scope)
            return try evaluate(body, inner)
        case .sequence(let nodes):
            var result = ExpressionValue.null
            for node in nodes { result = try evaluate(node, scope) }
            return result
        }
    }

    // MARK: Names and members

    private func variable(
        _ name: String, _ node: ExpressionNode, _ scope: Scope
    ) throws(ExpressionError) -> ExpressionValue {
        if let value = scope.locals[name] { return value }
        if let time = times[name] { return .time(time) }
        guard let value = environment[name] else { throw error(node, "unknown name \(name)") }
        return .json(value)
    }

    private func element(
        _ name: String, _ node: ExpressionNode, _ scope: Scope
    ) throws(ExpressionError) -> ExpressionValue {
        switch name {
        case "": if let element = scope.element { return element }
        case "index": return .integer(scope.index)
        case "acc": if let accumulator = scope.accumulator { return accumulator }
        default: break
        }
        throw error(node, "#\(name) has no meaning here")
    }

    /// A link of an optional chain; nil where a `?.` of the chain met nil.
    private func link(_ node: ExpressionNode, _ scope: Scope) throws(ExpressionError) -> ExpressionValue? {
        switch node.form {
        case .member(let object, let key, let isOptional):
            if !times.isEmpty, let path = node.path?.joined(separator: "."), let time = times[path] {
                return .time(time)
            }
            guard let value = try link(object, scope) else { return nil }
            if isOptional, value.isNull { return nil }
            let key = try evaluate(key, scope)
            return try at(node) { () throws(ExpressionFault) in try Self.member(of: value, at: key) }
        case .method(let name, let object, let nodes):
            guard let value = try link(object, scope) else { return nil }
            let arguments = try arguments(nodes, scope)
            return try at(node) { () throws(ExpressionFault) in try Self.call(name, of: value, arguments) }
        default: return try evaluate(node, scope)
        }
    }

    private func map(_ pairs: [ExpressionNode.Pair], _ scope: Scope) throws(ExpressionError) -> ExpressionValue {
        var members = JSONObject()
        for pair in pairs {
            let key = try evaluate(pair.key, scope)
            guard case .json(.string(let name)) = key else {
                throw error(pair.key, "a key must be a string (is \(key.typeName))")
            }
            members[name] = try json(pair.value, scope)
        }
        return .object(members)
    }

    // MARK: Operators

    private func binary(
        _ symbol: ExpressionNode.BinaryOperator, _ left: ExpressionNode, _ right: ExpressionNode,
        _ node: ExpressionNode, _ scope: Scope
    ) throws(ExpressionError) -> ExpressionValue {
        switch symbol {
        case .and, .andWord: return .bool(try isTrue(left, scope) ? try isTrue(right, scope) : false)
        case .or, .orWord: return .bool(try isTrue(left, scope) ? true : try isTrue(right, scope))
        case .coalesce:
            let value = try evaluate(left, scope)
            return value.isNull ? try evaluate(right, scope) : value
        default:
            let (first, second) = (try evaluate(left, scope), try evaluate(right, scope))
            return try at(node) { () throws(ExpressionFault) in try Self.apply(symbol, first, second) }
        }
    }

    private func isTrue(_ node: ExpressionNode, _ scope: Scope) throws(ExpressionError) -> Bool {
        let value = try evaluate(node, scope)
        guard case .json(.bool(let result)) = value else {
            throw error(node, "expected true or false (is \(value.typeName))")
        }
        return result
    }

    // MARK: Functions

    private func arguments(_ nodes: [ExpressionNode], _ scope: Scope) throws(ExpressionError) -> ExpressionArguments {
        var values: [ExpressionValue] = []
        for node in nodes { values.append(try evaluate(node, scope)) }
        return ExpressionArguments(values: values, now: now)
    }

    private func call(
        _ name: String, _ nodes: [ExpressionNode], _ node: ExpressionNode, _ scope: Scope
    ) throws(ExpressionError) -> ExpressionValue {
        let arguments = try arguments(nodes, scope)
        guard let function = ExpressionFunction.named(name) else { throw error(node, "there is no function \(name)") }
        return try at(node) { () throws(ExpressionFault) in
            do {
                return try function.body(arguments)
            } catch {
                throw ExpressionFault("\(name): \((error as? ExpressionFault)?.message ?? "\(error)")")
            }
        }
    }

    private func predicate(
        _ name: String, _ nodes: [ExpressionNode], _ node: ExpressionNode, _ scope: Scope
    ) throws(ExpressionError) -> ExpressionValue {
        let subject = try evaluate(nodes[0], scope)
        guard case .json(.array(let elements)) = subject else {
            throw error(nodes[0], "\(name) needs a list (is \(subject.typeName))")
        }
        budget.elements -= elements.count
        guard budget.elements >= 0 else { throw error(node, "\(name) would look at too many elements") }
        if name == "reduce" { return try reduce(elements, nodes, scope) }
        let body = nodes.count > 1 ? nodes[1] : nil
        func mapped() throws(ExpressionError) -> [JSONValue] {
            guard let body else { return elements }
            var result: [JSONValue] = []
            for (index, element) in elements.enumerated() {
                result.append(try json(body, inner(scope, element, index)))
            }
            return result
        }
        switch name {
        case "map": return .array(try mapped())
        case "sum":
            var total = ExpressionValue.integer(0)
            for value in try mapped() {
                let sum = total
                total = try at(node) { () throws(ExpressionFault) in try Self.apply(.add, sum, .json(value)) }
            }
            return total
        case "sortBy":
            let keys = try mapped()
            let order = nodes.count > 2 ? try evaluate(nodes[2], scope) : .string("asc")
            return try at(node) { () throws(ExpressionFault) in
                .array(try ExpressionFunction.sorted(elements, by: keys, order: GoText.plain(order)))
            }
        case "groupBy":
            var groups = JSONObject()
            for (key, element) in zip(try mapped(), elements) {
                let name = GoText.plain(key)
                groups[name] = .array((groups[name]?.array ?? []) + [element])
            }
            return .object(groups)
        default: return try search(name, elements, body, scope)
        }
    }

    /// The functions that ask of each element whether a condition holds.
    private func search(
        _ name: String, _ elements: [JSONValue], _ body: ExpressionNode?, _ scope: Scope
    ) throws(ExpressionError) -> ExpressionValue {
        var matches: [Int] = []
        let isFirstEnough = name == "find" || name == "findIndex" || name == "any"
        for (index, element) in elements.enumerated() {
            let isMatch = try body.map { node throws(ExpressionError) in
                try isTrue(node, inner(scope, element, index))
            }
            if isMatch ?? (element == true) { matches.append(index) }
            if isFirstEnough, !matches.isEmpty { break }
        }
        switch name {
        case "all": return .bool(matches.count == elements.count)
        case "none": return .bool(matches.isEmpty)
        case "any": return .bool(!matches.isEmpty)
        case "one": return .bool(matches.count == 1)
        case "count": return .integer(matches.count)
        case "filter": return .array(matches.map { elements[$0] })
        case "find": return .json(matches.first.map { elements[$0] } ?? .null)
        case "findLast": return .json(matches.last.map { elements[$0] } ?? .null)
        case "findIndex": return .integer(matches.first ?? -1)
        case "findLastIndex": return .integer(matches.last ?? -1)
        default: preconditionFailure("the parser knows no predicate \(name)")
        }
    }

    private func reduce(
        _ elements: [JSONValue], _ nodes: [ExpressionNode], _ scope: Scope
    ) throws(ExpressionError) -> ExpressionValue {
        var result: ExpressionValue
        var first = 0
        if nodes.count > 2 {
            result = try evaluate(nodes[2], scope)
        } else {
            guard let element = elements.first else { throw error(nodes[0], "reduce of an empty list without a start") }
            result = .json(element)
            first = 1
        }
        for index in first..<max(first, elements.count) {
            var inner = inner(scope, elements[index], index)
            inner.accumulator = result
            result = try evaluate(nodes[1], inner)
        }
        return result
    }

    private func inner(_ scope: Scope, _ element: JSONValue, _ index: Int) -> Scope {
        Scope(element: .json(element), index: index, accumulator: scope.accumulator, locals: scope.locals)
    }

    // MARK: Errors

    private func json(_ node: ExpressionNode, _ scope: Scope) throws(ExpressionError) -> JSONValue {
        let value = try evaluate(node, scope)
        return try at(node) { () throws(ExpressionFault) in try value.json() }
    }

    private func at<Result>(
        _ node: ExpressionNode, _ body: () throws(ExpressionFault) -> Result
    ) throws(ExpressionError) -> Result {
        do throws(ExpressionFault) {
            return try body()
        } catch {
            throw self.error(node, error.message)
        }
    }

    private func error(_ node: ExpressionNode, _ message: String) -> ExpressionError {
        ExpressionError(text: text, column: node.column, message: message)
    }
}
