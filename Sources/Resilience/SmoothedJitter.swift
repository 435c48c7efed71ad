/// The waits of ``Backoff/Formula/smoothedJitter``, in bases: steps along x(t) = 2^t·tanh √(4t).
///
/// Reckoned by nothing but the four operations and the square root, so that every machine finds the same bits.
enum SmoothedJitter {
    /// What makes the middle of the waits about 1, 1, 2, 4, 8 bases.
    private static let scale = 1.4

    /// A wait; the highest draw may be 1, too.
    ///
    /// - Parameter previous: The draw of the wait before; without effect before the first retry.
    static func share(retry: Int, previous: Double, uniform: Double) -> Double {
        guard retry > 1 else { return powerOfTwo(uniform) * bend(uniform) / scale }
        // Both places are measured in 2^(retry − 2): that is exact, and bounded, so that no two of them are infinite.
        let whole = retry - 2
        let here = 2 * powerOfTwo(uniform) * bend(Double(whole + 1) + uniform)
        let before = powerOfTwo(previous) * bend(Double(whole) + previous)
        let unit = Double(sign: .plus, exponent: min(whole, 512), significand: 1)
        return max(0, here - before) / scale * unit
    }

    /// tanh √(4t).
    private static func bend(_ place: Double) -> Double {
        let root = (4 * place).squareRoot()
        // From here on it is 1 to the last bit.
        guard root < 20 else { return 1 }
        // e^(−2·root), as a power of two.
        let exponent = 2 * root * 1.442_695_040_888_963_4
        let shrunk = 1 / powerOfTwo(exponent)
        return (1 - shrunk) / (1 + shrunk)
    }

    /// 2^exponent, for exponents from 0 to 1,000: the whole part exactly, and the rest, times ln 2, by the series of
    /// e^z, whose first term left out is below 2^-60.
    private static func powerOfTwo(_ exponent: Double) -> Double {
        let whole = exponent.rounded(.down)
        let z = (exponent - whole) * 0.693_147_180_559_945_3
        var sum = 1.0
        for term in stride(from: 18.0, to: 0, by: -1) { sum = 1 + sum * z / term }
        return sum * Double(sign: .plus, exponent: Int(whole), significand: 1)
    }
}
