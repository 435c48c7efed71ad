import Determinism
import Experiments
import Faults

/// What clients came to in one phase.
struct PhaseCount {
    var phase: Phase
    var length: Duration
    /// Operations that began in it, and how many of those succeeded, whenever that was.
    var begun: Int
    var begunSucceeded: Int
    var attempts: Int
    /// Operations that succeeded in it, whenever they had begun.
    var succeeded: Int

    /// The parts of a trial's counts, and the rates at which operations succeeded; none of a phase that had no time.
    static func samples(of counts: [PhaseCount], succeeded: Int, ended: Duration) -> [Sample] {
        let sorted = counts.filter { $0.length > .zero }.sorted { $0.breakdown < $1.breakdown }
        func parts(_ metric: Metric, _ value: (PhaseCount) -> Double) -> [Sample] {
            sorted.map { Sample(metric, $0.breakdown, value: value($0)) }
        }
        let whole = ended > .zero ? [Sample(.goodputRate, value: Double(succeeded) / ended.seconds)] : []
        return whole + parts(.goodputRate) { Double($0.succeeded) / $0.length.seconds }
            + parts(.operations) { Double($0.begun) } + parts(.operationsSucceeded) { Double($0.begunSucceeded) }
            + parts(.attempts) { Double($0.attempts) }
    }

    private var breakdown: Breakdown { Breakdown(.phase, phase.rawValue) }
}
