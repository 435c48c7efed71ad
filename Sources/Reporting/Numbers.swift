import Experiments
import Foundation
import Kubernetes
import Statistics

/// Numbers as tables show them.
enum Numbers {
    static func decimal(_ value: Double, _ digits: Int) -> String {
        if value.isNaN { return "-" }
        if value.isInfinite { return value > 0 ? "∞" : "-∞" }
        return String(format: "%.\(digits)f", value)
    }

    /// A share in per cent, with more digits the nearer it is to its ends, so that none is rounded to them: `98.3%`,
    /// `99.95%`, `99.9987%`.
    static func percent(_ share: Double) -> String {
        if share.isNaN { return "-" }
        let distance = min(share, 1 - share)
        var digits = 1
        var least = 0.005
        while distance > 0, distance < least, digits < 12 {
            digits += 1
            least /= 10
        }
        return trimmed(decimal(share * 100, digits)) + "%"
    }

    /// Without zeros at the end of a fraction.
    static func trimmed(_ text: String) -> String {
        guard text.contains(".") else { return text }
        var text = text
        while text.hasSuffix("0") { text.removeLast() }
        if text.hasSuffix(".") { text.removeLast() }
        return text
    }

    /// `+3.1%`.
    static func change(_ share: Double, _ unit: String = "%") -> String {
        (share >= 0 ? "+" : "") + decimal(share * 100, 1) + unit
    }

    /// `+3.10`, `-2`, and nothing for nothing: `0`.
    static func signed(_ value: Double, _ digits: Int) -> String {
        let text = decimal(value, digits)
        guard text.contains(where: { ("1"..."9").contains($0) }) else { return "0" }
        return (value > 0 ? "+" : "") + text
    }

    /// `850ms`, `1.21s`; an infinite time is one that never came.
    static func seconds(_ value: Double) -> String {
        if value.isInfinite, value > 0 { return "never" }
        return value.magnitude < 1 ? "\(decimal(value * 1_000, 0))ms" : "\(decimal(value, 2))s"
    }

    /// Four significant digits at most.
    static func plain(_ value: Double) -> String {
        switch value.magnitude {
        case ..<10: decimal(value, value == value.rounded() ? 0 : 2)
        case ..<100: decimal(value, value == value.rounded() ? 0 : 1)
        default: decimal(value, 0)
        }
    }

    /// A value in its metric's own unit.
    static func text(_ value: Double, of metric: Metric) -> String {
        switch metric.unit {
        case .share: percent(value)
        case .seconds: seconds(value)
        case .ratio: decimal(value, 2)
        case .count, .perSecond: plain(value)
        }
    }

    static func text(_ interval: Interval, _ spell: (Double) -> String) -> String {
        func bound(_ value: Double) -> String { value.isFinite ? spell(value) : value > 0 ? "∞" : "-∞" }
        return "[\(bound(interval.lower)), \(bound(interval.upper))]"
    }

    /// JSON knows no infinity: what is not bounded, or not known, is null.
    static func json(_ value: Double?) -> JSONValue {
        guard let value, value.isFinite else { return .null }
        return .number(value)
    }

    static func json(_ interval: Interval?) -> JSONValue {
        interval.map { [json($0.lower), json($0.upper)] } ?? .null
    }

    /// `1 trial`, `5 trials`.
    static func count(_ count: Int, _ noun: String) -> String { "\(count) \(noun)\(count == 1 ? "" : "s")" }

    static func date(_ epochMicroseconds: Int64) -> String {
        Timestamp(microsecondsSinceEpoch: epochMicroseconds).rfc3339
    }
}

extension Verdict {
    var ink: Style.Ink {
        switch self {
        case .pass: .green
        case .fail: .red
        case .inconclusive: .yellow
        }
    }

    /// `PASS`, as gates shout.
    var shout: String { rawValue.uppercased() }
}

extension Numbers {
    /// `1,496,224`.
    static func grouped(_ count: Int) -> String {
        let digits = Array(String(count.magnitude))
        let text = digits.indices.map { index in
            (index > 0 && (digits.count - index) % 3 == 0 ? "," : "") + String(digits[index])
        }
        return (count < 0 ? "-" : "") + text.joined()
    }
}
