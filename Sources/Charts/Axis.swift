/// What one direction of a chart measures.
package struct Axis: Hashable, Sendable {
    package enum Scale: Hashable, Sendable { case linear, logarithmic }

    /// How values are written.
    package enum Unit: Hashable, Sendable, CaseIterable {
        case plain
        /// Fractions of one: 0.95 is written 95 %.
        case percent
        /// 0.05 is written 50 ms, 90 is written 1.5 min.
        case seconds
        /// 2 is written 2×.
        case ratio
    }

    package var title: String
    package var scale: Scale
    package var unit: Unit
    /// What to show; nil for what the values need, rounded outward to ticks.
    package var extent: Extent?

    package init(title: String, scale: Scale = .linear, unit: Unit = .plain, extent: Extent? = nil) {
        self.title = title
        self.scale = scale
        self.unit = unit
        self.extent = extent
    }
}
