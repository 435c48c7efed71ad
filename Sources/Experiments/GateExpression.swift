import Determinism

/// One condition of a gate: `p95(workflow.completion) vs argo-v4.1.2 <= +10% min 60`.
package struct GateExpression: Hashable, Sendable {
    package enum Relation: String, Hashable, Sendable, CaseIterable {
        case atLeast = ">="
        case atMost = "<="
        case above = ">"
        case below = "<"
        case equal = "=="

        package func holds(_ value: Double, _ limit: Double) -> Bool {
            switch self {
            case .atLeast: value >= limit
            case .atMost: value <= limit
            case .above: value > limit
            case .below: value < limit
            case .equal: value == limit
            }
        }
    }

    package var measure: Measure
    /// The policy that the limit is relative to; nil for an absolute limit.
    package var baseline: String?
    package var relation: Relation
    /// In the metric's own unit, seconds and shares from 0 to 1 included. Against a baseline, a relative change (0.1
    /// is +10 %), and for a share the difference of the two.
    package var limit: Double
    /// Fewer samples than this leave the gate inconclusive.
    package var minimum: Int?
    /// As written.
    package var text: String
}

/// Why a gate expression is refused.
package struct GateParseError: Error, Hashable, CustomStringConvertible {
    package var text: String
    /// From 1, in characters of the expression.
    package var column: Int
    package var message: String

    package var description: String { "\(message) (column \(column) of \"\(text)\")" }
}

extension GateExpression {
    /// Parses `metric [vs policy] relation limit [min n]`.
    ///
    /// - Parameter policies: What `vs` may name; nil leaves it unchecked.
    package init(parsing text: String, policies: [String]? = nil) throws(GateParseError) {
        var parser = GateParser(text: text)
        self = try parser.expression(policies: policies)
    }
}

private struct GateParser {
    let text: String
    private let tokens: [(text: String, column: Int)]
    private var index = 0

    init(text: String) {
        self.text = text
        tokens = Self.split(text)
    }

    mutating func expression(policies: [String]?) throws(GateParseError) -> GateExpression {
        let measure = try measure()
        var baseline: String?
        if peek == "vs" {
            _ = next()
            baseline = try policy(policies)
        }
        let relation = try relation()
        if baseline != nil, measure.metric.kind == .total {
            throw failure("\(measure.metric.rawValue) is a total, and takes no policy to compare with", tokens.first)
        }
        let limit = try limit(of: measure.metric, isRelative: baseline != nil)
        var minimum: Int?
        if peek == "min" {
            _ = next()
            minimum = try count()
        }
        if let extra = next() {
            throw failure("\(extra.text) is one word too many; only \"min\" and a number may follow the limit", extra)
        }
        return GateExpression(
            measure: measure, baseline: baseline, relation: relation, limit: limit, minimum: minimum, text: text)
    }

    private var peek: String? { index < tokens.count ? tokens[index].text : nil }

    private mutating func next() -> (text: String, column: Int)? {
        guard index < tokens.count else { return nil }
        defer { index += 1 }
        return tokens[index]
    }

    private func failure(_ message: String, _ token: (text: String, column: Int)?) -> GateParseError {
        GateParseError(text: text, column: token?.column ?? text.count + 1, message: message)
    }

    private mutating func measure() throws(GateParseError) -> Measure {
        let token = next()
        guard let token else { throw failure("a metric is missing, such as success_rate", nil) }
        guard let open = token.text.firstIndex(of: "(") else {
            let metric = try metric(token.text, token)
            guard metric.kind != .distribution else {
                throw failure("\(metric.rawValue) has many values; name a quantile: p95(\(metric.rawValue))", token)
            }
            return Measure(metric)
        }
        let function = token.text[..<open]
        guard token.text.hasSuffix(")") else { throw failure("the bracket of \(token.text) is not closed", token) }
        let metric = try metric(String(token.text[token.text.index(after: open)...].dropLast()), token)
        guard metric.kind == .distribution else {
            throw failure("\(metric.rawValue) has one value; write it without \(function)( )", token)
        }
        let percent = function == "median" ? 50 : function.hasPrefix("p") ? Double(function.dropFirst()) : nil
        guard let percent, percent > 0, percent < 100 else {
            throw failure("unknown function \(function); write p50, p95, p99 or another percentile", token)
        }
        return Measure(metric, quantile: percent / 100)
    }

