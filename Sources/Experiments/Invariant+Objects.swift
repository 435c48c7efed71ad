import Determinism
import Faults
import Kubernetes

extension Invariant {
    // MARK: The end state

    func endStateDifferences(_ history: History) -> [Violation] {
        guard let reference = history.reference else { return [] }
        let ends = ObjectHistory(history.observations).ends(reference.naming)
        let kin = Set(ends.keys).union(reference.kinships.keys).sorted()
        let counts = kin.compactMap { kin in
            miscount(kin, ends[kin] ?? [], reference.kinships[kin], at: history.ended)
        }
        let contents = kin.flatMap { kin in
            changes(ends[kin] ?? [], reference.kinships[kin], at: history.ended)
        }
        return Self.limited(counts + contents)
    }

    /// Objects too many, or too few.
    private func miscount(
        _ kin: ObjectHistory.Kin, _ states: [EndState], _ kinship: CalmReference.Kinship?, at time: Duration
    ) -> Violation? {
        let counts = kinship?.counts ?? 0...0
        guard !counts.contains(states.count) else { return nil }
        let keys = states.map(\.key)
        let expected = Self.range(counts)
        let owner = kin.owner.isEmpty ? "" : " of \(kin.owner)"
        switch (keys.count, counts.upperBound) {
        case (1, 0):
            return Violation(self, keys[0], at: time, evidence: "is there in the end, and in calm it is not")
        case (0, 1):
            return Violation(self, kin.name, at: time, evidence: "is missing in the end, and in calm it is there")
        case (0, _):
            return Violation(
                self, kin.name, at: time, evidence: "are missing in the end\(owner), and in calm there are \(expected)")
        default:
            return Violation(
                self, kin.name, at: time,
                evidence: "are \(keys.count) in the end\(owner) (\(Self.listed(keys))), and in calm \(expected)")
        }
    }

    private func changes(
        _ states: [EndState], _ kinship: CalmReference.Kinship?, at time: Duration
    ) -> [Violation] {
        guard let kinship else { return [] }
        return zip(kinship.states, states).flatMap { expected, found in
            ObjectDifference.between(.object(expected.json), .object(found.json), except: kinship.masks)
                .map { Violation(self, found.key, at: time, evidence: $0.text) }
        }
    }

    // MARK: Creates and deletes

    func turnoverDifferences(_ history: History) -> [Violation] {
        guard let reference = history.reference else { return [] }
        let tallies = ObjectHistory(history.observations).tallies(reference.naming)
        let taken = Self.podsTaken(history, reference.naming)
        // What is never seen is never answered, and nothing is wrong with that.
        let mayMiss = history.injections.contains { Self.hidingFaults.contains($0.kind) }
        let violations = Set(tallies.keys).union(reference.turnovers.keys).sorted().compactMap { name -> Violation? in
            let tally = tallies[name] ?? ObjectHistory.Tally()
            let calm = reference.turnovers[name] ?? .none
            let allowance = taken[name] ?? 0
            func isWrong(_ count: Int, _ range: ClosedRange<Int>) -> Bool {
                count > range.upperBound + allowance || (count < range.lowerBound && !mayMiss)
            }
            guard isWrong(tally.creates, calm.creates) || isWrong(tally.deletes, calm.deletes) else { return nil }
            let others = allowance == 0 ? "" : ", and faults took \(allowance) away"
            return Violation(
                self, name, at: tally.last,
                evidence: "was created \(Self.times(tally.creates...tally.creates)) and deleted "
                    + "\(Self.times(tally.deletes...tally.deletes)), and in calm created \(Self.times(calm.creates)) and "
                    + "deleted \(Self.times(calm.deletes))\(others)")
        }
        return Self.limited(violations)
    }

    /// Faults that keep states in between from the subject.
    private static let hidingFaults: Set<Fault.Kind> = [.unobserved, .compactEvents, .staleView]

    /// Pods that faults took away, by name: each goes, and another one rightly comes.
    private static func podsTaken(_ history: History, _ naming: ObjectNaming) -> [String: Int] {
        history.injections.filter { $0.kind == .evictPod || $0.kind == .killPod }.reduce(into: [:]) {
            taken, injection in
            taken[naming.name(of: "pods/\(injection.identity.name)"), default: 0] += 1
        }
    }

    // MARK: Duplicates

    func duplicates(_ history: History) -> [Violation] {
        let objects = ObjectHistory(history.observations)
        let naming = history.reference?.naming ?? ObjectNaming()
        let violations = objects.crowds(naming).sorted { ($0.value.at, $0.key) < ($1.value.at, $1.key) }
            .compactMap { kin, crowd -> Violation? in
                let owner = kin.owner.isEmpty ? "" : " of \(kin.owner)"
                if Set(crowd.keys).count < crowd.keys.count {
                    return Violation(
                        self, kin.name, at: crowd.at, evidence: "was created again\(owner) before it was deleted")
                }
                let known = ObjectHistory.Kin(name: kin.name, owner: naming.name(of: kin.owner))
                guard let reference = history.reference, reference.crowds[known] == nil else { return nil }
                return Violation(
                    self, kin.owner.isEmpty ? kin.name : kin.owner, at: crowd.at,
                    evidence:
                        "had \(crowd.keys.count) of \(kin.name) at once (\(Self.listed(crowd.keys))), and in calm "
                        + "never more than one")
            }
        return Self.limited(violations)
    }

    // MARK: Words

    /// Violations of one invariant that are told one by one.
    private static let told = 10

    private static func limited(_ violations: [Violation]) -> [Violation] {
        guard violations.count > told else { return violations }
        var kept = Array(violations.prefix(told))
        kept[told - 1].evidence += " (and \(violations.count - told) more)"
        return kept
    }

    private static func listed(_ keys: [String]) -> String {
        let more = keys.count - 5
        return keys.prefix(5).joined(separator: ", ") + (more > 0 ? " and \(more) more" : "")
    }

    private static func range(_ counts: ClosedRange<Int>) -> String {
        counts.count == 1 ? "\(counts.lowerBound)" : "\(counts.lowerBound) to \(counts.upperBound)"
    }

    private static func times(_ counts: ClosedRange<Int>) -> String {
        switch (counts.lowerBound, counts.upperBound) {
        case (0, 0): "never"
        case (1, 1): "once"
        default: "\(range(counts)) times"
        }
    }
}
