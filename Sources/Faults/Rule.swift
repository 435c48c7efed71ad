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

    package init(
        verb: [Verb]? = nil, resource: String? = nil, namespace: String? = nil, name: String? = nil
    ) {
        self.verb = verb
        self.resource = resource
        self.namespace = namespace
        self.name = name
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

    package init(
        probability: Double? = nil, first: Int? = nil, every: Int? = nil, after: Int? = nil, span: Duration? = nil,
        limitConsecutive: Int? = nil
    ) {
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
        case limitConsecutive
    }
}

/// The rules of an experiment, in order: the first whose conditions hold decides about a request.
package struct Plan: Hashable, Sendable, Codable {
    package var rules: [Rule]

    package init(rules: [Rule] = []) { self.rules = rules }
}

extension Rule: Codable {
    private enum CodingKeys: String, CodingKey, CaseIterable {
        case name, during, match, when
        case refuse, reset, blackHole, halfOpen, latency, status, quotaConflict, crash, capacity

        static let faults = allCases.filter { Fault.Kind(rawValue: $0.rawValue) != nil }
    }

    private struct NoParameters: Codable {}

    /// Whatever stands there.
    private struct AnyKey: CodingKey {
        var stringValue: String
        var intValue: Int? { nil }

        init(stringValue: String) { self.stringValue = stringValue }
        init?(intValue: Int) { nil }
    }

    package init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: CodingKeys.self)
        name = try container.decode(String.self, forKey: .name)
        during = try container.decodeIfPresent(Phase.self, forKey: .during)
        match = try container.decodeIfPresent(RequestMatch.self, forKey: .match) ?? RequestMatch()
        when = try container.decodeIfPresent(Timing.self, forKey: .when) ?? Timing()
        let named = CodingKeys.faults.filter(container.contains)
        guard let key = named.first, named.count == 1, let kind = Fault.Kind(rawValue: key.rawValue) else {
            let kinds = CodingKeys.faults.map(\.rawValue).joined(separator: ", ")
            let unknown = try decoder.container(keyedBy: AnyKey.self).allKeys.map(\.stringValue)
                .filter { CodingKeys(rawValue: $0) == nil }
            let slip = unknown.isEmpty ? "" : " (\(unknown.sorted().joined(separator: ", ")) is none)"
            throw DecodingError.dataCorrupted(
                DecodingError.Context(
                    codingPath: decoder.codingPath,
                    debugDescription: named.isEmpty
                        ? "the rule names no known fault\(slip); name one of \(kinds)"
                        : "the rule names \(named.count) faults; split it, one rule a fault"))
        }
        switch kind {
        case .refuse: fault = .refuse(try container.decode(Fault.Refusal.self, forKey: key))
        case .reset: fault = .reset(try container.decode(Fault.Reset.self, forKey: key))
        case .latency: fault = .latency(try container.decode(Fault.Latency.self, forKey: key))
        case .status: fault = .status(try container.decode(Fault.ForgedStatus.self, forKey: key))
        case .quotaConflict: fault = .quotaConflict(try container.decode(Fault.QuotaChurn.self, forKey: key))
        case .crash: fault = .crash(try container.decode(Fault.Crash.self, forKey: key))
        case .capacity: fault = .capacity(try container.decode(Fault.Capacity.self, forKey: key))
        case .blackHole, .halfOpen:
            _ = try container.decode(NoParameters.self, forKey: key)
            fault = kind == .blackHole ? .blackHole : .halfOpen
        }
    }

    package func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: CodingKeys.self)
        try container.encode(name, forKey: .name)
        try container.encodeIfPresent(during, forKey: .during)
        try container.encode(match, forKey: .match)
        try container.encode(when, forKey: .when)
        switch fault {
        case .refuse(let refusal): try container.encode(refusal, forKey: .refuse)
        case .reset(let reset): try container.encode(reset, forKey: .reset)
        case .latency(let latency): try container.encode(latency, forKey: .latency)
        case .status(let status): try container.encode(status, forKey: .status)
        case .quotaConflict(let churn): try container.encode(churn, forKey: .quotaConflict)
        case .crash(let crash): try container.encode(crash, forKey: .crash)
        case .capacity(let capacity): try container.encode(capacity, forKey: .capacity)
        case .blackHole: try container.encode(NoParameters(), forKey: .blackHole)
        case .halfOpen: try container.encode(NoParameters(), forKey: .halfOpen)
        }
    }
}
