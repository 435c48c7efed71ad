/// A stretch of an axis that is set apart, such as the storm.
package struct Shade: Hashable, Sendable {
    package var from: Double
    package var to: Double
    package var label: String

    package init(from: Double, to: Double, label: String) {
        self.from = from
        self.to = to
        self.label = label
    }
}
