import ArgumentParser
import Experiments

struct Validate: ParsableCommand {
    static let configuration = CommandConfiguration(abstract: "Checks experiment files without running them.")

    @Argument(help: ArgumentHelp("Experiment files.", valueName: "experiment"))
    var files: [String]

    func run() throws {
        for file in files {
            let experiment = try ExperimentFile.experiment(at: file)
            let cells = experiment.variations.count * experiment.policyNames.count
            let references = experiment.references.count * Experiment.referenceTrials
            let calm = references == 0 ? "" : ", and \(references) calm trials for reference"
            Terminal.result("\(file): valid; \(cells) cells of \(experiment.trials) trials\(calm)")
        }
    }
}
