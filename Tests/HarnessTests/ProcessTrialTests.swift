import Experiments
import Faults
import Foundation
import Glibc
import Kubernetes
import Testing

@testable import Harness

/// Whole trials of programs that are started for them. One after another, because they run in real time.
@Suite(.serialized, .timeLimit(.minutes(5)))
struct ProcessTrialTests {
    private static func kill(
        _ afterWrites: Int, at point: Fault.Crash.Point = .afterAnswer, downtime: Duration? = nil
    ) -> Rule {
        Rule(
            name: "kill", match: RequestMatch(verb: [.create], resource: "configmaps"),
            fault: .crash(Fault.Crash(afterWrites: afterWrites, at: point, downtime: downtime)))
    }

    private static let parts = (1...3).flatMap { ["configmaps/w-000\($0)-left", "configmaps/w-000\($0)-right"] }

    private func ends(_ record: TrialRecord) -> [String] {
        record.facts(.endState).map(\.subject).filter { $0.hasSuffix("-left") || $0.hasSuffix("-right") }.sorted()
    }

    /// Carries out trials, and makes sure that nothing is left of them.
    private func run(_ specs: [TrialSpec]) async throws -> [TrialRecord] {
        let records = try await Fixtures.run(specs) { api in
            let namespaces = try await api.list(Namespace.self, namespace: nil).items.map(\.metadata.name)
            #expect(!namespaces.contains { $0.hasPrefix("boreas") }, "\(namespaces)")
            let definitions = try await api.send(APIRequest(.list, .customResourceDefinitions))
            let names = (definitions["items"]?.array ?? []).compactMap { $0.object?["metadata", "name"]?.string }
            #expect(!names.contains { $0.hasSuffix("example.com") }, "\(names)")
        }
        for record in records { #expect(record.isAllDead) }
        return records
    }

    @Test("two calm trials, and one in which a controller that is sound is killed at an exact write")
    func sound() async throws {
        let calm = Fixtures.variation(Fixtures.python(Programs.widgets), arrivals: [Fixtures.widgets(3)])
        var killed = calm
        killed.name = "plan=kill"
        killed.plan.rules = [Self.kill(3, downtime: .milliseconds(50))]
        let records = try await run(Fixtures.specs(killed))
        for record in records {
            #expect(record.outcome == .pass, "\(record.reason)")
            #expect(ends(record) == Self.parts)
            #expect(record.facts(.settled).count == 1)
        }
        #expect(records[0].facts(.processStarted).count == 1)
        #expect(records[0].facts(.processExited).isEmpty)
        #expect(records[0].attempts.contains { $0.exchange.identity.verb == .watch })
        #expect(records[0].facts(.memorySampled).first.flatMap { Int($0.subject) } ?? 0 > 1 << 20)
        #expect(records[0].facts(.processOutput).contains { $0.message == "made w-0001-left" && $0.detail == "stdout" })
        let crash = records[2]
        #expect(crash.injections.map(\.kind) == [.crash])
        #expect(crash.injections.map(\.ordinal) == [3])
        #expect(crash.facts(.processStarted).map(\.subject) == ["1", "2"])
        #expect(crash.facts(.processExited).map(\.detail) == ["signal 9"])
        #expect(crash.facts(.subjectCrashed).map(\.detail) == ["kill"])
        // What it was killed at is the third object that it made, and there was no fourth before the next life.
        let death = try #require(crash.facts(.subjectCrashed).first?.at)
        let made = crash.facts(.objectCreated).filter { $0.subject.hasSuffix("left") || $0.subject.hasSuffix("right") }
        #expect(made.count { $0.at < death } <= 3)
        #expect(made.count == 6)
    }

    @Test("a controller that forgets what it was about when it is killed is found out", arguments: [1])
    func forgetful(write: Int) async throws {
        let killed = Fixtures.variation(
            Fixtures.python(Programs.forgetful), arrivals: [Fixtures.widgets(1)], Self.kill(write, at: .beforeAnswer))
        let records = try await run(Fixtures.specs(killed))
        #expect(records.prefix(2).allSatisfy { $0.outcome == .pass }, "\(records.map(\.reason))")
        #expect(records[2].outcome == .fail)
        #expect(records[2].reason.contains("right"), "\(records[2].reason)")
    }

    @Test("a write that a rule forestalls never happens, and the next life makes it")
    func beforeRequest() async throws {
        let killed = Fixtures.variation(
            Fixtures.python(Programs.widgets), arrivals: [Fixtures.widgets(1)], Self.kill(1, at: .beforeRequest))
        let record = try await run([Fixtures.spec(killed, isReference: true)])[0]
        #expect(ends(record) == ["configmaps/w-left", "configmaps/w-right"])
        let restart = try #require(record.facts(.processStarted).last?.at)
        #expect(record.facts(.processStarted).count == 2)
        #expect(record.facts(.objectCreated).filter { $0.subject.hasSuffix("-left") }.allSatisfy { $0.at > restart })
    }

    @Test("a process that ends by itself is told of with its code and its words, and started again")
    func exits() async throws {
        let subject = Fixtures.shell(
            "echo hello; echo 'no such flag' >&2; exit 3", within: .milliseconds(1_500))
        let record = try await run([Fixtures.spec(Fixtures.variation(subject), isReference: true)])[0]
        let exits = record.facts(.processExited)
        #expect(exits.count >= 1)
        #expect(exits.first?.detail == "exit 3")
        #expect(exits.first?.message.contains("no such flag") == true)
        #expect(record.facts(.processStarted).count == 2)
        #expect(record.facts(.processOutput).contains { $0.message == "hello" && $0.detail == "stdout" })
        #expect(record.facts(.processOutput).contains { $0.message == "no such flag" && $0.detail == "stderr" })
        #expect(record.facts(.steadyStateMissed).first?.message.contains("no such flag") == true)
        #expect(record.outcome != .pass)
    }

    @Test("one that never becomes ready shows nothing, and what it printed is said")
    func neverReady() async throws {
        let subject = Fixtures.shell(
            "echo waiting for godot; exec sleep 1000", ready: .watches(1), within: .milliseconds(300))
        let record = try await run([Fixtures.spec(Fixtures.variation(subject), isReference: true)])[0]
        #expect(record.outcome == .inconclusive)
        #expect(record.reason.contains("the process opened no watch through the proxy within 300ms"))
        #expect(record.reason.contains("waiting for godot"))
        #expect(record.facts(.phaseEntered).isEmpty)
    }

    @Test("one that ignores SIGTERM is killed after its grace, with what it has started")
    func deaf() async throws {
        let subject = Fixtures.shell(
            "trap '' TERM; sleep 1000 & echo child $!; echo ready; while :; do sleep 0.05; done",
            grace: .milliseconds(100))
        let record = try await run([Fixtures.spec(Fixtures.variation(subject), isReference: true)])[0]
        #expect(record.facts(.note).contains { $0.message.contains("did not end within 100ms of SIGTERM") })
        let child = try #require(record.facts(.processOutput).first { $0.message.hasPrefix("child ") })
        let pid = try #require(Int32(child.message.dropFirst(6)))
        try await Fixtures.eventually("the child is dead") { Glibc.kill(pid, 0) != 0 || Self.isZombie(pid) }
    }

    private static func isZombie(_ pid: Int32) -> Bool { !ProcessGroup(leader: pid).isLeaderAlive }

    @Test("readiness by an answer of its own")
    func readyByHTTP() async throws {
        let subject = Fixtures.python(
            """
            import http.server
            class Handler(http.server.BaseHTTPRequestHandler):
                def do_GET(self):
                    self.send_response(200)
                    self.end_headers()
            server = http.server.HTTPServer(("127.0.0.1", 38471), Handler)
            server.serve_forever()
            """, ready: .http("http://127.0.0.1:38471/readyz"))
        let record = try await run([Fixtures.spec(Fixtures.variation(subject), isReference: true)])[0]
        #expect(record.facts(.phaseEntered).count == 3)
        #expect(record.facts(.note).contains { $0.message == "is ready" })
    }

    @Test("definitions, objects of the cluster and of the namespace are set up, arrive, change, and go again")
    func objects() async throws {
        let definition = """
            {"apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition",
             "metadata": {"name": "websites.example.com"},
             "spec": {"group": "example.com", "scope": "Namespaced",
               "names": {"plural": "websites", "kind": "Website", "singular": "website", "listKind": "WebsiteList"},
               "versions": [{"name": "v1", "served": true, "storage": true, "schema": {"openAPIV3Schema":
                 {"type": "object", "x-kubernetes-preserve-unknown-fields": true}}}]}}
            """
        let site = """
            {"apiVersion": "example.com/v1", "kind": "Website", "metadata": {"name": "web"}, "spec": {"in": "$(NAMESPACE)"}}
            """
        let variation = Fixtures.variation(
            Fixtures.shell("echo ready; exec sleep 1000"), setup: [definition, site],
            arrivals: [
                Experiment.ObjectLoad(
                    manifest: site.replacing(#""web""#, with: #""late""#), count: 2, every: .milliseconds(20))
            ],
            changes: [
                Experiment.Change(
                    at: .milliseconds(50), resource: "websites.example.com", name: "web",
                    patch: #"{"spec":{"size":2}}"#),
                Experiment.Change(at: .milliseconds(200), resource: "websites", name: "late-0002", patch: nil),
            ])
        let specs = [
            Fixtures.spec(variation, isReference: true), Fixtures.spec(variation, number: 2, isReference: true),
        ]
        for record in try await run(specs) {
            #expect(record.facts(.oracleFailed).isEmpty, "\(record.facts(.oracleFailed))")
            let ends = record.facts(.endState).filter { $0.subject.hasPrefix("websites") }
            #expect(ends.map(\.subject) == ["websites.example.com/late-0001", "websites.example.com/web"])
            #expect(ends.last?.message.contains(#""size":2"#) == true)
            #expect(ends.last?.message.contains(TrialRunner.namespace) == true)
        }
    }

    @Test("a kind that the server does not know is said, and nothing is left")
    func unknownKind() async throws {
        let variation = Fixtures.variation(
            Fixtures.shell("echo ready; exec sleep 1000"),
            setup: [#"{"apiVersion":"example.com/v1","kind":"Website","metadata":{"name":"web"}}"#])
        let error = await #expect(throws: HarnessError.self) {
            try await Fixtures.run([Fixtures.spec(variation, isReference: true)])
        }
        #expect(error?.message.contains("Website of example.com/v1, which the server does not serve") == true)
    }

    @Test("a program that is not there is said")
    func missing() async throws {
        let subject = ProcessSubject(command: ["no-such-program-here"], workingDirectory: "/")
        let error = await #expect(throws: HarnessError.self) {
            try await Fixtures.run([Fixtures.spec(Fixtures.variation(subject), isReference: true)])
        }
        #expect(error?.message.hasPrefix("no-such-program-here cannot be started") == true)
    }

    @Test("where a calm trial is no pass, the others show nothing and say why")
    func badReference() async throws {
        let variation = Fixtures.variation(
            Fixtures.shell("exec sleep 1000", within: .milliseconds(100)), Self.kill(1))
        let records = try await run(Fixtures.specs(variation))
        #expect(records[2].outcome == .inconclusive)
        #expect(records[2].reason.contains("the calm trial 1 came to inconclusive"), "\(records[2].reason)")
    }

    @Test("the simulated world has no place for a process")
    func simulated() async throws {
        let variation = Fixtures.variation(Fixtures.shell("echo ready"))
        let error = await #expect(throws: HarnessError.self) {
            try await Fixtures.simulate([Fixtures.spec(variation, isReference: true)])
        }
        #expect(error?.message.contains("in the embedded world or on a cluster") == true)
    }

    @Test("a trial that is cancelled leaves no process")
    func cancelled() async throws {
        let file = FileManager.default.temporaryDirectory.appending(path: "boreas-pids-\(UUID().uuidString)")
        defer { try? FileManager.default.removeItem(at: file) }
        let script = "sleep 1000 & echo $$ $! > '\(file.path)'; trap '' TERM; echo ready; while :; do sleep 0.05; done"
        let phases = Experiment.Phases(calm: .seconds(60), storm: .seconds(60), converge: .seconds(60))
        let spec = Fixtures.spec(Fixtures.variation(Fixtures.shell(script), phases: phases), isReference: true)
        func pids() -> [Int32] {
            let text = (try? String(contentsOf: file, encoding: .utf8)) ?? ""
            return text.hasSuffix("\n") ? text.split(whereSeparator: \.isWhitespace).compactMap { Int32($0) } : []
        }
        await #expect(throws: CancellationError.self) {
            try await withThrowingTaskGroup(of: Void.self) { group in
                group.addTask { _ = try await Fixtures.run([spec]) }
                try await Fixtures.eventually("the process runs") { pids().count == 2 }
                group.cancelAll()
                try await group.waitForAll()
            }
        }
        for pid in pids() {
            try await Fixtures.eventually("\(pid) is dead") { !ProcessGroup(leader: pid).isLeaderAlive }
        }
    }
}
