/// What is measured: the name that a scrape shows, what it is about, and how it is told apart by labels.
package struct Metric: Hashable, Sendable {
    package enum Kind: Hashable, Sendable {
        /// Only grows.
        case counter
        case gauge
        /// Counts values up to each of these bounds, which ascend; the last, +Inf, goes without saying.
        case histogram([Double])

        var name: String {
            switch self {
            case .counter: "counter"
            case .gauge: "gauge"
            case .histogram: "histogram"
            }
        }
    }

    /// Without the prefix.
    package var name: String
    package var help: String
    package var kind: Kind
    /// Names of labels; values are given in this order.
    package var labels: [String]

    package init(_ name: String, _ help: String, _ kind: Kind, labels: [String] = []) {
        if case .histogram(let bounds) = kind {
            precondition(zip(bounds, bounds.dropFirst()).allSatisfy(<), "bounds ascend (are \(bounds))")
        }
        self.name = name
        self.help = help
        self.kind = kind
        self.labels = labels
    }
}
