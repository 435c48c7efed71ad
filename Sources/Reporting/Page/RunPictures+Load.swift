import Charts
import Determinism
import Experiments
import Faults
import Recording

extension RunPictures {
    /// What was asked of the server in time, and what came of it.
    var load: PagePicture {
        let title = "Attempts over time"
        let told = evidence.loads.filter { !$0.bins.isEmpty }
        guard !told.isEmpty else {
            return .omitted(title: title, reason: "the archive keeps no attempts of these trials")
        }
        let shades = shades(of: told)
        let panels = policies.compactMap { policy in
            Panel(policy: policy, loads: told.filter { $0.trial.key.policy == policy }, width: evidence.loadWidth)
        }
        let charts = panels.prefix(Self.loadPanels).map { panel in
            LineChart(
                title: panel.policy,
                description: "Attempts and operations that succeeded, a second, in the course of a trial.",
                x: Axis(title: "time", unit: .seconds), y: Axis(title: "a second"),
                series: [
                    panel.series("attempts", colour(panel.policy), .line, panel.attempts),
                    panel.series("operations succeeded", colour(panel.policy), .dashed, panel.succeeded),
                ], shades: shades)
        }
        var table = PageTable(
            "\(title)\(inDetail): a second, mean of the trials, by phase",
            [
                .words("policy"), .init("trials"), .words("phase"), .init("attempts"), .init("busiest"),
                .init("succeeded"),
            ])
        for panel in panels {
            for (phase, from, to) in spans(of: told) {
                guard let part = panel.part(from, to) else { continue }
                table.add([
                    .init(panel.policy), .init("\(panel.trials)"), .init(phase), .init(Numbers.plain(part.attempts)),
                    .init(Numbers.plain(part.busiest)), .init(Numbers.plain(part.succeeded)),
                ])
            }
        }
        let count = panels.map(\.trials).max() ?? 0
        var caption = [
            "Solid: attempts a second; dashed: operations that succeeded a second\(inDetail); the same axes everywhere.",
            "In spans of \(evidence.loadWidth.text), the mean of \(Numbers.count(count, "detailed trial")) a policy"
                + (shades.isEmpty ? "." : ", the storm shaded.") + " Watches count as attempts alone.",
        ]
        if panels.count > charts.count { caption.append("The table has \(panels.count - charts.count) more policies.") }
        return drawn(
            "load", title + inDetail, charts: Array(charts), caption: caption, words: [.attempts, .phases], table: table
        )
    }

    private static let loadPanels = 12

    private func spans(of loads: [TrialLoad]) -> [(String, Duration, Duration)] {
        let phases = loads.first { !$0.phases.isEmpty }?.phases ?? [:]
        let end = loads.map { evidence.loadWidth * $0.bins.count }.max() ?? .zero
        let begins = Phase.allCases.compactMap { phase in phases[phase].map { (phase.rawValue, $0) } }
        guard !begins.isEmpty else { return [("all", .zero, end)] }
        return begins.enumerated().map { index, begin in
            (begin.0, begin.1, index + 1 < begins.count ? begins[index + 1].1 : max(end, begin.1))
        }.filter { $0.1 < $0.2 }
    }

    private func shades(of loads: [TrialLoad]) -> [Shade] {
        spans(of: loads).filter { $0.0 == Phase.storm.rawValue }.map {
            Shade(from: $0.1.seconds, to: $0.2.seconds, label: "storm")
        }
    }
}

/// The mean of one policy's trials.
private struct Panel {
    let policy: String
    let trials: Int
    let width: Double
    /// A second, span by span.
    let attempts: [Double]
    let succeeded: [Double]

    init?(policy: String, loads: [TrialLoad], width: Duration) {
        guard let count = loads.map(\.bins.count).max() else { return nil }
        self.policy = policy
        trials = loads.count
        self.width = width.seconds
        let scale = 1 / (width.seconds * Double(loads.count))
        func mean(_ count: Int, _ part: (TrialLoad.Bin) -> Int) -> [Double] {
            (0..<count).map { index in
                let sum = loads.reduce(0) { $0 + (index < $1.bins.count ? part($1.bins[index]) : 0) }
                return Double(sum) * scale
            }
        }
        attempts = mean(count, \.attempts)
        succeeded = mean(count, \.succeeded)
    }

    func series(_ name: String, _ colour: Int, _ style: Series.Style, _ values: [Double]) -> Series {
        Series(
            name: name, colour: colour,
            points: values.enumerated().map { index, value in
                let from = Double(index) * width
                return Point(
                    x: from + width / 2, y: value,
                    note: "\(Numbers.seconds(from)) to \(Numbers.seconds(from + width)): "
                        + "\(Numbers.plain(value)) a second")
            }, style: style)
    }

    func part(_ from: Duration, _ to: Duration) -> (attempts: Double, busiest: Double, succeeded: Double)? {
        let places = attempts.indices.filter {
            let middle = (Double($0) + 0.5) * width
            return middle >= from.seconds && middle < to.seconds
        }
        guard !places.isEmpty else { return nil }
        let n = Double(places.count)
        return (
            places.reduce(0) { $0 + attempts[$1] } / n, places.map { attempts[$0] }.max() ?? 0,
            places.reduce(0) { $0 + succeeded[$1] } / n
        )
    }
}
