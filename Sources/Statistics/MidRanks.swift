/// The ranks of a sample, doubled so that those of ties are whole.
struct MidRanks {
    var doubled: [Int]
    /// Σ(t³ − t) over groups of ties.
    var tieSum = 0.0

    init(_ values: [Double]) {
        precondition(!values.contains { $0.isNaN }, "values that can be ordered are wanted (one is not a number)")
        doubled = Array(repeating: 0, count: values.count)
        let order = values.indices.sorted { values[$0] < values[$1] }
        var start = 0
        while start < order.count {
            var end = start + 1
            while end < order.count, values[order[end]] == values[order[start]] { end += 1 }
            for index in order[start..<end] { doubled[index] = start + 1 + end }
            let ties = Double(end - start)
            tieSum += ties * ties * ties - ties
            start = end
        }
    }
}
