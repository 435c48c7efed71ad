import Faults

extension Experiment {
    /// Of each workload, process and phases that differ, the variation without faults: what the other trials of it are
    /// judged against. None where no process is the subject.
    package var references: [Variation] {
        var references: [Variation] = []
        for variation in variations where variation.process != nil {
            if references.contains(where: variation.isOnceCalm) { continue }
            var calm = variation
            calm.plan.rules = []
            let rest = variation.name.split(separator: ",").map(String.init).filter { !$0.hasPrefix("plan=") }
            calm.name = ([Self.referenceName] + rest).joined(separator: ",")
            references.append(calm)
        }
        return references
    }

    /// `calm`, before what varies besides the plan.
    package static let referenceName = "calm"

    /// Calm trials of each reference: two, so that what differs between them is known to differ by itself.
    package static let referenceTrials = 2
}

extension Experiment.Variation {
    /// Whether a reference is this variation without its faults.
    package func isOnceCalm(_ reference: Experiment.Variation) -> Bool {
        var calm = self
        calm.name = reference.name
        calm.plan.rules = []
        return calm == reference
    }
}
