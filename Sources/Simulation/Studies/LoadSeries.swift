import Determinism
import Experiments
import Faults

/// What happened in each second of a trial of calls, and finer or coarser where it is needed.
struct LoadSeries {
    struct Second {
        /// Operations that began in it, and how many of those succeeded, whenever that was.
        var begun = 0
        var begunSucceeded = 0
        /// Requests that were sent in it, and operations that succeeded.
        var attempts = 0
        var succeeded = 0
        /// Operations that were given up.
        var failed = 0
        /// Calls that wait or are served, at its end.
        var outstanding = 0
    }

    private(set) var seconds: [Second]
    /// Requests by the tenth of a second.
    private(set) var attemptTenths: [Int]
    /// Calls that wait or are served, at the end of each tenth of a second.
    private(set) var outstandingTenths: [Int] = []

    /// What happened in each phase, whose first and last seconds may be broken ones; the outstanding calls are left out.
    private var calm = Second()
    private var storm = Second()
    private var converge = Second()
    private let stormBegins: Int64
    private let stormEnds: Int64

    init(_ phases: Experiment.Phases, horizon: Int64) {
        stormBegins = phases.calm.wholeNanoseconds
        stormEnds = (phases.calm + phases.storm).wholeNanoseconds
        let count = Int((horizon + LoadSeries.second - 1) / LoadSeries.second)
        seconds = Array(repeating: Second(), count: count)
        attemptTenths = Array(repeating: 0, count: count * 10)
    }

    static let second: Int64 = 1_000_000_000
    static let tenth: Int64 = 100_000_000

    mutating func began(at time: Int64) { count(time) { $0.begun += 1 } }

    mutating func attempted(at time: Int64) {
        count(time) { $0.attempts += 1 }
        let index = Int(time / Self.tenth)
        if index < attemptTenths.count { attemptTenths[index] += 1 }
    }

    mutating func succeeded(at time: Int64, began: Int64) {
        count(time) { $0.succeeded += 1 }
        count(began) { $0.begunSucceeded += 1 }
    }

    mutating func failed(at time: Int64) { count(time) { $0.failed += 1 } }

    /// To be called at the end of each tenth of a second.
    mutating func sampled(outstanding: Int) {
        outstandingTenths.append(outstanding)
        let index = (outstandingTenths.count - 1) / 10
        if index < seconds.count { seconds[index].outstanding = outstanding }
    }

    subscript(phase: Phase) -> Second {
        switch phase {
        case .calm: calm
        case .storm: storm
        case .converge: converge
        }
    }

    private mutating func count(_ time: Int64, _ body: (inout Second) -> Void) {
        if time < stormBegins { body(&calm) } else if time < stormEnds { body(&storm) } else { body(&converge) }
        let index = Int(time / Self.second)
        if index < seconds.count { body(&seconds[index]) }
    }
}
