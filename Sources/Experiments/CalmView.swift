import Determinism
import Faults
import Kubernetes

/// A state of a watched object in a calm trial, from the event that brought it to the one that cancelled it.
struct CalmView: Hashable {
    /// What the state is, told by nothing that differs from trial to trial.
    struct Identity: Hashable {
        /// `websites.example.com`.
        var resource: String
        /// A glob, where the server made the name up.
        var name: String
        /// What tells it from other states of the object; empty for its whole life.
        var facet: String
        var from: Fault.EventPoint
        var until: Fault.EventPoint
    }

    var identity: Identity
    /// How long the state lasted.
    var span: Duration
    /// Whether it began before there was a subject to see it.
    var isEarly = false

    var isOfElection: Bool { CalmWrite.isOfElection(plural) }

    /// The states of a kind of objects that have it in common are much the same.
    var signature: String { "view \(identity.resource) \(identity.facet)" }

    private var plural: String { identity.resource.split(separator: ".").first.map(String.init) ?? "" }

    private var object: String { "\(identity.resource) \(identity.name)" }

    private func proposal(_ prefix: String, _ fault: Fault, _ reason: String) -> PlanProposal {
        let name = [prefix, plural, identity.name, identity.facet].filter { !$0.isEmpty }.joined(separator: "-")
        return PlanProposal(
            name: name, rule: Rule(name: name, match: RequestMatch(resource: identity.resource), fault: fault),
            reason: reason)
    }

    var unobserved: PlanProposal {
        // Twice as long as it took, so that a slower machine gets there, too.
        let needed = Duration.seconds(Int64((span * 2).seconds.rounded(.up)))
        let fault = Fault.UnobservedState(
            from: identity.from, until: identity.until,
            within: needed > Fault.UnobservedState.withinDefault ? needed : nil)
        return proposal(
            "unobserved", .unobserved(fault),
            "\(object) \(identity.from.words), and later \(identity.until.words): the subject never sees what was in "
                + "between, and still has to end where it should.")
    }

    var stale: PlanProposal {
        proposal(
            "stale", .staleView(Fault.StaleView(freezeAt: identity.from, restartAt: identity.until)),
            "\(object) \(identity.from.words), and later \(identity.until.words): a subject that is restarted then sees "
                + "the old state for a while, and must destroy nothing because of it.")
    }
}

extension Fault.EventPoint {
    fileprivate var words: String {
        let turn = count.map { " (number \($0))" } ?? ""
        let value = field.map { " with \($0) = \(equals ?? "")" } ?? ""
        switch event {
        case .added: return "is created\(turn)\(value)"
        case .modified: return "is changed\(turn)\(value)"
        case .deleted: return "is deleted\(turn)\(value)"
        }
    }
}

// MARK: From what was seen

extension CalmView {
    /// An event of an object, as a rule counts it.
    private struct Event {
        var point: Fault.EventPoint
        var isDeletionBegun: Bool
        var at: Duration
    }

    /// All states of objects that the subject watches, in the order of their beginning.
    static func all(
        in trial: TrialRecord, _ names: GeneratedNames, changes: [Experiment.Change]
    ) -> [CalmView] {
        let watched = Set(
            trial.attempts.filter { $0.exchange.identity.verb == .watch }.map { attempt in
                let identity = attempt.exchange.identity
                return identity.group.isEmpty ? identity.resource : "\(identity.resource).\(identity.group)"
            })
        let start = trial.observations.first { $0.kind == .processStarted || $0.kind == .phaseEntered }?.at ?? .zero
        let seen = events(in: trial, watched, names).flatMap { object, events in
            states(of: object, events, start: start)
        }
        let made = ordered(changes).flatMap { resource, name, changes in
            watched.contains(resource) ? states(of: resource, name, changes) : []
        }
        return seen + made
    }

