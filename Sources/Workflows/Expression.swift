package import Kubernetes

/// An expression of the language that Argo takes from github.com/expr-lang/expr, read once, evaluated many times.
///
/// It has the operators, the functions and the predicates of that language, the functions that Argo adds
/// (`asInt`, `asFloat`, `jsonpath`, `toJson`) and many of sprig's. What it has not, it refuses when it is read: other
/// functions, and time zones. There is no clock in it: `now()` is what the caller says.
package struct Expression: Hashable, Sendable {
    package let text: String
    private let root: ExpressionNode

    package init(_ text: String) throws(ExpressionError) {
        self.text = text
        root = try ExpressionParser.parse(text)
    }

    /// - Parameters:
    ///   - environment: The variables.
    ///   - times: Variables that are moments, by their dotted names: `cronworkflow.lastScheduledTime`.
    ///   - now: What `now()` gives; without it, an expression that calls it fails.
    package func evaluate(
        _ environment: JSONObject, times: [String: Timestamp] = [:], now: Timestamp? = nil
    ) throws(ExpressionError) -> JSONValue {
        try ExpressionEvaluator(text: text, environment: environment, times: times, now: now).json(of: root)
    }

    /// Like ``evaluate(_:times:now:)``, where only true or false is of use.
    package func holds(
        _ environment: JSONObject, times: [String: Timestamp] = [:], now: Timestamp? = nil
    ) throws(ExpressionError) -> Bool {
        let result = try evaluate(environment, times: times, now: now)
        guard case .bool(let holds) = result else {
            throw ExpressionError(
                text: text, column: root.column, message: "expected true or false (is \(result.typeName))")
        }
        return holds
    }

    /// The variables that the expression needs, as paths of names, each once, in the order in which they stand:
    /// `steps["a-b"].outputs.result` is one path of four. Of a member that may be missing (before `??` or `?.`), only
    /// the first name is needed.
    package var references: [[String]] {
        var paths: [[String]] = []
        Self.collect(root, isOptional: false, locals: [], into: &paths)
        return paths
    }

    private static func collect(
        _ node: ExpressionNode, isOptional: Bool, locals: Set<String>, into paths: inout [[String]]
    ) {
        if let path = node.path {
            let needed = isOptional ? Array(path.prefix(1)) : path
            if !locals.contains(path[0]), !paths.contains(needed) { paths.append(needed) }
            return
        }
        switch node.form {
        case .binary(.coalesce, let left, let right):
            collect(left, isOptional: true, locals: locals, into: &paths)
            collect(right, isOptional: isOptional, locals: locals, into: &paths)
        case .member(let object, let key, true):
            collect(object, isOptional: true, locals: locals, into: &paths)
            collect(key, isOptional: false, locals: locals, into: &paths)
        case .declaration(let name, let value, let body):
            collect(value, isOptional: isOptional, locals: locals, into: &paths)
            collect(body, isOptional: isOptional, locals: locals.union([name]), into: &paths)
        default:
            for child in node.children { collect(child, isOptional: isOptional, locals: locals, into: &paths) }
        }
    }
}
