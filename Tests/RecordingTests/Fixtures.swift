import Experiments
import Faults
import Foundation
import GRDB
import Kubernetes
import Recording
import Resilience
import Testing

/// A scratch folder, and records that exercise every column.
enum Fixtures {
    /// Gives `body` a folder of its own, and takes it away afterwards.
    static func withFolder<Result>(_ body: (String) async throws -> Result) async throws -> Result {
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent("boreas-\(UUID().uuidString)").path
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(atPath: folder) }
        return try await body(folder)
    }

    static func files(in folder: String) throws -> [String] {
        try FileManager.default.contentsOfDirectory(atPath: folder).sorted()
    }

    static func policy(_ name: String) throws -> Policy {
        let json = """
            {"name": "\(name)", "description": "for tests",
             "call": {"backoff": {"formula": "none", "base": "0s", "factor": 2, "cap": "1h", "jitter": 0},
                      "maxAttempts": 4, "retryAfter": "ignore"},
             "classifier": {"rules": [], "otherwise": "transient"},
             "transport": {"maxRetryAfterRetries": 0, "retriesReadsOnReset": false},
             "batching": "0s",
             "reflector": {"backoff": {"formula": "none", "base": "0s", "factor": 1, "cap": "1s", "jitter": 0}, "watchTimeout": "5m"},
             "requeue": {"formula": "fixed", "base": "1s", "factor": 1, "cap": "1h", "jitter": 0},
             "paths": {"other": {"retriesInPlace": true, "onTransient": "requeue", "onPermanent": "failNode"}}}
            """
        let node = DocumentNode(json: try DocumentEncoder().encode(Policy.none))
            .overlaid(by: DocumentNode(json: try JSONValue(parsing: Array(json.utf8))))
        return try DocumentDecoder(file: "policy").decode(Policy.self, from: node)
    }

    static let phases = Experiment.Phases(calm: .seconds(1), storm: .seconds(2), converge: .seconds(5))

    static func experiment(trials: Int = 3) throws -> Experiment {
        let variation = Experiment.Variation(
            policies: [try policy("base"), try policy("ours")],
            workload: [Experiment.Load(manifest: "{}", count: 2, every: .milliseconds(250))], phases: phases,
            plan: Plan(rules: [Rule(name: "cut", fault: .reset(Fault.Reset(at: .afterCommit)))]))
        return Experiment(
            name: "churn", description: "a test", seed: 42, trials: trials, variations: [variation],
            gate: [try GateExpression(parsing: "violations == 0")])
    }

    static func run(_ identifier: String = "3f9c2a1b", started: Int64 = 1_700_000_000_000_000) throws -> RunRecord {
        RunRecord(
            identifier: identifier, experiment: try experiment(), world: "embedded", serverVersion: "v1.33.0",
            boreasVersion: "0.1.0", seed: 42, trialsPlanned: 6, startedEpochMicroseconds: started)
    }

    /// A trial in which a create was reset, retried, and answered with a conflict.
    static func trial(_ spec: TrialSpec) -> TrialRecord {
        func exchange(_ attempt: Int, _ at: Duration, _ status: Int, _ curl: Int, _ reason: String) -> Exchange {
            var timings = TransferTimings()
            timings.nameLookup = .microseconds(1)
            timings.connect = .microseconds(2)
            timings.tlsHandshake = .microseconds(3)
            timings.firstByte = .microseconds(4)
            timings.total = .microseconds(5)
            return Exchange(
                trace: RequestTrace(operation: "op-1", attempt: attempt, path: "podCreate"),
                identity: RequestIdentity(
                    verb: .create, group: "g", resource: "pods", subresource: "s", namespace: "n", name: "wf-1"),
                started: at, duration: .milliseconds(12), timings: timings, httpStatus: status, curlCode: curl,
                reason: reason, message: reason.isEmpty ? "" : "naïve \"words\" of \(reason)")
        }
        let exchanges = [
            exchange(1, .seconds(2), 0, 56, "connectionReset"), exchange(2, .milliseconds(2_500), 409, 0, "Conflict"),
            exchange(3, .seconds(3), 201, 0, ""),
        ]
        let evidence = TrialEvidence(
            exchanges: exchanges,
            decisions: [
                RetryDecision(requestID: "op-1.1", classification: .transient, layer: .call, wait: .milliseconds(480)),
                RetryDecision(
                    requestID: "op-1.2", classification: .transient, layer: .requeue, wait: .milliseconds(450)),
            ],
            injections: [
                Injection(
                    rule: "cut", kind: .reset, identity: exchanges[0].identity, ordinal: 1, requestID: "op-1.1",
                    at: .seconds(2))
            ],
            observations: [
                .entered(.calm, at: .zero), Observation(.workflowSubmitted, "wf-1", at: .milliseconds(100)),
                Observation(.workflowSubmitted, "wf-2", at: .milliseconds(200)), .entered(.converge, at: .seconds(3)),
                Observation(.workflowFinished, "wf-1", detail: "Succeeded", at: .seconds(4)),
                Observation(.workflowUnfinished, "wf-2", detail: "Running", message: "waiting", at: .seconds(8)),
            ], ended: .seconds(8))
        return TrialRecord(spec, evidence: evidence, startedEpochMicroseconds: 1_700_000_000_000_000)
    }

    /// One whose subject is a process, under one plan.
    static let processExperiment = Experiment(
        name: "sites", description: "", seed: 42, trials: 1,
        variations: [
            Experiment.Variation(
                name: "plan=lost", policies: [.ofProcess], workload: [], phases: phases,
                plan: Plan(rules: [Rule(name: "cut", fault: .reset(Fault.Reset(at: .afterCommit)))]),
                process: ProcessSubject(
                    command: ["./manager"], environment: ["A": "b"], workingDirectory: "/", ready: .http("http://h"),
                    memoryGrowthMax: 9), setup: ["{}"],
                arrivals: [Experiment.ObjectLoad(manifest: "{}", count: 2, every: .seconds(1), after: .seconds(2))])
        ])

    /// A trial in which the proxy saw a create whose answer was lost, and a read.
    static func processTrial(_ spec: TrialSpec) -> TrialRecord {
        func exchange(_ verb: Verb, _ at: Int, _ status: Int, upstream: Int, isChange: Bool?) -> ProxiedExchange {
            ProxiedExchange(
                method: "POST", uri: "/api/v1/namespaces/n/pods",
                identity: RequestIdentity(verb: verb, group: "", resource: "pods", namespace: "n", name: ""),
                started: .milliseconds(at), duration: .milliseconds(10), httpStatus: status, upstreamStatus: upstream,
                bodyHash: 5, failureReason: status == 0 ? "connectionReset" : "", userAgent: "manager/v1",
                fieldManager: "m", isChange: isChange, objectName: isChange == true ? "w-x7" : nil)
        }
        let evidence = TrialEvidence(
            observations: [.entered(.calm, at: .zero), .entered(.converge, at: .seconds(3))],
            proxied: [
                exchange(.create, 1_000, 0, upstream: 201, isChange: true),
                exchange(.create, 1_500, 201, upstream: 201, isChange: false),
                exchange(.list, 2_000, 200, upstream: 200, isChange: nil),
            ], ended: .seconds(8))
        return TrialRecord(spec, evidence: evidence, startedEpochMicroseconds: 1_700_000_000_000_000)
    }

    /// Takes back what proxies saw of attempts, and the views that came later, as if the file had been written before.
    static func makeOlder(_ path: String) throws {
        let queue = try DatabaseQueue(path: path)
        try queue.write { db in
            // The three that the migration drops are made again as they are now; nobody looks at them before.
            let all = try Row.fetchAll(db, sql: "SELECT name, sql FROM sqlite_schema WHERE type = 'view'")
            let views = all.filter { ["attemptView", "conflictView", "waitView"].contains($0["name"] as String) }
            let table = try String.fetchOne(db, sql: "SELECT sql FROM sqlite_schema WHERE name = 'attempt'") ?? ""
            for view in all { try db.execute(sql: "DROP VIEW \(view["name"] as String)") }
            // The columns end before those of the proxy, and the checks of the table stand behind them.
            let reference = try #require(table.range(of: "faultId"))
            let start = try #require(table.range(of: ",\n", range: reference.upperBound..<table.endIndex))
            let end = try #require(table.range(of: "objectName TEXT"))
            var older = table.replacingCharacters(in: start.lowerBound..<end.upperBound, with: "")
            older = older.replacingOccurrences(of: ", 'subject'", with: "")
            older = older.replacingOccurrences(of: "\"attempt\"", with: "olderAttempt")
            try db.execute(sql: older)
            let columns = try db.columns(in: "olderAttempt").map { "\"\($0.name)\"" }.joined(separator: ", ")
            try db.execute(sql: "INSERT INTO olderAttempt SELECT \(columns) FROM attempt")
            try db.execute(sql: "DROP TABLE attempt")
            try db.execute(sql: "ALTER TABLE olderAttempt RENAME TO attempt")
            try db.execute(sql: "CREATE INDEX attemptByTrial ON attempt (trialId)")
            for view in views { try db.execute(sql: view["sql"] as String) }
            // The views of later drop it.
            try db.execute(sql: "CREATE VIEW trialView AS SELECT * FROM trial")
            for migration in ["keep what a proxy saw of attempts", "answer common questions"] {
                try db.execute(sql: "DELETE FROM grdb_migrations WHERE identifier = ?", arguments: [migration])
            }
        }
        try queue.close()
    }
}
