import Kubernetes
import Resilience
import Testing
import Workflows

struct CronReconcilerTests {
    /// A CronWorkflow and its controller's knowledge, from one look to the next; the world does what it is asked.
    private struct World {
        var cron: CronWorkflow
        var settings: CronReconciler.Settings
        var workflows: [Workflow] = []
        var memory: CronReconciler.Memory?
        /// What submissions come to; nil lets them succeed.
        var failure: (Policy.Disposition, String)?

        init(_ spec: JSONObject = [:], policy: Policy = .boreas, annotations: [String: String] = [:]) {
            cron = CronFixtures.cron("nightly", spec, annotations: annotations)
            settings = CronFixtures.settings(policy)
        }

        /// - Returns: The plan; its effects are done.
        mutating func look(at seconds: Int) -> CronReconciler.Plan {
            let plan = CronReconciler.reconcile(
                .init(cron: cron, workflows: workflows, memory: memory, now: CronFixtures.time(seconds)),
                settings: settings)
            cron = plan.cron
            var memory = plan.memory
            for effect in plan.effects {
                switch effect {
                case .submit(let run): submit(run, &memory)
                case .stop(let key): finish(key.name, .failed, at: seconds)
                case .delete(let key, _): workflows.removeAll { $0.metadata.key == key }
                case .writeStatus: break
                }
            }
            self.memory = memory
            return plan
        }

        private mutating func submit(_ run: CronReconciler.Run, _ memory: inout CronReconciler.Memory) {
            var outcome: CronReconciler.Outcome
            if let failure {
                outcome = .failed(failure.0, message: failure.1)
            } else {
                var workflow = run.workflow
                workflow.metadata.uid = "uid-of-\(workflow.metadata.name)"
                workflow.phase = .running
                workflows.append(workflow)
                outcome = .submitted(workflow)
            }
            CronReconciler.apply(outcome, of: run, to: &cron, &memory, settings: settings)
        }

        mutating func finish(_ name: String, _ phase: Workflow.Phase, at seconds: Int) {
            for index in workflows.indices where workflows[index].metadata.name == name {
                workflows[index].phase = phase
                workflows[index].finishedAt = CronFixtures.time(seconds)
            }
        }

        /// The ticks that have a run, in seconds since the start.
        var runs: [Int] {
            workflows.compactMap { CronNames.tick(of: $0, cron: "nightly") }
                .map { Int(($0.microsecondsSinceEpoch - CronFixtures.start.microsecondsSinceEpoch) / 1_000_000) }
        }
    }

    private func name(_ seconds: Int) -> String {
        CronNames.workflowName(cron: "nightly", tick: CronFixtures.time(seconds))
    }

    @Test("a tick is run once, when it is due")
    func tick() throws {
        var world = World()
        #expect(world.look(at: 10).lookAgain == CronFixtures.time(60))
        #expect(world.runs == [])
        let plan = world.look(at: 60)
        #expect(plan.lookAgain == CronFixtures.time(120))
        #expect(world.runs == [60])
        #expect(world.cron.lastScheduledTime == CronFixtures.time(60))
        #expect(world.cron.active.map(\.name) == [name(60)])
        #expect(world.cron.phase == .active)
        #expect(world.cron.metadata.annotations[CronNames.lastUsedScheduleAnnotation] == "* * * * *")
        _ = world.look(at: 61)
        _ = world.look(at: 119)
        #expect(world.runs == [60])
        _ = world.look(at: 121)
        #expect(world.runs == [60, 120])
    }

