import Testing

@testable import Statistics

struct VerdictTests {
    @Test(
        "better and worse lie wholly past the margin, equivalent wholly inside",
        arguments: [
            (Interval(0.06, 0.1), Materiality.better), (Interval(0.05, 0.1), .inconclusive),
            (Interval(-0.05, 0.05), .equivalent), (Interval(-0.04, 0.06), .inconclusive),
            (Interval(-0.2, -0.06), .worse), (.unknown, .inconclusive), (Interval(0.01, 0.04), .equivalent),
        ])
    func materiality(interval: Interval, verdict: Materiality) {
        #expect(Materiality(difference: interval, margin: 0.05, preferring: .higher) == verdict)
        let mirrored = Interval(-interval.upper, -interval.lower)
        #expect(Materiality(difference: mirrored, margin: 0.05, preferring: .lower) == verdict)
    }

    @Test("without a margin whatever is shown matters, and no interval with a width is equivalent")
    func noMargin() {
        #expect(Materiality(difference: Interval(0.001, 0.01), margin: 0, preferring: .lower) == .worse)
        #expect(Materiality(difference: Interval(-0.001, 0.01), margin: 0, preferring: .lower) == .inconclusive)
        #expect(Materiality(difference: Interval(0, 0), margin: 0, preferring: .lower) == .equivalent)
    }

    @Test("a ratio's margin is the same whichever is called the old")
    func materialRatio() {
        #expect(Materiality(ratio: Interval(1.2, 1.5), margin: 0.1, preferring: .lower) == .worse)
        #expect(Materiality(ratio: Interval(1 / 1.5, 1 / 1.2), margin: 0.1, preferring: .lower) == .better)
        #expect(Materiality(ratio: Interval(0.95, 1.05), margin: 0.1, preferring: .lower) == .equivalent)
        #expect(Materiality(ratio: Interval(0.905, 1.05), margin: 0.1, preferring: .lower) == .inconclusive)
    }
}
