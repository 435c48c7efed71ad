import Determinism
import Faults
import Resilience

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

    /// What a limit is relative to.
    package enum Baseline: Hashable, Sendable {
        /// Another policy of the same run.
        case policy(String)
        /// The same policy in the run or file that the gate is given.
        case stored

        package var name: String {
            switch self {
            case .policy(let name): name
            case .stored: "baseline"
            }
        }
    }

    package var measure: Measure
    /// Nil for an absolute limit.
    package var baseline: Baseline?
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
    /// - Parameter policies: What `vs` may name besides `baseline`; nil leaves it unchecked.
    package init(parsing text: String, policies: [String]? = nil) throws(GateParseError) {
        var parser = GateParser(text: text)
        self = try parser.expression(policies: policies)
    }
}

extension Measure {
    /// Parses `p95(workflow.completion)`, `attempts{path=cron}`: what stands before a gate's relation.
    package init(parsing text: String) throws(GateParseError) {
        var parser = GateParser(text: text)
        self = try parser.loneMeasure()
    }
}

extension GateExpression {
    /// Refuses a metric that trials of such a subject never have.
    package func check(against subject: Metric.Subject) throws(GateParseError) {
        guard !measure.metric.facts.subjects.contains(subject) else {
            guard subject == .process, case .policy = baseline else { return }
            throw GateParseError(
                text: text, column: 1,
                message: "a process has no policies to compare; give an absolute limit, or one against baseline")
        }
        let known = Metric.allCases.filter { $0.facts.subjects.contains(subject) }.map(\.rawValue)
        throw GateParseError(
            text: text, column: 1,
            message: "\(measure.metric.rawValue) tells nothing of \(subject.name); use one of "
                + known.joined(separator: ", "))
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
        var baseline: GateExpression.Baseline?
        if peek == "vs" {
            _ = next()
            baseline = try self.baseline(policies)
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

    mutating func loneMeasure() throws(GateParseError) -> Measure {
        let measure = try measure()
        if let extra = next() { throw failure("\(extra.text) is one word too many; a metric alone is wanted", extra) }
        return measure
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
        guard let open = token.text.firstIndex(of: "("), token.text.firstIndex(of: "{").map({ open < $0 }) ?? true
        else {
            let (metric, breakdown) = try metric(token.text, token)
            guard metric.kind != .distribution else {
                throw failure("\(metric.rawValue) has many values; name a quantile: p95(\(metric.rawValue))", token)
            }
            return Measure(metric, breakdown: breakdown)
        }
        let function = token.text[..<open]
        guard token.text.hasSuffix(")") else { throw failure("the bracket of \(token.text) is not closed", token) }
        let (metric, breakdown) = try metric(
            String(token.text[token.text.index(after: open)...].dropLast()), token)
        guard metric.kind == .distribution else {
            throw failure("\(metric.rawValue) has one value; write it without \(function)( )", token)
        }
        let percent = function == "median" ? 50 : function.hasPrefix("p") ? Double(function.dropFirst()) : nil
        guard let percent, percent > 0, percent < 100 else {
            throw failure("unknown function \(function); write p50, p95, p99 or another percentile", token)
        }
        return Measure(metric, quantile: percent / 100, breakdown: breakdown)
    }

    /// `attempts`, `attempts{path=cron}`.
    private func metric(
        _ text: String, _ token: (text: String, column: Int)
    ) throws(GateParseError) -> (Metric, Breakdown?) {
        let parts = text.split(separator: "{", maxSplits: 1, omittingEmptySubsequences: false)
        let name = String(parts[0])
        guard let metric = Metric(rawValue: name) else {
            throw failure("unknown metric \(name)\(Spelling.mend(name, among: Metric.allCases.map(\.rawValue)))", token)
        }
        guard parts.count == 2 else { return (metric, nil) }
        guard parts[1].hasSuffix("}") else { throw failure("the brace of \(text) is not closed", token) }
        let known = metric.facts.dimensions.map(\.rawValue)
        guard !known.isEmpty else {
            throw failure("\(name) is not told apart by anything; leave the braces out", token)
        }
        guard let breakdown = Breakdown(parsing: String(parts[1].dropLast())),
            known.contains(breakdown.dimension.rawValue)
        else {
            throw failure(
                "\(name) is told apart by \(known.joined(separator: ", ")); write \(name){\(known[0])=…}", token)
        }
        try check(breakdown, token)
        return (metric, breakdown)
    }

    /// Values that are known beforehand are checked; paths and kinds are the subject's own.
    private func check(_ breakdown: Breakdown, _ token: (text: String, column: Int)) throws(GateParseError) {
        let known: [String]
        switch breakdown.dimension {
        case .phase: known = Phase.allCases.map(\.rawValue)
        case .layer: known = ["first"] + RetryLayer.allCases.map(\.rawValue)
        case .invariant: known = Invariant.allCases.map(\.rawValue)
        case .kind, .path: return
        }
        guard !known.contains(breakdown.value) else { return }
        let dimension = breakdown.dimension.rawValue
        throw failure(
            "there is no \(dimension) \(breakdown.value)\(Spelling.mend(breakdown.value, among: known))", token)
    }

    private mutating func baseline(_ policies: [String]?) throws(GateParseError) -> GateExpression.Baseline {
        let token = next()
        guard let token else { throw failure("a policy is missing after vs, or the word baseline", nil) }
        if let policies, policies.contains(token.text) { return .policy(token.text) }
        if token.text == "baseline" { return .stored }
        if let policies {
            throw failure(
                "the experiment has no policy \(token.text)\(Spelling.mend(token.text, among: policies))", token)
        }
        return .policy(token.text)
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
        switch metric.unit {
        case .seconds:
            guard let duration = Duration(text: token.text) else {
                throw failure("\(token.text) is no duration; write one such as 30s", token)
            }
            return duration.seconds
        case .share:
            guard let value = Double(token.text), (0...1).contains(value) else {
                throw failure("\(token.text) is no share; write a percentage such as 99%", token)
            }
            return value
        case .ratio, .count, .perSecond:
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

    /// Words at spaces, relations by themselves; what stands in braces is one word.
    private static func split(_ text: String) -> [(text: String, column: Int)] {
        var tokens: [(text: String, column: Int)] = []
        var isOpen = false
        var isInBraces = false
        for (offset, character) in text.enumerated() {
            if isOpen, character == "{" || isInBraces {
                isInBraces = character != "}"
                tokens[tokens.count - 1].text.append(character)
                continue
            }
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
