import Determinism
import Experiments
import Kubernetes
import Testing

@testable import Harness

struct TrialWitnessTests {
    private static func workflow(_ json: String) throws -> Workflow {
        var workflow = Workflow(json: try #require(try JSONValue(parsing: Array(json.utf8)).object))
        workflow.metadata.namespace = "n"
        if workflow.metadata.uid == nil { workflow.json["metadata", "uid"] = .string("u-\(workflow.metadata.name)") }
        return workflow
    }

    private static func pod(
        _ name: String, of workflow: String = "w", uid: String = "p1", node: String? = nil, phase: String = "Pending",
        labels: [String: String] = [:]
    ) -> Pod {
        var pod = Pod(name: name, namespace: "n")
        pod.json["metadata", "uid"] = .string(uid)
        pod.metadata.labels = labels.merging(["workflows.argoproj.io/workflow": workflow]) { own, _ in own }
        if let node { pod.metadata.annotations = ["workflows.argoproj.io/node-id": node] }
        pod.json["metadata", "ownerReferences"] = [
            ["kind": "Workflow", "name": .string(workflow), "uid": .string("u-\(workflow)")]
        ]
        pod.json["status", "phase"] = .string(phase)
        return pod
    }

    private func kinds(_ facts: [Observation]) -> [Observation.Kind] { facts.map(\.kind) }

    @Test(
        "permits are read from the status, in Argo's new form of holders and its old",
        arguments: [("n/w", "n/w/w-12"), ("w", "w-12")])
    func permits(whole: String, node: String) throws {
        var witness = TrialWitness()
        let holding = try Self.workflow(
            """
            {"metadata": {"name": "w"}, "status": {"synchronization": {
              "semaphore": {"holding": [{"semaphore": "n/ConfigMap/m/k", "holders": ["\(whole)", "\(node)"]}],
                            "waiting": [{"semaphore": "n/ConfigMap/m/j", "holders": ["\(whole)"]}]},
              "mutex": {"holding": [{"mutex": "n/Mutex/x", "holder": "\(whole)"}]}}}}
            """)
        let facts = witness.saw(holding, at: .seconds(1))
        #expect(kinds(facts) == [.permitAwaited, .permitHeld, .permitHeld, .permitHeld])
        #expect(facts.map(\.subject) == ["n/ConfigMap/m/j", "n/ConfigMap/m/k", "n/ConfigMap/m/k", "n/Mutex/x"])
        #expect(facts.map(\.detail) == ["n/w", "n/w", "n/w/w-12", "n/w"])
        #expect(witness.saw(holding, at: .seconds(2)).isEmpty)
        let released = witness.saw(try Self.workflow(#"{"metadata": {"name": "w"}}"#), at: .seconds(3))
        #expect(kinds(released) == [.permitReleased, .permitReleased, .permitReleased])
        _ = witness.saw(holding, at: .seconds(4))
        #expect(
            kinds(witness.sawDeletion(of: holding, at: .seconds(5))) == [
                .permitReleased, .permitReleased, .permitReleased,
            ])
    }

    @Test(
        "whatever the form, a lock that a spec asks for guards its pods",
        arguments: [
            #""semaphore": {"configMapKeyRef": {"name": "m", "key": "k"}}"#,
            #""semaphores": [{"configMapKeyRef": {"name": "m", "key": "k"}}]"#,
        ])
    func wholeWorkflow(form: String) throws {
        var witness = TrialWitness()
        let workflow = try Self.workflow(
            #"{"metadata": {"name": "w"}, "spec": {"synchronization": {\#(form), "mutex": {"name": "x", "namespace": "o"}}}}"#
        )
        let facts = witness.saw(workflow, at: .seconds(1))
        #expect(facts.map(\.detail) == ["n/ConfigMap/m/k", "o/Mutex/x"])
        #expect(facts.allSatisfy { $0.kind == .lockAsked && $0.message == "n/w" })
        _ = witness.saw(Self.pod("p", phase: "Running"), at: .seconds(2))
        _ = witness.saw(Self.pod("p", phase: "Succeeded"), at: .seconds(3))
        let work = witness.guardedWork
        #expect(
            kinds(work) == [.guardedWorkBegan, .guardedWorkEnded, .guardedWorkBegan, .guardedWorkEnded])
        #expect(work.map(\.at) == [2, 3, 2, 3].map { .seconds($0) })
        #expect(work.map(\.subject) == ["n/ConfigMap/m/k", "n/ConfigMap/m/k", "o/Mutex/x", "o/Mutex/x"])
    }

    @Test("a template's lock is its node's: that of the pod, of the steps around it, of the retries as a whole")
    func templates() throws {
        var witness = TrialWitness()
        let workflow = try Self.workflow(
            """
            {"metadata": {"name": "w"},
             "spec": {"templates": [
               {"name": "main", "synchronization": {"mutexes": [{"name": "outer"}]}},
               {"name": "work", "synchronization": {"mutexes": [{"name": "inner"}]}}]},
             "status": {"nodes": {
               "w": {"id": "w", "name": "w", "type": "Steps", "templateName": "main", "children": ["g"]},
               "g": {"id": "g", "name": "w[0]", "type": "StepGroup", "boundaryID": "w", "children": ["r"]},
               "r": {"id": "r", "name": "w[0].a", "type": "Retry", "templateName": "work", "boundaryID": "w", "children": ["c"]},
               "c": {"id": "c", "name": "w[0].a(0)", "type": "Pod", "templateName": "work", "boundaryID": "w"}}}}
            """)
        #expect(
            witness.saw(workflow, at: .seconds(1)).map(\.message) == ["n/w/r", "n/w/w"])
        _ = witness.saw(Self.pod("p", node: "c", phase: "Running"), at: .seconds(2))
        #expect(
            witness.guardedWork.map { [$0.subject, $0.detail] }
                == [["n/Mutex/inner", "n/w/r"], ["n/Mutex/outer", "n/w/w"]])
    }

    @Test("a limit is what a ConfigMap says, as it changes and goes")
    func limits() {
        var witness = TrialWitness()
        var map = ConfigMap(name: "m", namespace: "n")
        map.data = ["k": "2", "text": "no number"]
        #expect(
            witness.saw(map, at: .seconds(1)) == [
                Observation(.limitChanged, "n/ConfigMap/m/k", detail: "2", at: .seconds(1))
            ])
        #expect(witness.saw(map, at: .seconds(2)).isEmpty)
        map.data = ["k": "1"]
        #expect(witness.saw(map, at: .seconds(3)).map(\.detail) == ["1"])
        #expect(witness.saw(map, isDeleted: true, at: .seconds(4)).map(\.detail) == [""])
    }

    @Test("each workflow of a CronWorkflow is a run, also one that has the name of another", arguments: [true, false])
    func cronRuns(isAnnotated: Bool) throws {
        let annotations = isAnnotated ? #"{"workflows.argoproj.io/scheduled-time": "2023-11-14T22:13:20Z"}"# : "{}"
        func run(_ uid: String) throws -> Workflow {
            try Self.workflow(
                #"{"metadata": {"name": "tick-1700000000", "uid": "\#(uid)", "annotations": \#(annotations), "#
                    + #""labels": {"workflows.argoproj.io/cron-workflow": "tick"}}}"#)
        }
        var witness = TrialWitness()
        let first = witness.saw(try run("a"), at: .seconds(1))
        #expect(kinds(first) == [.workflowSubmitted, .cronRunCreated])
        #expect(first[1].subject == "tick" && first[1].detail == "2023-11-14T22:13:20Z")
        let again = witness.saw(try run("a"), at: .seconds(2))
        #expect(again.isEmpty)
        _ = witness.sawDeletion(of: try run("a"), at: .seconds(3))
        let second = witness.saw(try run("b"), at: .seconds(4))
        #expect(kinds(second) == [.workflowSubmitted, .cronRunCreated])
        #expect(second[1].detail == "2023-11-14T22:13:20Z" && second[1].message == "tick-1700000000")
    }

    struct Cleanup: Sendable {
        var podGC: String
        var label: String?
        var isDeleted: Bool
        /// Nil where the pod has not been done with.
        var age: String?
        var remains: Bool
    }

    @Test(
        "a pod is done with when what its podGC says was done, and late since it was due",
        arguments: [
            Cleanup(podGC: "{}", label: "true", isDeleted: false, age: "2000", remains: false),
            Cleanup(podGC: "{}", label: nil, isDeleted: false, age: nil, remains: true),
            Cleanup(podGC: "{}", label: nil, isDeleted: true, age: nil, remains: false),
            Cleanup(
                podGC: #"{"strategy": "OnPodCompletion"}"#, label: nil, isDeleted: true, age: "2000", remains: false),
            Cleanup(
                podGC: #"{"strategy": "OnPodCompletion"}"#, label: "true", isDeleted: false, age: nil, remains: true),
            Cleanup(
                podGC: #"{"strategy": "OnWorkflowCompletion"}"#, label: nil, isDeleted: true, age: "500", remains: false
            ),
            Cleanup(
                podGC: #"{"strategy": "OnWorkflowSuccess"}"#, label: "true", isDeleted: false, age: "2000",
                remains: false),
        ])
    func cleanups(example: Cleanup) throws {
        var witness = TrialWitness()
        _ = witness.saw(
            try Self.workflow(#"{"metadata": {"name": "w"}, "spec": {"podGC": \#(example.podGC)}}"#), at: .zero)
        _ = witness.saw(Self.pod("p", phase: "Succeeded"), at: .seconds(1))
        _ = witness.saw(
            try Self.workflow(
                #"{"metadata": {"name": "w"}, "spec": {"podGC": \#(example.podGC)}, "status": {"phase": "Failed"}}"#),
            at: .milliseconds(2_500))
        if let label = example.label {
            let labels = ["workflows.argoproj.io/completed": label]
            _ = witness.saw(Self.pod("p", phase: "Succeeded", labels: labels), at: .seconds(3))
        }
        if example.isDeleted { _ = witness.saw(Self.pod("p", phase: "Succeeded"), isGone: true, at: .seconds(3)) }
        #expect(witness.cleanups.map(\.detail) == (example.age.map { [$0] } ?? []))
        #expect(kinds(witness.remains(leases: [], at: .seconds(8))) == (example.remains ? [.podUncleaned] : []))
    }

    @Test("an agent's pod is nobody's to label, and a pod of a namesake is another")
    func newer() throws {
        var witness = TrialWitness()
        _ = witness.saw(try Self.workflow(#"{"metadata": {"name": "w"}, "status": {"phase": "Running"}}"#), at: .zero)
        let agent = Self.pod(
            "a", uid: "p0", phase: "Succeeded", labels: ["workflows.argoproj.io/component": "agent"])
        _ = witness.saw(agent, at: .seconds(1))
        #expect(witness.remains(leases: [], at: .seconds(2)).isEmpty)
        _ = witness.saw(Self.pod("p", uid: "p1", phase: "Running"), at: .seconds(1))
        #expect(
            kinds(witness.saw(Self.pod("p", uid: "p1", phase: "Running"), isGone: true, at: .seconds(2))) == [.podGone])
        _ = witness.saw(Self.pod("p", uid: "p2", phase: "Running"), at: .seconds(3))
        let gone = witness.saw(Self.pod("p", uid: "p2", phase: "Running"), isGone: true, at: .seconds(4))
        #expect(kinds(gone) == [.newerPodDeleted, .podGone])
    }

    @Test("who has ended holds no permit, by status or by lease")
    func remainingPermits() throws {
        var witness = TrialWitness()
        func workflow(_ phase: String) throws -> Workflow {
            try Self.workflow(
                """
                {"metadata": {"name": "w"}, "status": {"phase": "\(phase)", "synchronization": {
                  "mutex": {"holding": [{"mutex": "n/Mutex/x", "holder": "n/w"}]}}}}
                """)
        }
        var lease = Lease(name: "permit-0", namespace: "n")
        lease.holderIdentity = "n/w/w-12"
        _ = witness.saw(try workflow("Running"), at: .seconds(1))
        #expect(witness.remains(leases: [lease], at: .seconds(2)).isEmpty)
        _ = witness.saw(try workflow("Succeeded"), at: .seconds(3))
        #expect(witness.remains(leases: [lease], at: .seconds(4)).map(\.subject) == ["n/Mutex/x", "permit-0"])
        lease.holderIdentity = "n/w/w-12#u-w"
        #expect(witness.remains(leases: [lease], at: .seconds(4)).count == 2)
        lease.holderIdentity = "n/w/w-12#u-of-a-namesake"
        #expect(witness.remains(leases: [lease], at: .seconds(4)).count == 1)
        lease.holderIdentity = nil
        #expect(witness.remains(leases: [lease], at: .seconds(4)).count == 1)
    }

    @Test("HTTP nodes have a result when the answer was judged, and results are recorded once")
    func http() throws {
        var witness = TrialWitness()
        let workflow = try Self.workflow(
            """
            {"metadata": {"name": "w"}, "status": {"nodes": {
              "a": {"type": "HTTP", "phase": "Succeeded"}, "b": {"type": "HTTP", "phase": "Error"},
              "c": {"type": "HTTP", "phase": "Pending"}, "d": {"type": "Pod", "phase": "Pending"}}}}
            """)
        #expect(witness.saw(workflow, at: .seconds(1)).map(\.detail) == ["a"])
        #expect(witness.saw(workflow, at: .seconds(2)).isEmpty)
        #expect(witness.unfinishedHTTPNodes(at: .seconds(3)).map(\.detail) == ["b", "c"])
        var taskSet = WorkflowTaskSet(name: "w", namespace: "n")
        taskSet.results = ["a": ["phase": "Succeeded"]]
        #expect(witness.saw(taskSet, at: .seconds(1)).map(\.message) == ["Succeeded"])
        #expect(witness.saw(taskSet, at: .seconds(2)).isEmpty)
    }
}

struct CronOracleTests {
    private func cron(_ spec: String, hasSeconds: Bool = false) throws -> CronWorkflow {
        var cron = CronWorkflow(
            json: ["spec": try JSONValue(parsing: Array(spec.utf8)), "metadata": ["name": "tick", "namespace": "n"]])
        if hasSeconds { cron.metadata.annotations = ["boreas.dev/schedule-seconds": "true"] }
        return cron
    }

    /// 2023-11-14, a Tuesday.
    private static let epoch: Int64 = 1_700_000_000_000_000

    private func times(_ spec: String, hours: Int64) throws -> [String] {
        try #require(CronOracle(try cron(spec))).ticks(
            from: .zero, through: .seconds(hours * 3600), epochMicroseconds: Self.epoch
        )
        .map { String($0.time.rfc3339.dropFirst(5).dropLast()) }
    }

    @Test("plain fields, lists, ranges and steps, of five fields or six")
    func fields() throws {
        #expect(
            try times(#"{"schedules": ["0 23 * * *", "30 22 * * 2"]}"#, hours: 24) == [
                "11-14T22:30:00", "11-14T23:00:00",
            ])
        #expect(
            try times(#"{"schedule": "15-45/15 0,2 15 11 *"}"#, hours: 6) == [
                "11-15T00:15:00", "11-15T00:30:00", "11-15T00:45:00", "11-15T02:15:00", "11-15T02:30:00",
                "11-15T02:45:00",
            ])
        // A day of the month or one of the week, where both are named.
        #expect(try times(#"{"schedule": "0 0 16 * 3"}"#, hours: 48) == ["11-15T00:00:00", "11-16T00:00:00"])
        let oracle = try #require(CronOracle(try cron(#"{"schedules": ["*/2 * * * * *"]}"#, hasSeconds: true)))
        let ticks = oracle.ticks(from: .milliseconds(100), through: .seconds(4), epochMicroseconds: Self.epoch)
        #expect(ticks.map(\.at) == [.seconds(2), .seconds(4)])
    }

    @Test(
        "what is beyond it is not judged",
        arguments: [
            #"{"schedules": ["@hourly"]}"#, #"{"schedule": "0 0 * * MON"}"#, #"{"schedule": "61 * * * *"}"#,
            #"{"schedule": "0 0 * *"}"#, #"{"schedule": "*/0 * * * *"}"#, #"{"schedules": []}"#,
            #"{"schedule": "0 0 * * *", "timezone": "Europe/Vienna"}"#,
        ])
    func unjudged(spec: String) throws {
        let cron = try cron(spec)
        #expect(CronOracle(cron) == nil)
    }

    @Test("ticks are due between the first sight of a CronWorkflow and its suspension, and some may be skipped")
    func ticks() throws {
        func due(_ spec: String, suspendedAt: Duration? = nil) throws -> [Observation] {
            var witness = TrialWitness()
            witness.saw(try cron(spec, hasSeconds: true), at: .seconds(1))
            if let suspendedAt { witness.sawDeletion(of: try cron(spec), at: suspendedAt) }
            return witness.cronTicks(started: .seconds(2), until: .seconds(10), epochMicroseconds: Self.epoch)
        }
        func areOptional(_ spec: String) throws -> Set<Bool> { Set(try due(spec).map { !$0.message.isEmpty }) }
        let plain = #"{"schedules": ["*/2 * * * * *"]}"#
        let (all, some) = (try due(plain), try due(plain, suspendedAt: .milliseconds(8_500)))
        #expect(all.map(\.at) == [4, 6, 8, 10].map { .seconds($0) })
        #expect(some.map(\.at) == [4, 6].map { .seconds($0) })
        let forbid = #"{"schedules": ["*/2 * * * * *"], "concurrencyPolicy": "Forbid"}"#
        // None of its workflows failed, so that nothing may have stopped it.
        let stopping = #"{"schedules": ["*/2 * * * * *"], "stopStrategy": {"expression": "cronworkflow.failed >= 3"}}"#
        let vague = #"{"schedules": ["*/2 * * * * *"], "stopStrategy": {"expression": "cronworkflow.succeeded >= 3"}}"#
        #expect(try areOptional(plain) == [false])
        #expect(try areOptional(stopping) == [false])
        #expect(try areOptional(forbid) == [true])
        #expect(try areOptional(vague) == [true])
    }
}
