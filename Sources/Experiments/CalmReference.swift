import Determinism
import Kubernetes

/// What calm trials of a workload came to, against which the others of it are judged.
///
/// It takes two: what differs between them differs by itself, and says nothing of a trial with faults.
package struct CalmReference: Hashable, Sendable {
    /// What kin came to: in every calm trial so many, of these contents.
    struct Kinship: Hashable, Sendable {
        var counts: ClosedRange<Int>
        /// Of the trial that had most of them, in the order of their creation.
        var states: [EndState]
        /// Paths at which calm trials differ.
        var masks: Set<String>
    }

    /// How often objects of one name were created and deleted.
    struct Turnover: Hashable, Sendable {
        var creates: ClosedRange<Int>
        var deletes: ClosedRange<Int>

        static let none = Turnover(creates: 0...0, deletes: 0...0)
    }

    let naming: ObjectNaming
    let kinships: [ObjectHistory.Kin: Kinship]
    let turnovers: [String: Turnover]
    /// How many kin were there at once, where it was more than one; owners by their patterns.
    let crowds: [ObjectHistory.Kin: Int]
    /// Writes a second after all had come to rest.
    let quietRate: Double
    /// Whether that counts writes that changed nothing too, as only requests tell of them.
    let countsFutileWrites: Bool

    /// - Parameter records: Of calm trials, with their attempts.
    /// - Returns: Nil for fewer than two.
    package init?(records: [TrialRecord]) {
        let rates = records.map { record in
            Self.rate(in: record.observations, until: record.duration) { settled in
                record.attempts.count { $0.isWriteOfState && $0.exchange.started >= settled }
            }
        }
        self.init(records.map(\.observations), quietRate: rates.max() ?? 0, countsFutileWrites: true)
    }

    /// - Parameter trials: The facts of each, in the order of time.
    /// - Returns: Nil for fewer than two.
    package init?(trials: [[Observation]]) {
        let rates = trials.map { facts in
            Self.rate(in: facts, until: facts.last?.at ?? .zero) { ObjectHistory(facts).changes(since: $0) }
        }
        self.init(trials, quietRate: rates.max() ?? 0, countsFutileWrites: false)
    }

    private init?(_ trials: [[Observation]], quietRate: Double, countsFutileWrites: Bool) {
        guard trials.count >= 2 else { return nil }
        let histories = trials.map(ObjectHistory.init)
        // A server that draws the same names again has drawn them all the same.
        let generated = Set(histories.flatMap(\.ends).filter(\.isGenerated).map(\.key))
        let keys = histories.map { $0.keys.subtracting(generated) }
        let naming = ObjectNaming(known: keys.dropFirst().reduce(keys[0]) { $0.intersection($1) })
        self.naming = naming
        self.quietRate = quietRate
        self.countsFutileWrites = countsFutileWrites
        kinships = Self.kinships(histories.map { $0.ends(naming) })
        turnovers = Self.turnovers(histories.map { $0.tallies(naming) })
        crowds = histories.reduce(into: [:]) { crowds, history in
            for (kin, crowd) in history.crowds(naming) {
                let known = ObjectHistory.Kin(name: kin.name, owner: naming.name(of: kin.owner))
                crowds[known] = max(crowds[known] ?? 0, crowd.keys.count)
            }
        }
    }

    /// - Parameter count: Writes since a moment.
    private static func rate(
        in facts: [Observation], until end: Duration, _ count: (Duration) -> Int
    ) -> Double {
        guard let settled = facts.last(where: { $0.kind == .settled })?.at, end > settled else { return 0 }
        return Double(count(settled)) / (end - settled).seconds
    }

    private static func kinships(_ trials: [[ObjectHistory.Kin: [EndState]]]) -> [ObjectHistory.Kin: Kinship] {
        var kinships: [ObjectHistory.Kin: Kinship] = [:]
        for kin in Set(trials.flatMap(\.keys)) {
            let states = trials.map { $0[kin] ?? [] }
            let counts = states.map(\.count)
            let fullest = states.max { $0.count < $1.count } ?? []
            var masks: Set<String> = []
            for other in states {
                for (left, right) in zip(fullest, other) {
                    masks.formUnion(
                        ObjectDifference.between(.object(left.json), .object(right.json)).map(\.path))
                }
            }
            kinships[kin] = Kinship(
                counts: (counts.min() ?? 0)...(counts.max() ?? 0), states: fullest, masks: masks)
        }
        return kinships
    }

    private static func turnovers(_ trials: [[String: ObjectHistory.Tally]]) -> [String: Turnover] {
        var turnovers: [String: Turnover] = [:]
        for name in Set(trials.flatMap(\.keys)) {
            let tallies = trials.map { $0[name] ?? ObjectHistory.Tally() }
            let (creates, deletes) = (tallies.map(\.creates), tallies.map(\.deletes))
            turnovers[name] = Turnover(
                creates: (creates.min() ?? 0)...(creates.max() ?? 0),
                deletes: (deletes.min() ?? 0)...(deletes.max() ?? 0))
        }
        return turnovers
    }
}

extension AttemptRecord {
    /// Leases are renewed for as long as somebody leads, and events are told of what is.
    var isWriteOfState: Bool {
        exchange.identity.verb.isWrite && exchange.identity.resource != "leases"
            && exchange.identity.resource != "events"
    }
}
