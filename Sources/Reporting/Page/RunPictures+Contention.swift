import Charts
import Experiments
import Recording
import Statistics

extension RunPictures {
    /// Work and time against each variable that is a number: what a policy costs as it gets crowded.
    var contention: [PagePicture] {
        let variables = NumericVariable.all(in: variations)
        guard !variables.isEmpty else {
            return [
                .omitted(
                    title: "Amplification against what varies",
                    reason: "the experiment varies no number, such as how many clients there are")
            ]
        }
        return variables.enumerated().flatMap { index, variable in
            Cost.all(of: report).map { cost(of: $0, over: variable, "cost-\(index)-\($0.name)") }
        }
    }

    private func cost(of cost: Cost, over variable: NumericVariable, _ name: String) -> PagePicture {
        let title = "\(cost.title) against \(variable.name)"
        let groups = variable.groups.filter { $0.places.count > 1 }
        let charts = groups.prefix(Self.panelsMax).map { group in
            LineChart(
                title: group.rest.isEmpty ? title : "\(title), \(group.rest)",
                description: "\(cost.meaning), by policy, with 95 % bands.", x: Self.axis(variable),
                y: Axis(title: cost.axis, scale: cost.isTime ? .logarithmic : .linear, unit: cost.unit),
                series: drawnPolicies.map { costSeries($0, cost, group) })
        }
        guard !charts.isEmpty else {
            return .omitted(title: title, reason: "no two variations differ in \(variable.name) alone")
        }
        var table = PageTable(
            title, [.words("policy"), .words("variation")] + ["n", cost.axis, "95 % interval"].map { .init($0) })
        for policy in policies {
            for place in groups.flatMap(\.places) {
                guard let cell = cell(policy, place.variation), let estimate = cost.estimate(cell) else { continue }
                table.add([
                    .init(policy), .init(Self.spell(place.variation)), .init("\(estimate.n)"),
                    .init(cost.spell(estimate.value)), .init(Numbers.text(estimate.interval, cost.spell)),
                ])
            }
        }
        let shown = groups.flatMap(\.places).map(\.variation)
        let caption =
            [
                "\(cost.meaning), by policy, with its 95 % band.",
                trialsText(report.cells.filter { shown.contains($0.variation) }),
            ] + (groups.count > charts.count ? ["\(groups.count - charts.count) more panels are left out."] : [])
            + omittedLines
        return drawn(name, title, charts: charts, caption: caption, words: cost.words + [.seeds], table: table)
    }

    private func costSeries(_ policy: String, _ cost: Cost, _ group: NumericVariable.Group) -> Series {
        let found = group.places.compactMap { place in
            cell(policy, place.variation).flatMap { cost.estimate($0) }.map { (place: place, estimate: $0) }
        }
        return Series(
            name: policy, colour: colour(policy),
            points: found.map { place, estimate in
                Point(
                    x: place.value, y: estimate.value,
                    note: "\(policy) at \(place.text): \(cost.spell(estimate.value)) "
                        + "\(Numbers.text(estimate.interval, cost.spell)), n=\(estimate.n)")
            },
            band: found.compactMap { place, estimate in
                let interval = estimate.interval
                guard interval.lower.isFinite, interval.upper.isFinite, estimate.value.isFinite else { return nil }
                // Nothing costs less than nothing, and a logarithm has no room for nothing.
                let floor = cost.isTime ? estimate.value / 10 : 0
                return BandPoint(x: place.value, lower: max(floor, interval.lower), upper: interval.upper)
            })
    }
}

/// What a policy costs: one number of a cell.
private struct Cost {
    var name: String
    var title: String
    var axis: String
    var meaning: String
    var measure: Measure
    var words: [PageWord]

    var isTime: Bool { measure.metric.unit == .seconds }

    var unit: Axis.Unit {
        switch measure.metric.unit {
        case .seconds: .seconds
        case .ratio: .ratio
        case .share: .percent
        case .count, .perSecond: .plain
        }
    }

    struct Estimate {
        var value: Double
        var interval: Interval
        var n: Int
    }

    func spell(_ value: Double) -> String { Numbers.text(value, of: measure.metric) }

    func estimate(_ cell: CellSummary) -> Estimate? {
        if let quantile = measure.quantile {
            let sample = TrialQuantile(cell.trials.map { CellSummary.values(measure, $0) })
            return sample.value(quantile).map {
                Estimate(value: $0, interval: sample.interval(quantile), n: sample.count)
            }
        }
        let ratio = cell.ratio(measure)
        return ratio.value.isNaN ? nil : Estimate(value: ratio.value, interval: ratio.interval(), n: ratio.count)
    }

    /// Those that the run has values of.
    static func all(of report: RunReport) -> [Cost] {
        let isOfClients = report.run.experiment.isOfClients
        let every = [
            Cost(
                name: "calls", title: "Calls", axis: "calls", meaning: "Requests that were sent in a trial",
                measure: Measure(.attempts), words: [.attempts, .student]),
            Cost(
                name: "makespan", title: "Time until all were done", axis: "time until the last is done",
                meaning: "Seconds until the last client had brought its writes through",
                measure: Measure(.makespan), words: [.student]),
            Cost(
                name: "completion", title: "Time to completion (p95)", axis: "p95 of completion",
                meaning:
                    "Seconds within which 95 % of all workflows had succeeded; open at the edge where fewer ever did",
                measure: Measure(.workflowCompletion, quantile: 0.95), words: [.completion, .orderStatistic]),
            Cost(
                name: "amplification", title: "Amplification", axis: "attempts an operation",
                meaning: "Attempts for each operation", measure: Measure(.amplification),
                words: [.amplification, .student]),
        ]
        return every.filter { cost in
            guard cost.measure.metric != .workflowCompletion || !isOfClients else { return false }
            return report.cells.contains { cell in cost.estimate(cell).map { $0.value.isFinite } ?? false }
        }
    }
}
