import Charts
import Determinism
import Experiments
import Faults
import Foundation
import Kubernetes
import Recording
import Resilience
import Testing

@testable import Reporting

/// What a page reads of an archive.
struct PageEvidenceTests {
    /// A trial in which each operation is tried so often, a call's waits a second apart.
    private func trial(
        _ number: Int, policy: String, variation: String, attempts: Int = 3, outcome: Verdict = .pass
    ) -> TrialRecord {
        let identity = RequestIdentity(
            verb: .create, group: "", resource: "pods", namespace: "boreas-trial", name: "web-\(number)")
        let records = (1...attempts).map { attempt -> AttemptRecord in
            let trace = RequestTrace(operation: "podCreate/\(number)", attempt: attempt, path: "podCreate")
            var exchange = Exchange(
                trace: trace, identity: identity, started: .seconds(attempt), duration: .milliseconds(10),
                httpStatus: attempt == attempts ? 201 : 503)
            exchange.message = "busy"
            // The third wait is the work queue's, after which the call begins anew.
            let layer: RetryLayer = attempt == 3 ? .requeue : .call
            let decision = RetryDecision(
                requestID: trace.requestID, classification: .transient, layer: layer, wait: .milliseconds(attempt * 10))
            return AttemptRecord(exchange: exchange, decision: attempt == attempts ? nil : decision)
        }
        return TrialRecord(
            number: number, key: TrialKey(policy: policy, variation: variation, index: number), seed: 7,
            startedEpochMicroseconds: 0, duration: .seconds(20),
            operations: [
                OperationRecord(
                    id: "podCreate/\(number)", path: "podCreate", identity: identity, started: .seconds(1),
                    finished: .seconds(attempts), outcome: .succeeded)
            ], attempts: records, injections: [],
            observations: [
                .entered(.calm, at: .zero), .entered(.storm, at: .seconds(2)), .entered(.converge, at: .seconds(8)),
            ],
            violations: outcome == .pass
                ? [] : [Violation(.everythingFinishedWithinConverge, "wf", at: nil, evidence: "still there")],
            samples: [Sample(.workflowCompletion, subject: "wf", value: 2, isCensored: outcome != .pass)],
            outcome: outcome, reason: outcome == .pass ? "" : "everythingFinishedWithinConverge", digest: "d")
    }

