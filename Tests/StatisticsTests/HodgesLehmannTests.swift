import Determinism
import Testing

@testable import Statistics

struct HodgesLehmannTests {
    @Test("shifts and their intervals are those of the sorted differences")
    func shift() {
        #expect(isNear(HodgesLehmann.shift(Reference.a, Reference.b), 2.1))
        #expect(isNear(HodgesLehmann.shiftInterval(Reference.a, Reference.b), 0.6, 3.7))
        #expect(HodgesLehmann.shift(Reference.c, Reference.d) == 2.5)
        #expect(HodgesLehmann.shiftInterval(Reference.c, Reference.d) == Interval(-1, 6))
    }

    @Test("the pseudo-median and its interval are those of the sorted averages")
    func pseudoMedian() {
        #expect(isNear(HodgesLehmann.pseudoMedian(Reference.differences), 6.45))
        #expect(isNear(HodgesLehmann.pseudoMedianInterval(Reference.differences), 0.15, 12.5))
    }

    @Test("samples too small for any test bound nothing")
    func small() {
        #expect(HodgesLehmann.shiftInterval([1, 2, 3], [4, 5, 6]) == .unknown)
        #expect(HodgesLehmann.shiftInterval([1, 2, 3, 4], [5, 6, 7, 8]) == Interval(1, 7))
        #expect(HodgesLehmann.pseudoMedianInterval([1, 2, 3, 4, 5]) == .unknown)
        #expect(HodgesLehmann.pseudoMedianInterval([1, 2, 3, 4, 5, 6]) == Interval(1, 6))
        #expect(HodgesLehmann.shift([], [1]).isNaN)
        #expect(HodgesLehmann.pseudoMedian([]).isNaN)
        #expect(HodgesLehmann.pseudoMedianInterval([]) == .unknown)
    }

    @Test("each rank of pairs is that of the sorted list, ties and infinite values among them", arguments: 1...30)
    func ranks(seed: UInt64) {
        var stream = SplitMix64(seed: seed)
        func value() -> Double {
            let whole = Double(stream.index(12)) - 6
            return whole > 4 ? .infinity : whole < -5 ? -.infinity : whole / 4
        }
        let from = (0..<(1 + stream.index(9))).map { _ in value() }
        let to = (0..<(1 + stream.index(9))).map { _ in value() }
        let differences = PairwiseDifferences(from, to)
        let listed = from.flatMap { base in to.map { Difference.of($0, less: base) } }.sorted()
        #expect((1...listed.count).map { differences.value(at: $0) } == listed)
        #expect(differences.median == middle(listed))
        let averages = WalshAverages(from)
        let sums = from.indices.flatMap { i in from[i...].map { Difference.average(from[i], $0) } }.sorted()
        #expect((1...sums.count).map { averages.value(at: $0) } == sums)
        #expect(averages.median == middle(sums))
    }

    private func middle(_ sorted: [Double]) -> Double {
        Difference.average(sorted[(sorted.count - 1) / 2], sorted[sorted.count / 2])
    }

    @Test("ten thousand values against ten thousand take no list of pairs")
    func large() {
        var stream = SplitMix64(seed: 3)
        let from = stream.normals(10_000)
        let to = from.map { $0 + 0.25 }
        #expect(isNear(HodgesLehmann.shift(from, to), 0.25, 1e-9))
        let interval = HodgesLehmann.shiftInterval(from, to)
        // 1.96 standard errors of √(π/3 · 2/n) on either side, or near enough.
        #expect(isNear(interval, 0.25 - 0.0284, 0.25 + 0.0284, 0.002))
    }

    @Test("critical counts of the exact null distributions and of their approximations agree where they meet")
    func critical() {
        let exact = RankSumNull.criticalCount(50, 50, tail: 0.025) ?? 0
        let (mean, deviation) = (1250.0, (2500.0 * 101 / 12).squareRoot())
        #expect(abs(exact - (TailRank.last(mean: mean, deviation: deviation, tail: 0.025) ?? 0)) <= 1)
        let ranks = SignedRankNull.criticalSum(50, tail: 0.025) ?? 0
        let deviation50 = (50.0 * 51 * 101 / 24).squareRoot()
        #expect(abs(ranks - (TailRank.last(mean: 637.5, deviation: deviation50, tail: 0.025) ?? 0)) <= 1)
        // Wilcoxon's own tables.
        #expect(SignedRankNull.criticalSum(10, tail: 0.025) == 8)
        #expect(SignedRankNull.criticalSum(20, tail: 0.025) == 52)
        #expect(RankSumNull.criticalCount(10, 10, tail: 0.025) == 23)
        #expect(RankSumNull.criticalCount(3, 3, tail: 0.025) == nil)
    }
}
