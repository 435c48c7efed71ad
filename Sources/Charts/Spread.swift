/// Lays out labels along a line so that none covers another.
enum Spread {
    /// Places as near to the wanted ones as the gap between neighbours allows, in the order of the wanted ones.
    ///
    /// Where the room is too short for all, the gap shrinks.
    static func positions(_ wanted: [Double], gap: Double, within room: ClosedRange<Double>) -> [Double] {
        guard !wanted.isEmpty else { return [] }
        let length = room.upperBound - room.lowerBound
        let gap = wanted.count > 1 ? min(gap, length / Double(wanted.count - 1)) : gap
        let order = wanted.indices.sorted { (wanted[$0], $0) < (wanted[$1], $1) }
        var sorted = order.map { min(max(wanted[$0], room.lowerBound), room.upperBound) }
        // Neighbours that collide become a block around their mean (pool adjacent violators).
        var blocks: [(sum: Double, count: Int)] = []
        for (place, value) in sorted.enumerated() {
            blocks.append((value - Double(place) * gap, 1))
            while blocks.count > 1, let last = blocks.last,
                case let before = blocks[blocks.count - 2],
                last.sum / Double(last.count) < before.sum / Double(before.count)
            {
                blocks.removeLast()
                blocks[blocks.count - 1] = (before.sum + last.sum, before.count + last.count)
            }
        }
        var place = 0
        for block in blocks {
            for _ in 0..<block.count {
                sorted[place] = block.sum / Double(block.count) + Double(place) * gap
                place += 1
            }
        }
        for place in sorted.indices {
            sorted[place] = max(sorted[place], place == 0 ? room.lowerBound : sorted[place - 1] + gap)
        }
        for place in sorted.indices.reversed() {
            let limit = place == sorted.count - 1 ? room.upperBound : sorted[place + 1] - gap
            sorted[place] = min(sorted[place], limit)
        }
        var positions = wanted
        for (place, index) in order.enumerated() { positions[index] = sorted[place] }
        return positions
    }

    /// Left ends of texts of these widths, pushed apart; nil for those that there is no room for.
    static func starts(_ wanted: [(start: Double, width: Double)], gap: Double, within room: ClosedRange<Double>)
        -> [Double?]
    {
        let order = wanted.indices.sorted { (wanted[$0].start, $0) < (wanted[$1].start, $1) }
        var starts = [Double?](repeating: nil, count: wanted.count)
        var free = room.lowerBound
        for index in order where free + wanted[index].width <= room.upperBound {
            let start = min(max(wanted[index].start, free), room.upperBound - wanted[index].width)
            starts[index] = start
            free = start + wanted[index].width + gap
        }
        return starts
    }
}
