import Determinism
import Kubernetes

/// What became of the objects of one trial, by its observations.
struct ObjectHistory {
    /// How often objects of one name were created and deleted.
    struct Tally: Hashable {
        var creates = 0
        var deletes = 0
        /// When the last of these was.
        var last: Duration = .zero
    }

    /// Objects that take each other's place: of one owner, and of one name but for what is drawn at random.
    struct Kin: Hashable, Comparable {
        var name: String
        /// Empty for objects that nobody controls.
        var owner: String

        static func < (left: Kin, right: Kin) -> Bool { (left.name, left.owner) < (right.name, right.owner) }
    }

    /// A moment at which more kin were there at once than ever before.
    struct Crowd: Hashable {
        var at: Duration
        /// The keys, in the order of their creation.
        var keys: [String]
    }

    private let facts: [Observation]
    /// In the order of their creation, as far as that was seen.
    let ends: [EndState]

    /// - Parameter observations: In the order of time.
    init(_ observations: [Observation]) {
        let kinds: Set<Observation.Kind> = [.objectCreated, .objectWritten, .objectDeleted]
        let facts = observations.filter { kinds.contains($0.kind) }
        var births: [String: Int] = [:]
        for (index, fact) in facts.enumerated() where fact.kind == .objectCreated { births[fact.subject] = index }
        self.facts = facts
        ends = observations.compactMap(EndState.init).sorted {
            (births[$0.key] ?? 0, $0.key) < (births[$1.key] ?? 0, $1.key)
        }
    }

    /// Every key that was there at any time.
    var keys: Set<String> { Set(facts.map(\.subject)).union(ends.map(\.key)) }

    func tallies(_ naming: ObjectNaming) -> [String: Tally] {
        var tallies: [String: Tally] = [:]
        for fact in facts where fact.kind != .objectWritten {
            let name = naming.name(of: fact.subject)
            if fact.kind == .objectCreated { tallies[name, default: Tally()].creates += 1 }
            if fact.kind == .objectDeleted { tallies[name, default: Tally()].deletes += 1 }
            tallies[name]?.last = fact.at
        }
        return tallies
    }

    func ends(_ naming: ObjectNaming) -> [Kin: [EndState]] {
        Dictionary(grouping: ends) { end in
            let name = naming.name(of: end.key)
            // Who owns an object of a known name is a field like others.
            return Kin(name: name, owner: name == end.key ? "" : end.owner.map(naming.name) ?? "")
        }
    }

    /// For all kin that ever were two or more at once, when most of them were. Those whose deletion has begun, or
    /// whose work is over, are not counted: what takes their place is no duplicate.
    ///
    /// - Returns: By names, with the owner's as it is.
    func crowds(_ naming: ObjectNaming) -> [Kin: Crowd] {
        var alive: [Kin: [(uid: String, key: String)]] = [:]
        var kin: [String: Kin] = [:]
        var crowds: [Kin: Crowd] = [:]
        for fact in facts {
            switch fact.kind {
            case .objectCreated:
                let own = Kin(name: naming.name(of: fact.subject), owner: fact.message)
                kin[fact.detail] = own
                alive[own, default: []].append((fact.detail, fact.subject))
                let keys = alive[own]?.map(\.key) ?? []
                if keys.count > max(1, crowds[own]?.keys.count ?? 0) { crowds[own] = Crowd(at: fact.at, keys: keys) }
            case .objectWritten where fact.message.isEmpty: continue
            default:
                guard let own = kin[fact.detail] else { continue }
                alive[own]?.removeAll { $0.uid == fact.detail }
            }
        }
        return crowds
    }

    /// Changes of objects since a moment, leases apart: they are renewed for as long as somebody leads.
    func changes(since moment: Duration) -> Int {
        facts.count { $0.at >= moment && !$0.subject.hasPrefix("leases.coordination.k8s.io/") }
    }

    var lastChange: Observation? { facts.last { !$0.subject.hasPrefix("leases.coordination.k8s.io/") } }
}

extension EndState {
    /// Of whoever controls it, else of its first owner: kind and name, as far as patterns go by it.
    fileprivate var owner: String? {
        let owners = (json["metadata", "ownerReferences"]?.array ?? []).compactMap(\.object)
        let owner = owners.first { $0["controller"]?.bool ?? false } ?? owners.first
        return owner.map { "\($0["kind"]?.string ?? "")/\($0["name"]?.string ?? "")" }
    }
}
