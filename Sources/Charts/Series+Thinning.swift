extension Series {
    /// The series with at most so many points, band points and marks.
    ///
    /// The ends stay, and of each stretch between them the least and the greatest point, so that no peak is lost.
    package func thinned(to count: Int) -> Series {
        var series = self
        series.points = Self.thinned(points, to: count) { $0.y }
        if band.count > count {
            series.band = Self.kept(of: band.count, atMost: count) { [band] stretch in
                [stretch.min { band[$0].lower < band[$1].lower }, stretch.max { band[$0].upper < band[$1].upper }]
            }.map { band[$0] }
        }
        series.marks = Self.even(marks, count)
        return series
    }

    static func thinned(_ points: [Point], to count: Int, by value: (Point) -> Double) -> [Point] {
        guard points.count > count else { return points }
        return kept(of: points.count, atMost: count) { stretch in
            let numbers = stretch.filter { !value(points[$0]).isNaN }
            // A gap stays a gap.
            let gap = numbers.count < stretch.count ? stretch.first { value(points[$0]).isNaN } : nil
            return [
                numbers.min { value(points[$0]) < value(points[$1]) },
                numbers.max { value(points[$0]) < value(points[$1]) }, gap,
            ]
        }.map { points[$0] }
    }

    /// So many of the items at even distances, the ends among them.
    static func even<Item>(_ items: [Item], _ count: Int) -> [Item] {
        guard items.count > count else { return items }
        guard count > 1 else { return Array(items.prefix(max(count, 0))) }
        return (0..<count).map { items[$0 * (items.count - 1) / (count - 1)] }
    }

    /// Places to keep, upward: the ends, and what is chosen (three at most) of each of the stretches between them.
    private static func kept(of total: Int, atMost count: Int, choose: (Range<Int>) -> [Int?]) -> [Int] {
        guard count >= 5 else { return even(Array(0..<total), count) }
        let stretches = (count - 2) / 3
        let inner = (0..<stretches).flatMap { stretch in
            let range = (1 + stretch * (total - 2) / stretches)..<(1 + (stretch + 1) * (total - 2) / stretches)
            return Set(choose(range).compactMap { $0 }).sorted()
        }
        return [0] + inner + [total - 1]
    }
}
