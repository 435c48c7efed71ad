import Charts
import Determinism
import Experiments
import Recording
import Resilience
import Statistics

/// Draws one run.
struct RunPictures {
    let evidence: RunEvidence
    /// Before every id of the run.
    let prefix: String

    var run: RunRecord { evidence.run }
    var report: RunReport { evidence.report }

    /// Those with trials, in the order of the file.
    var policies: [String] {
        run.experiment.policyNames.filter { policy in
            report.cells.contains { $0.policy == policy && !$0.trials.isEmpty }
        }
    }

    /// Those with trials, in the order of the file.
    var variations: [String] {
        run.experiment.variations.map(\.name).filter { name in
            report.cells.contains { $0.variation == name && !$0.trials.isEmpty }
        }
    }

    func colour(_ policy: String) -> Int { evidence.colour(policy) }

    func cell(_ policy: String, _ variation: String) -> CellSummary? {
        report.cells.first { $0.policy == policy && $0.variation == variation && !$0.trials.isEmpty }
    }

    /// Those that one chart has lines for.
    var drawnPolicies: [String] { Array(policies.prefix(Self.linesMax)) }

    /// A chart of more lines is a carpet.
    static let linesMax = 8

    /// Says which policies a chart has no lines for.
    var omittedLines: [String] {
        let omitted = policies.dropFirst(Self.linesMax)
        return omitted.isEmpty ? [] : ["The table has \(omitted.joined(separator: ", ")), too."]
    }

    /// ` at clients=100`, or nothing where nothing varies.
    var inFocus: String { Self.at(evidence.focus) }
    var inDetail: String { Self.at(evidence.detailed) }

    static func at(_ variation: String) -> String { variation.isEmpty ? "" : " at \(spell(variation))" }

    static func spell(_ variation: String) -> String { variation.split(separator: ",").joined(separator: ", ") }

    /// How many trials a cell has, and which.
    func trialsText(_ cells: [CellSummary]) -> String {
        let counts = cells.map(\.trials.count)
        guard let least = counts.min(), let most = counts.max() else { return "" }
        let n = least == most ? "\(least)" : "\(least) to \(most)"
        let indices = cells.flatMap { $0.trials.map(\.key.index) }
        let range =
            indices.min().flatMap { first in
                indices.max().map { first == $0 ? "index \(first)" : "indices \(first) to \($0)" }
            } ?? ""
        return "\(n) \(most == 1 ? "trial" : "trials") a cell (\(range) of seed \(run.seed))."
    }

    var all: [PagePicture] {
        survival + [completions, load] + contention + [waits, recovery, timeline]
    }

    func drawn(
        _ name: String, _ title: String, _ chart: some Chart, caption: [String], words: [PageWord],
        table: PageTable? = nil
    ) -> PagePicture {
        let id = "\(prefix)-\(name)"
        return .drawn(
            PageFigure(
                id: id, title: title, chart: chart.html(id: "\(id)-chart"), caption: caption, words: words, table: table
            ))
    }

    /// Charts with the same axes, side by side where there is room; one by itself is drawn large.
    func drawn(
        _ name: String, _ title: String, charts: [LineChart], caption: [String], words: [PageWord],
        table: PageTable? = nil
    ) -> PagePicture {
        guard charts.count > 1 else {
            guard let only = charts.first else { return .omitted(title: title, reason: "there is nothing to draw") }
            let full = title.contains(only.title) || only.title.contains(title) ? title : "\(title): \(only.title)"
            return drawn(name, full, only, caption: caption, words: words, table: table)
        }
        let id = "\(prefix)-\(name)"
        let multiples = SmallMultiples(charts)
        return .drawn(
            PageFigure(
                id: id, title: title, chart: multiples.html(id: "\(id)-chart"), caption: caption, words: words,
                table: table))
    }

    static func axis(_ variable: NumericVariable) -> Axis {
        Axis(
            title: variable.name, scale: variable.spansDecades ? .logarithmic : .linear,
            unit: variable.unit == .seconds ? .seconds : .plain)
    }
}
