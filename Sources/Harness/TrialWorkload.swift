import Determinism
import Experiments
import Foundation
import Kubernetes

/// The workflows of a trial, submitted at their times beside the fault path.
struct TrialWorkload {
    struct Arrival: Hashable, Sendable {
        var at: Duration
        var workflow: Workflow
    }

    /// In the order of their times.
    let arrivals: [Arrival]

    /// - Parameters:
    ///   - instanceID: Keeps every other controller of the cluster away from the workflows.
    ///   - schedulerName: Leaves the pods to the trial's own node, whatever scheduler the cluster has.
    ///   - variables: Stand in manifests as `$(name)`.
    init(
        _ loads: [Experiment.Load], namespace: String, instanceID: String, runID: String, schedulerName: String,
        variables: [String: String]
    ) throws {
        var arrivals: [Arrival] = []
        for (loadIndex, load) in loads.enumerated() {
            let text = variables.sorted { $0.key < $1.key }.reduce(load.manifest) { text, variable in
                text.replacingOccurrences(of: "$(\(variable.key))", with: variable.value)
            }
            let json: JSONValue
            do {
                json = try JSONValue(parsing: Array(text.utf8))
            } catch {
                throw HarnessError(.unavailable, "workload \(loadIndex + 1) is not a manifest: \(error)")
            }
            guard let object = json.object, object["kind"]?.string == Workflow.resource.kind else {
                throw HarnessError(
                    .unavailable, "workload \(loadIndex + 1) is no Workflow; give it one by file or inline")
            }
            let template = Workflow(json: object)
            for index in 0..<load.count {
                var workflow = template
                // Names that do not differ from trial to trial: fault decisions depend on them.
                let base = template.metadata.generateName ?? "\(template.metadata.name)-"
                workflow.metadata.generateName = nil
                workflow.metadata.name = "\(base)\(loadIndex + 1)-\(Self.padded(index + 1))"
                workflow.metadata.namespace = namespace
                workflow.metadata.labels.merge(
                    ["workflows.argoproj.io/controller-instanceid": instanceID, Ground.runLabel: runID],
                    uniquingKeysWith: { _, new in new })
                workflow.json["spec", "schedulerName"] = .string(schedulerName)
                arrivals.append(Arrival(at: load.every * index, workflow: workflow))
            }
        }
        self.arrivals = arrivals.enumerated()
            .sorted { ($0.element.at, $0.offset) < ($1.element.at, $1.offset) }
            .map(\.element)
    }

    private static func padded(_ number: Int) -> String {
        let text = String(number)
        return String(repeating: "0", count: max(0, 4 - text.count)) + text
    }
}
