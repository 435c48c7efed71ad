import Determinism
import Faults
import Kubernetes

extension Invariant {
    // MARK: Life

    func unprovokedExits(_ history: History) -> [Violation] {
        history.observations(.processExited).compactMap { exit in
            let started = history.observations.last {
                $0.kind == .processStarted && $0.subject == exit.subject && $0.at <= exit.at
            }
            let since = started?.at ?? .zero
            // The harness ends a process without words, and a rule that kills says so.
            guard !exit.message.isEmpty,
                !history.observations.contains(where: {
                    $0.kind == .subjectCrashed && (since...exit.at).contains($0.at)
                })
            else { return nil }
            let words = ProcessOutput(history.observations, life: exit.subject).cause ?? exit.message.lastLine
            return Violation(
                self, "process", at: exit.at,
                evidence: "ended by itself with \(exit.detail), \((exit.at - since).textInMilliseconds) into its life "
                    + "\(exit.subject): \(words)")
        }
    }

    /// That the trial did not come to rest in time.
    func unsettled(_ history: History) -> [Violation] {
        guard history.process != nil, let deadline = history.convergeDeadline,
            history.observations(.settled).isEmpty
        else { return [] }
        let change = ObjectHistory(history.observations).lastChange
        let write = history.attempts.last { $0.isWriteOfState }
        var evidence = "had not come to rest when the converge bound of \(history.phases.converge.text) was over"
        if let change { evidence += "; the last change was of \(change.subject) at \(change.at.textInMilliseconds)" }
        if let write {
            evidence +=
                "; the last write was \(write.exchange.identity) at \(write.exchange.started.textInMilliseconds)"
        }
        return [Violation(self, "process", at: deadline, evidence: evidence)]
    }

    // MARK: Rest

    func unquietWrites(_ history: History) -> [Violation] {
        guard let reference = history.reference else { return [] }
        let start = history.observations(.settled).last?.at ?? history.ended - .seconds(1)
        let span = max(.zero, history.ended - start)
        let writes = history.attempts.filter { attempt in
            attempt.isWriteOfState && attempt.exchange.started >= start
                && (reference.countsFutileWrites || attempt.seen?.isChange != false)
        }
        // One write more may have come by chance: when a second begins depends on nothing.
        let calm = (reference.quietRate * span.seconds).rounded(.up)
        guard Double(writes.count) > calm + 1, let last = writes.last else { return [] }
        return [
            Violation(
                self, "process", at: last.exchange.started,
                evidence:
                    "made \(writes.count) writes in the last \(span.textInMilliseconds), when there was nothing left "
                    + "to write, and in calm \(calm == 0 ? "none" : "at most \(Int(calm))"); the last was "
                    + "\(last.exchange.identity)")
        ]
    }

    // MARK: Memory

    func memoryGrowth(_ history: History) -> [Violation] {
        guard let bound = history.process?.memoryGrowthMax else { return [] }
        let samples = history.observations(.memorySampled).compactMap { sample in
            Int(sample.subject).map { (at: sample.at, bytes: $0) }
        }
        let ready = history.entered(.calm) ?? .zero
        // No sample soon after means that nothing has changed since the one before.
        let soon = samples.first { $0.at >= ready && $0.at <= ready + .seconds(1) }
        guard let first = soon ?? samples.last(where: { $0.at < ready }) ?? samples.first else { return [] }
        // What a process had when it ended counts as what it has at last.
        let ends = history.observations(.processExited).map(\.at) + [history.ended]
        let lasts = ends.compactMap { end in samples.last { $0.at <= end } }
        guard let worst = lasts.max(by: { $0.bytes < $1.bytes }), worst.bytes - first.bytes > bound else { return [] }
        return [
            Violation(
                self, "process", at: worst.at,
                evidence:
                    "grew by \(Self.mebibytes(worst.bytes - first.bytes)), from \(Self.mebibytes(first.bytes)) at "
                    + "\(first.at.textInMilliseconds) to \(Self.mebibytes(worst.bytes)) at \(worst.at.textInMilliseconds), "
                    + "and may grow by \(Self.mebibytes(bound))")
        ]
    }

    private static func mebibytes(_ bytes: Int) -> String {
        let tenths = Int((Double(bytes) / 1_048_576 * 10).rounded())
        return "\(tenths / 10).\(abs(tenths % 10)) MiB"
    }
}

/// What a process printed in one of its lives.
struct ProcessOutput {
    private let lines: [Substring]

    init(_ observations: [Observation], life: String) {
        let own = observations.filter { $0.kind == .processOutput && $0.subject == life }
        // Python and Go print what they die of to the standard error, line by line or in one piece.
        let streams = ["stdout", "stderr"].map { stream in
            own.filter { $0.detail == stream }
                .map { $0.message.hasSuffix("\n") ? $0.message : $0.message + "\n" }.joined()
        }
        lines = streams.joined().split(whereSeparator: \.isNewline).map { Substring(String($0)) }
    }

    /// The line that says what it died of: a panic, or the exception that the last traceback ends in.
    var cause: String? {
        if let panic = lines.last(where: { $0.hasPrefix("panic:") || $0.hasPrefix("fatal error:") }) {
            return String(panic)
        }
        guard let start = lines.lastIndex(where: { $0.hasPrefix("Traceback (most recent call last)") }) else {
            return nil
        }
        return lines[(start + 1)...].first { $0.first.map { !$0.isWhitespace } ?? false }.map(String.init)
    }
}

extension String {
    fileprivate var lastLine: String {
        split(whereSeparator: \.isNewline).last { !$0.allSatisfy(\.isWhitespace) }.map(String.init) ?? self
    }
}
