import Faults
import Kubernetes
import NIOConcurrencyHelpers

/// What the control shows, as JSON. Spans are in the unit that their name ends with.
extension ControlDesk {
    private var tally: ProxyTally { core.tally?.withLockedValue { $0 } ?? ProxyTally() }

    var rules: JSONValue { rules(tally.rules) }

    private func rules(_ counts: [String: ProxyTally.RuleCount]) -> JSONValue {
        let view = core.rulesView
        return [
            "isPaused": .bool(view.isPaused), "phase": .string(view.phase.rawValue),
            "rules": .array(view.plan.rules.map { json($0, view, counts) }),
        ]
    }

    func json(
        _ rule: Rule, _ view: ProxyCore.RulesView, _ counts: [String: ProxyTally.RuleCount]
    ) -> JSONValue {
        let count = counts[rule.name] ?? ProxyTally.RuleCount()
        return [
            "rule": format.write(rule), "name": .string(rule.name), "kind": .string(rule.fault.kind.rawValue),
            "isAwake": .bool(!view.isPaused && (rule.during == nil || rule.during == view.phase)),
            "matched": .integer(Int64(view.matches[rule.name] ?? 0)), "hit": .integer(Int64(count.hit)),
            "holding": .integer(Int64(view.holding[rule.name] ?? 0)),
            "lastHitSeconds": count.lastHit.map { .number($0 / .seconds(1)) } ?? .null,
        ]
    }

    /// - Parameter kindsMax: How many kinds of request are shown, the busiest first.
    func stats(kindsMax: Int) -> JSONValue {
        let tally = self.tally
        let (now, total) = (core.now, tally.total)
        let kinds = tally.busiest.prefix(kindsMax).map { json($0.kind, $0.row) }
        let seconds = tally.seconds.map { second -> JSONValue in
            [
                "second": .integer(Int64(second.second)), "requests": .integer(Int64(second.requests)),
                "faults": .integer(Int64(second.faults)),
            ]
        }
        let refusals = JSONObject(
            uniqueKeysWithValues: tally.refusals.map { ($0.key.rawValue, .integer(Int64($0.value))) })
        return [
            "atSeconds": .number(now / .seconds(1)), "upstream": .string(core.route.authority),
            "startEpochMilliseconds": .integer(core.startEpochMilliseconds),
            "connections": .integer(Int64(core.connectionCount)), "streams": .integer(Int64(total.streams)),
            "open": .integer(Int64(total.open)), "requests": .integer(Int64(total.requests)),
            "faults": .integer(Int64(total.faults)), "requestsPerSecond": .number(tally.rate(before: now)),
            "kinds": .array(Array(kinds)), "seconds": .array(seconds), "refusals": .object(refusals),
            "control": rules(tally.rules),
        ]
    }

    private func json(_ kind: ProxyTally.Kind, _ row: ProxyTally.Row) -> JSONValue {
        func milliseconds(_ share: Double) -> JSONValue {
            row.latency.quantile(share).map { .number($0 / .milliseconds(1)) } ?? .null
        }
        var answers = JSONObject()
        for number in 1...5 where row.answers(ofClass: number) > 0 {
            answers["\(number)xx"] = .integer(Int64(row.answers(ofClass: number)))
        }
        answers["none"] = .integer(Int64(row.answers(ofClass: 0)))
        return [
            "verb": .string(kind.verb), "resource": .string(kind.resource), "requests": .integer(Int64(row.requests)),
            "open": .integer(Int64(row.open)), "streams": .integer(Int64(row.streams)), "answers": .object(answers),
            "faults": .integer(Int64(row.faults)), "bytesReceived": .integer(Int64(row.bytesReceived)),
            "bytesSent": .integer(Int64(row.bytesSent)), "p50Milliseconds": milliseconds(0.5),
            "p99Milliseconds": milliseconds(0.99),
        ]
    }

    /// The requests that are over since one of them, and those under way.
    func requests(after sequence: Int) -> JSONValue {
        let tally = self.tally
        return [
            "sequence": .integer(Int64(tally.requests.sequence)),
            "requests": .array(tally.requests.items(after: sequence).map { json($0.element, $0.sequence) }),
            "open": .array(tally.open.prefix(ProxyTally.recentMax).map { json($0, nil) }),
        ]
    }

    private func json(_ entry: ProxyTally.Entry, _ sequence: Int?) -> JSONValue {
        let request = entry.request
        var object: JSONObject = [
            "atSeconds": .number(request.started / .seconds(1)), "method": .string(request.method),
            "uri": .string(request.uri), "verb": .string(entry.kind.verb), "resource": .string(entry.kind.resource),
            "namespace": .string(request.identity?.namespace ?? ""), "name": .string(request.identity?.name ?? ""),
            "status": .integer(Int64(entry.status)), "upstreamStatus": .integer(Int64(request.upstreamStatus)),
            "isStream": .bool(entry.isStream), "bytesReceived": .integer(Int64(entry.bytesReceived)),
            "bytesSent": .integer(Int64(entry.bytesSent)),
        ]
        if let sequence {
            object["sequence"] = .integer(Int64(sequence))
            object["durationMilliseconds"] = .number(request.duration / .milliseconds(1))
        }
        if let rule = request.rule { object["rule"] = .string(rule) }
        if let fault = entry.fault { object["fault"] = .string(fault.rawValue) }
        return .object(object)
    }

    func faults(after sequence: Int) -> JSONValue {
        let injections = tally.injections
        return [
            "sequence": .integer(Int64(injections.sequence)),
            "faults": .array(injections.items(after: sequence).map { Self.json($0.element, $0.sequence) }),
        ]
    }

    private static func json(_ injection: Injection, _ sequence: Int) -> JSONValue {
        var object = injection.json
        object["sequence"] = .integer(Int64(sequence))
        return .object(object)
    }

    /// One turn of the events: the figures of now, and what came since the last turn, whose number is given.
    func event(after sequence: Int) -> (text: String, sequence: Int) {
        let requests = self.requests(after: sequence)
        let last = requests.object?["sequence"]?.integer ?? 0
        return (
            "event: stats\ndata: \(stats(kindsMax: 40).text)\n\nevent: requests\ndata: \(requests.text)\n\n", Int(last)
        )
    }
}