    private func withArchive(
        _ trials: [TrialRecord], variations: [String], _ body: (RunArchive) async throws -> Void
    ) async throws {
        let folder = FileManager.default.temporaryDirectory.appending(path: "boreas-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        var run = try Fixtures.run([], policies: ["weak", "strong"], trials: 2)
        let variation = run.experiment.variations[0]
        run.experiment.variations = variations.map {
            var own = variation
            own.name = $0
            return own
        }
        run.trialsPlanned = trials.count
        let archive = try RunArchive.open(at: folder.appending(path: "a.sqlite").path, makesFolder: true)
        try await archive.begin(run)
        for trial in trials { try await archive.record(trial, in: run.identifier) }
        try await body(archive)
        try archive.close()
    }

    @Test("attempts are counted in time, and waits numbered call by call")
    func details() async throws {
        let trials = [
            trial(1, policy: "weak", variation: "n=1", attempts: 6),
            trial(2, policy: "strong", variation: "n=1", attempts: 1),
        ]
        try await withArchive(trials, variations: ["n=1"]) { archive in
            let evidence = try await RunEvidence.read("3f9c", from: archive)
            #expect(evidence.loadWidth == .milliseconds(100))
            let load = try #require(evidence.loads.first { $0.trial.key.policy == "weak" })
            #expect(load.bins.reduce(0) { $0 + $1.attempts } == 6 && load.bins[10].attempts == 1)
            #expect(load.bins[60].succeeded == 1 && load.phases[.storm] == .seconds(2))
            #expect(evidence.waits.map(\.retry) == [1, 2, 1, 2])
            #expect(evidence.waits.map(\.wait) == [10, 20, 40, 50].map { .milliseconds($0) })
            #expect(evidence.comparison?.baseline == "weak")
            #expect(evidence.lesson?.number == 1)
        }
    }

    @Test("the first trial that failed teaches most, and its invariant is told once for its cell")
    func lesson() async throws {
        let trials = [
            trial(1, policy: "weak", variation: "n=1", attempts: 5),
            trial(2, policy: "weak", variation: "n=1", outcome: .fail),
            trial(3, policy: "weak", variation: "n=2", outcome: .fail),
            trial(4, policy: "weak", variation: "n=2", outcome: .fail),
        ]
        try await withArchive(trials, variations: ["n=1", "n=2"]) { archive in
            let evidence = try await RunEvidence.read("3f9c", from: archive)
            #expect(evidence.lesson?.number == 2)
            #expect(evidence.broken.map(\.count) == [1, 2] && evidence.broken.map(\.trial) == [2, 3])
            let html = try PageFixtures.page(evidence).html()
            #expect(html.contains("boreas show 3f9c/2") && html.contains("boreas replay 3f9c/2"))
        }
    }

    @Test("a timeline keeps what is eventful, and says how much it leaves out")
    func timeline() throws {
        var trial = trial(1, policy: "weak", variation: "", attempts: 6)
        let quiet = trial.attempts[5]
        for index in 0..<1_000 {
            var attempt = quiet
            attempt.exchange.trace = RequestTrace(operation: "podRead/\(index)", attempt: 1, path: "podRead")
            attempt.exchange.started = .milliseconds(index * 15)
            trial.attempts.append(attempt)
            trial.operations.append(
                OperationRecord(
                    id: "podRead/\(index)", path: "podRead", identity: quiet.exchange.identity,
                    started: attempt.exchange.started, finished: nil, outcome: .succeeded))
        }
        let lanes = TrialLanes(trial)
        #expect(lanes.count == TrialLanes.itemsMax && lanes.omitted == 1_011 - TrialLanes.itemsMax)
        let create = try #require(lanes.lanes.first { $0.name == "podCreate" })
        #expect(create.bars.count { $0.kind == .failed } == 5 && create.bars.count { $0.kind == .wait } == 5)
        #expect(create.bars.first?.note.contains("attempt 1 of 6: 503: busy") == true)
        #expect(lanes.shades.map(\.label) == ["storm"])
    }

    @Test("a baseline that the run does not have is refused by name")
    func baseline() async throws {
        try await withArchive([trial(1, policy: "weak", variation: "n=1")], variations: ["n=1"]) { archive in
            await #expect(throws: ExperimentError.self) {
                try await RunEvidence.read("3f9c", from: archive, baseline: .policy("week"))
            }
        }
    }

    @Test("commands make the run again with what differs from its file, and say what stands for what is not known")
    func commands() throws {
        var evidence = try PageFixtures.evidence(gate: ["success_rate vs baseline >= -1pt"], name: "it's")
        evidence.run.label = "v 1"
        evidence.run.experiment.isSwarm = true
        evidence.run.world = "cluster"
        func text() -> String {
            RunChapter(evidence: evidence, prefix: "r", isReproducible: false, isAlone: true).again.map { block in
                switch block {
                case .paragraph(let text): text
                case .commands(let lines): lines.joined(separator: "\n")
                default: ""
                }
            }.joined(separator: "\n")
        }
        #expect(
            text().contains(
                #"""
                boreas run 'it'\''s.yaml' --world cluster --context CONTEXT --policy weak,strong --seed 42 --trials 4 \#
                --swarm --label 'v 1' --baseline BASELINE
                boreas show 3f9c --baseline BASELINE
                """#))
        #expect(
            text().contains("and BASELINE for the run or the file") && text().contains("CONTEXT for the kubeconfig's"))
        let other = Evidence(evidence.run, [])
        evidence.baseline = .evidence(other)
        #expect(text().contains("--baseline 3f9c\n") && !text().contains("BASELINE"))
    }
}