    private func metric(
        _ name: String, _ token: (text: String, column: Int)
    ) throws(GateParseError) -> Metric {
        if let metric = Metric(rawValue: name) { return metric }
        throw failure("unknown metric \(name)\(Spelling.mend(name, among: Metric.allCases.map(\.rawValue)))", token)
    }

    private mutating func policy(_ policies: [String]?) throws(GateParseError) -> String {
        let token = next()
        guard let token else { throw failure("a policy is missing after vs", nil) }
        if let policies, !policies.contains(token.text) {
            throw failure(
                "the experiment has no policy \(token.text)\(Spelling.mend(token.text, among: policies))", token)
        }
        return token.text
    }

    private mutating func relation() throws(GateParseError) -> GateExpression.Relation {
        let token = next()
        let relation = token.flatMap { GateExpression.Relation(rawValue: $0.text) }
        guard let relation else {
            let words = token.map { "\($0.text) is no relation" } ?? "a relation is missing"
            throw failure("\(words); write >=, <=, >, < or ==", token)
        }
        return relation
    }

    private mutating func limit(of metric: Metric, isRelative: Bool) throws(GateParseError) -> Double {
        let token = next()
        guard let token else { throw failure("the limit is missing", nil) }
        if token.text.hasSuffix("%") {
            guard let value = Double(token.text.dropLast()) else {
                throw failure("\(token.text) is no percentage; write one such as 99%", token)
            }
            guard isRelative || metric.kind == .share else {
                throw failure("\(metric.rawValue) is no share, so its limit takes no %", token)
            }
            return value / 100
        }
        if isRelative {
            throw failure("a limit against a policy is a change in per cent, such as +10%", token)
        }
        switch metric {
        case .workflowCompletion, .cleanupOldest, .lockWait, .makespan, .recovery, .drain:
            guard let duration = Duration(text: token.text) else {
                throw failure("\(token.text) is no duration; write one such as 30s", token)
            }
            return duration.seconds
        case .successRate:
            guard let value = Double(token.text), (0...1).contains(value) else {
                throw failure("\(token.text) is no share; write a percentage such as 99%", token)
            }
            return value
        case .amplification, .attempts, .operations, .violations, .faults, .cronMissed, .cronDuplicates,
            .operationsSucceeded, .conflicts, .goodput, .stormAmplification, .attemptsPeak, .operationsLost, .herd,
            .workWasted:
            guard let value = Double(token.text), value.isFinite else {
                throw failure("\(token.text) is no number", token)
            }
            return value
        }
    }

    private mutating func count() throws(GateParseError) -> Int {
        let token = next()
        guard let token, let count = Int(token.text), count > 0 else {
            throw failure("min takes a number of samples, such as 150", token)
        }
        return count
    }

    /// Words at spaces, relations by themselves.
    private static func split(_ text: String) -> [(text: String, column: Int)] {
        var tokens: [(text: String, column: Int)] = []
        var isOpen = false
        for (offset, character) in text.enumerated() {
            if character == " " || character == "\t" {
                isOpen = false
                continue
            }
            let isSign = "<>=!".contains(character)
            if isOpen, let last = tokens.last?.text.last, "<>=!".contains(last) == isSign {
                tokens[tokens.count - 1].text.append(character)
            } else {
                tokens.append((String(character), offset + 1))
            }
            isOpen = true
        }
        return tokens
    }
}

/// As its text, which says all.
extension GateExpression: Codable {
    package init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        let text = try container.decode(String.self)
        do throws(GateParseError) {
            try self.init(parsing: text)
        } catch {
            throw DecodingError.dataCorrupted(
                DecodingError.Context(codingPath: decoder.codingPath, debugDescription: error.description))
        }
    }

    package func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(text)
    }
}
