import Determinism
package import Kubernetes

/// Decides which requests meet which fault.
///
/// A decision depends on the seed, the rule's name, the request's identity and its ordinal among the requests of that
/// identity that the rule has seen while awake; never on wall time, nor on what other identities do in between. So the
/// same plan means the same in every world, policies that are compared meet the same weather, and one more rule shifts
/// no other: each rule counts every request that it matches while awake, whether or not an earlier rule took it.
package struct FaultInjector: Sendable {
    /// What one request is to meet.
    package struct Decision: Hashable, Sendable {
        /// The name of the rule that decided.
        package var rule: String
        package var fault: Fault
        package var identity: RequestIdentity
        /// Which of the requests of this identity it was, from 1, as the rule counts.
        package var ordinal: Int
        /// How long a ``Fault/latency(_:)`` holds the request back, jitter included; zero for other faults.
        package var delay: Duration

        package init(rule: String, fault: Fault, identity: RequestIdentity, ordinal: Int, delay: Duration) {
            self.rule = rule
            self.fault = fault
            self.identity = identity
            self.ordinal = ordinal
            self.delay = delay
        }
    }

    package private(set) var plan: Plan
    private let streams: RandomStreams
    private var rules: [ActiveRule]
    /// When each phase began.
    private var starts: [Phase: Duration] = [:]
    /// The resources whose objects rules want to know of.
    private var triggers: [ResourcePattern]
    /// Whether a rule asks for the labels of the object in a request's body.
    package private(set) var readsLabels: Bool

    /// - Parameter seed: The trial's.
    package init(plan: Plan, seed: UInt64) {
        self.plan = plan
        streams = RandomStreams(seed: seed)
        let rules = Self.requestRules(of: plan)
        self.rules = rules.map(ActiveRule.init)
        (triggers, readsLabels) = Self.wants(of: rules)
    }

    private static func requestRules(of plan: Plan) -> [Rule] {
        plan.rules.filter(\.fault.kind.actsOnSingleRequests)
    }

    /// What rules want to know, once and not for each request.
    private static func wants(of rules: [Rule]) -> (triggers: [ResourcePattern], readsLabels: Bool) {
        (
            rules.compactMap { $0.when.since?.object.map { ResourcePattern($0.resource) } },
            rules.contains { !($0.match.labels ?? [:]).isEmpty }
        )
    }

    /// Whether no rule acts on requests, so that nothing need be asked.
    package var isIdle: Bool { rules.isEmpty }

    /// Whether a rule that is awake could match the request if its body said the right things. Where none could, a
    /// create's body need not be read for a name, nor any for labels.
    package func mayConcern(_ identity: RequestIdentity, facts: RequestFacts = .none, in phase: Phase) -> Bool {
        rules.contains { $0.mayConcern(identity, facts, in: phase) }
    }

    /// Whether objects of the resource are what ``saw(_:of:)`` is to be told.
    package func awaits(objectsOf identity: RequestIdentity) -> Bool { triggers.contains { $0.matches(identity) } }

    /// The phase begins; windows count from here.
    package mutating func began(_ phase: Phase, at now: Duration) { starts[phase] = now }

    /// An object passed through, in an answer or an event.
    package mutating func saw(_ object: JSONObject, of identity: RequestIdentity) {
        for index in rules.indices { rules[index].saw(object, of: identity) }
    }

    /// What a rule held is over: the client has its answer, or is gone. Only rules with `limitActive` need be told.
    package mutating func ended(_ decision: Decision) {
        guard let index = rules.firstIndex(where: { $0.rule.name == decision.rule }) else { return }
        rules[index].ended()
    }

    /// How many requests each rule that acts on requests has matched while awake, by the rule's name.
    package var matches: [(rule: String, count: Int)] { rules.map { ($0.rule.name, $0.matched) } }

    /// Takes over other rules. One whose name stays goes on counting from where it is, changed or not.
    package mutating func replace(with plan: Plan) {
        let known = rules
        self.plan = plan
        let wanted = Self.requestRules(of: plan)
        (triggers, readsLabels) = Self.wants(of: wanted)
        rules = wanted.map { rule in
            known.first { $0.rule.name == rule.name }?.changed(to: rule) ?? ActiveRule(rule)
        }
    }

    /// Decides about one request, and counts it.
    ///
    /// - Parameters:
    ///   - phase: Where the trial is.
    ///   - now: On the trial's clock; it matters to `for:` alone.
    /// - Returns: What the first rule says whose conditions all hold; nil to let the request pass.
    package mutating func decide(
        about identity: RequestIdentity, facts: RequestFacts = .none, in phase: Phase, now: Duration
    ) -> Decision? {
        var decision: Decision?
        for index in rules.indices {
            let elapsed = now - (rules[index].rule.during.map { starts[$0] ?? .zero } ?? .zero)
            let ordinal = rules[index].ordinalIfFiring(
                identity, facts, in: phase, now: now, sincePhase: elapsed, streams)
            guard let ordinal, decision == nil else { continue }
            decision = rules[index].decision(about: identity, ordinal, streams)
            rules[index].began()
        }
        return decision
    }
}