    @Test("a run has the name, labels, annotations and owner that Argo gives it")
    func run() throws {
        let metadata: JSONObject = ["labels": ["team": "blue"], "annotations": ["note": "n"], "finalizers": ["a/b"]]
        var world = World([
            "workflowMetadata": .object(metadata), "timezone": "Asia/Kolkata",
            "workflowSpec": ["workflowTemplateRef": ["name": "job"]],
        ])
        world.cron.metadata.labels["workflows.argoproj.io/creator"] = "me"
        _ = world.look(at: 0)
        let plan = world.look(at: 60)
        guard case .submit(let run) = plan.effects.first else {
            Issue.record("no submission: \(plan.effects)")
            return
        }
        let workflow = run.workflow
        #expect(run.template == ObjectKey(namespace: "trial", name: "job"))
        #expect(workflow.metadata.name == "nightly-1750000080")
        #expect(workflow.metadata.namespace == "trial")
        #expect(
            workflow.metadata.labels == [
                "team": "blue", CronNames.cronLabel: "nightly", "workflows.argoproj.io/creator": "me",
                WorkflowNames.instanceLabel: WorkflowFixtures.instanceID,
            ])
        #expect(
            workflow.metadata.annotations == ["note": "n", CronNames.scheduledTimeAnnotation: "2025-06-15T15:08:00Z"])
        #expect(workflow.metadata.finalizers == ["a/b"])
        #expect(workflow.metadata.ownerReferences == [OwnerReference(to: world.cron)])
        #expect(workflow.json["spec", "workflowTemplateRef", "name"] == "job")
        #expect(
            world.cron.metadata.annotations[CronNames.lastUsedScheduleAnnotation] == "CRON_TZ=Asia/Kolkata * * * * *")
    }

    @Test("what was never due is not made up for: the time before it was made, a suspension, another schedule")
    func neverDue() {
        var world = World(["startingDeadlineSeconds": 600])
        world.cron.metadata.creationTimestamp = CronFixtures.time(999)
        _ = world.look(at: 1_000)
        #expect(world.runs == [])
        world.cron.json["spec", "suspend"] = true
        #expect(world.look(at: 1_001).lookAgain == nil)
        _ = world.look(at: 1_400)
        world.cron.json["spec", "suspend"] = false
        _ = world.look(at: 1_430)
        #expect(world.runs == [])
        world.cron.json["spec", "schedules"] = ["*/2 * * * *"]
        _ = world.look(at: 1_450)
        world.cron.json["spec", "schedules"] = ["* * * * *"]
        _ = world.look(at: 1_570)
        #expect(world.runs == [])
    }

    @Test("a tick while suspended is skipped")
    func suspended() {
        var world = World(["suspend": true])
        _ = world.look(at: 30)
        _ = world.look(at: 60)
        #expect(world.runs == [])
    }

    private static let catchUps: [(deadline: Int?, restart: Int, runs: [Int])] = [
        // Three ticks missed: the latest alone is made up for, within its deadline.
        (nil, 250, [60]), (0, 250, [60]), (30, 250, [60, 240]), (10, 250, [60]), (11, 250, [60, 240]),
        // None missed.
        (600, 110, [60]),
    ]

    @Test("a controller that was down makes up for the latest tick alone, within the deadline", arguments: catchUps)
    func catchUp(deadline: Int?, restart: Int, runs: [Int]) {
        for policy in [Policy.boreas, .argo412] {
            var world = World(
                ["startingDeadlineSeconds": deadline.map { .integer(Int64($0)) } ?? .null], policy: policy)
            _ = world.look(at: 0)
            _ = world.look(at: 60)
            world.memory = nil
            _ = world.look(at: restart)
            #expect(world.runs == runs)
            _ = world.look(at: restart + 1)
            #expect(world.runs == runs)
        }
    }

    @Test("a controller that comes to know of a CronWorkflow late makes up for its first run, and Argo's does not")
    func firstRun() {
        for (policy, runs) in [(Policy.boreas, [240]), (.argo412, [])] {
            var world = World(["startingDeadlineSeconds": 600], policy: policy)
            _ = world.look(at: 250)
            #expect(world.runs == runs)
            _ = world.look(at: 251)
            #expect(world.runs == runs)
        }
        var late = World(["startingDeadlineSeconds": 5])
        _ = late.look(at: 250)
        #expect(late.runs == [])
    }

    @Test("after a change of the schedule nothing is made up for")
    func noCatchUp() {
        var world = World(["startingDeadlineSeconds": 600], policy: .argo412)
        _ = world.look(at: 250)
        #expect(world.runs == [])
        world.cron.lastScheduledTime = CronFixtures.time(60)
        world.cron.metadata.annotations[CronNames.lastUsedScheduleAnnotation] = "*/2 * * * *"
        world.memory = nil
        _ = world.look(at: 251)
        #expect(world.runs == [])
        world.cron.metadata.annotations[CronNames.lastUsedScheduleAnnotation] = "* * * * *"
        _ = world.look(at: 252)
        #expect(world.runs == [240])
    }

    @Test("Allow runs side by side, Forbid skips, Replace stops", arguments: ["Allow", "Forbid", "Replace", ""])
    func concurrency(policy: String) {
        var world = World(["concurrencyPolicy": .string(policy)])
        _ = world.look(at: 0)
        _ = world.look(at: 60)
        let plan = world.look(at: 120)
        switch policy {
        case "Forbid":
            #expect(world.runs == [60])
            world.finish(name(60), .succeeded, at: 130)
            _ = world.look(at: 180)
            #expect(world.runs == [60, 180])
        case "Replace":
            #expect(plan.effects.first == .stop(ObjectKey(namespace: "trial", name: name(60))))
            #expect(world.runs == [60, 120])
            _ = world.look(at: 121)
            #expect(world.cron.active.map(\.name) == [name(120)])
            #expect(world.cron.failed == 1)
        default:
            #expect(world.runs == [60, 120])
            #expect(world.cron.active.count == 2)
        }
    }

    @Test("finished runs are counted once, and the history is kept short, the oldest going first")
    func history() {
        var world = World(["successfulJobsHistoryLimit": 2])
        _ = world.look(at: 0)
        for minute in 1...5 {
            _ = world.look(at: 60 * minute)
            world.finish(name(60 * minute), minute < 4 ? .succeeded : .error, at: 60 * minute + 10)
            _ = world.look(at: 60 * minute + 11)
            _ = world.look(at: 60 * minute + 12)
        }
        #expect(world.cron.succeeded == 3)
        #expect(world.cron.failed == 2)
        #expect(world.cron.active == [])
        // Two that succeeded, and by default one that did not.
        #expect(world.runs == [120, 180, 300])
    }

    @Test("a history of none keeps none")
    func noHistory() {
        var world = World(["successfulJobsHistoryLimit": 0, "failedJobsHistoryLimit": 0])
        _ = world.look(at: 0)
        _ = world.look(at: 60)
        world.finish(name(60), .succeeded, at: 70)
        _ = world.look(at: 71)
        #expect(world.runs == [])
        #expect(world.cron.succeeded == 1)
    }

    @Test("a namesake's runs are not this CronWorkflow's")
    func namesake() {
        var world = World(["concurrencyPolicy": "Forbid", "successfulJobsHistoryLimit": 0])
        var former = world.cron
        former.metadata.uid = "uid-of-another"
        world.workflows = [
            CronFixtures.workflow(of: former, at: CronFixtures.time(-60)),
            CronFixtures.workflow(of: former, at: CronFixtures.time(-120), .succeeded),
        ]
        _ = world.look(at: 0)
        _ = world.look(at: 60)
        #expect(world.runs == [-60, -120, 60])
        #expect(world.cron.active.map(\.name) == [name(60)])
    }

    @Test("a stopStrategy that comes true stops the CronWorkflow for good")
    func stop() {
        var world = World(["stopStrategy": ["expression": "cronworkflow.succeeded >= 1"]])
        _ = world.look(at: 0)
        _ = world.look(at: 60)
        #expect(world.cron.phase == .active)
        world.finish(name(60), .succeeded, at: 70)
        let plan = world.look(at: 71)
        #expect(world.cron.phase == .stopped)
        #expect(world.cron.metadata.labels[CronNames.completedLabel] == "true")
        #expect(plan.lookAgain == nil)
        _ = world.look(at: 120)
        #expect(world.runs == [60])
    }

    @Test("an expression that can't be evaluated is a condition, and nothing runs")
    func badExpressions() {
        var world = World(["stopStrategy": ["expression": "?"]])
        _ = world.look(at: 0)
        _ = world.look(at: 60)
        #expect(world.runs == [])
        #expect(world.cron[.specError]?.contains("stopping condition: failed to evaluate stop expression") == true)
        world = World(["when": "{{= 7 }}"])
        _ = world.look(at: 0)
        _ = world.look(at: 60)
        #expect(world.runs == [])
        #expect(world.cron[.submissionError] == "run policy error: expected a boolean of '7', got 7")
    }

    private static let whens: [(text: String, runs: [Int])] = [
        ("true", [60, 120, 180]), ("{{= false }}", []), ("{{cronworkflow.name}} == nightly", [60, 120, 180]),
        (
            "{{= cronworkflow.lastScheduledTime == nil || (now() - cronworkflow.lastScheduledTime).Seconds() > 90 }}",
            [60, 180]
        ),
    ]

    @Test("a tick runs only when its condition is true", arguments: whens)
    func when(text: String, runs: [Int]) {
        var world = World(["when": .string(text)])
        for minute in 0...3 { _ = world.look(at: 60 * minute) }
        #expect(world.runs == runs)
        #expect(world.cron[.submissionError] == nil)
    }

    @Test("boreas keeps a tick that it could not submit until the next one is due")
    func keptTick() {
        var world = World()
        world.failure = (.requeue, "Failed to submit Workflow: down")
        _ = world.look(at: 0)
        _ = world.look(at: 60)
        _ = world.look(at: 90)
        #expect(world.cron[.submissionError] == "Failed to submit Workflow: down")
        #expect(world.cron.failed == 0)
        world.failure = nil
        _ = world.look(at: 119)
        #expect(world.runs == [60])
        #expect(world.cron[.submissionError] == nil)
        world.failure = (.requeue, "Failed to submit Workflow: down")
        _ = world.look(at: 120)
        world.failure = nil
        _ = world.look(at: 180)
        #expect(world.runs == [60, 180])
        _ = world.look(at: 181)
        #expect(world.runs == [60, 180])
    }

    @Test("boreas keeps a tick for as long as its deadline lets it, and the ticks after it too")
    func keptUntilDeadline() {
        var world = World(["startingDeadlineSeconds": 100])
        world.failure = (.requeue, "Failed to submit Workflow: down")
        _ = world.look(at: 0)
        _ = world.look(at: 60)
        _ = world.look(at: 120)
        _ = world.look(at: 159)
        #expect(world.memory?.pending.map(\.tick) == [60, 120].map(CronFixtures.time))
        let late = world.look(at: 160)
        #expect(world.memory?.pending.map(\.tick) == [CronFixtures.time(120)])
        #expect(
            late.cron[.submissionError] == "missed the run of 2025-06-15T15:08:00Z: Failed to submit Workflow: down")
        _ = world.look(at: 180)
        world.failure = nil
        // One tick a pass; the shell goes on while there are more.
        _ = world.look(at: 185)
        _ = world.look(at: 185)
        _ = world.look(at: 185)
        #expect(world.runs == [120, 180])
        #expect(world.cron.lastScheduledTime == CronFixtures.time(180))
    }

    @Test("what can't succeed is given up at once, and not made up for either")
    func permanent() {
        var world = World(["startingDeadlineSeconds": 600])
        _ = world.look(at: 0)
        _ = world.look(at: 60)
        world.failure = (.failNode, "Failed to submit Workflow: forbidden")
        _ = world.look(at: 120)
        world.failure = nil
        _ = world.look(at: 130)
        #expect(world.runs == [60])
        #expect(world.cron[.submissionError] == "Failed to submit Workflow: forbidden")
        _ = world.look(at: 180)
        #expect(world.runs == [60, 180])
    }

    @Test("Argo loses a tick that it could not submit, and since v3.6 counts it as failed")
    func argoLosesTicks() {
        for (policy, failed) in [(Policy.argo358, 0), (.argo412, 1)] {
            var world = World(["stopStrategy": ["expression": "cronworkflow.failed >= 1"]], policy: policy)
            _ = world.look(at: 0)
            world.failure = (.ignore, "Failed to submit Workflow: down")
            _ = world.look(at: 60)
            #expect(world.cron[.submissionError] == "Failed to submit Workflow: down")
            #expect(world.cron.failed == failed)
            world.failure = nil
            _ = world.look(at: 70)
            _ = world.look(at: 120)
            // One outage has tripped the stopStrategy (H7).
            #expect(world.runs == (failed == 0 ? [120] : []))
            #expect(world.cron.phase == (failed == 0 ? .active : .stopped))
        }
    }

    @Test("within a deadline Argo submits again at every look, and counts each failure")
    func argoLoops() {
        var world = World(["startingDeadlineSeconds": 50], policy: .argo412)
        _ = world.look(at: 0)
        _ = world.look(at: 60)
        world.failure = (.ignore, "Failed to submit Workflow: down")
        for seconds in 120...125 { _ = world.look(at: seconds) }
        #expect(world.cron.failed == 6)
        world.failure = nil
        _ = world.look(at: 126)
        #expect(world.runs == [60, 120])
    }

    @Test("a run whose status was never written is found by its name: boreas repairs, Argo runs it again")
    func lostStatus() {
        for (policy, submits) in [(Policy.boreas, 0), (.argo412, 1)] {
            var world = World(["startingDeadlineSeconds": 100, "concurrencyPolicy": "Replace"], policy: policy)
            world.cron.lastScheduledTime = CronFixtures.time(60)
            world.cron.metadata.annotations[CronNames.lastUsedScheduleAnnotation] = "* * * * *"
            world.workflows = [CronFixtures.workflow(of: world.cron, at: CronFixtures.time(120))]
            let plan = world.look(at: 130)
            let submitted = plan.effects.count { if case .submit = $0 { true } else { false } }
            #expect(submitted == submits)
            // #12625: the good run is stopped for the sake of its own repetition.
            #expect(plan.effects.contains(.stop(ObjectKey(namespace: "trial", name: name(120)))) == (submits == 1))
            if policy == .boreas {
                #expect(world.cron.lastScheduledTime == CronFixtures.time(120))
                #expect(world.cron.active.map(\.name) == [name(120)])
            }
        }
    }

    @Test("a repaired run that is over already is counted")
    func lostStatusOfFinished() {
        var world = World()
        world.workflows = [CronFixtures.workflow(of: world.cron, at: CronFixtures.time(120), .succeeded)]
        _ = world.look(at: 130)
        _ = world.look(at: 131)
        #expect(world.cron.succeeded == 1)
        #expect(world.cron.active == [])
        #expect(world.cron.lastScheduledTime == CronFixtures.time(120))
    }

    @Test("AlreadyExists repairs the status, or leaves it alone")
    func taken() {
        var memory = CronReconciler.Memory(uid: "uid-of-nightly")
        let cron = CronFixtures.cron()
        let tick = CronFixtures.time(60)
        let workflow = CronFixtures.workflow(of: cron, at: tick)
        let run = CronReconciler.Run(tick: tick, workflow: workflow, template: nil)
        for outcome in [CronReconciler.Outcome.taken, .submitted(workflow)] {
            var changed = cron
            memory.pending = [.init(tick: tick)]
            CronReconciler.apply(outcome, of: run, to: &changed, &memory, settings: CronFixtures.settings())
            #expect(memory.pending.isEmpty)
            #expect((changed == cron) == (outcome == .taken))
        }
    }

    private static let refusals: [(spec: JSONObject, message: String)] = [
        (["schedules": []], "spec.schedules: needs at least one schedule"),
        (["schedules": ["* * * * *", "61 * * * *"]], "spec.schedules[1]: cron schedule \"61 * * * *\": minute: "),
        (["schedule": "* * * * *"], "spec.schedule: stands beside spec.schedules; use spec.schedules alone"),
        (["schedules": ["*/5 * * * * *"]], "spec.schedules[0]: cron schedule"),
        (["timezone": "Mars/Olympus"], "spec.timezone: there is no zone \"Mars/Olympus\""),
        (
            ["timezone": "Asia/Kolkata", "schedules": ["TZ=UTC * * * * *"]],
            "spec.schedules[0]: names a zone, and so does spec.timezone"
        ),
        (["concurrencyPolicy": "Perhaps"], "spec.concurrencyPolicy: \"Perhaps\" is none of"),
        (["startingDeadlineSeconds": -1], "spec.startingDeadlineSeconds: is -1; use 0 or more"),
        (["suspend": "yes"], "spec.suspend: is \"yes\", and not true or false"),
        (["stopStrategy": ["condition": "x"]], "spec.stopStrategy.condition: is not supported"),
        (["parallelism": 3], "spec.parallelism: is not supported"),
        (["workflowMetadata": ["name": "x"]], "spec.workflowMetadata.name: is not supported"),
        (["workflowSpec": .null], "spec.workflowSpec: is required"),
        (
            ["workflowSpec": ["workflowTemplateRef": ["name": "x", "clusterScope": true]]],
            "spec.workflowSpec.workflowTemplateRef.clusterScope: is not supported"
        ),
    ]

    @Test("what is not understood is refused by its field, in a condition", arguments: refusals)
    func unsupported(spec: JSONObject, message: String) {
        var world = World(spec)
        #expect(world.look(at: 0).lookAgain == nil)
        _ = world.look(at: 60)
        #expect(world.runs == [])
        #expect(world.cron[.specError]?.hasPrefix(message) == true, "\(world.cron[.specError] ?? "")")
        world.cron.json["spec"] = CronFixtures.cron().json["spec"]
        _ = world.look(at: 61)
        #expect(world.cron[.specError] == nil)
        _ = world.look(at: 120)
        #expect(world.runs == [120])
    }

    @Test("a workflow that can't be run is refused before its ticks come")
    func invalidWorkflow() {
        var world = World()
        world.settings.validate = { _ in throw CronExpressions.Failure(description: "no entrypoint") }
        _ = world.look(at: 0)
        #expect(world.cron[.specError] == "cannot validate Workflow: no entrypoint")
    }

    @Test("the single schedule of v3.5 is read, and seconds where the annotation allows them")
    func otherForms() {
        var world = World(["schedules": .null, "schedule": "*/2 * * * *"])
        _ = world.look(at: 0)
        _ = world.look(at: 60)
        #expect(world.memory?.seenUntil == CronFixtures.time(60))
        #expect(world.cron[.specError] == nil)
        world = World(["schedules": ["*/5 * * * * *"]], annotations: [CronNames.secondsAnnotation: "true"])
        _ = world.look(at: 0)
        for second in [5, 10, 15] { _ = world.look(at: second) }
        #expect(world.runs == [5, 10, 15])
    }
}
