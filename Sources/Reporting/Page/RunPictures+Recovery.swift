import Charts
import Experiments
import Recording
import Statistics

extension RunPictures {
    /// Who has recovered how long after the storm.
    var recovery: PagePicture {
        let title = "Recovery after the storm"
        let samples = policies.compactMap { policy -> (policy: String, curve: KaplanMeier)? in
            guard let cell = cell(policy, evidence.focus) else { return nil }
            let values = cell.trials.flatMap { trial in
                trial.samples(.recovery).map { (time: $0.value, isCensored: $0.isCensored) }
            }
            return values.isEmpty ? nil : (policy, KaplanMeier(SurvivalSample(values)))
        }
        guard !samples.isEmpty else {
            return .omitted(title: title, reason: "no trial tells when it had recovered (the metric recovery)")
        }
        let end = samples.flatMap { $0.curve.steps.map(\.time) }.max() ?? 1
        let chart = LineChart(
            title: title, description: "The share of trials that had not recovered yet, by policy.",
            x: Axis(title: "since the storm's end", unit: .seconds),
            y: Axis(title: "not recovered yet", unit: .percent, extent: Extent(0, 1)),
            series: samples.prefix(Self.linesMax).map { curve($0.curve, $0.policy, until: end) })
        var table = PageTable(
            "\(title)\(inFocus)",
            [.words("policy")]
                + ["trials", "recovered", "never while watched", "median", "95 % interval of it"].map { .init($0) })
        for (policy, curve) in samples {
            let recovered = curve.steps.reduce(0) { $0 + $1.events }
            table.add([
                .init(policy), .init("\(curve.count)"), .init("\(recovered)"), .init("\(curve.count - recovered)"),
                .init(curve.median.map(Numbers.seconds) ?? "never"),
                .init(Numbers.text(curve.medianInterval(), Numbers.seconds)),
            ])
        }
        return drawn(
            "recovery", title + inFocus, chart,
            caption: [
                "The share of trials that had not recovered yet; ticks: trials in which nobody looked any longer.",
                trialsText(report.cells.filter { $0.variation == evidence.focus }),
            ] + (samples.count > Self.linesMax ? omittedLines : []), words: [.survival, .seeds], table: table)
    }

    private func curve(_ curve: KaplanMeier, _ policy: String, until end: Double) -> Series {
        var points = [Point(x: 0, y: 1, note: "\(policy): all \(curve.count) trials at the storm's end")]
        var marks: [Point] = []
        for step in curve.steps {
            let share = Numbers.percent(step.survival)
            points.append(
                Point(
                    x: step.time, y: step.survival,
                    note:
                        "\(policy), after \(Numbers.seconds(step.time)): \(share) not recovered, \(step.atRisk) at risk"
                ))
            if step.censored > 0 {
                marks.append(
                    Point(
                        x: step.time, y: step.survival,
                        note: "\(policy): \(Numbers.count(step.censored, "trial")) watched no longer than "
                            + Numbers.seconds(step.time)))
            }
        }
        if let last = points.last, last.x < end {
            points.append(
                Point(x: end, y: last.y, note: "\(policy): \(Numbers.percent(last.y)) not recovered in the end"))
        }
        return Series(name: policy, colour: colour(policy), points: points, style: .step, marks: marks)
    }
}
