/// The value of one kind of fault: what a rule writes under the kind's name.
package protocol FaultParameters: Hashable, Sendable, Codable {
    static var kind: Fault.Kind { get }
    static var page: FaultPage { get }

    /// The fault with these parameters.
    var fault: Fault { get }

    /// Says what makes no sense; keys are as in the rule, `latency.fixed`.
    func reportProblems(_ report: ProblemReport)
}

extension FaultParameters {
    package func reportProblems(_ report: ProblemReport) {}
}

package typealias ProblemReport = (_ key: String, _ message: String) -> Void

/// What there is to know about a kind of fault: what `boreas faults NAME` prints.
package struct FaultPage: Hashable, Sendable {
    package var validity: Fault.Validity
    /// In one line.
    package var summary: String
    /// What it does, in as many sentences as that takes.
    package var effect: String
    package var parameters: [Parameter]
    /// What a healthy controller shows under it.
    package var healthy: String
    /// What a broken one shows.
    package var broken: String
    /// What else it may disturb.
    package var disturbs: String
    /// A rule, in YAML.
    package var example: String

    package struct Parameter: Hashable, Sendable {
        package var name: String
        /// The type with its unit and bounds: `duration, above 0`.
        package var bounds: String
        package var meaning: String

        package init(_ name: String, _ bounds: String, _ meaning: String) {
            self.name = name
            self.bounds = bounds
            self.meaning = meaning
        }
    }

    package init(
        _ validity: Fault.Validity, _ summary: String, effect: String, parameters: [Parameter] = [], healthy: String,
        broken: String, disturbs: String, example: String
    ) {
        self.validity = validity
        self.summary = summary
        self.effect = effect
        self.parameters = parameters
        self.healthy = healthy
        self.broken = broken
        self.disturbs = disturbs
        self.example = example
    }
}
