/// Bytes that are appended at one end and taken at the other.
package struct ByteQueue: Sendable {
    private var storage: [UInt8] = []
    private var head = 0

    package init() {}

    package var count: Int { storage.count - head }

    package var isEmpty: Bool { count == 0 }

    /// The byte at a distance from the first.
    package subscript(offset: Int) -> UInt8 { storage[head + offset] }

    package mutating func append(_ bytes: some Sequence<UInt8>) { storage.append(contentsOf: bytes) }

    /// Takes bytes from the front.
    ///
    /// - Precondition: There are that many.
    @discardableResult
    package mutating func removeFirst(_ length: Int) -> [UInt8] {
        precondition(length <= count, "no more is taken than there is (is \(length) of \(count))")
        let taken = Array(storage[head..<head + length])
        head += length
        // Moved up only when half is used, so that a byte costs constant time on average.
        if head * 2 >= storage.count {
            storage.removeFirst(head)
            head = 0
        }
        return taken
    }

    /// The big-endian number of four bytes at an offset.
    package func uint32(at offset: Int) -> UInt32 { (0..<4).reduce(0) { $0 << 8 | UInt32(self[offset + $1]) } }
}
