import Determinism
import Testing

@testable import Statistics

/// How often tests call a difference where there is none, and find the one that was planted.
struct FalsePositiveTests {
    /// The share of 200 pairs of samples from one distribution that a test calls different at 5 %.
    ///
    /// Even a test that is exactly as good as it says calls 10 of 200 give or take 3; those here may call no more than the
    /// 16 that 97.5 % of such series keep to. Exact tests of small samples call fewer, because p moves in steps.
    private func called(seed: UInt64, _ p: (inout SplitMix64) -> Double) -> Double {
        share(of: 200, seed: seed) { p(&$0) < 0.05 }
    }

    private let most = 16.0 / 200

    @Test("Mann and Whitney's test, exact and approximated", arguments: [10, 60])
    func mannWhitney(n: Int) {
        #expect(called(seed: 1) { MannWhitney($0.normals(n), $0.normals(n)).p } <= most)
    }

    @Test("Mann and Whitney's test of samples full of ties and of values that never came")
    func mannWhitneyTies() {
        func sample(_ stream: inout SplitMix64) -> [Double] {
            (0..<12).map { _ in
                let value = Double(stream.index(5))
                return value == 4 ? .infinity : value
            }
        }
        #expect(called(seed: 2) { MannWhitney(sample(&$0), sample(&$0)).p } <= most)
    }

    @Test("Wilcoxon's signed-rank test, exact and approximated", arguments: [20, 80])
    func wilcoxon(n: Int) {
        #expect(called(seed: 3) { WilcoxonSignedRank($0.normals(n)).p } <= most)
    }

    /// Whole numbers below a count, parted by whether their bit is set.
    private func parts(_ bits: Int, of count: Int) -> ([Double], [Double]) {
        let isSet = (0..<count).map { bits & (1 << $0) != 0 }
        let values = isSet.indices.map { Double($0) }
        return (
            zip(values, isSet).filter { $0.1 }.map { $0.0 }, zip(values, isSet).filter { !$0.1 }.map { $0.0 }
        )
    }

    @Test("of all splits of twelve values as many are called as can be at 5 %")
    func allSplits() {
        let splits = (0..<1 << 12).filter { $0.nonzeroBitCount == 6 }
        let called = splits.count { split in
            let (first, second) = parts(split, of: 12)
            let test = MannWhitney(first, second)
            return test.p < 0.05
        }
        // U of at most 5 or at least 31: 19 splits each.
        #expect(splits.count == 924)
        #expect(called == 38)
    }

    @Test("of all signs of eight differences as many are called as can be at 5 %")
    func allSigns() {
        let called = (0..<256).count { signs in
            let (positive, negative) = parts(signs, of: 8)
            let differences = positive.map { $0 + 1 } + negative.map { -$0 - 1 }
            return WilcoxonSignedRank(differences).p < 0.05
        }
        // Sums of at most 3 or at least 33: 5 each.
        #expect(called == 10)
    }

    @Test("the log-rank test of samples of one distribution")
    func logRank() {
        func sample(_ stream: inout SplitMix64) -> SurvivalSample {
            SurvivalSample(
                (0..<40).map { _ in
                    let time = stream.exponential()
                    return (time: min(time, 1), isCensored: time > 1)
                })
        }
        #expect(called(seed: 6) { LogRank(sample(&$0), sample(&$0)).p } <= most)
    }

    @Test("five points fewer successes over 400 paired trials are found")
    func planted() {
        var stream = SplitMix64(seed: 7)
        var (both, first, second, neither) = (0, 0, 0, 0)
        for _ in 0..<400 {
            // The same weather: the second fails where the first does, mostly, and in one of eighteen cases more.
            let weather = stream.uniform()
            let luck = stream.uniform() < 0.01
            switch (weather < 0.95, weather < 0.90 || luck) {
            case (true, true): both += 1
            case (true, false): first += 1
            case (false, true): second += 1
            case (false, false): neither += 1
            }
        }
        let pairs = PairedProportion(both: both, first: first, second: second, neither: neither)
        #expect(pairs.test.p < 0.01)
        #expect(pairs.difference().lower > 0)
        #expect(Materiality(difference: pairs.difference(), margin: 0.01, preferring: .lower) != .equivalent)
    }
}
