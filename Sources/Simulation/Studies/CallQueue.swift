/// The calls that wait at a server, the first to come first; a ring that grows.
struct CallQueue {
    /// One attempt, as the server knows it.
    struct Entry {
        /// Where its operation is kept.
        var slot: Int32
        /// Which attempt it is, of all.
        var ticket: UInt32
    }

    private var ring: [Entry] = Array(repeating: Entry(slot: 0, ticket: 0), count: 1_024)
    private var head = 0
    private(set) var count = 0

    mutating func append(_ entry: Entry) {
        if count == ring.count { grow() }
        ring[(head + count) & (ring.count - 1)] = entry
        count += 1
    }

    mutating func popFirst() -> Entry? {
        guard count > 0 else { return nil }
        let entry = ring[head]
        head = (head + 1) & (ring.count - 1)
        count -= 1
        return entry
    }

    private mutating func grow() {
        let size = ring.count
        ring = (0..<size).map { ring[(head + $0) & (size - 1)] } + Array(repeating: ring[0], count: size)
        head = 0
    }
}
