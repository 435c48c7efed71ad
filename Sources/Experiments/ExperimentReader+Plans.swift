import Faults

/// A rule, and where it stands in its file.
typealias PlacedRule = (rule: Located<Rule>, path: String)

extension ExperimentDocument.Spec {
    /// All rules: of `faults`, then of each plan.
    var placedRules: [PlacedRule] {
        ExperimentReader.placed(faults, "spec.faults")
            + (plans ?? []).enumerated().flatMap { index, entry in
                ExperimentReader.placed(entry.value.faults, "spec.plans[\(index)].faults")
            }
    }
}

extension ExperimentReader {
    static func placed(_ rules: [Located<Rule>]?, _ path: String) -> [PlacedRule] {
        (rules ?? []).enumerated().map { ($1, "\(path)[\($0)]") }
    }

    /// - Throws: ``ExperimentError`` for rules that can't act.
    func plan(_ rules: [PlacedRule]) throws(ExperimentError) -> Plan {
        let plan = Plan(rules: rules.map(\.rule.value))
        if let problem = plan.problems().first {
            let placed = rules[problem.rule]
            throw error(problem.message, at: placed.rule.position, "\(placed.path).\(problem.key)")
        }
        return plan
    }

    /// The variation under each of the file's plans; where it has none, as it is.
    func planned(
        _ variation: Experiment.Variation, _ spec: ExperimentDocument.Spec, _ variables: Variables
    ) throws(ExperimentError) -> [Experiment.Variation] {
        guard let entries = spec.plans else { return [variation] }
        guard !entries.isEmpty else {
            throw error("a list without a plan is nothing to run; name one, or leave plans out", at: nil, "spec.plans")
        }
        if variables.settings.contains(where: { $0.name == "plan" }) {
            throw error(
                "plans vary under the name plan already; call the variable something else",
                at: spec.vary?.position, "spec.vary.plan")
        }
        let combinations = entries.count * variables.combinations
        guard combinations <= Variables.combinationsMax else {
            throw error(
                "\(combinations) variations; \(Variables.combinationsMax) is the most", at: entries[0].position,
                "spec.plans")
        }
        let common = Self.placed(spec.faults, "spec.faults")
        var names: Set<String> = []
        var variations: [Experiment.Variation] = []
        for (index, entry) in entries.enumerated() {
            let path = "spec.plans[\(index)]"
            let name = entry.value.name
            try check(name, "\(path).name")
            guard names.insert(name.value).inserted else {
                throw error("two plans are named \(name.value); rename one", at: name.position, "\(path).name")
            }
            var planned = variation
            planned.name = [variation.name, "plan=\(name.value)"].filter { !$0.isEmpty }.joined(separator: ",")
            planned.plan = try plan(common + Self.placed(entry.value.faults, "\(path).faults"))
            variations.append(planned)
        }
        return variations
    }

    private func check(_ name: Located<String>, _ path: String) throws(ExperimentError) {
        let isName = name.value.allSatisfy {
            $0.isASCII && ($0.isLowercase || $0.isNumber || $0 == "-" || $0 == ".")
        }
        guard isName, !name.value.isEmpty else {
            throw error(
                "\"\(name.value)\" is no name; use lower-case letters, digits, - and .", at: name.position, path)
        }
    }
}
