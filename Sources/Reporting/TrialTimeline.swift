import Determinism
package import Experiments
import Faults
package import Kubernetes
package import Recording
import Resilience

/// One trial told in the order of time.
package struct TrialTimeline: Hashable, Sendable {
    private let run: RunRecord
    private let trial: TrialRecord

    package init(_ run: RunRecord, _ trial: TrialRecord) {
        self.run = run
        self.trial = trial
    }

    private struct Event {
        var at: Duration
        var lines: [String]
    }

    /// - Parameter isComplete: Whether operations that went well at once, and met no fault, are told too.
    package func text(_ style: Style, isComplete: Bool = false) -> String {
        let attempts = Dictionary(grouping: trial.attempts, by: \.exchange.trace.operation)
        var hidden = 0
        var events = trial.observations.map { Event(at: $0.at, lines: [Self.line($0, style)]) }
        for operation in trial.operations {
            let own = (attempts[operation.id] ?? []).sorted { $0.exchange.trace.attempt < $1.exchange.trace.attempt }
            let isEventful = own.contains { !$0.exchange.isSuccess || $0.injection != nil } || own.count > 1
            guard isComplete || isEventful else {
                hidden += 1
                continue
            }
            events.append(Event(at: operation.started, lines: lines(operation, own, style)))
        }
        let witnessed = Set(trial.attempts.compactMap(\.injection))
        for (index, injection) in trial.injections.enumerated() where !witnessed.contains(index) {
            events.append(
                Event(
                    at: injection.at,
                    lines: ["fault \(injection.rule) (\(injection.kind.rawValue)) on \(injection.identity)"]))
        }
        let ordered = events.enumerated().sorted { ($0.element.at, $0.offset) < ($1.element.at, $1.offset) }
        var text = header(style)
        for (_, event) in ordered {
            for (index, line) in event.lines.enumerated() {
                text += "\(index == 0 ? Self.stamp(event.at) : Self.margin)  \(line)\n"
            }
        }
        if hidden > 0 {
            text +=
                "\(Numbers.count(hidden, "operation")) that went well at once \(hidden == 1 ? "is" : "are") left out; "
            text += "--all tells them too\n"
        }
        return text + violations(style)
    }

    private func header(_ style: Style) -> String {
        let cell = [trial.key.policy, trial.key.variation].filter { !$0.isEmpty }.joined(separator: " ")
        var text = "trial \(style.dressed("\(run.identifier)/\(trial.number)", .bold))  \(run.experiment.name)  \(cell)"
        text += "  index \(trial.key.index)  seed \(trial.seed)  digest \(trial.digest)\n"
        text += style.dressed(trial.outcome.rawValue, trial.outcome.ink)
        text += trial.reason.isEmpty ? "\n\n" : ": \(trial.reason)\n\n"
        if trial.unlisted != nil {
            text += "the archive kept no details of this trial; "
            text += "boreas replay \(run.identifier)/\(trial.number) makes them again\n"
        }
        return text
    }

    private func violations(_ style: Style) -> String {
        guard !trial.violations.isEmpty else { return "" }
        return "\n"
            + trial.violations.map {
                "\(style.dressed("violation", .red)) \($0.invariant.rawValue): \($0.subject) \($0.evidence)\n"
            }.joined()
    }

    private static func stamp(_ at: Duration) -> String {
        let text = "\(Numbers.decimal(at.seconds, 3))s"
        return String(repeating: " ", count: max(0, margin.count - text.count)) + text
    }

    private static let margin = "          "

    private func lines(_ operation: OperationRecord, _ attempts: [AttemptRecord], _ style: Style) -> [String] {
        let outcome = style.dressed(operation.outcome.rawValue, operation.outcome == .succeeded ? .green : .red)
        let took = operation.finished.map { " after \(Self.short($0 - operation.started))" } ?? ""
        // Of a subject that records nothing itself, who sent it is told by the request.
        let sender = attempts.first?.seen.map { $0.fieldManager.isEmpty ? $0.userAgent : $0.fieldManager } ?? ""
        let place = [operation.path, sender].filter { !$0.isEmpty }.joined(separator: ", ")
        return ["\(operation.identity)  (\(place))  \(outcome)\(took)"] + attempts.map { line($0, style) }
    }

    private func line(_ attempt: AttemptRecord, _ style: Style) -> String {
        let exchange = attempt.exchange
        var text = "  attempt \(exchange.trace.attempt) at \(Numbers.decimal(exchange.started.seconds, 3))s"
        text += "  \(exchange.outcomeText)  in \(Self.short(exchange.duration))"
        if let index = attempt.injection, trial.injections.indices.contains(index) {
            let injection = trial.injections[index]
            text += style.dressed("  fault \(injection.rule) (\(injection.kind.rawValue))", .yellow)
        }
        guard let decision = attempt.decision else { return text }
        text += "  \(decision.classification.rawValue), "
        guard let layer = decision.layer else { return text + "given up" }
        return text + "\(layer.rawValue) waits \(Self.short(decision.wait))"
    }

    /// To the millisecond: nobody reads a trial in nanoseconds.
    private static func short(_ duration: Duration) -> String {
        duration < .seconds(1)
            ? "\(Numbers.decimal(duration.seconds * 1_000, duration < .milliseconds(10) ? 1 : 0))ms"
            : "\(Numbers.decimal(duration.seconds, 2))s"
    }

    /// Of what a process printed, or an object holds, so much is shown.
    private static let shownWidth = 160

    private static func line(_ observation: Observation, _ style: Style) -> String {
        let subject = observation.subject
        let words = observation.message.isEmpty ? "" : ": \(observation.message)"
        switch observation.kind {
        case .phaseEntered: return style.dressed("── \(subject) ──", .bold)
        case .workflowSubmitted: return "workflow \(subject) submitted"
        case .workflowFinished: return "workflow \(subject) \(observation.detail)\(words)"
        case .workflowUnfinished: return "workflow \(subject) still \(observation.detail)\(words)"
        case .podAppeared: return "pod \(subject) of workflow \(observation.detail)"
        case .podFinished: return "pod \(subject) \(observation.detail)\(words)"
        case .podGone: return "pod \(subject) gone"
        case .podRemained: return "pod \(subject) still there, workflow \(observation.detail)\(words)"
        case .taskSetRemained: return "task set \(subject) still there, workflow \(observation.detail)\(words)"
        case .nodeFailed: return "node \(observation.detail) of workflow \(subject) failed\(words)"
        case .lockAsked: return "\(observation.message) asks for \(observation.detail)"
        case .limitChanged:
            return observation.detail.isEmpty ? "\(subject) has no limit" : "limit of \(subject): \(observation.detail)"
        case .permitAwaited: return "\(observation.detail) waits for \(subject)"
        case .permitHeld: return "\(observation.detail) holds \(subject)"
        case .permitReleased: return "\(observation.detail) gave \(subject) back"
        case .guardedWorkBegan: return "pod \(observation.message) works under \(subject), for \(observation.detail)"
        case .guardedWorkEnded:
            return "pod \(observation.message) no longer works under \(subject), for \(observation.detail)"
        case .permitRemained: return "\(observation.message) still gives \(subject) to \(observation.detail)"
        case .cronTickDue: return "\(subject) is due for \(observation.detail)\(words)"
        case .cronRunCreated: return "\(subject) made \(observation.message) for \(observation.detail)"
        case .podCleaned: return "pod \(subject) cleaned up after \(observation.detail)ms\(words)"
        case .podUncleaned: return "pod \(subject) not cleaned up, workflow \(observation.detail)\(words)"
        case .cleanupSampled: return "clean-up queue: \(subject) in line, the oldest for \(observation.detail)ms"
        case .newerPodDeleted: return "pod \(subject) deleted in place of its namesake, workflow \(observation.detail)"
        case .httpCallAnswered: return "responder: \(subject) answered with \(observation.detail)"
        case .httpCallReturned: return "workflow \(subject): \(observation.detail) gave \(observation.message)"
        case .httpResultRecorded: return "result of \(observation.detail) in task set \(subject)\(words)"
        case .httpNodeFinished: return "HTTP node \(observation.detail) of workflow \(subject) \(observation.message)"
        case .httpNodeUnfinished:
            return "HTTP node \(observation.detail) of workflow \(subject) has no result\(words)"
        case .subjectCrashed:
            return style.dressed("controller \(subject) killed by \(observation.detail)", .red) + words
        case .subjectLeads: return "controller \(subject) leads"
        case .subjectStarted: return "controller \(subject) started, life \(observation.detail)"
        case .capacityChanged: return "capacity of the server: \(subject) of what it was, by \(observation.detail)"
        case .loadSampled: return "\(subject) attempts, \(observation.detail) operations succeeded\(words)"
        case .settled: return "nothing is left to do"
        case .objectCreated:
            return "\(subject) created\(observation.message.isEmpty ? "" : ", owned by \(observation.message)")"
        case .objectWritten: return "\(subject) written\(words)"
        case .objectDeleted: return "\(subject) deleted"
        case .endState: return "in the end \(subject)\(words)".oneLine(width: shownWidth)
        case .processStarted: return "process started, life \(subject), pid \(observation.detail)"
        case .processExited:
            guard !observation.message.isEmpty else {
                return "process of life \(subject) stopped, \(observation.detail)"
            }
            let text = "process of life \(subject) ended by itself, \(observation.detail)"
            return style.dressed(text, .red) + words.oneLine(width: shownWidth)
        case .processOutput:
            return "\(observation.detail) of life \(subject)\(words)".oneLine(width: shownWidth)
        case .memorySampled: return "memory of the process: \(subject) bytes"
        case .steadyStateMissed: return "no steady state\(words)"
        case .oracleFailed: return "the harness could not read \(subject)\(words)"
        case .note: return "\(subject)\(words)"
        }
    }

    package var json: JSONValue {
        [
            "schema": "boreas.dev/trial/v1", "run": .string(run.identifier), "trial": TrialTally(trial).json,
            "isDetailed": .bool(trial.unlisted == nil),
            "operations": .array(trial.operations.map(\.json)),
            "attempts": .array(trial.attempts.map { $0.json(trial.injections) }),
            "faults": .array(trial.injections.map(\.json)), "observations": .array(trial.observations.map(\.json)),
            "violations": .array(
                trial.violations.map {
                    [
                        "invariant": .string($0.invariant.rawValue), "subject": .string($0.subject),
                        "atMicroseconds": $0.at.map { .integer($0.microseconds) } ?? .null,
                        "evidence": .string($0.evidence),
                    ]
                }),
        ]
    }
}
