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

    @Test("over 5,000 pairs the rates are as stated")
    func stated() {
        let ranks = share(of: 5_000, seed: 4) { MannWhitney($0.normals(6), $0.normals(6)).p < 0.05 }
        // P(U ≤ 5) + P(U ≥ 31) of six against six is 0.041126.
        #expect(isNear(ranks, 0.041126, 0.008))
        let signed = share(of: 5_000, seed: 5) { WilcoxonSignedRank($0.normals(8)).p < 0.05 }
        // P(T ≤ 3) + P(T ≥ 33) of eight is 0.039063.
        #expect(isNear(signed, 0.039063, 0.008))
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
