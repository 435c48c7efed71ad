extension SplitMix64 {
    /// A draw from the exponential distribution with mean 1.
    package mutating func exponential() -> Double { -Self.logarithm(1 - uniform()) }

    /// Two independent draws from the normal distribution with mean 0 and deviation 1 (Marsaglia's polar method, 1964).
    package mutating func normalPair() -> (Double, Double) {
        while true {
            let x = 2 * uniform() - 1
            let y = 2 * uniform() - 1
            let square = x * x + y * y
            guard square < 1, square > 0 else { continue }
            let scale = (-2 * Self.logarithm(square) / square).squareRoot()
            return (x * scale, y * scale)
        }
    }

    /// The natural logarithm of a normal number above 0, by nothing but the four operations, so that every machine draws
    /// the same bits; C libraries differ in the last of them.
    ///
    /// With x = m·2^e and m about 1, ln m = 2·artanh s with s = (m − 1) ÷ (m + 1); |s| ≤ 0.172, so that the first term left
    /// out is below 2^-57. The series is two, of every other term, so that a processor works at both at a time.
    package static func logarithm(_ x: Double) -> Double {
        var exponent = Double(Int64(x.bitPattern >> 52) - 1_023)
        var mantissa = Double(bitPattern: x.bitPattern & 0x000F_FFFF_FFFF_FFFF | 0x3FF0_0000_0000_0000)
        if mantissa > 1.414_213_562_373_095_1 {
            mantissa *= 0.5
            exponent += 1
        }
        let s = (mantissa - 1) / (mantissa + 1)
        let square = s * s
        let fourth = square * square
        let even = ((((1.0 / 21 * fourth + 1.0 / 17) * fourth + 1.0 / 13) * fourth + 1.0 / 9) * fourth + 0.2) * fourth
        let odd = (((1.0 / 19 * fourth + 1.0 / 15) * fourth + 1.0 / 11) * fourth + 1.0 / 7) * fourth + 1.0 / 3
        return 2 * s * (even + square * odd + 1) + exponent * 0.693_147_180_559_945_3
    }
}

extension Duration {
    /// Whole nanoseconds, rounded towards zero: what event loops count in.
    package var wholeNanoseconds: Int64 {
        components.seconds * 1_000_000_000 + components.attoseconds / 1_000_000_000
    }
}
