import Experiments
import Recording
import Statistics

/// A cell as conditions look at it; what several of them ask is worked out once.
final class GateCell {
    let cell: CellSummary
    private var shares: [Measure: TrialShare] = [:]
    private var quantiles: [Measure: TrialQuantile] = [:]
    private var parts: [Measure: [Part]] = [:]
    /// Trials that showed nothing, and why the first of them did not.
    let doubtful: (count: Int, reason: String)
    /// Trials whose numbers are those of a subject that was gone, or never there, and what became of the first of them.
    let crashed: (count: Int, reason: String)

    typealias Part = (numerator: Double, denominator: Double)
    /// The places of two trials that met the same weather, each in its own cell.
    typealias Pair = (mine: Int, other: Int)

    init(_ cell: CellSummary) {
        self.cell = cell
        let first = cell.trials.first { $0.outcome == .inconclusive }
        let lifeless = cell.trials.filter { trial in
            trial.samples.first(Self.exits).map { $0.value > 0 } ?? false
                || trial.outcome != .pass && trial.attempts == 0 && trial.operations == 0
        }
        crashed = (lifeless.count, lifeless.first?.reason ?? "")
        doubtful = (cell.trials.count { $0.outcome == .inconclusive }, first?.reason ?? "")
    }

    /// How often a process ended that was to stay up: a trial's reason names the first of its violations alone.
    static let exits = SampleKey(.violations, Breakdown(.invariant, Invariant.processStaysUp.rawValue))

    /// The two counts of each trial, by index.
    func parts(_ measure: Measure) -> [Part] {
        if let known = parts[measure] { return known }
        let made = cell.trials.map { $0.parts(measure) as Part }
        parts[measure] = made
        return made
    }

    func share(_ measure: Measure) -> TrialShare {
        if let known = shares[measure] { return known }
        let made = TrialShare(parts(measure).map(Self.count))
        shares[measure] = made
        return made
    }

    static func count(_ part: Part) -> (successes: Double, count: Double) {
        (min(part.numerator, part.denominator), part.denominator)
    }

    /// All values of a distribution, whichever quantile of it is asked for.
    func values(_ measure: Measure) -> TrialQuantile {
        let key = Measure(measure.metric, breakdown: measure.breakdown)
        if let known = quantiles[key] { return known }
        let made = TrialQuantile(cell.trials.map { CellSummary.values(key, $0) })
        quantiles[key] = made
        return made
    }

    /// The values of some of the trials.
    func values(_ measure: Measure, at places: [Int]) -> TrialQuantile {
        guard places.count < cell.trials.count else { return values(measure) }
        return TrialQuantile(places.map { CellSummary.values(measure, cell.trials[$0]) })
    }

    /// Trials whose one value of a quantity is no more than a lower bound.
    func censored(_ measure: Measure) -> Int { cell.trials.count { $0.isCensored(measure) } }

    /// For each trial, whether it tells something of a measure.
    func telling(_ measure: Measure) -> [Bool] {
        guard measure.metric.kind == .distribution else { return parts(measure).map { $0.denominator > 0 } }
        let key = SampleKey(measure.metric, measure.breakdown)
        return cell.trials.map { $0.samples.count(key) > 0 }
    }

    /// Whether any trial tells something of a measure; what no trial counted must not pass for none.
    func isMeasured(_ measure: Measure) -> Bool {
        guard cell.sampleCount(measure) > 0 else { return false }
        guard let breakdown = measure.breakdown, measure.metric.kind != .total else { return true }
        var keys = measure.keys.filter { $0.breakdown != nil }
        // Layers are known beforehand: where any was told apart, one without requests had none.
        if breakdown.dimension == .layer { keys.append(Self.layersToldApart) }
        return cell.trials.contains { trial in keys.contains { trial.samples[$0] != nil } }
    }

    /// Requests that nobody had waited for: what every trial has whose requests are told apart by layer.
    static let layersToldApart = SampleKey(.attempts, Breakdown(.layer, Breakdown.firstAttempt))

    /// Why there are no samples, as far as the trials know.
    func silence(of measure: Measure, in name: String) -> String {
        let count = cell.trials.count
        let which = count == 1 ? "the trial" : "none of \(count) trials"
        let words = "no samples: \(which) has \(count == 1 ? "no " : "")\(measure.name)\(name)"
        // What a trial found broken says nothing of what it did not measure; that it broke off, or its subject, does.
        let why = doubtful.count > 0 ? doubtful.reason : crashed.reason
        return why.isEmpty ? words : "\(words); \(why.oneLine(width: Self.reasonWidth))"
    }

    private static let reasonWidth = 160

    /// The trials of two cells that met the same weather; nil where too few did, so that the cells have nothing to do with
    /// each other.
    func pairs(with other: GateCell) -> [Pair]? {
        var places: [Int: Int] = [:]
        places.reserveCapacity(other.cell.trials.count)
        for (place, trial) in other.cell.trials.enumerated() { places[trial.key.index] = place }
        let pairs = cell.trials.enumerated().compactMap { place, trial -> Pair? in
            guard let match = places[trial.key.index], other.cell.trials[match].seed == trial.seed else { return nil }
            return (place, match)
        }
        let smaller = min(cell.trials.count, other.cell.trials.count)
        return !pairs.isEmpty && 2 * pairs.count >= smaller ? pairs : nil
    }
}