    /// The events of each object, by its resource and name as rules tell it, objects in the order of their first event.
    private static func events(
        in trial: TrialRecord, _ watched: Set<String>, _ names: GeneratedNames
    ) -> [(object: (resource: String, name: String), events: [Event])] {
        var order: [String] = []
        var events: [String: (object: (resource: String, name: String), events: [Event])] = [:]
        var counts: [String: Int] = [:]
        for observation in trial.observations {
            let change: Fault.EventPoint.Change
            switch observation.kind {
            case .objectCreated: change = .added
            case .objectWritten: change = .modified
            case .objectDeleted: change = .deleted
            default: continue
            }
            let parts = observation.subject.split(separator: "/", maxSplits: 1).map(String.init)
            guard parts.count == 2, watched.contains(parts[0]) else { continue }
            let name = names.pattern(parts[1])
            counts["\(parts[0])/\(name) \(change.rawValue)", default: 0] += 1
            let count = counts["\(parts[0])/\(name) \(change.rawValue)"] ?? 1
            if events[observation.subject] == nil { order.append(observation.subject) }
            events[observation.subject, default: ((parts[0], name), [])].events.append(
                Event(
                    point: Fault.EventPoint(change, name: name, count: count > 1 ? count : nil),
                    isDeletionBegun: change == .modified && observation.message == "being deleted",
                    at: observation.at))
        }
        return order.compactMap { events[$0] }
    }

    /// A life and its end, an end and the next life, and a deletion that took its time.
    private static func states(
        of object: (resource: String, name: String), _ events: [Event], start: Duration
    ) -> [CalmView] {
        var states: [CalmView] = []
        var lastTurn: Event?
        var deletion: Event?
        func add(_ facet: String, _ from: Event, _ until: Event) {
            states.append(
                CalmView(
                    identity: Identity(
                        resource: object.resource, name: object.name, facet: facet, from: from.point,
                        until: until.point), span: until.at - from.at, isEarly: from.at < start))
        }
        for event in events {
            switch event.point.event {
            case .modified: if event.isDeletionBegun { deletion = deletion ?? event }
            case .added:
                if let lastTurn, lastTurn.point.event == .deleted { add("absence", lastTurn, event) }
                lastTurn = event
                deletion = nil
            case .deleted:
                if let lastTurn, lastTurn.point.event == .added { add("", lastTurn, event) }
                if let deletion { add("deletion", deletion, event) }
                lastTurn = event
                deletion = nil
            }
        }
        return states
    }

    // MARK: From what the harness does

    /// The changes of each object in the order of time, objects in the order of their first change.
    private static func ordered(
        _ changes: [Experiment.Change]
    ) -> [(resource: String, name: String, changes: [Experiment.Change])] {
        let inTime = changes.enumerated().sorted { ($0.element.at, $0.offset) < ($1.element.at, $1.offset) }
            .map(\.element)
        var order: [(resource: String, name: String, changes: [Experiment.Change])] = []
        for change in inTime {
            // A workload of Boreas's own controller names resources without their group.
            let resource =
                Experiment.objectResources.first { $0.name == change.resource }?.qualifiedName ?? change.resource
            if let index = order.firstIndex(where: { $0.resource == resource && $0.name == change.name }) {
                order[index].changes.append(change)
            } else {
                order.append((resource, change.name, [change]))
            }
        }
        return order
    }

    /// Values that a later change of the same object takes back.
    private static func states(
        of resource: String, _ name: String, _ changes: [Experiment.Change]
    ) -> [CalmView] {
        var states: [CalmView] = []
        for (index, change) in changes.enumerated() {
            for (field, value) in change.values {
                let from = Fault.EventPoint(.modified, name: name, field: field, equals: value)
                for later in changes.dropFirst(index + 1) {
                    let next = later.values.first { $0.field == field }
                    guard later.patch == nil || next != nil else { continue }
                    guard next?.value != value else { break }
                    let until =
                        next.map { Fault.EventPoint(.modified, name: name, field: field, equals: $0.value) }
                        ?? Fault.EventPoint(.deleted, name: name)
                    states.append(
                        CalmView(
                            identity: Identity(
                                resource: resource, name: name, facet: field, from: from, until: until),
                            span: later.at - change.at))
                    break
                }
            }
        }
        return states
    }
}

extension Experiment.Change {
    /// The values that the patch sets, by their paths; those of lists and of names with dots are left out, which no rule
    /// can tell.
    fileprivate var values: [(field: String, value: String)] {
        guard let patch, let json = try? JSONValue(parsing: Array(patch.utf8)) else { return [] }
        return Self.leaves(json, "")
    }

    private static func leaves(_ json: JSONValue, _ path: String) -> [(field: String, value: String)] {
        switch json {
        case .object(let members):
            members.sorted { $0.key < $1.key }.filter { !$0.key.contains(".") }.flatMap { member in
                leaves(member.value, path.isEmpty ? member.key : "\(path).\(member.key)")
            }
        case .string(let text): [(path, text)]
        case .bool, .integer, .number: [(path, json.text)]
        case .null, .array: []
        }
    }
}
