import Determinism
import Experiments

/// What a trial of calls shows of a storm: how much of what was wanted came about, and when it was over.
struct Aftermath {
    private let series: LoadSeries
    /// Whole seconds: the storm's first, the first after it, and the trial's end.
    private let storm: Int
    private let clear: Int
    private let end: Int
    private let isOpen: Bool
    private let hasStorm: Bool

    init(_ outcome: OverloadStudy.Outcome, _ phases: Experiment.Phases, isOpen: Bool) {
        series = outcome.series
        self.isOpen = isOpen
        hasStorm = phases.storm > .zero
        storm = Int(phases.calm.seconds.rounded(.down))
        clear = Int((phases.calm + phases.storm).seconds.rounded(.up))
        end = outcome.series.seconds.count
    }

    private func sum(_ range: Range<Int>, _ value: KeyPath<LoadSeries.Second, Int>) -> Double {
        Double(series.seconds[range.clamped(to: 0..<end)].reduce(0) { $0 + $1[keyPath: value] })
    }

    /// Whole seconds at the trial's end in which it is looked at.
    private var window: Int { min(30, end - clear) }

    private func perCalmSecond(_ value: KeyPath<LoadSeries.Second, Int>) -> Double {
        sum(0..<storm, value) / Double(max(1, storm))
    }

    /// Operations that would have succeeded at the trial's end, had all gone well. Workers that wait for their operations
    /// begin no more of them, so that what they began in calm is what they are held against.
    private var wanted: Double {
        isOpen ? sum(end - window..<end, \.begun) : perCalmSecond(\.succeeded) * Double(window)
    }

    var evidence: CallEvidence.Aftermath {
        CallEvidence.Aftermath(
            window: .seconds(window), succeeded: Int(sum(end - window..<end, \.succeeded)), wanted: wanted,
            clear: .seconds(end - clear))
    }

    var samples: [Sample] {
        let begun = sum(storm..<end, \.begun)
        var samples = [
            Sample(.goodput, subject: "", value: Double(evidence.succeeded) / max(1, wanted)),
            Sample(
                .operationsLost, subject: "",
                value: sum(storm..<settled, \.begun) - sum(storm..<settled, \.begunSucceeded)),
        ]
        if begun > 0 {
            samples.append(Sample(.stormAmplification, subject: "", value: sum(storm..<end, \.attempts) / begun))
        }
        let calm = perCalmSecond(\.begun)
        if calm > 0 {
            let peak = Double(series.seconds.map(\.attempts).max() ?? 0)
            samples.append(Sample(.attemptsPeak, subject: "", value: peak / calm))
        }
        return hasStorm ? samples + stormSamples : samples
    }

    /// Where nobody begins anything after the storm, and nobody waits, there is nothing that could recover.
    private var stormSamples: [Sample] {
        var samples = [span(.drain, drain)]
        if !isOpen || sum(clear..<settled, \.begun) > 0 { samples.append(span(.recovery, recovery)) }
        let end = min(end, clear + Int(HerdIndex.window.components.seconds))
        let herd = HerdIndex.index(ofTenths: series.attemptTenths[clear * 10..<end * 10])
        if let herd { samples.append(Sample(.herd, value: herd)) }
        return samples
    }

    /// Seconds since the storm; what never came is known to be longer than the trial.
    private func span(_ metric: Metric, _ second: Double?) -> Sample {
        second.map { Sample(metric, subject: "", value: $0 - Double(clear)) }
            ?? Sample(metric, subject: "", value: Double(end - clear), isCensored: true)
    }

    /// The first second whose operations may not have ended when the trial does.
    private var settled: Int { end - Recovery.margin(of: end - clear) }

    /// The first of five good seconds on end. Workers that wait for their operations begin fewer while they are not well,
    /// so that what they complete is held against what they completed in calm.
    private var recovery: Double? {
        let wanted = 0.9 * perCalmSecond(\.succeeded)
        let first = Recovery.first(of: clear..<settled) { index in
            let second = series.seconds[index]
            if isOpen { return Recovery.Second(begun: second.begun, succeeded: second.begunSucceeded) }
            return Double(second.succeeded) >= wanted ? .good : .bad
        }
        return first.map(Double.init)
    }

    /// When the server's queue is no longer than it was 99 % of the time in calm.
    private var drain: Double? {
        let calm = series.outstandingTenths.prefix(storm * 10).sorted()
        let usual = calm.isEmpty ? 1 : max(1, calm[min(calm.count - 1, calm.count * 99 / 100)])
        // The n-th look is at the end of the n-th tenth.
        let first = series.outstandingTenths.indices.first {
            $0 + 1 >= clear * 10 && series.outstandingTenths[$0] <= usual
        }
        return first.map { Double($0 + 1) / 10 }
    }
}
