/// Cliff's delta (Psychological Bulletin 114, 1993): how much oftener a value of the first sample is the larger of two
/// than the smaller.
package struct CliffsDelta: Hashable, Sendable {
    /// P(X > Y) − P(X < Y), from −1 to 1; NaN if a sample is empty.
    package let delta: Double

    /// Vargha and Delaney's A (J. Educational and Behavioral Statistics 25, 2000): P(X > Y), ties counting half.
    package var a12: Double { (delta + 1) / 2 }

    /// How large an effect is called, after Romano, Kromrey, Coraggio and Skowronek (Florida Association of
    /// Institutional Research, 2006).
    package enum Magnitude: String, Hashable, Sendable, CaseIterable {
        case negligible
        case small
        case medium
        case large
    }

    /// What the size of the effect is called.
    package var magnitude: Magnitude {
        switch abs(delta) {
        case ..<0.147: .negligible
        case ..<0.33: .small
        case ..<0.474: .medium
        default: .large
        }
    }

    package init(_ x: [Double], _ y: [Double]) {
        precondition(!x.contains { $0.isNaN } && !y.contains { $0.isNaN }, "numbers are wanted (one is none)")
        let sorted = y.sorted()
        var (below, upTo, dominance) = (0, 0, 0)
        for value in x.sorted() {
            while below < sorted.count, sorted[below] < value { below += 1 }
            while upTo < sorted.count, sorted[upTo] <= value { upTo += 1 }
            dominance += below - (sorted.count - upTo)
        }
        delta = Double(dominance) / (Double(x.count) * Double(y.count))
    }
}
