/// A hash over events in their order, cheap enough for each of them: FNV-1a, by whole words.
struct EventDigest {
    private(set) var value: UInt64 = 0xCBF2_9CE4_8422_2325

    mutating func combine(_ time: Int64, _ event: UInt64) {
        value = (value ^ UInt64(bitPattern: time)) &* 0x0000_0100_0000_01B3
        value = (value ^ event) &* 0x0000_0100_0000_01B3
        value ^= value >> 29
    }
}
