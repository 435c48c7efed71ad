import Experiments
import Faults
import Harness
import Kubernetes
import Recording

/// The experiment that tries what calm trials suggest, plan by plan.
struct Sweep {
    /// Trials without faults, and what they were trials of.
    struct Calm: Sendable {
        var variation: Experiment.Variation
        var trials: [TrialRecord]
    }

    let proposals: PlanProposals
    private let experiment: Experiment
    private let run: RunRecord
    private let calm: Calm

    init(_ run: RunRecord, _ calm: Calm) {
        self.run = run
        self.calm = calm
        let isSimulated = run.world == WorldKind.simulated.rawValue
        proposals = PlanProposals(
            calm: calm.trials, changes: calm.variation.changes,
            isPossible: { kind in isSimulated ? !kind.needsSockets : !kind.needsSimulation })
        var experiment = run.experiment.narrowed(to: calm.variation)
        experiment.variations[0].plan.rules = []
        experiment.expectations = []
        experiment.seed = run.seed
        experiment.firstTrial = 1
        self.experiment = experiment
    }

    /// `r1/1 and r1/2`.
    var origin: String {
        calm.trials.map { "\(run.identifier)/\($0.number)" }.joined(separator: " and ")
    }

    /// `; left out: 2 that changed nothing, 1 refused by the server`; empty where nothing was.
    var prunedText: String {
        let parts = proposals.pruned.map { "\($0.count) \($0.cause.rawValue)" }
        return parts.isEmpty ? "" : "; left out: \(parts.joined(separator: ", "))"
    }

    private var plans: [ExperimentText.NamedPlan] {
        let proposed = proposals.proposals.map { proposal in
            ExperimentText.NamedPlan(name: proposal.name, rules: [proposal.rule], comment: proposal.reason)
        }
        // A process has calm trials by itself; of others they are what the rest is to be looked at beside.
        guard calm.variation.process == nil else { return proposed }
        let calm = ExperimentText.NamedPlan(name: "calm", rules: [], comment: "Nothing goes wrong.")
        return [calm] + proposed
    }

    /// - Parameter comment: The file's name, for the command in its head.
    func yaml(comment file: String) throws -> String {
        let world =
            switch WorldKind(rawValue: run.world) {
            case .embedded: ""
            case .cluster: " --world cluster --context NAME"
            default: " --world \(run.world)"
            }
        let trials = calm.trials.count > 1 ? "trials" : "trial"
        return try ExperimentText(experiment, plans: plans).text(comment: [
            "Proposed from the calm \(trials) \(origin) of \(run.experiment.name).",
            prunedText.isEmpty ? "Nothing was left out." : "Left out: \(prunedText.dropFirst("; left out: ".count)).",
            "",
            "  boreas run \(file)\(world)",
        ])
    }

    func json() throws -> String { try ExperimentText(experiment, plans: plans).document().json.text + "\n" }
}
