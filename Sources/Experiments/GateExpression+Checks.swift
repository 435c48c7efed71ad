import Determinism
import Resilience

extension GateExpression {
    /// Refuses a metric, or a part of one, that trials of such a subject never have.
    package func check(against subject: Metric.Subject) throws(GateParseError) {
        guard !measure.metric.facts.subjects.contains(subject) else {
            try checkPart(against: subject)
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

    /// What a subject is never asked would never be broken, and what it is not told apart by would have no samples.
    private func checkPart(against subject: Metric.Subject) throws(GateParseError) {
        guard let breakdown = measure.breakdown else { return }
        let metric = measure.metric
        let dimensions = metric.dimensions(of: subject)
        func failure(_ message: String) -> GateParseError { GateParseError(text: text, column: 1, message: message) }
        guard dimensions.contains(breakdown.dimension) else {
            let known = dimensions.map(\.rawValue).joined(separator: ", ")
            throw failure(
                "\(metric.rawValue) of \(subject.name) is not told apart by \(breakdown.dimension.rawValue); "
                    + (known.isEmpty ? "leave the braces out" : "it is by \(known)"))
        }
        let values: [String]
        switch breakdown.dimension {
        case .invariant: values = Invariant.asked(of: subject).map(\.rawValue)
        case .path: values = CallPath.allCases.map(\.rawValue)
        case .kind, .layer, .phase: return
        }
        guard !values.contains(breakdown.value) else { return }
        let mend = Spelling.mend(breakdown.value, among: values)
        throw failure(
            breakdown.dimension == .path
                ? "there is no path \(breakdown.value)\(mend)"
                : "\(subject.name) can't break \(breakdown.value)\(mend)")
    }

    /// Refuses what can't be evaluated in runs of an experiment: a metric that its subject never has, or a policy that it
    /// lacks.
    package func check(in experiment: Experiment) throws(GateParseError) {
        if let subject = experiment.variations.first?.subject { try check(against: subject) }
        guard case .policy(let name) = baseline, !experiment.policyNames.contains(name) else { return }
        throw GateParseError(
            text: text, column: column(of: name),
            message: "the experiment has no policy \(name)\(Spelling.mend(name, among: experiment.policyNames))")
    }

    /// Refuses a condition that stands there already, however it is spaced: it would be counted twice.
    func checkNew(after others: [GateExpression]) throws(GateParseError) {
        func isSame(_ other: GateExpression) -> Bool {
            var other = other
            other.text = text
            return other == self
        }
        guard let index = others.firstIndex(where: isSame) else { return }
        throw GateParseError(text: text, column: 1, message: "this is the condition of gate[\(index)] again")
    }

    /// Where the baseline's name stands.
    private func column(of name: String) -> Int {
        GateParser.split(text).first { $0.text == name }?.column ?? 1
    }

    /// Why no sample can show the limit to be kept, or none to be broken; nil where it tells something.
    var vacuity: String? {
        let name = measure.name
        if relation == .equal, measure.metric.unit != .count || baseline != nil {
            return "no sample shows \(name) to be exactly that; write <= or >="
        }
        let (least, most) = range
        let isShare = measure.metric.kind == .share && baseline == nil
        let never =
            switch relation {
            // An interval of a share reaches 0 or 1 only where nothing is known.
            case .atLeast: isShare ? limit >= most : limit > most
            case .above: limit >= most
            case .atMost: isShare ? limit <= least : limit < least
            case .below: limit <= least
            case .equal: limit < least || limit > most || measure.metric.kind == .total && limit != limit.rounded()
            }
        if never {
            guard isShare, limit == most || limit == least else {
                return "this can never hold: \(name) is never \(limit > least ? "more" : "less") than \(bound)"
            }
            return "no number of trials shows that nothing ever \(limit == most ? "fails" : "succeeds"); write a limit "
                + "such as \(limit == most ? "99.9%, or violations == 0" : "0.1%")"
        }
        let always =
            switch relation {
            case .atLeast: limit <= least
            case .above: limit < least
            case .atMost: limit >= most
            case .below: limit > most
            case .equal: false
            }
        return always ? "this holds whatever happens: \(name) is never \(limit > least ? "more" : "less")" : nil
    }

    /// What values there are.
    private var range: (least: Double, most: Double) {
        switch change {
        case nil: (0, measure.metric.kind == .share ? 1 : .infinity)
        case .points?: (-1, 1)
        case .relative?: (-1, .infinity)
        case .absolute?: (-.infinity, .infinity)
        }
    }

    private var bound: String {
        let isHigh = limit > range.least
        return switch change {
        case nil: isHigh ? "100%" : measure.metric.unit == .seconds ? "0s" : "0"
        case .points?: isHigh ? "+100pt" : "-100pt"
        case .relative?, .absolute?: "-100%"
        }
    }
}
