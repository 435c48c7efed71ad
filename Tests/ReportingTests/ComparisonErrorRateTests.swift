import Determinism
import Experiments
import Recording
import Reporting
import Testing

/// How often comparisons are wrong, and how often they find what is there: by seeded repetition.
struct ComparisonErrorRateTests {
    private static let measures = [
        Measure(.successRate), Measure(.makespan), Measure(.attempts), Measure(.recovery, quantile: 0.5),
        Measure(.conflicts),
    ]

    /// A trial in the weather of its seed, with luck of its own.
    private func trial(_ index: Int, seed: UInt64, units: Int, _ stream: inout SplitMix64, weather: Double)
        -> TrialTally
    {
        let share = min(1, max(0, 0.85 + 0.1 * weather))
        let succeeded = (0..<units).count { _ in stream.uniform() < share }
        let late = stream.uniform() < 0.1
        return ComparisonFixtures.trial(
            index, seed: seed,
            [
                .operations: [Double(units)], .operationsSucceeded: [Double(succeeded)],
                .makespan: [10 * (1 + 0.3 * weather * weather) * (1 + 0.1 * stream.uniform())],
                .attempts: [(200 + 20 * weather + 10 * stream.normal()).rounded()],
                .recovery: [5 + abs(weather) + stream.uniform()],
                .conflicts: [stream.uniform() < 0.2 ? (10 * stream.uniform()).rounded() : 0],
            ], never: [.recovery: late ? 1 : 0])
    }

    private func arms(_ streams: RandomStreams, trials: Int, units: Int, arePairs: Bool) -> [CellSummary] {
        ["base", "ours"].map { label in
            var own = streams.stream(label)
            return ComparisonFixtures.arm(
                label,
                (1...trials).map { index in
                    let seed = UInt64(index) + (arePairs || label == "base" ? 0 : 10_000)
                    var weather = streams.stream("weather", "\(seed)")
                    return trial(index, seed: seed, units: units, &own, weather: weather.normal())
                })
        }
    }

    /// At 5 % for each table, 200 tables are expected to be wrong ten times; more than 20 would be by chance once in 600.
    @Test(
        "of 200 comparisons of a policy with itself, no more are wrong than one in twenty",
        arguments: [(true, 1), (true, 12), (false, 1), (false, 12)])
    func sameWithSame(arePairs: Bool, units: Int) throws {
        var (wrong, rows) = (0, 0)
        for repetition in 0..<200 {
            let streams = RandomStreams(seed: UInt64(repetition))
            let report = try ComparisonFixtures.report(
                arms(streams, trials: 30, units: units, arePairs: arePairs), measures: Self.measures)
            #expect(report.rows.allSatisfy { $0.isPaired == arePairs })
            wrong += report.rows.contains(where: \.isShown) ? 1 : 0
            rows += report.rows.count { ($0.pAlone ?? 1) < 0.05 }
        }
        #expect(wrong <= 20, "\(wrong) of 200")
        // By themselves, without Holm, each of 1,000 tests may be wrong as often; more than 75 is by chance once in 4,000.
        #expect(rows <= 75, "\(rows) of 1,000")
        #expect(rows >= 10, "\(rows) of 1,000: tests that never err are none")
    }

    /// One trial in eight loses all of its hundred operations, under either policy alike.
    @Test(
        "trials that are lost as a whole are no hundred failures: a policy differs from itself once in twenty at most",
        arguments: [true, false], [10, 40])
    func lostTrials(arePairs: Bool, trials: Int) throws {
        var wrong = 0
        for repetition in 0..<400 {
            let streams = RandomStreams(seed: UInt64(5_000 + repetition))
            let arms = ["base", "ours"].map { label in
                var own = streams.stream(label)
                return ComparisonFixtures.arm(
                    label,
                    (1...trials).map { index in
                        let seed = UInt64(index) + (arePairs || label == "base" ? 0 : 10_000)
                        return ComparisonFixtures.clients(
                            index, seed: seed, succeeded: own.uniform() < 0.125 ? 0 : 100, of: 100)
                    })
            }
            let row = try #require(
                try ComparisonFixtures.report(arms, measures: [Measure(.successRate)]).rows.first)
            #expect(row.isPaired == arePairs)
            wrong += row.isShown ? 1 : 0
        }
        // 20 are expected at most; more than 34 would be by chance once in a thousand.
        #expect(wrong <= 34, "\(wrong) of 400")
    }

    @Test(
        "a drop of five points in success is found in 400 pairs of trials at least four times in five, and its sign is right",
        arguments: [1, 8])
    func drop(units: Int) throws {
        var (found, wrong) = (0, 0)
        for repetition in 0..<60 {
            let streams = RandomStreams(seed: UInt64(1_000 + repetition))
            var (base, ours): ([TrialTally], [TrialTally]) = ([], [])
            for index in 1...400 {
                // The weather decides most of it: of 5 % that fail under the one, most fail under the other.
                var weather = streams.stream("weather", "\(index)")
                var own = streams.stream("own", "\(index)")
                let hits = (0..<units).map { _ in weather.uniform() }
                let failed = hits.count { $0 < 0.05 }
                let others = hits.count { $0 < 0.05 ? own.uniform() < 0.8 : own.uniform() < 0.06 / 0.95 }
                base.append(ComparisonFixtures.clients(index, succeeded: units - failed, of: units))
                ours.append(ComparisonFixtures.clients(index, succeeded: units - others, of: units))
            }
            let report = try ComparisonFixtures.report(
                [ComparisonFixtures.arm("base", base), ComparisonFixtures.arm("ours", ours)],
                measures: [Measure(.successRate)])
            let row = try #require(report.rows.first)
            found += row.verdict == .worse ? 1 : 0
            wrong += row.verdict == .better ? 1 : 0
        }
        #expect(found >= 48, "\(found) of 60")
        #expect(wrong == 0)
    }
}
