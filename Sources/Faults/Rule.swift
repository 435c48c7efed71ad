package import Kubernetes

/// One line of a plan: which fault, to which requests, when.
package struct Rule: Hashable, Sendable {
    package var name: String
    /// The phase in which the rule is awake; nil is always.
    package var during: Phase?
    package var match: RequestMatch
    package var when: Timing
    package var fault: Fault

    package init(
        name: String, during: Phase? = nil, match: RequestMatch = RequestMatch(), when: Timing = Timing(),
        fault: Fault
    ) {
        self.name = name
        self.during = during
        self.match = match
        self.when = when
        self.fault = fault
    }
}

/// The parts of a trial: a steady state, the faults, and a healthy world in which the subject must recover.
package enum Phase: String, Hashable, Sendable, Codable, CaseIterable, Comparable {
    case calm, storm, converge

    package static func < (left: Phase, right: Phase) -> Bool { left.order < right.order }

    private var order: Int {
        switch self {
        case .calm: 0
        case .storm: 1
        case .converge: 2
        }
    }
}

/// Which requests a rule is about; a condition that is left out holds for all.
package struct RequestMatch: Hashable, Sendable, Codable {
    package var verb: [Verb]?
    /// The plural: `pods`, or with its group `workflows.argoproj.io`; with a subresource, `pods/exec`.
    package var resource: String?
    package var namespace: String?
    /// A glob: `*` is any run of characters, `?` any one.
    package var name: String?
    /// Labels that the object in the request's body has, so that creates and updates alone can match; values are globs.
    package var labels: [String: String]?
    /// A glob, of what the client says in the header User-Agent.
    package var userAgent: String?

    package init(
        verb: [Verb]? = nil, resource: String? = nil, namespace: String? = nil, name: String? = nil,
        labels: [String: String]? = nil, userAgent: String? = nil
    ) {
        self.verb = verb
        self.resource = resource
        self.namespace = namespace
        self.name = name
        self.labels = labels
        self.userAgent = userAgent
    }
}

/// When a rule that matches takes effect; all its conditions must hold.
package struct Timing: Hashable, Sendable, Codable {
    /// The chance of each matching request by itself; nil is 1.
    package var probability: Double?
    /// Only the first n matching requests of each identity.
    package var first: Int?
    /// Only every n-th matching request of each identity.
    package var every: Int?
    /// Not before n matching requests of the identity have passed.
    package var after: Int?
    /// Only for this long from the rule's first match.
    package var span: Duration?
    /// At most so many requests of one identity in a row; the next one passes, so that no policy can be starved.
    package var limitConsecutive: Int?
    /// At most so many requests at a time that the rule holds: a cap on what is broken at once. Which requests it spares
    /// depends on time, unlike everything else here.
    package var limitActive: Int?
    /// Only in this part of the phase; with no phase, of the trial.
    package var window: Window?
    /// Only once this has happened; until then the rule counts nothing.
    package var since: Trigger?

    package struct Window: Hashable, Sendable, Codable {
        /// Since the phase's beginning.
        package var from: Duration
        /// Nil is until the phase's end.
        package var to: Duration?

        package init(from: Duration, to: Duration? = nil) {
            self.from = from
            self.to = to
        }
    }

    /// Something that passes through the fault path: the n-th request that matches, or an object in a state.
    package struct Trigger: Hashable, Sendable, Codable {
        package var request: RequestMatch?
        package var object: ObjectState?
        /// Which of them it is, from 1; nil is the first.
        package var count: Int?

        package init(request: RequestMatch? = nil, object: ObjectState? = nil, count: Int? = nil) {
            self.request = request
            self.object = object
            self.count = count
        }
    }

    /// An object with a value in a field, as answers and watches that pass through tell.
    package struct ObjectState: Hashable, Sendable, Codable {
        /// The plural, with its group: `workflows.argoproj.io`.
        package var resource: String
        /// A glob; nil is any object.
        package var name: String?
        /// A path, as `status.phase`.
        package var field: String
        /// The value, as text.
        package var equals: String

        package init(resource: String, name: String? = nil, field: String, equals: String) {
            self.resource = resource
            self.name = name
            self.field = field
            self.equals = equals
        }
    }

    package init(
        probability: Double? = nil, first: Int? = nil, every: Int? = nil, after: Int? = nil, span: Duration? = nil,
        limitConsecutive: Int? = nil, limitActive: Int? = nil, window: Window? = nil, since: Trigger? = nil
    ) {
        self.limitActive = limitActive
        self.window = window
        self.since = since
        self.probability = probability
        self.first = first
        self.every = every
        self.after = after
        self.span = span
        self.limitConsecutive = limitConsecutive
    }

    private enum CodingKeys: String, CodingKey {
        case probability, first, every, after
        case span = "for"
        case limitConsecutive, limitActive, window, since
    }
}

