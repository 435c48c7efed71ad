/// Times until something happened, or until nobody looked any more.
package struct SurvivalSample: Hashable, Sendable {
    /// All that ended at one time.
    package struct Step: Hashable, Sendable {
        package var time: Double
        /// How many had neither happened nor been censored before.
        package var atRisk: Int
        /// How many happened.
        package var events: Int
        /// How many were looked at no longer; they were at risk until after the events of the same time.
        package var censored: Int
    }

    /// By time.
    package let steps: [Step]
    /// How many there were at first.
    package let count: Int

    package init(_ values: [(time: Double, isCensored: Bool)]) {
        precondition(!values.contains { $0.time.isNaN }, "times are wanted (one is not a number)")
        var steps: [Step] = []
        var atRisk = values.count
        for value in values.sorted(by: { $0.time < $1.time }) {
            if steps.last?.time != value.time {
                if let last = steps.last { atRisk -= last.events + last.censored }
                steps.append(Step(time: value.time, atRisk: atRisk, events: 0, censored: 0))
            }
            if value.isCensored {
                steps[steps.count - 1].censored += 1
            } else {
                steps[steps.count - 1].events += 1
            }
        }
        self.steps = steps
        count = values.count
    }

    /// How many happened.
    package var events: Int { steps.reduce(0) { $0 + $1.events } }

    /// How many were looked at no longer.
    package var censored: Int { count - events }
}
