/// Holm's step-down adjustment of a family of p-values (Scand. J. Statist. 6, 1979), in the order given.
package func holmAdjusted(_ p: [Double]) -> [Double] {
    var adjusted = p
    var running = 0.0
    for (position, index) in p.indices.sorted(by: { p[$0] < p[$1] }).enumerated() {
        running = max(running, min(1, Double(p.count - position) * p[index]))
        adjusted[index] = running
    }
    return adjusted
}

/// Benjamini and Hochberg's adjustment for the false discovery rate (J. R. Statist. Soc. B 57, 1995), in the order
/// given: for sweeps that explore.
package func benjaminiHochbergAdjusted(_ p: [Double]) -> [Double] {
    var adjusted = p
    var running = 1.0
    for (position, index) in p.indices.sorted(by: { p[$0] < p[$1] }).enumerated().reversed() {
        running = min(running, Double(p.count) / Double(position + 1) * p[index])
        adjusted[index] = running
    }
    return adjusted
}
