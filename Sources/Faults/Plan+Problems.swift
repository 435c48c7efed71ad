import Determinism
import Kubernetes

/// Why a rule cannot do what it was written for, and how to mend it.
package struct PlanProblem: Hashable, Sendable {
    /// The rule's place in the plan, from 0.
    package var rule: Int
    /// The member of the rule that is wrong, as in the file: `match.resource`.
    package var key: String
    package var message: String

    package init(rule: Int, key: String, message: String) {
        self.rule = rule
        self.key = key
        self.message = message
    }
}

extension Plan {
    /// What is wrong with the rules: those that can never act, and values that mean nothing. Empty for a plan that is
    /// fit to run.
    package func problems() -> [PlanProblem] {
        var problems: [PlanProblem] = []
        for (index, rule) in rules.enumerated() {
            func report(_ key: String, _ message: String) {
                problems.append(PlanProblem(rule: index, key: key, message: message))
            }
            if rule.name.isEmpty {
                report("name", "the rule has no name; give it one: records and verdicts cite it")
            } else if let earlier = rules[..<index].firstIndex(where: { $0.name == rule.name }) {
                report(
                    "name",
                    "rules \(earlier + 1) and \(index + 1) are both named \"\(rule.name)\"; rename one: "
                        + "decisions are drawn by name")
            }
            if rule.fault.kind.actsOnRequests {
                rule.match.reportProblems(report)
                rule.reportConditionsOfKind(report)
                rule.when.reportProblems(report)
                if let earlier = rules[..<index].firstIndex(where: { $0.hides(rule) }) {
                    report(
                        "match",
                        "rule \"\(rules[earlier].name)\" comes first and takes every request that this one matches; "
                            + "move this one before it, or narrow the other")
                }
            } else if case .crash = rule.fault {
                rule.reportConditionsOfWrites(report)
            } else {
                rule.reportConditionsOfRequests(report)
            }
            if case .capacity = rule.fault, rule.during == nil {
                report("during", "capacity needs a phase in which it is low; write during: storm")
            }
            rule.fault.parameters.reportProblems(report)
        }
        return problems
    }
}

extension Rule {
    /// Whether this rule, standing first, leaves the other nothing.
    fileprivate func hides(_ other: Rule) -> Bool {
        fault.kind.actsOnRequests && other.fault.kind.actsOnRequests && when == Timing()
            && (during == nil || during == other.during)
            && (match == other.match || match == RequestMatch())
    }

    fileprivate func reportConditionsOfRequests(_ report: ProblemReport) {
        let kind = fault.kind.rawValue
        if match != RequestMatch() {
            report("match", "\(kind) acts on the cluster and not on requests; leave match out")
        }
        if when != Timing(span: when.span) {
            report("when", "\(kind) acts on the cluster and not on requests; of when, it knows `for` alone")
        }
        if let span = when.span, span <= .zero { report("when.for", "the span must be longer than 0, as in 5s") }
    }
}

extension Rule {
    /// What a kind needs of the requests that it is about.
    fileprivate func reportConditionsOfKind(_ report: ProblemReport) {
        let kind = fault.kind
        let verbs = match.verb ?? []
        if kind.actsOnWatches, !verbs.isEmpty, !verbs.contains(.watch) {
            report("match.verb", "\(kind.rawValue) is about watches; write [watch], or leave verb out")
        }
        if kind == .dropExecStatus, !verbs.isEmpty, !verbs.contains(.connect) {
            report("match.verb", "\(kind.rawValue) is about commands; write [connect], or leave verb out")
        }
        if kind == .applyTwice || kind == .interlope, !verbs.isEmpty, !verbs.contains(where: \.isWrite) {
            report("match.verb", "\(kind.rawValue) is about writes; name create, update, patch or delete")
        }
        guard kind == .staleView || kind == .unobserved else { return }
        if match.resource.map({ $0.contains("*") || $0.contains("?") || $0.contains("/") }) ?? true {
            report("match.resource", "\(kind.rawValue) is about one resource; name it, as websites.example.com")
        }
        if match != RequestMatch(resource: match.resource, namespace: match.namespace) {
            report(
                "match", "\(kind.rawValue) holds a resource as a whole; of match, it knows resource and namespace alone"
            )
        }
        if when != Timing() {
            report("when", "\(kind.rawValue) is timed by the events that it names; leave when out")
        }
    }

    /// A crash comes at a write, and counts the writes itself.
    fileprivate func reportConditionsOfWrites(_ report: ProblemReport) {
        match.reportProblems(report)
        if let verb = match.verb, !verb.isEmpty, !verb.contains(where: \.isWrite) {
            report(
                "match.verb",
                "\(verb.map(\.rawValue).joined(separator: ", ")) writes nothing; name create, update, patch or delete")
        }
        if when != Timing() {
            report("when", "crash counts writes by itself; leave when out, and write afterWrites: 3")
        }
    }
}

