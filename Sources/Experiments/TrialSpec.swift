import Determinism
package import Resilience

/// Which trial of a run: its cell, and its turn in it.
package struct TrialKey: Hashable, Sendable, Comparable {
    package var policy: String
    /// The variation's name; empty where nothing varies.
    package var variation: String
    /// From 1.
    package var index: Int

    package init(policy: String, variation: String = "", index: Int) {
        self.policy = policy
        self.variation = variation
        self.index = index
    }

    package static func < (left: TrialKey, right: TrialKey) -> Bool {
        (left.index, left.variation, left.policy) < (right.index, right.variation, right.policy)
    }
}

/// One trial that is to be carried out.
package struct TrialSpec: Hashable, Sendable {
    /// The trial's place in its run, from 1: what `boreas show RUN/NUMBER` takes.
    package var number: Int
    package var policy: Policy
    package var variation: Experiment.Variation
    package var index: Int
    /// The same for one index in every cell: common random numbers, so that comparisons are paired. It has 53 bits,
    /// so that readers of JSON who keep numbers as doubles read it whole.
    package var seed: UInt64
    /// Whether the trial's plan was drawn, so that not every rule of it need have hit a request.
    package var isSwarm: Bool
    /// Whether it is a calm trial of a process, against which the others are judged.
    package var isReference: Bool

    package init(
        number: Int, policy: Policy, variation: Experiment.Variation, index: Int, seed: UInt64, isSwarm: Bool = false,
        isReference: Bool = false
    ) {
        self.number = number
        self.policy = policy
        self.variation = variation
        self.index = index
        self.seed = seed
        self.isSwarm = isSwarm
        self.isReference = isReference
    }

    package var key: TrialKey { TrialKey(policy: policy.name, variation: variation.name, index: index) }
}

extension Experiment {
    /// All trials of a run, in the order in which they are carried out: index by index and not cell by cell, so that
    /// a machine that grows slower during a run does so for all policies. Those of a swarm have the plans that they draw.
    /// Where a process is the subject, the calm trials that the others are judged against come first.
    ///
    /// - Parameters:
    ///   - seed: Instead of the experiment's own.
    ///   - policies: Only these; nil is all.
    ///   - trials: Trials in each cell, instead of the experiment's own number.
    package func trialSpecs(seed: UInt64? = nil, policies: [String]? = nil, trials: Int? = nil) -> [TrialSpec] {
        let streams = RandomStreams(seed: seed ?? self.seed)
        func trialSeed(of index: Int) -> UInt64 {
            var stream = streams.stream("trial", "\(index)")
            return stream.next() >> 11
        }
        var specs: [TrialSpec] = []
        for reference in references {
            for policy in reference.policies where policies?.contains(policy.name) ?? true {
                for index in 1...Self.referenceTrials {
                    specs.append(
                        TrialSpec(
                            number: specs.count + 1, policy: policy, variation: reference, index: index,
                            seed: trialSeed(of: index), isReference: true))
                }
            }
        }
        for index in firstTrial..<firstTrial + max(1, trials ?? self.trials) {
            let seed = trialSeed(of: index)
            for var variation in variations {
                if isSwarm { variation.plan = Swarm(variation).plan(seed: seed) }
                for policy in variation.policies where policies?.contains(policy.name) ?? true {
                    specs.append(
                        TrialSpec(
                            number: specs.count + 1, policy: policy, variation: variation, index: index,
                            seed: seed, isSwarm: isSwarm))
                }
            }
        }
        return specs
    }
}
