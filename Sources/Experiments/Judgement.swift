package import Faults

/// The verdict on one trial, and why.
package struct Judgement: Hashable, Sendable {
    package let verdict: Verdict
    /// Empty for a pass.
    package let reason: String

    /// An oracle that could not read leaves everything open; else a violation fails the trial; else whatever shows that
    /// the trial tested nothing leaves it open.
    ///
    /// - Parameters:
    ///   - isSwarm: Whether the plan was drawn: then it is enough that one of its rules hit a request.
    ///   - missing: Why there are no calm trials to judge by; nil where there are, or none are asked for.
    package init(
        history: History, plan: Plan, isSwarm: Bool = false, injections: [Injection], violations: [Violation],
        missing: String? = nil
    ) {
        let blindness = history.observations.filter { $0.kind == .oracleFailed }
        if let first = blindness.first {
            verdict = .inconclusive
            reason = "the harness could not read \(first.subject): \(first.message)"
            return
        }
        if let first = violations.first {
            verdict = .fail
            let more = violations.count > 1 ? " (and \(violations.count - 1) more)" : ""
            reason = "\(first.invariant.rawValue): \(first.subject) \(first.evidence)\(more)"
            return
        }
        let doubts =
            Self.doubts(history: history, plan: plan, isSwarm: isSwarm, injections: injections)
            + (missing.map { ["the calm trials give no reference: \($0)"] } ?? [])
        verdict = doubts.isEmpty ? .pass : .inconclusive
        reason = doubts.joined(separator: "; ")
    }

    /// What makes a trial vacuous.
    private static func doubts(
        history: History, plan: Plan, isSwarm: Bool, injections: [Injection]
    ) -> [String] {
        var doubts: [String] = []
        for missed in history.observations where missed.kind == .steadyStateMissed {
            doubts.append("no steady state before the storm: \(missed.message)")
        }
        if let calls = history.calls {
            if calls.operations == 0 { doubts.append("no operation was begun") }
            if calls.attempts == 0 { doubts.append("the clients sent no request") }
        } else if history.process != nil {
            if history.observations(.objectCreated).isEmpty { doubts.append("no object arrived") }
            if history.attempts.isEmpty { doubts.append("the subject sent no request") }
        } else {
            if history.workflows.isEmpty { doubts.append("no workflow was submitted") }
            if history.attempts.isEmpty { doubts.append("the subject sent no request") }
        }
        if history.entered(.converge) == nil { doubts.append("the converge phase was never reached") }
        let fired = Set(injections.map(\.rule))
        if isSwarm {
            if fired.isEmpty, !plan.rules.isEmpty { doubts.append("no fault that was drawn hit a request") }
            return doubts
        }
        for rule in plan.rules where !fired.contains(rule.name) {
            // Whoever was to bring it about may know why.
            let why = history.observations.last { $0.kind == .note && $0.subject == rule.name }
            doubts.append("the fault \(rule.name) never hit a request\(why.map { ": \($0.message)" } ?? "")")
        }
        return doubts
    }
}
