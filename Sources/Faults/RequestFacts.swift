/// What rules may ask of a request beside its identity.
package struct RequestFacts: Hashable, Sendable {
    /// The header User-Agent.
    package var userAgent: String
    /// Of the object in the body.
    package var labels: [String: String]

    package init(userAgent: String = "", labels: [String: String] = [:]) {
        self.userAgent = userAgent
        self.labels = labels
    }

    package static let none = RequestFacts()
}
