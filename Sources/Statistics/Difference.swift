/// The differences of two samples, and their averages, where a value may be infinite: one that never came.
///
/// Two that never came do not differ, and a pair of differences that are infinite either way averages to nothing.
package enum Difference {
    /// `to` less `from`.
    package static func of(_ to: Double, less from: Double) -> Double { to == from ? 0 : to - from }

    /// Pair by pair, `to` less `from`.
    package static func pairs(_ from: [Double], _ to: [Double]) -> [Double] {
        precondition(from.count == to.count, "pairs are wanted (are \(from.count) and \(to.count) values)")
        return zip(from, to).map { of($1, less: $0) }
    }

    /// Halfway between the two.
    static func average(_ one: Double, _ other: Double) -> Double {
        let sum = one + other
        return sum.isNaN ? 0 : sum / 2
    }
}
