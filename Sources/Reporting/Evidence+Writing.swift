import Experiments
import Kubernetes
import Recording

extension Evidence {
    static let schema = "boreas.dev/baseline/v1"

    /// A file that can be committed: what a comparison needs and no more, so without dates and identifiers. A run in the
    /// simulated world gives the same bytes whenever it is made. It takes evidence that was read with all its samples.
    ///
    /// The file is JSON with one trial a line, so that two versions of it can be told apart by eye. A cell names its
    /// samples once, and its trials give their values in that order: a number, several as an array, `null` where there is
    /// none, and `{"over": 60}` for one of which no more is known than that it is larger.
    package var text: String {
        var output = BaselineText()
        output.line("{")
        output.line("\"schema\":\(Self.quoted(Self.schema)),")
        output.line("\"experiment\":\(Self.quoted(experiment)),")
        output.line("\"world\":\(Self.quoted(world)),")
        output.line("\"seed\":\(seed),")
        output.line("\"boreasVersion\":\(Self.quoted(boreasVersion)),")
        output.line("\"label\":\(Self.quoted(label)),")
        output.line("\"trialsPlanned\":\(trialsPlanned),")
        output.line("\"cells\":[")
        for (index, cell) in cells.enumerated() {
            output.write(cell)
            output.line(index + 1 < cells.count ? "]}," : "]}")
        }
        output.line("]}")
        return String(decoding: output.bytes, as: UTF8.self)
    }

    static func quoted(_ text: String) -> String { JSONValue.string(text).text }
}

/// The text while it grows.
private struct BaselineText {
    var bytes: [UInt8] = []

    mutating func line(_ text: String) {
        bytes += text.utf8
        bytes.append(UInt8(ascii: "\n"))
    }

    /// A cell, up to its trials' end.
    mutating func write(_ cell: CellSummary) {
        let named = Set(cell.trials.flatMap { $0.samples.keys }).map { (key: $0, name: $0.name) }
            .sorted { $0.name < $1.name }
        let names = named.map { Evidence.quoted($0.name) }.joined(separator: ",")
        line(
            "{\"policy\":\(Evidence.quoted(cell.policy)),\"variation\":\(Evidence.quoted(cell.variation)),"
                + "\"conditions\":\(Evidence.quoted(cell.conditions)),")
        line("\"samples\":[\(names)],")
        line("\"trials\":[")
        for (index, trial) in cell.trials.enumerated() {
            write(trial, named.map(\.key))
            line(index + 1 < cell.trials.count ? "}," : "}")
        }
    }

    private mutating func write(_ trial: TrialTally, _ keys: [SampleKey]) {
        bytes += "{\"index\":\(trial.key.index),\"seed\":\(trial.seed),\"outcome\":\"\(trial.outcome.rawValue)\"".utf8
        if !trial.reason.isEmpty { bytes += ",\"reason\":\(Evidence.quoted(trial.reason))".utf8 }
        bytes += ",\"operations\":\(trial.operations),\"attempts\":\(trial.attempts),\"faults\":\(trial.faults)".utf8
        bytes += ",\"violations\":\(trial.violations),\"samples\":[".utf8
        for (index, key) in keys.enumerated() {
            if index > 0 { bytes.append(UInt8(ascii: ",")) }
            write(trial.samples[key] ?? [])
        }
        bytes.append(UInt8(ascii: "]"))
    }

    private mutating func write(_ values: [TrialTally.Value]) {
        switch values.count {
        case 0: bytes += "null".utf8
        case 1: write(values[0])
        default:
            bytes.append(UInt8(ascii: "["))
            for (index, value) in values.enumerated() {
                if index > 0 { bytes.append(UInt8(ascii: ",")) }
                write(value)
            }
            bytes.append(UInt8(ascii: "]"))
        }
    }

    /// The shortest text that gives the same value again.
    private mutating func write(_ value: TrialTally.Value) {
        // JSON knows no infinity: it is more than any number.
        let isCensored = value.isCensored || value.value == .infinity
        let number = min(max(value.value, -.greatestFiniteMagnitude), .greatestFiniteMagnitude)
        if isCensored { bytes += "{\"over\":".utf8 }
        // Beyond 2⁵³ other readers of JSON would round an integer.
        if number.magnitude < 0x1p53, let whole = Int64(exactly: number) {
            bytes += String(whole).utf8
        } else {
            bytes += number.description.utf8
        }
        if isCensored { bytes.append(UInt8(ascii: "}")) }
    }
}
