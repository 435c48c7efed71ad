import Determinism

extension Invariant {
    /// Operations of clients that had not ended when the trial did.
    func lateOperations(_ history: History) -> [Violation] {
        guard let calls = history.calls, let unfinished = calls.unfinished, unfinished > 0 else { return [] }
        return [
            Violation(
                self, "clients", at: history.ended,
                evidence: "had \(unfinished) of \(calls.operations) operations still going on at the end")
        ]
    }

    /// Metastable failure: the cause is gone, and the effect stays (Bronson et al., HotOS 2021).
    func persistentCollapse(_ history: History) -> [Violation] {
        guard let after = history.calls?.aftermath, Double(after.succeeded) < 0.5 * after.wanted else { return [] }
        return [
            Violation(
                self, "clients", at: history.ended,
                evidence: "brought \(after.succeeded) operations through in the last \(after.window.text), and wanted "
                    + "\(Int(after.wanted.rounded())), although the server had been whole for \(after.clear.text)")
        ]
    }
}
