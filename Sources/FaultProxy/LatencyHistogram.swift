/// Spans counted in buckets that grow with the span, eight to each doubling: quantiles are off by at most 7 %, and a
/// million spans take no more room than one.
package struct LatencyHistogram: Hashable, Sendable {
    /// The upper bounds, in seconds, of the buckets that are shown to Prometheus; one more, without bound, follows.
    package static let bounds = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60]

    private static let subdivisions = 8
    private static let countMax = 40 * subdivisions

    package private(set) var count = 0
    package private(set) var sum = Duration.zero
    /// How many spans lie in each bucket of ``bounds``, those of the buckets before not included.
    package private(set) var bounded = [Int](repeating: 0, count: bounds.count + 1)
    private var counts: [Int] = []

    package init() {}

    package mutating func add(_ span: Duration) {
        count += 1
        sum += span
        let seconds = span / .seconds(1)
        bounded[Self.bounds.firstIndex { seconds <= $0 } ?? Self.bounds.count] += 1
        let index = Self.index(of: max(span, .zero))
        if index >= counts.count { counts += [Int](repeating: 0, count: index + 1 - counts.count) }
        counts[index] += 1
    }

    /// The span that a share of all spans does not exceed; nil where there is none.
    package func quantile(_ share: Double) -> Duration? {
        guard count > 0 else { return nil }
        var rest = max(1, Int((share * Double(count)).rounded(.up)))
        for (index, count) in counts.enumerated() {
            rest -= count
            if rest <= 0 { return Self.middle(of: index) }
        }
        return nil
    }

    /// Microseconds below 8 have a bucket each; above, the highest bit and the three that follow it tell.
    private static func index(of span: Duration) -> Int {
        let (seconds, attoseconds) = span.components
        let microseconds = min(seconds, 1_000_000) * 1_000_000 + attoseconds / 1_000_000_000_000
        guard microseconds >= subdivisions else { return Int(microseconds) }
        let exponent = Int64.bitWidth - 1 - microseconds.leadingZeroBitCount
        let mantissa = Int(microseconds >> Int64(exponent - 3)) - subdivisions
        return min((exponent - 2) * subdivisions + mantissa, countMax - 1)
    }

    private static func middle(of index: Int) -> Duration {
        guard index >= subdivisions else { return .microseconds(index) }
        let exponent = index / subdivisions - 1
        let low = (subdivisions + index % subdivisions) << exponent
        return .microseconds(low + (1 << exponent) / 2)
    }
}
