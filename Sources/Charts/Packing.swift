/// Bars in as few rows as keep them apart: each goes to the first row that is free where it begins.
struct Packing {
    struct Item: Hashable {
        /// Its place in the lane.
        var index: Int
        var start: Double
        var end: Double
    }

    /// By their beginnings.
    let items: [Item]
    /// The row of each.
    let rows: [Int]
    /// How many rows there are.
    let count: Int

    init(_ items: [Item]) {
        self.items = items.sorted { ($0.start, $0.index) < ($1.start, $1.index) }
        var free: [Double] = []
        // What overlaps by less than half a pixel stands end to end.
        rows = self.items.map { item in
            let row = free.firstIndex { $0 <= item.start + 0.5 } ?? free.count
            if row == free.count { free.append(item.end) } else { free[row] = item.end }
            return row
        }
        count = free.count
    }
}