/// A rule with what it has counted.
private struct ActiveRule: Sendable {
    struct Count: Sendable {
        var requests = 0
        var hitsInARow = 0
    }

    let rule: Rule
    private let matcher: RequestMatcher
    private var counts: [RequestIdentity: Count] = [:]
    private var firstMatch: Duration?
    /// Requests that it matched while awake, of all identities.
    private(set) var matched = 0
    /// What wakes the rule, and how often it has happened; nil once it is awake, or where nothing need.
    private var alarm: Alarm?
    /// How many requests the rule holds.
    private var active = 0

    private struct Alarm: Sendable {
        let trigger: Timing.Trigger
        let request: RequestMatcher?
        let object: (resource: ResourcePattern, name: Glob?)?
        var count = 0
        /// Objects that are in the state already, so that each counts once.
        var known: Set<RequestIdentity> = []

        init(_ trigger: Timing.Trigger) {
            self.trigger = trigger
            request = trigger.request.map(RequestMatcher.init)
            object = trigger.object.map { (ResourcePattern($0.resource), $0.name.map(Glob.init)) }
        }

        var isDue: Bool { count >= trigger.count ?? 1 }
    }

    init(_ rule: Rule) {
        self.rule = rule
        var match = rule.match
        // What is about streams takes no turn at requests that have none.
        if rule.fault.kind.actsOnWatches { match.verb = [.watch] }
        matcher = RequestMatcher(match)
        alarm = rule.when.since.map(Alarm.init)
    }

    /// The other rule, with what this one has counted.
    func changed(to rule: Rule) -> ActiveRule {
        guard rule != self.rule else { return self }
        var changed = ActiveRule(rule)
        changed.counts = counts
        changed.firstMatch = firstMatch
        changed.matched = matched
        changed.active = active
        if changed.rule.when.since == self.rule.when.since { changed.alarm = alarm }
        return changed
    }

    func isAwake(in phase: Phase) -> Bool { rule.during == nil || rule.during == phase }

    func mayConcern(_ identity: RequestIdentity, _ facts: RequestFacts, in phase: Phase) -> Bool {
        (isAwake(in: phase) && matcher.matchesButForBody(identity, facts))
            || alarm?.request?.matchesButForBody(identity, facts) ?? false
    }

    mutating func saw(_ object: JSONObject, of identity: RequestIdentity) {
        guard var alarm, let wanted = alarm.trigger.object, let pattern = alarm.object else { return }
        guard pattern.resource.matches(identity), pattern.name?.matches(identity.name) ?? true else { return }
        if wanted.isShown(by: object) {
            if alarm.known.insert(identity).inserted { alarm.count += 1 }
        } else {
            alarm.known.remove(identity)
        }
        self.alarm = alarm.isDue ? nil : alarm
    }

    mutating func began() { active += 1 }

    mutating func ended() { active = max(0, active - 1) }

    /// Whether the rule slept until this request, which counts for its waking if it is of those that do.
    private mutating func sleeps(through identity: RequestIdentity, _ facts: RequestFacts) -> Bool {
        guard var alarm else { return false }
        if alarm.request?.matches(identity, facts) ?? false {
            alarm.count += 1
            self.alarm = alarm.isDue ? nil : alarm
        }
        return true
    }

