import Experiments
import Recording

extension RunChapter {
    /// Commands that make the run again, and look further into it.
    var again: [PageBlock] {
        var text = "To make it again, and to look further. The archive keeps the experiment and not where its file is: "
        text += "\(file) stands for it"
        if isInCluster { text += ", and CONTEXT for the kubeconfig's context of the cluster" }
        if isOpen { text += ", and BASELINE for the run or the file that it is held against" }
        return [
            .paragraph("\(text)."),
            .commands(
                [run(of: file), "boreas show \(reference)\(judge)", "boreas gate \(reference)\(judge)"] + compare),
        ]
    }

    private var file: String { "\(run.experiment.name).yaml" }
    private var isInCluster: Bool { run.world == "cluster" }

    /// Whether the gate holds the run against a baseline that the report does not know.
    private var isOpen: Bool { isJudgedByBaseline && evidence.baseline?.evidence == nil }
    private var isJudgedByBaseline: Bool { run.experiment.gate.contains { $0.baseline == .stored } }

    private func run(of file: String) -> String {
        let experiment = run.experiment
        var words = ["boreas", "run", file, "--world", run.world]
        if isInCluster { words += ["--context", "CONTEXT"] }
        // What the file chooses is not known; a process has no policy to choose.
        if !experiment.isOfProcess { words += ["--policy", experiment.policyNames.joined(separator: ",")] }
        words += ["--seed", "\(run.seed)", "--trials", "\(trialsPerCell)"]
        if experiment.isSwarm { words.append("--swarm") }
        if !run.label.isEmpty { words += ["--label", run.label] }
        return words.map(Self.quoted).joined(separator: " ") + judge
    }

    /// What a gate is to hold the run against.
    private var judge: String {
        guard isJudgedByBaseline else { return "" }
        return " --baseline " + (isOpen ? "BASELINE" : evidence.baseline.map { Self.quoted($0.name) } ?? "")
    }

    private var compare: [String] {
        guard let comparison = evidence.comparison else { return [] }
        let name = evidence.baseline?.name ?? comparison.baseline
        return ["boreas compare \(reference) --baseline \(Self.quoted(name))"]
    }

    private var trialsPerCell: Int {
        let experiment = run.experiment
        let calm = experiment.references.reduce(0) { $0 + $1.policies.count } * Experiment.referenceTrials
        let cells = experiment.variations.reduce(0) { $0 + $1.policies.count }
        return max(1, (run.trialsPlanned - calm) / max(1, cells))
    }

    /// As a shell takes it for one word.
    static func quoted(_ word: String) -> String {
        let isPlain = word.allSatisfy { character in
            character.isASCII && (character.isLetter || character.isNumber || "-_./,:=@+".contains(character))
        }
        return isPlain && !word.isEmpty ? word : "'" + word.replacing("'", with: #"'\''"#) + "'"
    }
}
