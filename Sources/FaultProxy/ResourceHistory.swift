import Faults
import Kubernetes

/// Something that happened to an object of a resource.
struct ResourceEvent: Hashable, Sendable {
    var change: Fault.EventPoint.Change
    /// As the event gives it; of a deletion the last state.
    var object: JSONObject
    var version: UInt64

    var namespace: String { object["metadata", "namespace"]?.string ?? "" }

    fileprivate var key: String { ResourceHistory.key(object) }
}

/// A resource as the proxy itself sees it.
struct ResourceHistory: Sendable {
    /// By namespace and name.
    private(set) var objects: [String: JSONObject] = [:]
    /// Up to which version all is known; 0 is nothing.
    private(set) var version: UInt64 = 0

    /// What must have happened for a list to be as it is, in the order of the versions.
    ///
    /// - Parameter wasThere: Whether an object of a first list is older than anything that counts.
    func events(leadingTo items: [JSONObject], version: UInt64, wasThere: (JSONObject) -> Bool) -> [ResourceEvent] {
        var gone = objects
        var events: [ResourceEvent] = []
        for item in items {
            let known = gone.removeValue(forKey: Self.key(item))
            if let known, known.version == item.version { continue }
            if known == nil, self.version == 0, wasThere(item) { continue }
            events.append(
                ResourceEvent(change: known == nil ? .added : .modified, object: item, version: item.version))
        }
        events.sort { $0.version < $1.version }
        let deletions = gone.sorted { $0.key < $1.key }
        return events + deletions.map { ResourceEvent(change: .deleted, object: $0.value, version: version) }
    }

    /// Takes over those of a first list that no event tells of.
    mutating func begin(with items: [JSONObject], besides events: [ResourceEvent]) {
        guard version == 0 else { return }
        let told = Set(events.map(\.key))
        for item in items where !told.contains(Self.key(item)) { objects[Self.key(item)] = item }
    }

    mutating func apply(_ event: ResourceEvent) {
        objects[event.key] = event.change == .deleted ? nil : event.object
        reached(event.version)
    }

    /// Nothing more has happened up to this version.
    mutating func reached(_ version: UInt64) { self.version = max(self.version, version) }

    fileprivate static func key(_ object: JSONObject) -> String {
        "\(object["metadata", "namespace"]?.string ?? "")/\(object["metadata", "name"]?.string ?? "")"
    }
}

/// Counts the events of a resource up to the one that a plan names.
struct EventCounter: Sendable {
    private let point: Fault.EventPoint
    private let name: Glob?
    private var count = 0

    init(_ point: Fault.EventPoint) {
        self.point = point
        name = point.name.map(Glob.init)
    }

    /// Whether the event is the one, or of its kind and later: who looks for it may have had to wait.
    mutating func reaches(_ event: ResourceEvent) -> Bool {
        guard event.change == point.event, name?.matches(event.object["metadata", "name"]?.string ?? "") ?? true
        else { return false }
        if let field = point.field, event.object.text(at: field) != point.equals { return false }
        count += 1
        return count >= point.count ?? 1
    }
}
