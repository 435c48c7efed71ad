import Foundation

/// From the values of an axis to places on the paper.
struct Projection {
    private let extent: Extent
    private let isLogarithmic: Bool
    let start: Double
    let end: Double

    /// - Parameter extent: One that the axis found usable.
    init(_ axis: Axis, _ extent: Extent, from start: Double, to end: Double) {
        self.extent = axis.usable(extent)
        self.isLogarithmic = axis.isLogarithmic
        self.start = start
        self.end = end
    }

    /// The place of a value; of what is infinite, or has no logarithm, the edge. Never far off the paper.
    func callAsFunction(_ value: Double) -> Double {
        guard value.isFinite else { return value > 0 ? end : start }
        let part: Double
        if isLogarithmic {
            guard value > 0 else { return start }
            part = (log(value) - log(extent.lower)) / (log(extent.upper) - log(extent.lower))
        } else {
            part = (value - extent.lower) / (extent.upper - extent.lower)
        }
        return start + min(max(part, -4), 5) * (end - start)
    }

    /// The place, or the edge for what lies beyond it.
    func clamped(_ value: Double) -> Double {
        min(max(self(value), min(start, end)), max(start, end))
    }

    /// Whether a value lies beyond the edges, or would if it had ever come.
    func isBeyond(_ value: Double) -> Bool {
        guard value.isFinite, !isLogarithmic || value > 0 else { return true }
        return abs(clamped(value) - self(value)) > 0.05
    }
}