/// The rules of an experiment, in order: the first whose conditions hold decides about a request.
package struct Plan: Hashable, Sendable, Codable {
    package var rules: [Rule]

    package init(rules: [Rule] = []) { self.rules = rules }
}

extension Rule: Codable {
    /// The members of a rule: those that every rule has, and the kinds of faults, of which it names one.
    private struct Key: CodingKey, Hashable {
        var stringValue: String
        var intValue: Int? { nil }

        init(stringValue: String) { self.stringValue = stringValue }
        init?(intValue: Int) { nil }
        init(_ kind: Fault.Kind) { stringValue = kind.rawValue }

        static let name = Key(stringValue: "name")
        static let during = Key(stringValue: "during")
        static let match = Key(stringValue: "match")
        static let when = Key(stringValue: "when")
        static let common = ["name", "during", "match", "when"]
    }

    package init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: Key.self)
        name = try container.decode(String.self, forKey: .name)
        during = try container.decodeIfPresent(Phase.self, forKey: .during)
        match = try container.decodeIfPresent(RequestMatch.self, forKey: .match) ?? RequestMatch()
        when = try container.decodeIfPresent(Timing.self, forKey: .when) ?? Timing()
        let named = Fault.Kind.allCases.filter { container.contains(Key($0)) }
        guard let kind = named.first, named.count == 1 else {
            let kinds = Fault.Kind.allCases.map(\.rawValue)
            let unknown = container.allKeys.map(\.stringValue).filter { !(kinds + Key.common).contains($0) }.sorted()
            throw DecodingError.dataCorrupted(
                DecodingError.Context(
                    codingPath: decoder.codingPath,
                    debugDescription: named.isEmpty
                        ? "the rule names no known fault\(Self.slip(unknown, among: kinds)); boreas faults lists them"
                        : "the rule names \(named.count) faults; split it, one rule a fault"))
        }
        fault = try Self.parameters(kind.parameters, container).fault
    }

    private static func slip(_ unknown: [String], among kinds: [String]) -> String {
        guard let first = unknown.first else { return "" }
        let nearest = ResourcePattern.nearest(to: first, in: kinds)
        return " (\(unknown.joined(separator: ", ")) is none\(nearest.map { "; did you mean \($0)?" } ?? ""))"
    }

    private static func parameters<Parameters: FaultParameters>(
        _ type: Parameters.Type, _ container: KeyedDecodingContainer<Key>
    ) throws -> any FaultParameters {
        try container.decode(type, forKey: Key(type.kind))
    }

    package func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: Key.self)
        try container.encode(name, forKey: .name)
        try container.encodeIfPresent(during, forKey: .during)
        try container.encode(match, forKey: .match)
        try container.encode(when, forKey: .when)
        func encode(_ parameters: some FaultParameters) throws {
            try container.encode(parameters, forKey: Key(fault.kind))
        }
        try encode(fault.parameters)
    }
}
