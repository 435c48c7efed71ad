package import Faults

/// A plan that is worth trying, and why: one fault at one moment of what the subject does by itself.
package struct PlanProposal: Hashable, Sendable {
    /// As in the `plans` of an experiment: `kill-after-create-configmaps-web-1`. Its rule has the same name.
    package var name: String
    package var rule: Rule
    /// What it tries, in a sentence.
    package var reason: String

    package init(name: String, rule: Rule, reason: String) {
        self.name = name
        self.rule = rule
        self.reason = reason
    }
}

/// The plans that calm trials suggest, after Sieve (Sun et al., OSDI 2022): the subject is killed after each write that
/// matters, and before it has the answer; the answer of each create is lost; and of each state of a watched object that
/// another state cancels, one restarted subject sees the old one, and one never sees it.
package struct PlanProposals: Hashable, Sendable {
    /// Those of writes, in the order of the writes, then those of views.
    package let proposals: [PlanProposal]
    /// How many writes and states were left out, by the first cause that applied; none is 0.
    package let pruned: [Pruned]

    package struct Pruned: Hashable, Sendable {
        package var cause: Cause
        package var count: Int

        package init(_ cause: Cause, count: Int) {
            self.cause = cause
            self.count = count
        }
    }

    /// Why nothing is proposed for something that happened.
    package enum Cause: String, Hashable, Sendable, CaseIterable {
        case refused = "refused by the server"
        case leaderElection = "of leader election and events"
        case noChange = "that changed nothing"
        case early = "from before the subject began"
        case once = "of one calm trial alone"
        case alike = "like three others"
        case impossible = "whose fault the run's world does not have"
    }

    /// Of so many of the same verb and resource each is tried.
    static let alikeMax = 3

    /// - Parameters:
    ///   - calm: One trial without faults, or two of the same workload.
    ///   - changes: What the harness does to objects in them.
    ///   - isPossible: Whether the world has the fault.
    package init(
        calm: [TrialRecord], changes: [Experiment.Change] = [], isPossible: (Fault.Kind) -> Bool = { _ in true }
    ) {
        precondition(!calm.isEmpty, "at least one calm trial")
        var draft = ProposalDraft()
        let trials = calm.prefix(2)
        let names = trials.enumerated().map { index, trial in
            GeneratedNames(trial, other: trials.count > 1 ? trials[1 - index] : nil)
        }
        Self.propose(zip(trials, names).map { CalmWrite.all(in: $0, $1) }, in: &draft)
        let views = zip(trials, names).map { CalmView.all(in: $0, $1, changes: changes) }
        Self.propose(views, isPossible, in: &draft)
        proposals = draft.proposals
        pruned = Cause.allCases.compactMap { cause in draft.pruned[cause].map { Pruned(cause, count: $0) } }
    }

    private static func propose(_ trials: [[CalmWrite]], in draft: inout ProposalDraft) {
        var kept: [CalmWrite] = []
        let others = trials.count > 1 ? Set(trials[1].filter { $0.flaw == nil }.map(\.step)) : nil
        for write in trials[0] {
            let isShared = others?.contains(write.step) ?? true
            if let cause = write.flaw ?? (isShared ? nil : .once) {
                draft.prune(cause)
            } else if draft.isOneTooMany(write.signature) {
                draft.prune(.alike)
            } else {
                kept.append(write)
            }
        }
        if let others {
            // What the second alone did; its flaws were counted with the first's.
            let own = Set(trials[0].map(\.step))
            for step in others where !own.contains(step) { draft.prune(.once) }
        }
        for (index, write) in kept.enumerated() {
            let next = kept.dropFirst(index + 1).first
            draft.add(write.killedAfter(next: next))
            draft.add(write.killedBeforeAnswer)
            if let lost = write.replyLost { draft.add(lost) }
        }
    }

    private static func propose(
        _ trials: [[CalmView]], _ isPossible: (Fault.Kind) -> Bool, in draft: inout ProposalDraft
    ) {
        let others = trials.count > 1 ? Set(trials[1].map(\.identity)) : nil
        for view in trials[0] {
            if view.isOfElection {
                draft.prune(.leaderElection)
            } else if view.isEarly {
                draft.prune(.early)
            } else if !(others?.contains(view.identity) ?? true) {
                draft.prune(.once)
            } else if !isPossible(.unobserved), !isPossible(.staleView) {
                draft.prune(.impossible)
            } else if draft.isOneTooMany(view.signature) {
                draft.prune(.alike)
            } else {
                if isPossible(.unobserved) { draft.add(view.unobserved) }
                if isPossible(.staleView) { draft.add(view.stale) }
            }
        }
    }
}

/// What has been proposed so far.
private struct ProposalDraft {
    var proposals: [PlanProposal] = []
    var pruned: [PlanProposals.Cause: Int] = [:]
    private var names: Set<String> = []
    private var counts: [String: Int] = [:]

    mutating func prune(_ cause: PlanProposals.Cause) { pruned[cause, default: 0] += 1 }

    /// Counts one more of a kind.
    mutating func isOneTooMany(_ signature: String) -> Bool {
        counts[signature, default: 0] += 1
        return counts[signature, default: 0] > PlanProposals.alikeMax
    }

    /// Gives the proposal a name of its own.
    mutating func add(_ proposal: PlanProposal) {
        var proposal = proposal
        proposal.name = Self.name(proposal.name)
        var turn = 1
        while !names.insert(turn == 1 ? proposal.name : "\(proposal.name)-\(turn)").inserted { turn += 1 }
        if turn > 1 { proposal.name += "-\(turn)" }
        proposal.rule.name = proposal.name
        proposals.append(proposal)
    }

    /// With letters, digits, - and . alone.
    private static func name(_ text: String) -> String {
        let isKept = { (character: Character) in
            character.isASCII && (character.isLowercase || character.isNumber || character == ".")
        }
        return text.lowercased().split { !isKept($0) }.joined(separator: "-")
    }
}
