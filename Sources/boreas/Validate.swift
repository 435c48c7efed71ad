import ArgumentParser
import Experiments
import Faults

struct Validate: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Checks experiment files, plans for the proxy and thresholds of gates, without running them.")

    @Argument(help: ArgumentHelp("Files of kind Experiment, Plan or Thresholds.", valueName: "file"))
    var files: [String]

    func run() throws {
        for file in files {
            let kind = try YAMLDocument.node(file: file)["kind"]?.string
            if kind == "Thresholds" {
                let count = try ExperimentFile.thresholds(at: file).conditions.count
                Terminal.result("\(file): valid; a gate of \(count) \(count == 1 ? "condition" : "conditions")")
                continue
            }
            if kind == "Plan" {
                let rules = try ExperimentFile.plan(at: file).plan.rules.count
                Terminal.result("\(file): valid; a plan of \(rules) \(rules == 1 ? "rule" : "rules")")
                continue
            }
            let experiment = try ExperimentFile.experiment(at: file)
            let cells = experiment.variations.count * experiment.policyNames.count
            let references = experiment.references.count * Experiment.referenceTrials
            let calm = references == 0 ? "" : ", and \(references) calm trials for reference"
            Terminal.result("\(file): valid; \(cells) cells of \(experiment.trials) trials\(calm)")
        }
    }
}
