import FaultProxy
import Faults
import Foundation
import Kubernetes
import KubernetesClient
import NIOCore
import NIOSSL
import Testing

/// What rules hold back is let go when they are removed, changed or paused, and nothing else hears of it.
@Suite(.timeLimit(.minutes(2)))
struct RuleRemovalTests {
    private static let pods = "/api/v1/namespaces/t/pods"

    /// Ways to be rid of a rule.
    enum Removal: String, CaseIterable {
        case removed, changed, paused

        func act(on proxy: ReverseProxy, _ rule: Rule) {
            switch self {
            case .removed: proxy.replace(with: Plan())
            case .changed: proxy.replace(with: Plan(rules: [Rule(name: rule.name, during: .storm, fault: rule.fault)]))
            case .paused: proxy.pause()
            }
        }
    }

    /// Runs one request beside what is done to the rules once the fault has hit.
    private func request(
        _ path: String, through setup: ProxySetup, version: String, then act: () async throws -> Void
    ) async throws -> Curl {
        async let answer = setup.curl(path, "-o", "/dev/null", "-w", "%{http_code}", version: version)
        try await eventually("the rule has hit") { !setup.injections.isEmpty }
        try await act()
        return try await answer
    }

    @Test("a request that waits goes on at once when its rule is gone", arguments: Removal.allCases, ["1.1", "2"])
    func latency(removal: Removal, version: String) async throws {
        let slow = Rule(name: "slow", fault: .latency(Fault.Latency(fixed: .seconds(600))))
        try await ProxySetup.with(slow) { setup in
            let answer = try await request(Self.pods + "/p", through: setup, version: version) {
                #expect(setup.server.seen.isEmpty)
                removal.act(on: setup.proxy, slow)
            }
            #expect(answer.output == "200")
            #expect(setup.server.seen.count == 1)
        }
    }

    @Test(
        "a black-holed request ends without an answer when its rule is gone, and the next one passes",
        arguments: Removal.allCases, ["1.1", "2"])
    func blackHole(removal: Removal, version: String) async throws {
        let hole = Rule(name: "hole", fault: .blackHole(Fault.BlackHole()))
        try await ProxySetup.with(hole) { setup in
            let answer = try await request(Self.pods + "/p", through: setup, version: version) {
                removal.act(on: setup.proxy, hole)
            }
            // Nothing came (52), or the stream was reset (92).
            #expect(answer.status == (version == "2" ? 92 : 52))
            let next = try await setup.curl(Self.pods + "/p", "-o", "/dev/null", "-w", "%{http_code}", version: version)
            #expect(next.output == "200")
        }
    }

    @Test("a half-open watch ends when its rule is gone, and the next one streams", arguments: ["1.1", "2"])
    func halfOpenWatch(version: String) async throws {
        let half = Rule(name: "half", match: RequestMatch(verb: [.watch]), fault: .halfOpen(Fault.HalfOpen()))
        try await ProxySetup.with(half) { setup in
            let watch = Self.pods + "?watch=true"
            let answer = try await request(watch, through: setup, version: version) {
                try await eventually("the watch has reached the server") { setup.server.streamCount == 1 }
                setup.server.push("lost")
                setup.proxy.replace(with: Plan())
            }
            #expect(answer.status != 0 && answer.status != 28)
            async let next = setup.curl(watch, version: version)
            try await eventually("the next watch has reached the server") { setup.server.streamCount == 2 }
            setup.server.push("seen")
            setup.server.push(nil)
            #expect(try await next.output == "seen\n")
        }
    }

    @Test("a muted upgrade ends when its rule is gone")
    func mutedUpgrade() async throws {
        let mute = Rule(name: "mute", match: RequestMatch(resource: "pods/exec"), fault: .halfOpen(Fault.HalfOpen()))
        try await ProxySetup.with(mute) { setup in
            try await setup.withUpgrade(early: "early") { inbound, _ in
                var text = ""
                // The end comes below TLS, as when a network breaks.
                await #expect(throws: NIOSSLError.uncleanShutdown) {
                    for try await chunk in inbound {
                        text += String(buffer: chunk)
                        if text.contains("\r\n\r\n") { setup.proxy.replace(with: Plan()) }
                    }
                }
                #expect(text.hasPrefix("HTTP/1.1 101 "))
                #expect(!text.contains("early"))
            }
        }
    }

    @Test("connects are taken again as soon as the rule that had them refused is gone", arguments: Removal.allCases)
    func refusal(removal: Removal) async throws {
        let down = Rule(
            name: "down", match: RequestMatch(verb: [.list]), when: Timing(first: 1),
            fault: .refuse(Fault.Refusal(span: .seconds(600))))
        try await ProxySetup.with(down) { setup in
            let hit = try await setup.curl(Self.pods)
            #expect(hit.status != 0)
            let refused = try await setup.curl(Self.pods + "/p")
            #expect(refused.status == 7)
            removal.act(on: setup.proxy, down)
            let next = try await setup.curl(
                Self.pods + "/p", "--retry", "20", "--retry-connrefused", "--retry-delay", "1", "-o", "/dev/null",
                "-w", "%{http_code}")
            #expect(next.output == "200")
        }
    }

    @Test("a rule that comes while a watch streams leaves the watch alone, and so does its removal")
    func addedBesideWatch() async throws {
        try await ProxySetup.with { setup in
            async let watch = setup.curl(Self.pods + "?watch=true", "-N", version: "2")
            try await eventually("the watch has reached the server") { setup.server.streamCount == 1 }
            setup.server.push("before")
            setup.proxy.replace(with: Plan(rules: [Rule(name: "all", fault: .status(Fault.ForgedStatus(code: 503)))]))
            let hit = try await setup.curl(Self.pods, "-o", "/dev/null", "-w", "%{http_code}")
            #expect(hit.output == "503")
            setup.server.push("between")
            setup.proxy.replace(with: Plan())
            setup.server.push("after")
            setup.server.push(nil)
            #expect(try await watch.output == "before\nbetween\nafter\n")
        }
    }

    @Test("rules that come and go during traffic leave nothing hanging", arguments: ["1.1", "2"])
    func churn(version: String) async throws {
        let faults: [Fault] = [
            .latency(Fault.Latency(fixed: .seconds(600))), .blackHole(Fault.BlackHole()), .halfOpen(Fault.HalfOpen()),
            .reset(Fault.Reset(at: .afterCommit)),
            .status(Fault.ForgedStatus(code: 500)),
        ]
        try await ProxySetup.with { setup in
            async let traffic = setup.curl(
                Self.pods + "/p-[1-2000]",
                arguments: ["-Z", "--parallel-max", "16", "-o", "/dev/null", "-w", "%{http_code}\n"], version: version)
            for round in 0..<50 {
                let rule = Rule(
                    name: "rule-\(round)", when: Timing(every: 2), fault: faults[round % faults.count])
                let count = setup.injections.count
                setup.proxy.replace(with: Plan(rules: [rule]))
                // A hit, so that something is there to be let go of; the traffic may be over by then.
                let start = ContinuousClock.now
                while setup.injections.count == count, ContinuousClock.now - start < .milliseconds(20) {
                    try await Task.sleep(for: .milliseconds(1))
                }
                setup.proxy.replace(with: Plan())
            }
            // It ends before curl's time limit, which it would reach if one request hung.
            let lines = try await traffic.output.split(separator: "\n")
            #expect(lines.count == 2000)
            #expect(lines.filter { $0 == "200" }.count > 1000)
        }
    }
}