extension RequestMatch {
    fileprivate func reportProblems(_ report: ProblemReport) {
        if let verb, verb.isEmpty {
            report("match.verb", "no verb is listed, so no request matches; list some, or leave verb out for all")
        }
        for (key, pattern) in [("match.namespace", namespace), ("match.name", name)] where pattern?.isEmpty == true {
            report(key, "the pattern is empty; write * for any, or leave it out")
        }
        reportNames(report)
        let withBody: Set<Verb> = [.create, .update]
        if labels != nil, let verb, !verb.isEmpty, withBody.isDisjoint(with: verb) {
            report("match.labels", "only creates and updates carry an object with labels; name one of them as the verb")
        }
        guard let resource else { return }
        if let message = ResourcePattern(resource).problem(spelled: resource) {
            report("match.resource", message)
            return
        }
        let pattern = ResourcePattern(resource)
        reportVerbs(pattern, report)
        let isClusterScoped = KnownResource.named(pattern.resource, group: pattern.group)?.isNamespaced == false
        if isClusterScoped, let namespace, !Glob(namespace).matches("") {
            report("match.namespace", "\(resource) are in no namespace, so no request matches; leave namespace out")
        }
    }

    private func reportVerbs(_ pattern: ResourcePattern, _ report: ProblemReport) {
        guard let verb, !verb.isEmpty else { return }
        let upgrades: Set = ["exec", "attach", "portforward", "proxy"]
        if let subresource = pattern.subresource, upgrades.contains(subresource), !verb.contains(.connect) {
            report(
                "match.verb", "\(pattern.resource)/\(subresource) is reached by the verb connect alone; write [connect]"
            )
        }
        if verb == [.connect], pattern.resource != "*", !(pattern.subresource.map { isUpgrade($0, upgrades) } ?? false)
        {
            report("match.verb", "only exec, attach, portforward and proxy are connected to; write pods/exec, say")
        }
    }

    private func reportNames(_ report: ProblemReport) {
        let ofCollections: Set<Verb> = [.list, .watch, .deleteCollection]
        guard let name, !name.isEmpty, !Glob(name).matches(""), let verb, !verb.isEmpty,
            ofCollections.isSuperset(of: verb)
        else { return }
        report(
            "match.name",
            "\(verb.map(\.rawValue).joined(separator: ", ")) asks for a collection, which has no name; leave name out")
    }

    private func isUpgrade(_ subresource: String, _ upgrades: Set<String>) -> Bool {
        upgrades.contains { Glob(subresource).matches($0) }
    }
}

extension Timing {
    fileprivate func reportProblems(_ report: ProblemReport) {
        if let probability, !(0...1).contains(probability) {
            report("when.probability", "\(probability) is no probability; write one from 0 to 1, as 0.5")
        } else if probability == 0 {
            report("when.probability", "with 0 the rule never acts; write a chance above 0, or remove the rule")
        }
        for (key, number) in [
            ("first", first), ("every", every), ("limitConsecutive", limitConsecutive), ("limitActive", limitActive),
        ] {
            if let number, number < 1 { report("when.\(key)", "\(number) is too few; write 1 or more") }
        }
        if let after, after < 0 { report("when.after", "\(after) is too few; write 0 or more") }
        if let span, span <= .zero { report("when.for", "the span must be longer than 0, as in 5s") }
        if let window {
            if window.from < .zero { report("when.window.from", "a time cannot be negative") }
            if let to = window.to, to <= window.from {
                report("when.window.to", "the window is over before it begins; write a time after \(window.from.text)")
            }
        }
        since?.reportProblems(report)
        guard let first, first >= 1 else { return }
        let start = max(after ?? 0, 0)
        if start >= first {
            report(
                "when.first", "the first \(first) requests are over when \(start) have passed; write more than \(start)"
            )
        } else if let every, every >= 1, first / every == start / every {
            report(
                "when.every",
                "no multiple of \(every) lies after request \(start) and up to request \(first); "
                    + "raise first to \((start / every + 1) * every), or lower every")
        }
    }
}

extension Timing.Trigger {
    fileprivate func reportProblems(_ report: ProblemReport) {
        switch (request, object) {
        case (let request?, nil):
            request.reportProblems { key, message in
                report(key.replacing("match.", with: "when.since.request."), message)
            }
        case (nil, let object?):
            if let message = ResourcePattern(object.resource).problem(spelled: object.resource) {
                report("when.since.object.resource", message)
            }
            if object.field.isEmpty { report("when.since.object.field", "name the field, as status.phase") }
        default: report("when.since", "write one of request and object, the thing that is waited for")
        }
        if let count, count < 1 { report("when.since.count", "\(count) is too few; write 1 or more") }
    }
}
