/// One axis of a picture with what it shows.
struct Side {
    var axis: Axis
    var extent: Extent
    /// Only whole numbers are measured along it.
    var isWhole = false

    init(axis: Axis, extent: Extent, isWhole: Bool = false) {
        self.axis = axis
        self.extent = axis.usable(extent)
        self.isWhole = isWhole
    }
}
