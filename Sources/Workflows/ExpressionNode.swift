import Kubernetes

/// A node of an expression's syntax tree.
struct ExpressionNode: Hashable, Sendable {
    enum UnaryOperator: String, Hashable, Sendable {
        case not = "not"
        case exclamation = "!"
        case minus = "-"
        case plus = "+"

        var precedence: Int {
            switch self {
            case .not, .exclamation: 50
            case .minus, .plus: 90
            }
        }
    }

    enum BinaryOperator: String, Hashable, Sendable {
        case pipe = "|"
        case orWord = "or"
        case or = "||"
        case andWord = "and"
        case and = "&&"
        case equal = "=="
        case notEqual = "!="
        case less = "<"
        case greater = ">"
        case atLeast = ">="
        case atMost = "<="
        case isIn = "in"
        case matches = "matches"
        case contains = "contains"
        case startsWith = "startsWith"
        case endsWith = "endsWith"
        case range = ".."
        case add = "+"
        case subtract = "-"
        case multiply = "*"
        case divide = "/"
        case modulo = "%"
        case power = "**"
        case caret = "^"
        case coalesce = "??"

        var precedence: Int {
            switch self {
            case .pipe: 0
            case .orWord, .or: 10
            case .andWord, .and: 15
            case .equal, .notEqual, .less, .greater, .atLeast, .atMost, .isIn, .matches, .contains, .startsWith,
                .endsWith:
                20
            case .range: 25
            case .add, .subtract: 30
            case .multiply, .divide, .modulo: 60
            case .power, .caret: 100
            case .coalesce: 500
            }
        }

        var isRightAssociative: Bool { self == .power || self == .caret }

        /// Comparisons that may stand in a row: `1 < x <= 3`.
        var isOrdering: Bool { [.less, .greater, .atLeast, .atMost].contains(self) }

        /// Those that may follow `not`.
        var isNegatable: Bool { [.isIn, .matches, .contains, .startsWith, .endsWith].contains(self) }
    }

    struct Pair: Hashable, Sendable {
        var key: ExpressionNode
        var value: ExpressionNode
    }

    indirect enum Form: Hashable, Sendable {
        case literal(JSONValue)
        case variable(String)
        /// `#`, `#index` or `#acc` of the predicate around it; a plain `#` has no name.
        case element(String)
        case array([ExpressionNode])
        case map([Pair])
        case unary(UnaryOperator, ExpressionNode)
        case binary(BinaryOperator, ExpressionNode, ExpressionNode)
        case conditional(ExpressionNode, then: ExpressionNode, otherwise: ExpressionNode)
        case member(of: ExpressionNode, key: ExpressionNode, isOptional: Bool)
        /// Ends an optional chain: where a `?.` within it met nil, the whole is nil.
        case chain(ExpressionNode)
        case slice(of: ExpressionNode, from: ExpressionNode?, to: ExpressionNode?)
        /// A function by its name: `upper`, `sprig.trim`.
        case call(String, [ExpressionNode])
        /// A function whose second argument is evaluated for each element of the first.
        case predicate(String, [ExpressionNode])
        case method(String, of: ExpressionNode, [ExpressionNode])
        case declaration(String, value: ExpressionNode, body: ExpressionNode)
        case sequence([ExpressionNode])
    }

    var form: Form
    /// Counted in characters from 1.
    var column: Int
    /// Nodes on the longest way down, which bounds the recursion of whoever walks the tree.
    var height: Int

    init(_ form: Form, column: Int) {
        self.form = form
        self.column = column
        height = 1
        height = 1 + (children.map(\.height).max() ?? 0)
    }

    var children: [ExpressionNode] {
        switch form {
        case .literal, .variable, .element: []
        case .array(let nodes), .call(_, let nodes), .predicate(_, let nodes), .sequence(let nodes): nodes
        case .map(let pairs): pairs.flatMap { [$0.key, $0.value] }
        case .unary(_, let node), .chain(let node): [node]
        case .binary(_, let left, let right): [left, right]
        case .conditional(let condition, let then, let otherwise): [condition, then, otherwise]
        case .member(let node, let key, _): [node, key]
        case .slice(let node, let from, let to): [node] + [from, to].compactMap { $0 }
        case .method(_, let node, let nodes): [node] + nodes
        case .declaration(_, let value, let body): [value, body]
        }
    }

    /// The names of a member access that can be read off: `["steps", "a-b", "status"]`; nil for anything else.
    var path: [String]? {
        switch form {
        case .variable(let name): return [name]
        case .member(let node, let key, false):
            guard case .literal(.string(let name)) = key.form, let path = node.path else { return nil }
            return path + [name]
        default: return nil
        }
    }
}
