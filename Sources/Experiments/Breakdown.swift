/// A part of what a metric counts: the requests of one path, say.
package struct Breakdown: Hashable, Sendable, CustomStringConvertible {
    package enum Dimension: String, Hashable, Sendable, CaseIterable {
        /// Verb and resource of the request itself: `create pods`, `update workflows/status`.
        case kind
        /// The place in the subject that wanted it: `agentPodCreate`, say.
        case path
        /// Who waited before the request: `call`, `transport`, …; `first` for one that nobody had waited for.
        case layer
        /// The phase in which it began.
        case phase
        case invariant
    }

    package var dimension: Dimension
    package var value: String

    package init(_ dimension: Dimension, _ value: String) {
        self.dimension = dimension
        self.value = value
    }

    /// Parses `path=cronCreate`; nil for anything else.
    package init?(parsing text: String) {
        guard let sign = text.firstIndex(of: "="), let dimension = Dimension(rawValue: String(text[..<sign])) else {
            return nil
        }
        let value = text[text.index(after: sign)...]
        guard !value.isEmpty else { return nil }
        self.init(dimension, String(value))
    }

    /// The layer of an attempt that nobody had waited for.
    package static let firstAttempt = "first"

    package var description: String { "\(dimension.rawValue)=\(value)" }
}

extension Breakdown: Comparable {
    package static func < (left: Breakdown, right: Breakdown) -> Bool {
        (left.dimension.rawValue, left.value) < (right.dimension.rawValue, right.value)
    }
}
