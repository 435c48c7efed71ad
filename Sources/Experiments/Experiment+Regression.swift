package import Resilience

extension Experiment {
    /// The experiment that does one trial of this one again, or what is left of it: a single cell, in which the policy
    /// is to fail as it did.
    ///
    /// - Parameter seed: The one that the run was given.
    package func regression(_ shrinkage: Shrinkage, seed: UInt64) -> Experiment {
        let policy = shrinkage.spec.policy
        var experiment = narrowed(to: shrinkage.spec.variation, policy: policy)
        experiment.name = Self.regressionName(name, policy.name, shrinkage.invariant)
        experiment.description =
            "\(policy.name) breaks \(shrinkage.invariant.rawValue): "
            + "\(shrinkage.violation.subject) \(shrinkage.violation.evidence)."
        experiment.seed = seed
        experiment.trials = 1
        experiment.firstTrial = shrinkage.spec.index
        experiment.expectations = [Expectation(policy: policy.name, verdict: .fail)]
        return experiment
    }

    /// The experiment with one of its variations alone, which then needs no name; and, where one is given, one policy.
    /// What was to be expected of others is left out; so is the gate, which may compare policies.
    package func narrowed(to variation: Variation, policy: Policy? = nil) -> Experiment {
        var only = variation
        if let policy { only.policies = [policy] }
        only.name = ""
        let names = only.policies.map(\.name)
        let expectations = self.expectations.filter { expectation in
            names.contains(expectation.policy)
                && (expectation.variation == nil || expectation.variation == variation.name)
        }
        return Experiment(
            name: name, description: description, seed: seed, trials: trials, variations: [only],
            gate: policy == nil ? gate : [],
            expectations: expectations.map { Expectation(policy: $0.policy, verdict: $0.verdict) },
            firstTrial: firstTrial, isSwarm: false)
    }

    /// `lost-answers-boreas-no-permit-leaked`.
    private static func regressionName(_ name: String, _ policy: String, _ invariant: Invariant) -> String {
        let words = invariant.rawValue.reduce(into: "") { text, character in
            text += character.isUppercase ? "-\(character.lowercased())" : "\(character)"
        }
        let isKept = { (character: Character) in
            character.isASCII && (character.isLowercase || character.isNumber || character == "-" || character == ".")
        }
        return String("\(name)-\(policy)-\(words)".lowercased().map { isKept($0) ? $0 : "-" })
    }
}
