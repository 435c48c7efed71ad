package import Faults
package import Kubernetes

/// Reads and writes rules as plan files hold them. The proxy itself knows neither YAML nor places in a text.
package struct PlanFormat: Sendable {
    /// A rule as somebody has written it.
    package struct Draft: Sendable {
        package var rule: Rule
        /// Where it stands in the text, `body:1:1`, for the words of problems.
        package var place: String

        package init(rule: Rule, place: String) {
            self.rule = rule
            self.place = place
        }
    }

    /// Throws what says, as text, where the rule is wrong and how to mend it.
    package var readRule: @Sendable (String) throws -> Draft
    /// Throws what says, as text, where the plan is wrong and how to mend it.
    package var readPlan: @Sendable (String) throws -> Plan
    /// The rule as a member of a plan's list.
    package var write: @Sendable (Rule) -> JSONValue
    /// The whole file.
    package var writePlan: @Sendable (Plan) -> JSONValue

    package init(
        readRule: @escaping @Sendable (String) throws -> Draft, readPlan: @escaping @Sendable (String) throws -> Plan,
        write: @escaping @Sendable (Rule) -> JSONValue, writePlan: @escaping @Sendable (Plan) -> JSONValue
    ) {
        self.readRule = readRule
        self.readPlan = readPlan
        self.write = write
        self.writePlan = writePlan
    }
}