    /// Counts the request, and gives its ordinal where the rule's conditions hold.
    mutating func ordinalIfFiring(
        _ identity: RequestIdentity, _ facts: RequestFacts, in phase: Phase, now: Duration, sincePhase: Duration,
        _ streams: RandomStreams
    ) -> Int? {
        guard !sleeps(through: identity, facts), isAwake(in: phase), rule.when.window?.contains(sincePhase) ?? true,
            matcher.matches(identity, facts)
        else { return nil }
        let start = firstMatch ?? now
        firstMatch = start
        var count = counts[identity, default: Count()]
        count.requests += 1
        matched += 1
        let isHit =
            isWithin(rule.when, ordinal: count.requests, sinceFirstMatch: now - start)
            && count.hitsInARow < rule.when.limitConsecutive ?? .max && active < rule.when.limitActive ?? .max
            && isCoinHeads(identity, count.requests, streams)
        count.hitsInARow = isHit ? count.hitsInARow + 1 : 0
        counts[identity] = count
        return isHit ? count.requests : nil
    }

    private func isWithin(_ timing: Timing, ordinal: Int, sinceFirstMatch elapsed: Duration) -> Bool {
        if let span = timing.span, elapsed >= span { return false }
        if let after = timing.after, ordinal <= after { return false }
        if let first = timing.first, ordinal > first { return false }
        if let every = timing.every, !ordinal.isMultiple(of: every) { return false }
        return true
    }

    private func isCoinHeads(_ identity: RequestIdentity, _ ordinal: Int, _ streams: RandomStreams) -> Bool {
        guard let probability = rule.when.probability else { return true }
        var coin = stream("fault", identity, ordinal, streams)
        return coin.uniform() < probability
    }

    func decision(
        about identity: RequestIdentity, _ ordinal: Int, _ streams: RandomStreams
    ) -> FaultInjector.Decision {
        FaultInjector.Decision(
            rule: rule.name, fault: rule.fault, identity: identity, ordinal: ordinal,
            delay: rule.delay(of: identity, ordinal, streams))
    }

    private func stream(
        _ purpose: String, _ identity: RequestIdentity, _ ordinal: Int, _ streams: RandomStreams
    ) -> SplitMix64 {
        rule.stream(purpose, identity, ordinal, streams)
    }
}

extension Rule {
    /// How long a ``Fault/latency(_:)`` of this rule holds a request back in the trial of a seed, jitter included; zero
    /// for other faults.
    ///
    /// - Parameter ordinal: Which of the requests of the identity it is, from 1, as the rule counts.
    package func delay(of identity: RequestIdentity, ordinal: Int, seed: UInt64) -> Duration {
        delay(of: identity, ordinal, RandomStreams(seed: seed))
    }

    fileprivate func delay(of identity: RequestIdentity, _ ordinal: Int, _ streams: RandomStreams) -> Duration {
        guard case .latency(let latency) = fault else { return .zero }
        guard let jitter = latency.jitter else { return latency.fixed }
        var draw = stream("latency", identity, ordinal, streams)
        return latency.fixed + jitter * draw.uniform()
    }

    fileprivate func stream(
        _ purpose: String, _ identity: RequestIdentity, _ ordinal: Int, _ streams: RandomStreams
    ) -> SplitMix64 {
        streams.stream(
            purpose, name, identity.verb.rawValue, identity.group, identity.resource, identity.subresource,
            identity.namespace, identity.name, String(ordinal))
    }
}

extension Timing.Window {
    func contains(_ elapsed: Duration) -> Bool { elapsed >= from && to.map { elapsed < $0 } ?? true }
}

extension Timing.ObjectState {
    /// Whether the object has the value, as text, in the field.
    func isShown(by object: JSONObject) -> Bool { object.text(at: field) == equals }
}

extension JSONObject {
    /// The scalar at a path such as `status.phase`, as text; nil where there is none.
    package func text(at path: String) -> String? {
        var value = JSONValue.object(self)
        for key in path.split(separator: ".") {
            guard let next = value.object?[String(key)] else { return nil }
            value = next
        }
        switch value {
        case .string(let text): return text
        case .object, .array, .null: return nil
        default: return value.text
        }
    }
}
