package import Experiments
import Synchronization

/// The calm trials of processes in one run, against which its other trials are judged.
package final class ReferenceShelf: Sendable {
    /// What a trial is judged against.
    struct Entry: Sendable {
        /// Nil where there is none.
        var reference: CalmReference?
        /// Why there is none.
        var missing = ""
    }

    private let trials = Mutex<[(variation: Experiment.Variation, record: TrialRecord)]>([])

    package init() {}

    /// Keeps a finished trial, if it is one of those; also one from an archive, of a run that is gone on with.
    package func keep(_ record: TrialRecord, of spec: TrialSpec) {
        guard spec.isReference else { return }
        trials.withLock { $0.append((spec.variation, record)) }
    }

    /// The calm trials of a variation that there are.
    func records(for variation: Experiment.Variation) -> [TrialRecord] {
        trials.withLock { $0.filter { variation.isOnceCalm($0.variation) }.map(\.record) }
    }

    /// What a trial is judged against; nothing where a calm trial is not a pass, since then nothing shows what is right.
    func entry(for spec: TrialSpec) -> Entry {
        if spec.isReference || spec.variation.process == nil { return Entry() }
        let records = records(for: spec.variation)
        if let bad = records.first(where: { $0.outcome != .pass }) {
            let reason = bad.reason.isEmpty ? "" : ": \(bad.reason)"
            return Entry(missing: "the calm trial \(bad.number) came to \(bad.outcome.rawValue)\(reason)")
        }
        guard let reference = CalmReference(records: records) else {
            return Entry(missing: "there are \(records.count) calm trials, and it takes two")
        }
        return Entry(reference: reference)
    }
}
