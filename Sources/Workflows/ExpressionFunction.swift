import Kubernetes

/// A function that expressions may call: its name's meaning, apart from where it is called.
struct ExpressionFunction: Sendable {
    /// Throws ``ExpressionFault``; closures do not take over a thrown type from where they are put.
    typealias Body = @Sendable (ExpressionArguments) throws -> ExpressionValue

    var arity: ClosedRange<Int>
    var body: Body

    init(_ arity: ClosedRange<Int>, _ body: @escaping Body) {
        self.arity = arity
        self.body = body
    }

    init(_ arity: PartialRangeFrom<Int>, _ body: @escaping Body) { self.init(arity.lowerBound...Int.max, body) }

    init(_ count: Int, _ body: @escaping Body) { self.init(count...count, body) }

    static func named(_ name: String) -> ExpressionFunction? { table[name] }

    /// Those whose second argument is evaluated for each element of the first, and how many arguments they take.
    static let predicates: [String: ClosedRange<Int>] = [
        "all": 2...2, "any": 2...2, "count": 1...2, "filter": 2...2, "find": 2...2, "findIndex": 2...2,
        "findLast": 2...2, "findLastIndex": 2...2, "groupBy": 2...2, "map": 2...2, "none": 2...2, "one": 2...2,
        "reduce": 2...3, "sortBy": 2...3, "sum": 1...2,
    ]

    private static let table: [String: ExpressionFunction] = {
        var table: [String: ExpressionFunction] = [:]
        for functions in [strings, lists, numbers, times, conversions] {
            table.merge(functions) { first, _ in first }
        }
        for functions in [sprigStrings, sprigLists, sprigObjects, sprigNumbers, sprigConversions] {
            for (name, function) in functions { table["sprig.\(name)"] = function }
        }
        return table
    }()
}

/// The arguments of one call.
struct ExpressionArguments: Sendable {
    var values: [ExpressionValue]
    /// What `now()` gives.
    var now: Timestamp?

    var count: Int { values.count }

    subscript(index: Int) -> ExpressionValue { values[index] }

    func text(_ index: Int) throws(ExpressionFault) -> String {
        guard case .json(.string(let text)) = values[index] else { throw fault(index, "a string") }
        return text
    }

    func list(_ index: Int) throws(ExpressionFault) -> [JSONValue] {
        guard case .json(.array(let elements)) = values[index] else { throw fault(index, "a list") }
        return elements
    }

    func object(_ index: Int) throws(ExpressionFault) -> JSONObject {
        guard case .json(.object(let members)) = values[index] else { throw fault(index, "a map") }
        return members
    }

    func integer(_ index: Int) throws(ExpressionFault) -> Int64 {
        guard case .json(let value) = values[index], let integer = value.integer else {
            throw fault(index, "a whole number")
        }
        return integer
    }

    /// For counts and positions, which stay small.
    func int(_ index: Int) throws(ExpressionFault) -> Int { Int(clamping: try integer(index)) }

    func double(_ index: Int) throws(ExpressionFault) -> Double {
        guard case .json(let value) = values[index], let double = value.double else { throw fault(index, "a number") }
        return double
    }

    func time(_ index: Int) throws(ExpressionFault) -> Timestamp {
        guard case .time(let time) = values[index] else { throw fault(index, "a time") }
        return time
    }

    func json(_ index: Int) throws(ExpressionFault) -> JSONValue { try values[index].json() }

    func requiredNow() throws(ExpressionFault) -> Timestamp {
        guard let now else { throw ExpressionFault("there is no current time here") }
        return now
    }

    private func fault(_ index: Int, _ expected: String) -> ExpressionFault {
        ExpressionFault("argument \(index + 1) must be \(expected) (is \(values[index].typeName))")
    }
}
