import Determinism
import Kubernetes

/// One run of a container as its log shows it: what it prints, and how far it has come.
package struct ContainerLog: Hashable, Sendable {
    /// Which run of the container it is; the first is 0.
    var run: Int
    /// When it started, in civil time.
    var started: Timestamp
    /// What it prints if nobody ends it before, in the order of time.
    var output: [ContainerPlan.Output]
    /// Since the start; up to the end, for a run that is over.
    var elapsed: Duration
    var isEnded: Bool

    /// What has been printed, at most the last 64 KiB.
    package var bytes: [UInt8] {
        Array(output.filter { $0.offset <= elapsed }.flatMap { Array($0.text.utf8) }.suffix(Self.bytesMax))
    }

    /// How long until there is more to read, if nobody ends the run before; nil where there will not be.
    var untilMore: Duration? { output.lazy.map { $0.offset - elapsed }.first { $0 > .zero } }

    /// The bytes of a log that are kept.
    static let bytesMax = 65_536
}

/// Which run of a container a reader wants to see.
enum LogRun: Hashable, Sendable {
    /// The present one, or the last.
    case latest
    /// The one before the present.
    case previous
    case number(Int)
}

extension ContainerRun {
    /// - Returns: Nil for a run that has not begun, or is not remembered any more.
    func log(of run: LogRun, epoch: Timestamp, at now: Duration) -> ContainerLog? {
        let output: [ContainerPlan.Output] = if case .planned(let plan) = program { plan.output } else { [] }
        func ended(_ end: Termination, _ number: Int) -> ContainerLog {
            ContainerLog(
                run: number, started: epoch + end.started, output: output, elapsed: end.finished - end.started,
                isEnded: true)
        }
        switch (run, state) {
        case (_, .waiting): return nil
        case (.latest, .running(let since)):
            return ContainerLog(
                run: restarts, started: epoch + since, output: output, elapsed: now - since, isEnded: false)
        case (.latest, .terminated(let last)), (.latest, .backingOff(_, let last)),
            (.previous, .backingOff(_, let last)):
            return ended(last, restarts)
        case (.previous, .running), (.previous, .terminated): return previous.map { ended($0, restarts - 1) }
        case (.number(restarts), _): return log(of: .latest, epoch: epoch, at: now)
        case (.number(let number), _): return number == restarts - 1 ? previous.map { ended($0, number) } : nil
        }
    }
}
