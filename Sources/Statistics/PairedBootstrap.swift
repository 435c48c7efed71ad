import Determinism

/// The percentile bootstrap over pairs of trials (Efron, Annals of Statistics 7, 1979), for statistics that have no
/// formula. Whole trials are drawn, because what happens within one hangs together; the draws come from a fixed seed,
/// so that the same trials give the same interval.
package struct PairedBootstrap: Hashable, Sendable {
    /// Fewer pairs than this allow too few different draws.
    package static let countMin = 5
    static let draws = 2_000

    /// Of the sample itself.
    package let value: Double
    private let sorted: [Double]

    /// - Parameter statistic: Gives the value for the pairs with these indices, which may repeat.
    package init(count: Int, seed: UInt64 = 42, _ statistic: ([Int]) -> Double) {
        value = statistic(Array(0..<count))
        guard count >= Self.countMin else {
            sorted = []
            return
        }
        var stream = RandomStreams(seed: seed).stream("bootstrap")
        sorted = (0..<Self.draws).map { _ in
            statistic((0..<count).map { _ in Int(stream.uniform() * Double(count)) })
        }.sorted { $0 < $1 || !$0.isNaN && $1.isNaN }
    }

    package func interval(_ confidence: Confidence = .twoSided95) -> Interval {
        guard let last = sorted.last, !last.isNaN else { return .unknown }
        let sample = SortedSample(sorted)
        return Interval(
            sample.quantile(confidence.tail) ?? -.infinity, sample.quantile(1 - confidence.tail) ?? .infinity)
    }
}
