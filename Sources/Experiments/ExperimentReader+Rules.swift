package import Faults

extension ExperimentReader {
    /// One rule by itself, as it stands in a list of `faults`. Whether it makes sense beside others is for
    /// `Plan.problems()` to say.
    ///
    /// - Throws: ``ExperimentError``.
    package func rule(from root: DocumentNode) throws(ExperimentError) -> Rule {
        guard root.members != nil else {
            throw error("a rule is wanted here, a mapping with a name and a fault, and this is \(root.typeName)", root)
        }
        return try decoder.decode(Rule.self, from: root)
    }
}
