import Faults
import Kubernetes

/// A write of a calm trial, as a moment at which something may go wrong.
struct CalmWrite: Hashable {
    /// What the write is, told by nothing that differs from trial to trial: neither by time nor by namespace.
    struct Step: Hashable {
        var verb: Verb
        var group: String
        var resource: String
        var subresource: String
        /// A glob, where the server made the name up; empty where a create leaves it to the server.
        var name: String
        /// Which of such writes that the server did, from 1.
        var ordinal: Int
    }

    var step: Step
    /// Which of such requests it is, from 1, those that were refused included.
    private var request: Int
    /// Why it is not worth a fault.
    var flaw: PlanProposals.Cause?

    /// All writes of a trial, in their order.
    static func all(in trial: TrialRecord, _ names: GeneratedNames) -> [CalmWrite] {
        var done: [Step: Int] = [:]
        var requests: [Step: Int] = [:]
        return trial.attempts.filter { $0.exchange.identity.verb.isWrite }.map { attempt in
            let identity = attempt.exchange.identity
            var step = Step(
                verb: identity.verb, group: identity.group, resource: identity.resource,
                subresource: identity.subresource, name: names.name(of: attempt), ordinal: 0)
            let status = attempt.seen?.upstreamStatus ?? attempt.exchange.httpStatus
            let isDone = (200..<300).contains(status)
            // A rule without a name is about the named ones, too, and counts them.
            var nameless = step
            nameless.name = ""
            if isDone { for key in Set([step, nameless]) { done[key, default: 0] += 1 } }
            requests[step, default: 0] += 1
            let request = requests[step] ?? 1
            step.ordinal = done[step] ?? 0
            return CalmWrite(step: step, request: request, flaw: flaw(of: attempt, isDone: isDone))
        }
    }

    private static func flaw(of attempt: AttemptRecord, isDone: Bool) -> PlanProposals.Cause? {
        let identity = attempt.exchange.identity
        if isOfElection(identity.resource) { return .leaderElection }
        if !isDone { return .refused }
        return attempt.seen?.isChange == false ? .noChange : nil
    }

    /// What goes on all the time, whatever the subject is for.
    static func isOfElection(_ resource: String) -> Bool { resource == "leases" || resource == "events" }

    /// `create configmaps`: writes that have it in common are much the same.
    var signature: String { "\(step.verb.rawValue) \(resource)" }

    private var resource: String {
        let type = step.group.isEmpty ? step.resource : "\(step.resource).\(step.group)"
        return step.subresource.isEmpty ? type : "\(type)/\(step.subresource)"
    }

    private var match: RequestMatch {
        RequestMatch(verb: [step.verb], resource: resource, name: step.name.isEmpty ? nil : step.name)
    }

    /// `create configmaps web`, with its number where it is not the first.
    private var words: String {
        let name = step.name.isEmpty ? "" : " \(step.name)"
        return "\(signature)\(name)\(step.ordinal > 1 ? " (number \(step.ordinal))" : "")"
    }

    /// `create-configmaps-web-1`.
    private var label: String {
        [step.verb.rawValue, step.resource, step.subresource, step.name, "\(step.ordinal)"]
            .filter { !$0.isEmpty }.joined(separator: "-")
    }

    // MARK: What may go wrong

    func killedAfter(next: CalmWrite?) -> PlanProposal {
        let rest = next.map { ", and the next life has to find that \($0.words) is still to be done" } ?? ""
        return proposal(
            "kill-after", .crash(Fault.Crash(afterWrites: step.ordinal)),
            "The subject is killed once \(words) is done and answered\(rest).")
    }

    var killedBeforeAnswer: PlanProposal {
        proposal(
            "kill-before-answer", .crash(Fault.Crash(afterWrites: step.ordinal, at: .beforeAnswer)),
            "\(words) is done, and the subject is killed before it knows: the next life must not do it again.")
    }

    /// Nil for what is no create.
    var replyLost: PlanProposal? {
        guard step.verb == .create else { return nil }
        let found =
            step.name.isEmpty
            ? "the server names another one differently, so nothing but the subject's own care keeps it from a second"
            : "the next try finds it there, which is no failure"
        var proposal = proposal(
            "lost-reply", .reset(Fault.Reset(at: .afterCommit)), "\(words) is done, and its answer is lost: \(found).")
        proposal.rule.when = Timing(first: request, after: request > 1 ? request - 1 : nil)
        return proposal
    }

    private func proposal(_ prefix: String, _ fault: Fault, _ reason: String) -> PlanProposal {
        PlanProposal(name: "\(prefix)-\(label)", rule: Rule(name: label, match: match, fault: fault), reason: reason)
    }
}

/// Names that the server made up, which differ from trial to trial.
struct GeneratedNames: Hashable {
    private let names: Set<String>

    /// - Parameter other: Another trial of the same; what has its name there, too, was given it.
    init(_ trial: TrialRecord, other: TrialRecord?) {
        let given = other.map(Self.unnamed) ?? []
        names = Self.unnamed(in: trial).subtracting(given).filter(Self.isGenerated)
    }

    /// The objects that creates made whose request does not tell their name.
    private static func unnamed(in trial: TrialRecord) -> Set<String> {
        Set(
            trial.attempts.compactMap { attempt in
                let identity = attempt.exchange.identity
                return identity.verb == .create && identity.name.isEmpty ? attempt.seen?.objectName : nil
            })
    }

    /// So many of these follow `metadata.generateName`.
    /// https://github.com/kubernetes/apiserver/blob/v0.33.0/pkg/storage/names/generate.go
    private static let suffixLength = 5
    private static let alphabet = Set("bcdfghjklmnpqrstvwxz2456789")

    private static func isGenerated(_ name: String) -> Bool {
        name.count > suffixLength && name.suffix(suffixLength).allSatisfy(alphabet.contains)
    }

    /// A glob for a name that the server made up; any other as it is.
    func pattern(_ name: String) -> String {
        names.contains(name) ? "\(name.dropLast(Self.suffixLength))*" : name
    }

    /// The name by which a rule tells the request: that of a create may have become known by its answer alone. Empty where
    /// the server made it up.
    func name(of attempt: AttemptRecord) -> String {
        let identity = attempt.exchange.identity
        guard identity.verb == .create, identity.name.isEmpty else { return pattern(identity.name) }
        let made = attempt.seen?.objectName ?? ""
        return names.contains(made) ? "" : made
    }
}
