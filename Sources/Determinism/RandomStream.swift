/// Steele, Lea and Flood's SplitMix64 (OOPSLA 2014): small, fast, and good enough for jitter, faults and resampling.
package struct SplitMix64: RandomNumberGenerator, Hashable, Sendable {
    private var state: UInt64

    package init(seed: UInt64) { state = seed }

    package mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        return Self.mix(state)
    }

    /// A draw from [0, 1) with 53 random bits.
    package mutating func uniform() -> Double { Double(next() >> 11) * 0x1p-53 }

    static func mix(_ value: UInt64) -> UInt64 {
        var z = value
        z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
        z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
        return z ^ (z >> 31)
    }
}

/// Random streams keyed by what they are for, so that one more draw in one place shifts no other.
///
/// Policies compared under common random numbers must meet the same weather although they draw differently
/// (Law, Simulation Modeling and Analysis, on synchronization): each fault coin and each jitter has a key of its own.
package struct RandomStreams: Hashable, Sendable {
    package let seed: UInt64

    package init(seed: UInt64) { self.seed = seed }

    /// The stream of one purpose: the same for equal seeds and keys, on every machine and in every process.
    package func stream(_ key: String...) -> SplitMix64 {
        var hash = StableHash()
        hash.combine(seed)
        for part in key { hash.combine(part) }
        return SplitMix64(seed: hash.value)
    }

    /// The streams of one purpose for many that differ in a number alone, clients say: the key is hashed once.
    package func numbered(_ key: String...) -> NumberedStreams {
        var hash = StableHash()
        hash.combine(seed)
        for part in key { hash.combine(part) }
        return NumberedStreams(hash: hash)
    }

    /// The streams of a part of this whole, a trial of a run say.
    package func substreams(_ key: String...) -> RandomStreams {
        var hash = StableHash()
        hash.combine(seed)
        for part in key { hash.combine(part) }
        return RandomStreams(seed: hash.value)
    }
}

/// Random streams of one purpose, by number.
package struct NumberedStreams: Hashable, Sendable {
    fileprivate let hash: StableHash

    package subscript(number: Int) -> SplitMix64 {
        var hash = hash
        hash.combine(UInt64(bitPattern: Int64(number)))
        return SplitMix64(seed: hash.value)
    }
}

/// A hash that does not change from process to process: FNV-1a over the bytes, then SplitMix64's finalizer.
package struct StableHash: Hashable, Sendable {
    private var state: UInt64 = 0xCBF2_9CE4_8422_2325

    package init() {}

    package var value: UInt64 { SplitMix64.mix(state) }

    /// ``value`` in 16 digits.
    package var hexadecimal: String {
        let digits = String(value, radix: 16)
        return String(repeating: "0", count: 16 - digits.count) + digits
    }

    package mutating func combine(_ text: String) {
        for byte in text.utf8 { combine(byte: byte) }
        // Ends the part: ("ab", "c") and ("a", "bc") differ.
        combine(byte: 0xFF)
    }

    package mutating func combine(_ number: UInt64) {
        for shift in stride(from: UInt64(0), to: 64, by: 8) {
            combine(byte: UInt8(truncatingIfNeeded: number >> shift))
        }
    }

    /// Bytes as they are, with no end of their own: however they are cut into parts, they come to the same.
    package mutating func combine(bytes: UnsafeRawBufferPointer) {
        for byte in bytes { combine(byte: byte) }
    }

    private mutating func combine(byte: UInt8) { state = (state ^ UInt64(byte)) &* 0x0000_0100_0000_01B3 }
}
