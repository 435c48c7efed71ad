package import NIOCore

/// Bytes that are to leave at an even pace: keeps them, and gives out as many as may leave by a time.
package struct BytePacer: Sendable {
    /// The shortest time between two pieces.
    private static let intervalMin = Duration.milliseconds(100)

    private let bytesPerSecond: Double
    /// How long to wait for the next piece: a tenth of a second, or as long as one byte takes.
    package let interval: Duration
    private var waiting = CircularBuffer<ByteBuffer>()
    /// Since when there has been something to wait for, and how much has left since.
    private var start = Duration.zero
    private var passed = 0

    package init(bytesPerSecond: Int) {
        precondition(bytesPerSecond > 0, "a pace lets something pass (is \(bytesPerSecond))")
        self.bytesPerSecond = Double(bytesPerSecond)
        interval = max(Self.intervalMin, .seconds(1) / bytesPerSecond)
    }

    package var isEmpty: Bool { waiting.isEmpty }

    package mutating func append(_ bytes: ByteBuffer, at now: Duration) {
        guard bytes.readableBytes > 0 else { return }
        if waiting.isEmpty {
            start = now
            passed = 0
        }
        waiting.append(bytes)
    }

    /// Takes out what may leave by now.
    package mutating func take(at now: Duration) -> [ByteBuffer] {
        // Rounding must not keep a byte back for another interval.
        let allowed = min(1e15, (now - start) / .seconds(1) * bytesPerSecond + 1e-3)
        var left = Int(allowed) - passed
        var taken: [ByteBuffer] = []
        while left > 0, var first = waiting.popFirst() {
            let length = min(left, first.readableBytes)
            guard let piece = first.readSlice(length: length) else { break }
            taken.append(piece)
            left -= length
            passed += length
            if first.readableBytes > 0 { waiting.prepend(first) }
        }
        return taken
    }

    /// Takes out everything.
    package mutating func takeAll() -> [ByteBuffer] {
        defer { waiting.removeAll() }
        return Array(waiting)
    }
}
