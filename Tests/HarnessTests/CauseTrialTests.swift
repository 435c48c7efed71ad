import Determinism
import Experiments
import Faults
import Kubernetes
import Resilience
import Synchronization
import Testing

@testable import Harness

/// Real causes on the embedded server, and what the controller core makes of them. One after another, because they run in
/// real time.
@Suite(.serialized, .timeLimit(.minutes(5)))
struct CauseTrialTests {
    private static let phases = Experiment.Phases(
        calm: .milliseconds(500), storm: .seconds(3), converge: .seconds(60))

    /// One container for a second, tried again whatever ended it.
    private static let container = """
        {"apiVersion": "argoproj.io/v1alpha1", "kind": "Workflow", "metadata": {"generateName": "work-"},
         "spec": {"entrypoint": "work", "templates": [
           {"name": "work", "retryStrategy": {"limit": "10", "retryPolicy": "Always"},
            "container": {"image": "busybox", "command": ["sleep", "1"]}}]}}
        """

    private func trial(
        _ rule: Rule, workflows: Int = 8, manifest: String = Fixtures.httpWorkflow,
        phases: Experiment.Phases = Self.phases
    ) throws -> TrialSpec {
        var spec = try Fixtures.trial(
            "boreas", seed: 7, workflows: workflows, every: .milliseconds(150), phases: phases, [rule])
        spec.variation.workload[0].manifest = manifest
        return spec
    }

