/// Zeller and Hildebrandt's ddmin (Simplifying and Isolating Failure-Inducing Input, TSE 2002).
package enum DeltaDebugging {
    /// A part of the elements that still fails and of which none can be left out alone.
    ///
    /// - Parameters:
    ///   - elements: As a whole they are known to fail.
    ///   - stillFails: Asked of parts, in the order of the whole.
    package static func minimized<Element>(
        _ elements: [Element], _ stillFails: ([Element]) async throws -> Bool
    ) async throws -> [Element] {
        var current = elements
        var parts = 2
        while current.count >= 2 {
            let chunks = split(current, into: parts)
            if let index = try await first(chunks.indices, where: { try await stillFails(Array(current[chunks[$0]])) })
            {
                current = Array(current[chunks[index]])
                parts = 2
                continue
            }
            // The complements of two halves are the halves.
            let without = { (index: Int) in
                Array(current[..<chunks[index].lowerBound] + current[chunks[index].upperBound...])
            }
            if parts > 2, let index = try await first(chunks.indices, where: { try await stillFails(without($0)) }) {
                current = without(index)
                parts = max(parts - 1, 2)
                continue
            }
            if parts >= current.count { break }
            parts = min(current.count, parts * 2)
        }
        if current.count == 1, try await stillFails([]) { return [] }
        return current
    }

    private static func first(
        _ indices: Range<Int>, where holds: (Int) async throws -> Bool
    ) async throws -> Int? {
        for index in indices where try await holds(index) { return index }
        return nil
    }

    /// Runs of the elements whose lengths differ by at most one.
    private static func split<Element>(_ elements: [Element], into parts: Int) -> [Range<Int>] {
        (0..<parts).map { elements.count * $0 / parts..<elements.count * ($0 + 1) / parts }.filter { !$0.isEmpty }
    }
}
