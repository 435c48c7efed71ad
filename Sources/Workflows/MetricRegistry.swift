import Synchronization

/// The numbers of one controller, for Prometheus to fetch.
///
/// There is one for each controller and none for the process, so that trials don't count together. Equal histories
/// give equal texts.
package final class MetricRegistry: Sendable {
    private enum Value {
        case number(Double)
        /// Values by bucket, the last for those beyond all bounds; not yet summed up.
        case distribution(counts: [Int], sum: Double)
    }

    private struct Family {
        var metric: Metric
        var series: [[String]: Value] = [:]
    }

    /// Stands before each name.
    package let prefix: String
    private let families = Mutex<[String: Family]>([:])

    package init(prefix: String = "argo_workflows_") { self.prefix = prefix }

    /// Adds to a counter or a gauge.
    package func add(_ amount: Double = 1, to metric: Metric, _ labels: [String] = []) {
        if metric.kind == .counter { precondition(amount >= 0, "\(metric.name) only grows (by \(amount))") }
        update(metric, labels) { value in
            if case .number(let number)? = value { value = .number(number + amount) } else { value = .number(amount) }
        }
    }

    /// Sets a gauge.
    package func set(_ metric: Metric, _ labels: [String] = [], to number: Double) {
        precondition(metric.kind == .gauge, "\(metric.name) is no gauge")
        update(metric, labels) { $0 = .number(number) }
    }

    /// Counts a value in a histogram.
    package func observe(_ observed: Double, in metric: Metric, _ labels: [String] = []) {
        guard case .histogram(let bounds) = metric.kind else {
            preconditionFailure("\(metric.name) is no histogram")
        }
        let bucket = bounds.firstIndex { observed <= $0 } ?? bounds.count
        update(metric, labels) { value in
            guard case .distribution(var counts, let sum)? = value else {
                var counts = Array(repeating: 0, count: bounds.count + 1)
                counts[bucket] = 1
                value = .distribution(counts: counts, sum: observed)
                return
            }
            // The array has one owner while it is changed.
            value = nil
            counts[bucket] += 1
            value = .distribution(counts: counts, sum: sum + observed)
        }
    }

    /// The number of a series; for a histogram, how many values it has counted. Zero where nothing was.
    package func value(of metric: Metric, _ labels: [String] = []) -> Double {
        switch families.withLock({ $0[metric.name]?.series[labels] }) {
        case .number(let number)?: number
        case .distribution(let counts, _)?: Double(counts.reduce(0, +))
        case nil: 0
        }
    }

    private func update(_ metric: Metric, _ labels: [String], _ change: (inout Value?) -> Void) {
        precondition(labels.count == metric.labels.count, "\(metric.name) has the labels \(metric.labels)")
        families.withLock { change(&$0[metric.name, default: Family(metric: metric)].series[labels]) }
    }

    /// All of it in Prometheus's text format, 0.0.4: families by name, series by labels.
    /// https://prometheus.io/docs/instrumenting/exposition_formats/#text-based-format
    package func exposition() -> String {
        let families = families.withLock { $0 }
        var text = ""
        for (_, family) in families.sorted(by: { $0.key < $1.key }) {
            let name = prefix + family.metric.name
            text += "# HELP \(name) \(Self.escaped(help: family.metric.help))\n"
            text += "# TYPE \(name) \(family.metric.kind.name)\n"
            for (labels, value) in family.series.sorted(by: { $0.key.lexicographicallyPrecedes($1.key) }) {
                let pairs = zip(family.metric.labels, labels).map { "\($0)=\"\(Self.escaped(label: $1))\"" }
                text += Self.lines(name, pairs, value, family.metric.kind)
            }
        }
        return text
    }

    /// The media type of ``exposition()``.
    package static let contentType = "text/plain; version=0.0.4; charset=utf-8"

    private static func lines(_ name: String, _ pairs: [String], _ value: Value, _ kind: Metric.Kind) -> String {
        switch (value, kind) {
        case (.distribution(let counts, let sum), .histogram(let bounds)):
            var (text, total) = ("", 0)
            for (bound, count) in zip(bounds + [.infinity], counts) {
                total += count
                text += line("\(name)_bucket", pairs + ["le=\"\(Self.text(bound))\""], Double(total))
            }
            return text + line("\(name)_sum", pairs, sum) + line("\(name)_count", pairs, Double(total))
        case (.number(let number), _): return line(name, pairs, number)
        case (.distribution, _): preconditionFailure("\(name) was counted as a histogram, and is none")
        }
    }

    private static func line(_ name: String, _ pairs: [String], _ number: Double) -> String {
        "\(name)\(pairs.isEmpty ? "" : "{\(pairs.joined(separator: ","))}") \(text(number))\n"
    }

    /// Whole numbers without a fraction; the rest as short as can be, as Go's `%g` has it.
    private static func text(_ number: Double) -> String {
        if number.isNaN { return "NaN" }
        if number.isInfinite { return number < 0 ? "-Inf" : "+Inf" }
        if let whole = Int64(exactly: number), abs(whole) < 1_000_000_000_000_000 { return "\(whole)" }
        return "\(number)"
    }

    private static func escaped(help: String) -> String {
        help.reduce(into: "") { text, character in
            switch character {
            case "\\": text += "\\\\"
            case "\n", "\r\n": text += "\\n"
            default: text.append(character)
            }
        }
    }

    private static func escaped(label: String) -> String {
        label.reduce(into: "") { text, character in
            switch character {
            case "\\": text += "\\\\"
            case "\"": text += "\\\""
            case "\n", "\r\n": text += "\\n"
            default: text.append(character)
            }
        }
    }
}