    private func fly(_ spec: TrialSpec) async throws -> TrialRecord {
        try #require(
            try await Fixtures.run([spec]) { api in
                let left = try await api.send(APIRequest(.list, .validatingWebhookConfigurations))
                #expect(left["items"]?.array?.isEmpty == true)
            }.first)
    }

    private func expectAllDone(_ record: TrialRecord, _ count: Int) {
        #expect(record.outcome == .pass, "\(record.reason)")
        let ends = record.observations.filter { $0.kind == .workflowFinished }
        #expect(ends.count == count && ends.allSatisfy { $0.detail == "Succeeded" })
    }

    @Test(
        "a webhook makes admission lose so many attempts, to the attempt, and is gone afterwards",
        arguments: [0, 1, 2, 3, 4])
    func webhook(attempts: Int) async throws {
        let rule = Rule(name: "race", fault: .quotaConflict(.init(quota: "compute", webhookAttempts: attempts)))
        try await SocketWorld.withEmbedded(logger: Fixtures.logger) { world in
            let injections = Mutex<[Injection]>([])
            let request = SiteRequest(
                policy: try Fixtures.policy("boreas"), plan: Plan(rules: [rule]), seed: 1, attempts: AttemptCounter(),
                observer: SiteObserver(onExchange: { _ in }, onDecision: { _ in }, onInjection: { _ in }))
            try await world.withSite(request) { site in
                let ground = Ground(api: site.harness, clock: site.clock, runID: "r1")
                try await ground.createNamespace("boreas-race")
                let weather = ClusterWeather(
                    plan: request.plan, api: site.harness, namespace: "boreas-race", clock: site.clock,
                    onInjection: { injection in injections.withLock { $0.append(injection) } }, observe: { _ in })
                try await weather.prepare(on: ground)
                try await withThrowingTaskGroup(of: Void.self) { group in
                    group.addTask { await weather.run(in: .storm) }
                    try await Fixtures.eventually("the webhook is configured") {
                        let all = try await site.harness.send(APIRequest(.list, .validatingWebhookConfigurations))
                        return all["items"]?.array?.isEmpty == false
                    }
                    for number in 1...6 {
                        let outcome = try await Self.makePod(number, on: site.harness)
                        #expect(outcome == (attempts == 4 ? 409 : 201), "\(number)")
                    }
                    group.cancelAll()
                }
                let all = try await site.harness.send(APIRequest(.list, .validatingWebhookConfigurations))
                #expect(all["items"]?.array?.isEmpty == true)
                #expect(try await Self.makePod(7, on: site.harness) == 201)
            }
            let expected = attempts == 0 ? 6 : 6 * attempts
            #expect(injections.withLock { $0.count } == expected)
            #expect(injections.withLock { $0 }.allSatisfy { $0.kind == .quotaConflict && $0.rule == "race" })
        }
    }

    /// - Returns: The status of the answer.
    private static func makePod(_ number: Int, on api: any KubernetesAPI) async throws -> Int {
        var pod = Pod(json: ["spec": ["containers": [["name": "c", "image": "i"]]]])
        pod.metadata.name = "p\(number)"
        pod.metadata.namespace = "boreas-race"
        do {
            _ = try await api.create(pod, timeout: .seconds(10))
            return 201
        } catch let error as APIError {
            #expect(error.message.contains("Operation cannot be fulfilled on resourcequotas \"compute\""))
            return error.status?.code ?? 0
        }
    }

    @Test("while a webhook makes every create conflict the core goes on trying, and all is done afterwards")
    func webhookTrial() async throws {
        let rule = Rule(
            name: "race", during: .storm, fault: .quotaConflict(.init(quota: "compute", webhookAttempts: nil)))
        let record = try await fly(try trial(rule))
        expectAllDone(record, 8)
        let conflicts = record.attempts.filter { $0.exchange.httpStatus == 409 }
        #expect(conflicts.contains { $0.exchange.message.contains("on resourcequotas \"compute\"") })
        #expect(record.injections.contains { $0.rule == "race" && $0.identity.subresource == "status" })
    }

    @Test("while a quota is used up creates are refused with 403, and all is done afterwards")
    func exhaustion() async throws {
        let rule = Rule(name: "full", during: .storm, fault: .quotaExhaustion(.init(quota: "compute")))
        let record = try await fly(try trial(rule))
        expectAllDone(record, 8)
        #expect(record.injections.map(\.kind) == [.quotaExhaustion])
        #expect(
            record.attempts.contains {
                $0.exchange.httpStatus == 403
                    && $0.exchange.message.contains("exceeded quota: compute, requested: pods=1")
            })
    }

    @Test("a leader whose lease is stolen stops, and somebody leads again when it is given back")
    func theft() async throws {
        let rule = Rule(
            name: "theft", during: .storm, when: Timing(span: .seconds(3)),
            fault: .stealLease(.init(lease: Subject.leaderLease)))
        var spec = try trial(
            rule, phases: .init(calm: .milliseconds(500), storm: .seconds(5), converge: .seconds(60)))
        spec.variation.replicas = 2
        spec.policy.leaderElection = Policy.LeaderElection(
            leaseDuration: .seconds(4), renewDeadline: .seconds(3), retryPeriod: .milliseconds(500))
        spec.variation.policies = [spec.policy]
        let record = try await fly(spec)
        expectAllDone(record, 8)
        let stolen = try #require(record.injections.first)
        #expect(record.injections.map(\.kind) == [.stealLease])
        let leads = record.observations.filter { $0.kind == .subjectLeads }
        #expect(leads.contains { $0.at <= stolen.at })
        let again = try #require(leads.first { $0.at > stolen.at })
        #expect(again.at - stolen.at >= .seconds(2.5))
        let writes = record.attempts.map(\.exchange).filter {
            $0.identity.verb.isWrite && $0.identity.group == "argoproj.io" && $0.httpStatus < 300
                && $0.identity.resource == "workflows"
        }
        // A leader notices when it renews.
        #expect(!writes.contains { $0.started > stolen.at + .seconds(1) && $0.started < again.at })
    }

    @Test("pods that are evicted are made again")
    func eviction() async throws {
        let rule = Rule(name: "drain", during: .storm, fault: .evictPod(.init(every: .milliseconds(700))))
        let record = try await fly(try trial(rule, manifest: Self.container))
        expectAllDone(record, 8)
        #expect(record.injections.count >= 2)
        #expect(record.injections.allSatisfy { $0.kind == .evictPod && $0.identity.subresource == "eviction" })
        let pods = Set(record.observations.filter { $0.kind == .podAppeared }.map(\.subject))
        #expect(pods.count > 8)
    }

    @Test("an API server that is restarted loses nothing, and the oracles see all of it")
    func restart() async throws {
        let rule = Rule(name: "restart", during: .storm, fault: .serverRestart(.init(downtime: .milliseconds(700))))
        let record = try await fly(try trial(rule))
        expectAllDone(record, 8)
        #expect(record.injections.map(\.kind) == [.serverRestart])
        #expect(record.observations.contains { $0.kind == .note && $0.message.contains("there again after 700ms") })
        let began = try #require(record.injections.first?.at)
        let failed = record.attempts.map(\.exchange).filter {
            $0.httpStatus == 0 && $0.started + $0.duration > began && $0.started < began + .milliseconds(700)
        }
        #expect(!failed.isEmpty)
    }

    @Test("a node that is not ready starts nothing, and goes on when it is back")
    func nodeLoss() async throws {
        let rule = Rule(name: "lost", during: .storm, fault: .nodeNotReady(.init()))
        let record = try await fly(try trial(rule, manifest: Self.container))
        expectAllDone(record, 8)
        let lost = try #require(record.injections.first)
        #expect(record.injections.map(\.kind) == [.nodeNotReady])
        // It is back when the storm is over, a moment before the next phase begins.
        let back = lost.at + Self.phases.storm - .milliseconds(300)
        let ends = record.observations.filter { $0.kind == .podFinished }.map(\.at)
        #expect(ends.contains { $0 >= back })
        #expect(!ends.contains { $0 > lost.at + .milliseconds(300) && $0 < back }, "\(ends) from \(lost.at) to \(back)")
    }

    @Test("agents on a node that is lost call nobody")
    func agentsOnLostNode() async throws {
        let rule = Rule(name: "lost", during: .storm, fault: .nodeNotReady(.init()))
        let record = try await fly(try trial(rule))
        expectAllDone(record, 8)
        let lost = try #require(record.injections.first)
        // It is back when the storm is over, a moment before the next phase begins.
        let back = lost.at + Self.phases.storm - .milliseconds(300)
        let calls = record.observations.filter { $0.kind == .httpCallAnswered }.map(\.at)
        #expect(calls.count == 8)
        #expect(
            !calls.contains { $0 > lost.at + .milliseconds(300) && $0 < back }, "\(calls) from \(lost.at) to \(back)")
    }

    @Test("a webhook that is never called leaves the trial inconclusive, and says so")
    func vacuousWebhook() async throws {
        let rule = Rule(
            name: "race", during: .storm, fault: .quotaConflict(.init(quota: "compute", webhookAttempts: nil)))
        let record = try await fly(
            try trial(
                rule, workflows: 1,
                phases: .init(calm: .seconds(3), storm: .milliseconds(500), converge: .seconds(20))))
        #expect(record.outcome == .inconclusive)
        #expect(
            record.reason.hasPrefix("the fault race never hit a request: the webhook was never called"),
            "\(record.reason)")
    }

    @Test("a lease that nobody holds leaves the trial inconclusive")
    func vacuous() async throws {
        let rule = Rule(name: "theft", during: .storm, fault: .stealLease(.init(lease: "nobodys")))
        let record = try await fly(
            try trial(
                rule, workflows: 1,
                phases: .init(calm: .milliseconds(100), storm: .milliseconds(500), converge: .seconds(20))))
        #expect(record.outcome == .inconclusive && record.reason == "the fault theft never hit a request")
    }

    @Test("in virtual time pods are killed and quotas used up too, and the same seed gives the same history")
    func simulated() async throws {
        let rules = [
            Rule(name: "kill", during: .storm, fault: .killPod(.init(every: .milliseconds(700)))),
            Rule(
                name: "full", during: .storm, when: Timing(span: .seconds(2)),
                fault: .quotaExhaustion(.init(quota: "compute"))),
        ]
        var spec = try trial(rules[0], manifest: Self.container)
        spec.variation.plan.rules = rules
        let records = try await Fixtures.simulate([spec, spec])
        for record in records {
            expectAllDone(record, 8)
            #expect(record.injections.count { $0.kind == .killPod } >= 2)
            #expect(record.injections.count { $0.kind == .quotaExhaustion } == 1)
        }
        #expect(records[0].digest == records[1].digest)
    }
}
