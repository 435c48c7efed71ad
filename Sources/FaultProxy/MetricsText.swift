import Faults
import NIOConcurrencyHelpers

/// What a proxy has counted, in Prometheus's text format.
/// https://prometheus.io/docs/instrumenting/exposition_formats/
enum MetricsText {
    static let contentType = "text/plain; version=0.0.4; charset=utf-8"

    static func of(_ core: ProxyCore) -> String {
        let tally = core.tally?.withLockedValue { $0 } ?? ProxyTally()
        let view = core.rulesView
        return of(
            tally, matches: view.plan.rules.map { ($0.name, view.matches[$0.name] ?? 0) },
            connections: core.connectionCount, isPaused: view.isPaused)
    }

    static func of(
        _ tally: ProxyTally, matches: [(rule: String, count: Int)], connections: Int, isPaused: Bool
    ) -> String {
        var text = Exposition()
        let rows = tally.rows.sorted { $0.key < $1.key }
        text.family("requests_total", "counter", "Requests by the status that the client was answered.")
        for (kind, row) in rows {
            for (code, count) in row.codes.sorted(by: { $0.key < $1.key }) {
                text.sample("requests_total", kind.labels + [("code", code == 0 ? "none" : "\(code)")], "\(count)")
            }
        }
        text.family(
            "request_duration_seconds", "histogram", "Until the answer was complete; until it began, for streams.")
        for (kind, row) in rows {
            var sum = 0
            for (bound, count) in zip(LatencyHistogram.bounds, row.latency.bounded) {
                sum += count
                text.sample("request_duration_seconds_bucket", kind.labels + [("le", "\(bound)")], "\(sum)")
            }
            text.sample("request_duration_seconds_bucket", kind.labels + [("le", "+Inf")], "\(row.latency.count)")
            text.sample("request_duration_seconds_sum", kind.labels, "\(row.latency.sum / .seconds(1))")
            text.sample("request_duration_seconds_count", kind.labels, "\(row.latency.count)")
        }
        text.family("received_bytes_total", "counter", "Bytes of the bodies of requests that are over.")
        for (kind, row) in rows { text.sample("received_bytes_total", kind.labels, "\(row.bytesReceived)") }
        text.family("sent_bytes_total", "counter", "Bytes of the bodies of answers that are over.")
        for (kind, row) in rows { text.sample("sent_bytes_total", kind.labels, "\(row.bytesSent)") }
        text.family("streams", "gauge", "Watches, followed logs and upgraded connections that are open.")
        for (kind, row) in rows where row.streams > 0 { text.sample("streams", kind.labels, "\(row.streams)") }
        text.family("faults_total", "counter", "Faults that hit a request, of the rules that there are now.")
        for (rule, count) in tally.rules.sorted(by: { $0.key < $1.key }) {
            for (kind, hits) in count.hits.sorted(by: { $0.key.rawValue < $1.key.rawValue }) {
                text.sample("faults_total", [("rule", rule), ("kind", kind.rawValue)], "\(hits)")
            }
        }
        text.family("rule_matches_total", "counter", "Requests that a rule matched while awake, hit or not.")
        for (rule, count) in matches { text.sample("rule_matches_total", [("rule", rule)], "\(count)") }
        text.family("refusals_total", "counter", "Clients that were turned away before their request was looked at.")
        for reason in ProxyTally.Refusal.allCases {
            text.sample("refusals_total", [("reason", reason.rawValue)], "\(tally.refusals[reason] ?? 0)")
        }
        text.family("connections", "gauge", "Connections of clients that are open.")
        text.sample("connections", [], "\(connections)")
        text.family("paused", "gauge", "Whether no rule acts.")
        text.sample("paused", [], isPaused ? "1" : "0")
        return text.text
    }

    private struct Exposition {
        private(set) var text = ""

        mutating func family(_ name: String, _ type: String, _ help: String) {
            text += "# HELP boreas_proxy_\(name) \(help)\n# TYPE boreas_proxy_\(name) \(type)\n"
        }

        mutating func sample(_ name: String, _ labels: [(String, String)], _ value: String) {
            let list = labels.map { "\($0.0)=\"\(Self.escaped($0.1))\"" }.joined(separator: ",")
            text += "boreas_proxy_\(name)\(list.isEmpty ? "" : "{\(list)}") \(value)\n"
        }

        private static func escaped(_ value: String) -> String {
            var result = ""
            for scalar in value.unicodeScalars {
                switch scalar {
                case "\\": result += "\\\\"
                case "\"": result += "\\\""
                case "\n": result += "\\n"
                default: result.unicodeScalars.append(scalar)
                }
            }
            return result
        }
    }
}

extension ProxyTally.Kind {
    fileprivate var labels: [(String, String)] { [("verb", verb), ("resource", resource)] }
}
