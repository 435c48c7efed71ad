import Determinism
import Experiments
import Kubernetes

/// The workflows of a trial, submitted at their times beside the fault path.
struct TrialWorkload {
    struct Arrival: Hashable, Sendable {
        var at: Duration
        var workflow: Workflow
    }

    /// In the order of their times.
    let arrivals: [Arrival]

    /// - Parameter seed: The trial's.
    init(_ loads: [Experiment.Load], seed: UInt64, _ stamp: WorkloadStamp) throws {
        var arrivals: [Arrival] = []
        for (loadIndex, load) in loads.enumerated() {
            let object = try stamp.object(load.manifest, what: "workload \(loadIndex + 1)")
            guard object["kind"]?.string == Workflow.resource.kind else {
                throw HarnessError(
                    .unavailable, "workload \(loadIndex + 1) is no Workflow; give it one by file or inline")
            }
            let names = load.workflowNames(load: loadIndex + 1)
            for (name, at) in zip(names, load.times(load: loadIndex + 1, seed: seed)) {
                var workflow = Workflow(json: object)
                workflow.metadata.generateName = nil
                workflow.metadata.name = name
                arrivals.append(Arrival(at: at, workflow: workflow))
            }
        }
        self.arrivals = arrivals.enumerated()
            .sorted { ($0.element.at, $0.offset) < ($1.element.at, $1.offset) }
            .map(\.element)
    }
}
