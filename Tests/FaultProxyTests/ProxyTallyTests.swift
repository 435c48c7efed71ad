import Faults
import Kubernetes
import Testing

@testable import FaultProxy

/// What is counted, and that it is bounded.
struct ProxyTallyTests {
    private func request(
        _ resource: String = "pods", verb: Verb = .get, at started: Duration = .seconds(1),
        took duration: Duration = .milliseconds(5), uri: String = "/x"
    ) -> ProxiedRequest {
        var request = ProxiedRequest(
            method: "GET", uri: uri, identity: nil, requestID: nil, started: started, duration: duration,
            upstreamStatus: 200, rule: nil)
        request.identity = RequestIdentity(verb: verb, group: "", resource: resource, namespace: "t", name: "n")
        return request
    }

    private func injection(_ rule: String, at time: Duration = .seconds(1)) -> Injection {
        Injection(
            rule: rule, kind: .latency,
            identity: RequestIdentity(verb: .get, group: "", resource: "pods", namespace: "t", name: "n"), ordinal: 1,
            requestID: nil, at: time)
    }

    @Test("a request is under way until it is over, and is counted by what it was answered")
    func request() {
        var tally = ProxyTally()
        let kind = ProxyTally.Kind(verb: "get", resource: "pods")
        let one = tally.began(request(), isStream: false)
        let other = tally.began(request(), isStream: false)
        #expect(tally.rows[kind]?.open == 2)
        tally.answered(one, status: 404, after: .milliseconds(1))
        tally.ended(one, request(), bytesReceived: 3, bytesSent: 4)
        tally.ended(other, request(), bytesReceived: 0, bytesSent: 0)
        #expect(tally.rows[kind]?.open == 0)
        #expect(tally.rows[kind]?.codes == [404: 1, 0: 1])
        // What was never answered has no latency.
        #expect(tally.rows[kind]?.latency.count == 1)
        #expect(tally.requests.items().map(\.element.status) == [404, 0])
        #expect(tally.rows[kind]?.bytesSent == 4)
    }

    @Test("a request that is hit twice counts as one that was hit, and both faults as faults")
    func hits() {
        var tally = ProxyTally()
        let ticket = tally.began(request(), isStream: false)
        tally.injected(injection("a"), ticket: ticket)
        tally.injected(injection("b", at: .seconds(2)), ticket: ticket)
        #expect(tally.total.faults == 1)
        #expect(tally.rules["a"]?.hit == 1)
        #expect(tally.rules["b"]?.lastHit == .seconds(2))
        tally.keep(rules: ["b"])
        #expect(tally.rules.keys.sorted() == ["b"])
    }

    @Test("a stream's latency is that of its beginning")
    func stream() {
        var tally = ProxyTally()
        let ticket = tally.began(request(verb: .watch), isStream: true)
        #expect(tally.total.streams == 1)
        tally.answered(ticket, status: 200, after: .milliseconds(2))
        tally.ended(ticket, request(verb: .watch, took: .seconds(3600)), bytesReceived: 0, bytesSent: 0)
        #expect(tally.total.streams == 0)
        let latency = tally.rows[ProxyTally.Kind(verb: "watch", resource: "pods")]?.latency
        #expect(latency?.quantile(0.99) ?? .zero < .milliseconds(3))
    }

    @Test("whatever passes, what is kept is bounded")
    func bounds() {
        var tally = ProxyTally()
        for number in 0..<5000 {
            let request = request(
                "made-up-\(number)", at: .seconds(number), uri: "/" + String(repeating: "x", count: 10_000))
            let ticket = tally.began(request, isStream: false)
            tally.injected(injection("a", at: .seconds(number)), ticket: ticket)
            tally.ended(ticket, request, bytesReceived: 0, bytesSent: 0)
        }
        #expect(tally.rows.count == ProxyTally.kindsMax + 1)
        #expect(tally.rows[.rest]?.requests == 5000 - ProxyTally.kindsMax)
        #expect(tally.total.requests == 5000)
        #expect(tally.requests.items().map(\.sequence) == Array(4801...5000))
        #expect(tally.requests.items(after: 4999).count == 1)
        #expect(tally.injections.items().count == ProxyTally.recentMax)
        #expect(tally.seconds.count == ProxyTally.secondsMax)
        #expect(tally.requests.items().allSatisfy { $0.element.request.uri.utf8.count < 2100 })
    }

    @Test("seconds are counted in their order, whoever comes first")
    func seconds() {
        var tally = ProxyTally()
        for second in [5, 6, 5, 7] { _ = tally.began(request(at: .seconds(second)), isStream: false) }
        #expect(tally.seconds.map(\.second) == [5, 6, 7])
        #expect(tally.seconds.map(\.requests) == [2, 1, 1])
        #expect(tally.rate(before: .seconds(8), over: 4) == 1)
    }

    @Test("quantiles are within 7 % of the truth", arguments: [1, 9, 150, 2_500, 70_000, 3_000_000, 400_000_000])
    func quantiles(microseconds: Int) throws {
        var histogram = LatencyHistogram()
        #expect(histogram.quantile(0.5) == nil)
        for _ in 0..<99 { histogram.add(.microseconds(microseconds)) }
        histogram.add(.seconds(10_000))
        let found = try #require(histogram.quantile(0.5)) / .microseconds(1)
        #expect(abs(found - Double(microseconds)) <= 0.07 * Double(microseconds))
        #expect(try #require(histogram.quantile(1)) > .seconds(9_000))
        #expect(histogram.bounded.reduce(0, +) == 100)
        #expect(histogram.bounded.last == (microseconds > 60_000_000 ? 100 : 1))
    }

    @Test("labels of metrics are escaped")
    func metrics() {
        var tally = ProxyTally()
        tally.injected(injection("a\\b\"c\nd"), ticket: nil)
        let text = MetricsText.of(tally, matches: [], connections: 3, isPaused: false)
        #expect(text.contains(#"boreas_proxy_faults_total{rule="a\\b\"c\nd",kind="latency"} 1"#))
        #expect(text.contains("boreas_proxy_connections 3\n"))
        #expect(text.split(separator: "\n").allSatisfy { $0.hasPrefix("# ") || $0.hasPrefix("boreas_proxy_") })
    }

    @Test("notices that are too many are counted instead of said")
    func throttle() {
        var throttle = NoticeThrottle(countMax: 2, span: .seconds(10))
        let rulings = (0..<5).map { throttle.rule(now: .seconds($0)) }
        #expect(rulings == [.speak(keptBack: 0), .speak(keptBack: 0), .keepBack, .keepBack, .keepBack])
        #expect(throttle.rule(now: .seconds(10)) == .speak(keptBack: 3))
        #expect(throttle.rule(now: .seconds(11)) == .speak(keptBack: 0))
    }
}
