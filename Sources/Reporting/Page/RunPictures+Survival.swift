import Charts
import Experiments
import Recording
import Statistics

extension RunPictures {
    /// Success against each variable that is a number.
    var survival: [PagePicture] {
        let title = "Success against what varies"
        guard !report.run.experiment.isOfProcess else {
            return [.omitted(title: title, reason: "a process has no workflows to succeed")]
        }
        let variables = NumericVariable.all(in: variations)
        guard !variables.isEmpty else {
            return [.omitted(title: title, reason: "the experiment varies no number, such as the length of an outage")]
        }
        return variables.enumerated().map { survival(over: $1, "survival-\($0)") }
    }

    /// Panels of one figure.
    static let panelsMax = 6

    private func survival(over variable: NumericVariable, _ name: String) -> PagePicture {
        let title = "Success against \(variable.name)"
        let groups = variable.groups.filter { $0.places.count > 1 }
        if report.cells.allSatisfy({ $0.success.pooled.value == 1 }) {
            return .omitted(title: title, reason: "everything succeeded, everywhere")
        }
        let unit = run.experiment.isOfClients ? "operations" : "workflows"
        let charts = groups.prefix(Self.panelsMax).map { group in
            LineChart(
                title: group.rest.isEmpty ? title : "\(title), \(group.rest)",
                description: "The share of \(unit) that succeeded, by policy, with 95 % bands.",
                x: Self.axis(variable),
                y: Axis(title: "\(unit) that succeeded", unit: .percent, extent: Extent(0, 1)),
                series: drawnPolicies.map { survivalSeries($0, group) })
        }
        guard !charts.isEmpty else {
            return .omitted(title: title, reason: "no two variations differ in \(variable.name) alone")
        }
        var table = PageTable(
            title,
            [.words("policy"), .words("variation")]
                + ["trials", unit, "succeeded", "success", "95 % interval", "design effect"].map { .init($0) })
        for policy in policies {
            for cell in groups.flatMap(\.places).compactMap({ self.cell(policy, $0.variation) }) {
                let success = cell.success
                table.add([
                    .init(policy), .init(Self.spell(cell.variation)), .init("\(cell.trials.count)"),
                    .init(Numbers.plain(success.pooled.count)), .init(Numbers.plain(success.pooled.successes)),
                    .init(Numbers.percent(success.pooled.value)),
                    .init(Numbers.text(success.wilson(), Numbers.percent)),
                    .init(Numbers.decimal(success.designEffect, 1)),
                ])
            }
        }
        let shown = groups.flatMap(\.places).map(\.variation)
        let caption =
            [
                "The share of \(unit) that succeeded, by policy, with its 95 % band.",
                trialsText(report.cells.filter { shown.contains($0.variation) }),
            ] + (groups.count > charts.count ? ["\(groups.count - charts.count) more panels are left out."] : [])
            + omittedLines
        return drawn(
            name, title, charts: charts, caption: caption, words: [.success, .wilson, .seeds], table: table)
    }

    private func survivalSeries(_ policy: String, _ group: NumericVariable.Group) -> Series {
        let cells = group.places.compactMap { place in
            cell(policy, place.variation).map { (place: place, success: $0.success) }
        }.filter { $0.success.pooled.count > 0 }
        return Series(
            name: policy, colour: colour(policy),
            points: cells.map { place, success in
                let interval = Numbers.text(success.wilson(), Numbers.percent)
                return Point(
                    x: place.value, y: success.pooled.value,
                    note: "\(policy) at \(place.text): \(Numbers.percent(success.pooled.value)) \(interval), "
                        + "\(Numbers.plain(success.pooled.successes)) of \(Numbers.plain(success.pooled.count))")
            },
            band: cells.map { place, success in
                let interval = success.wilson()
                return BandPoint(x: place.value, lower: interval.lower, upper: interval.upper)
            })
    }
}
