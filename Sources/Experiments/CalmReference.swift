/// What calm trials of a workload came to, against which the others of it are judged.
///
/// It takes two: what differs between them differs by itself, and says nothing of a trial with faults.
package struct CalmReference: Hashable, Sendable {
    /// The facts of each trial, in the order of time.
    let trials: [[Observation]]

    /// - Returns: Nil for fewer than two trials.
    package init?(trials: [[Observation]]) {
        guard trials.count >= 2 else { return nil }
        self.trials = trials
    }
}
