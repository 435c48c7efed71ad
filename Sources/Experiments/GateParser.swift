import Determinism
import Faults
import Resilience

/// Reads a condition word by word; its grammar stands at ``GateExpression``.
struct GateParser {
    typealias Token = (text: String, column: Int)

    let text: String
    /// Whether limits that tell nothing are refused.
    private let refusesLimits: Bool
    private let tokens: [Token]
    private var index = 0

    init(text: String, refusesLimits: Bool = true) {
        self.text = text
        self.refusesLimits = refusesLimits
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
            throw failure(
                "\(measure.metric.rawValue) is a total, and takes no baseline to compare with; write "
                    + "\(measure.name) == 0", tokens.first)
        }
        let place = index < tokens.count ? tokens[index] : nil
        let (limit, change) = try limit(of: measure.metric, isRelative: baseline != nil)
        var minimum: Int?
        if peek == "min" {
            _ = next()
            minimum = try count()
        }
        if let extra = next() {
            throw failure("\(extra.text) is one word too many; only \"min\" and a number may follow the limit", extra)
        }
        let expression = GateExpression(
            measure: measure, baseline: baseline, change: change, relation: relation, limit: limit, minimum: minimum,
            text: text)
        if refusesLimits, let vacuity = expression.vacuity { throw failure(vacuity, place) }
        return expression
    }

    private var peek: String? { index < tokens.count ? tokens[index].text : nil }

    mutating func loneMeasure() throws(GateParseError) -> Measure {
        let measure = try measure()
        if let extra = next() { throw failure("\(extra.text) is one word too many; a metric alone is wanted", extra) }
        return measure
    }

    private mutating func next() -> Token? {
        guard index < tokens.count else { return nil }
        defer { index += 1 }
        return tokens[index]
    }

    private func failure(_ message: String, _ token: Token?) -> GateParseError {
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
        let function = String(token.text[..<open])
        guard token.text.hasSuffix(")") else { throw failure("the bracket of \(token.text) is not closed", token) }
        let (metric, breakdown) = try metric(
            String(token.text[token.text.index(after: open)...].dropLast()), token)
        guard metric.kind == .distribution else {
            throw failure("\(metric.rawValue) has one value; write it without \(function)( )", token)
        }
        return Measure(metric, quantile: try quantile(function, metric, token), breakdown: breakdown)
    }

    private func quantile(_ function: String, _ metric: Metric, _ token: Token) throws(GateParseError) -> Double {
        if ["mean", "avg", "average"].contains(function) {
            throw failure(
                "values of \(metric.rawValue) that never came have no mean, and leaving them out would make the worst look "
                    + "best; write median(\(metric.rawValue)) or p95(\(metric.rawValue))", token)
        }
        if ["max", "min"].contains(function) {
            throw failure(
                "the \(function) of \(metric.rawValue) grows with the sample, and has no bounds; write "
                    + "\(function == "max" ? "p99" : "p1")(\(metric.rawValue))", token)
        }
        let digits = function.dropFirst()
        let isNumber = !digits.isEmpty && digits.allSatisfy { $0.isASCII && $0.isNumber || $0 == "." }
        let percent = function == "median" ? 50 : function.first == "p" && isNumber ? Double(digits) : nil
        guard let percent, percent > 0, percent < 100 else {
            throw failure("unknown function \(function); write median, p50, p95, p99 or another percentile", token)
        }
        return percent / 100
    }

    /// `attempts`, `attempts{path=cronCreate}`.
    private func metric(_ text: String, _ token: Token) throws(GateParseError) -> (Metric, Breakdown?) {
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
    private func check(_ breakdown: Breakdown, _ token: Token) throws(GateParseError) {
        let known: [String]
        switch breakdown.dimension {
        case .phase: known = Phase.allCases.map(\.rawValue)
        case .layer: known = [Breakdown.firstAttempt] + RetryLayer.allCases.map(\.rawValue)
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
        if token.text == GateExpression.Baseline.stored.name { return .stored }
        if let policies, policies.contains(token.text) { return .policy(token.text) }
        if let policies {
            let mend = Spelling.mend(token.text, among: policies + [GateExpression.Baseline.stored.name])
            throw failure("the experiment has no policy \(token.text)\(mend)", token)
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

    private mutating func limit(
        of metric: Metric, isRelative: Bool
    ) throws(GateParseError) -> (Double, GateExpression.Change?) {
        let token = next()
        guard let token else { throw failure("the limit is missing", nil) }
        guard isRelative else { return (try value(of: metric, token.text, token), nil) }
        if metric.kind == .share {
            let digits = token.text.hasSuffix("%") ? token.text.dropLast() : token.text.dropLast(2)
            guard token.text.hasSuffix("%") || token.text.hasSuffix("pt"), let points = Self.number(digits) else {
                throw failure(
                    "\(token.text) is no margin of a share; write percentage points such as -1pt (-1% means the same)",
                    token)
            }
            return (points / 100, .points)
        }
        if token.text.hasSuffix("%") {
            guard let percent = Self.number(token.text.dropLast()) else {
                throw failure("\(token.text) is no percentage; write one such as +10%", token)
            }
            return (percent / 100, .relative)
        }
        guard let sign = token.text.first, "+-".contains(sign) else {
            throw failure(
                "\(token.text) has no sign, and could be taken for the value itself; write a change in per cent such as "
                    + "+10%, or a margin such as +\(token.text)", token)
        }
        let margin = try value(of: metric, String(token.text.dropFirst()), token)
        return (sign == "-" ? -margin : margin, .absolute)
    }

    /// A value in a metric's own unit.
    private func value(of metric: Metric, _ word: String, _ token: Token) throws(GateParseError) -> Double {
        if word.hasSuffix("%") {
            guard let percent = Self.number(word.dropLast()) else {
                throw failure("\(token.text) is no percentage; write one such as 99%", token)
            }
            guard metric.unit == .share else {
                throw failure("\(metric.rawValue) is no share, so its limit takes no %", token)
            }
            return percent / 100
        }
        switch metric.unit {
        case .seconds:
            guard let duration = Duration(text: word) else {
                throw failure("\(token.text) is no duration; write one such as 30s", token)
            }
            return duration.seconds
        case .share:
            guard let value = Self.number(word[...]), (0...1).contains(value) else {
                throw failure("\(token.text) is no share; write a percentage such as 99%", token)
            }
            return value
        case .ratio, .count, .perSecond:
            guard let value = Self.number(word[...]) else { throw failure("\(token.text) is no number", token) }
            return value
        }
    }

    /// Digits and what belongs to them: `Double` would read `nan` and `0x1p3` as well.
    private static func number(_ word: Substring) -> Double? {
        guard word.allSatisfy({ $0.isASCII && ($0.isNumber || "+-.eE".contains($0)) }), let value = Double(word),
            value.isFinite
        else { return nil }
        return value
    }

    private mutating func count() throws(GateParseError) -> Int {
        let token = next()
        guard let token, let count = Int(token.text), count > 0 else {
            throw failure("min takes a number of samples, such as 150", token)
        }
        return count
    }

    /// Words at spaces, relations by themselves; what stands in braces is one word.
    static func split(_ text: String) -> [Token] {
        var tokens: [Token] = []
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
