import APIMachinery
import Determinism
import Kubernetes
import Resilience
import Synchronization
import Testing
import Workflows

/// Controllers in virtual time.
struct CronControllerTests {
    /// Everything that a trial has, without weather but for the script; ticks are five seconds apart.
    private struct Trial {
        let api: ScriptedAPI
        let policy: Policy
        let log = ObserverLog()
        let time = VirtualTime()
        let attempts = AttemptCounter()

        var clock: TrialClock { time.clock }

        /// - Parameter script: Asked about the controller's own requests.
        init(
            _ policy: Policy, script: @escaping @Sendable (APIRequest, Int) -> ScriptedAPI.Fault? = { _, _ in nil }
        ) {
            self.policy = policy
            api = ScriptedAPI { request, ordinal in request.trace == nil ? nil : script(request, ordinal) }
        }

        func makeController() -> CronController {
            CronController(
                api: api,
                configuration: .init(
                    namespace: WorkflowFixtures.namespace, instanceID: WorkflowFixtures.instanceID, policy: policy,
                    expressions: CronFixtures.expressions),
                clock: clock, streams: RandomStreams(seed: 1), attempts: attempts, observer: log.observer)
        }

        /// Runs a controller until a condition holds.
        func run(
            _ controller: CronController? = nil, meanwhile: @escaping @Sendable () async throws -> Void = {},
            until condition: @escaping @Sendable (ScriptedAPI) -> Bool
        ) throws {
            let controller = controller ?? makeController()
            try time.run { [self] in
                try await withThrowingTaskGroup { group in
                    group.addTask { try await controller.run() }
                    group.addTask { try await meanwhile() }
                    while !condition(api) { try await clock.sleep(for: .milliseconds(500)) }
                    group.cancelAll()
                    try? await group.waitForAll()
                }
            }
        }

        func cron() throws -> CronWorkflow { try #require(api.objects(CronWorkflow.self).first) }

        /// From a tick to before another, counted from the first run.
        func audit(ticks: Int) throws -> CronTicks.Findings {
            let sightings = api.objects(Workflow.self).compactMap { workflow in
                CronNames.tick(of: workflow, cron: "nightly").map { CronTicks.Sighting(workflow, created: $0) }
            }
            let first = try #require(sightings.compactMap(\.scheduledTime).min())
            return try CronTicks.audit(cron(), span: first..<first + .seconds(5 * ticks), workflows: sightings)
        }

        /// Deletes each run as soon as the controller has sent so many requests about it, and a little later, until
        /// the task is cancelled.
        func cleanAway(after requests: @Sendable (String) -> Int, _ onSight: @Sendable (String) -> Void) async throws {
            while true {
                for workflow in api.objects(Workflow.self) {
                    let name = workflow.metadata.name
                    let sent = api.requests.count { $0.trace != nil && $0.identity.name == name }
                    guard sent >= requests(name) else { continue }
                    onSight(name)
                    try await clock.sleep(for: .milliseconds(400))
                    try await api.delete(Workflow.self, workflow.metadata.key)
                }
                try await clock.sleep(for: .milliseconds(100))
            }
        }

        var creates: [APIRequest] { api.requests.filter { $0.verb == .create && $0.resource == .workflows } }
    }

    private static func cron(_ spec: JSONObject = [:]) -> CronWorkflow {
        var spec = spec
        spec["schedules"] = ["*/5 * * * * *"]
        return CronFixtures.cron("nightly", spec, annotations: [CronNames.secondsAnnotation: "true"])
    }

    private static func runs(_ count: Int) -> @Sendable (ScriptedAPI) -> Bool {
        { $0.objects(Workflow.self).count >= count }
    }

    private static func isCreate(_ request: APIRequest) -> Bool {
        request.verb == .create && request.resource == .workflows
    }

    private static func isStatusWrite(_ request: APIRequest) -> Bool {
        request.verb == .patch && request.resource == .cronWorkflows
    }

    @Test("every tick has one run under every policy in good weather", arguments: Policy.presets)
    func goodWeather(policy: Policy) async throws {
        let trial = Trial(policy)
        _ = try await trial.api.create(Self.cron())
        try trial.run(until: Self.runs(5))
        #expect(try trial.audit(ticks: 5).isClean)
        #expect(trial.creates.count == trial.api.objects(Workflow.self).count)
        let cron = try trial.cron()
        #expect(cron.active.count >= 4)
        #expect(cron.phase == .active)
        #expect(cron.metadata.annotations[CronNames.secondsAnnotation] == "true")
    }

    @Test("a create whose answer is lost makes one run, and boreas writes it into the status")
    func lostCreate() async throws {
        let trial = Trial(.boreas) { request, ordinal in
            Self.isCreate(request) && ordinal == 1 ? .loseAnswer(.lostAnswer) : nil
        }
        _ = try await trial.api.create(Self.cron(["startingDeadlineSeconds": 3_600]))
        try trial.run { api in api.objects(CronWorkflow.self).first?.active.count ?? 0 >= 4 }
        #expect(try trial.audit(ticks: 4).isClean)
        #expect(try trial.cron()[.submissionError] == nil)
        #expect(!trial.log.operations.contains { $0.outcome == .failed(.transient) })
    }

    @Test("Argo takes its own run for somebody's success, and leaves the status alone")
    func lostCreateUnderArgo() async throws {
        let trial = Trial(.argo412) { request, ordinal in
            Self.isCreate(request) && ordinal == 1 ? .loseAnswer(.lostAnswer) : nil
        }
        _ = try await trial.api.create(Self.cron())
        try trial.run(until: Self.runs(3))
        #expect(try trial.audit(ticks: 3).isClean)
        #expect(try trial.cron().lastScheduledTime == nil)
    }

    @Test("a lost run is made neither twice nor again after it was cleaned away, though no status could be written")
    func lostCreateLostStatusLostRun() async throws {
        let trial = Trial(.boreas) { request, ordinal in
            if Self.isCreate(request) { return ordinal == 1 ? .loseAnswer(.lostAnswer) : nil }
            // The first tells of a run; without one there is nothing to make up for.
            return Self.isStatusWrite(request) && (2...60).contains(ordinal) ? .refuse(.lostAnswer) : nil
        }
        _ = try await trial.api.create(Self.cron(["startingDeadlineSeconds": 60]))
        let names = Mutex<[String]>([])
        try trial.run(
            meanwhile: {
                // Created, tried again, and looked up.
                try await trial.cleanAway(after: { _ in 3 }, { name in names.withLock { $0.append(name) } })
            }, until: { _ in names.withLock { $0.count } >= 8 })
        let seen = names.withLock { $0 }
        #expect(Set(seen).count == seen.count)
        #expect(try trial.cron().lastScheduledTime != nil)
    }

    private static let cleanings: [(policy: Policy, isRepeated: Bool)] = [(.boreas, false), (.argo412, true)]

    @Test("a run that was cleaned away is made again by Argo, which never heard of it", arguments: cleanings)
    func cleanedAway(policy: Policy, isRepeated: Bool) async throws {
        let first = Mutex<String?>(nil)
        let trial = Trial(policy) { request, ordinal in
            guard Self.isCreate(request), ordinal == 1 else { return nil }
            // Only a CronWorkflow that has run before makes up for anything.
            let isFirst = first.withLock { first in
                first = first ?? request.identity.name
                return first == request.identity.name
            }
            return isFirst ? nil : .loseAnswer(.lostAnswer)
        }
        var cron = Self.cron(["startingDeadlineSeconds": 60])
        cron.json["spec", "schedules"] = ["*/20 * * * * *"]
        _ = try await trial.api.create(cron)
        let names = Mutex<[String]>([])
        try trial.run(
            meanwhile: {
                // Created, tried again, and under boreas looked up.
                let count = policy == .boreas ? 3 : 2
                try await trial.cleanAway(after: { name in first.withLock { $0 == name } ? 1 : count }) { name in
                    names.withLock { $0.append(name) }
                }
            },
            until: { _ in
                let seen = names.withLock { $0 }
                return isRepeated ? Set(seen).count < seen.count : seen.count >= 6
            })
        let seen = names.withLock { $0 }
        #expect((Set(seen).count < seen.count) == isRepeated)
    }

    @Test("boreas tries a refused create again until it works, within the deadline")
    func refusedCreate() async throws {
        let trial = Trial(.boreas) { request, ordinal in
            Self.isCreate(request) && ordinal <= 6 ? .refuse(.lostAnswer) : nil
        }
        _ = try await trial.api.create(Self.cron(["startingDeadlineSeconds": 3_600]))
        try trial.run(until: Self.runs(5))
        #expect(try trial.audit(ticks: 5).isClean)
        #expect(trial.log.decisions.contains { $0.layer == .requeue })
        #expect(try trial.cron().failed == 0)
    }

    @Test("Argo loses a refused tick, says so in a condition, and counts it")
    func refusedCreateUnderArgo() async throws {
        let lost = Mutex<String?>(nil)
        let trial = Trial(.argo412) { request, _ in
            guard Self.isCreate(request) else { return nil }
            // The second tick.
            let name = request.identity.name
            let isLost = lost.withLock { lost in
                if lost == nil { lost = "first" } else if lost == "first" { lost = name }
                return lost == name
            }
            return isLost ? .refuse(.lostAnswer) : nil
        }
        _ = try await trial.api.create(Self.cron())
        try trial.run(until: Self.runs(3))
        // The next run that succeeds takes the condition away.
        let messages = trial.api.requests.filter(Self.isStatusWrite).compactMap { request in
            request.body?.object?["status", "conditions"]?.array?.first?.object?["message"]?.string
        }
        #expect(messages == ["Failed to submit Workflow: Recv failure: Connection reset by peer"])
        #expect(try trial.audit(ticks: 3).missed.count == 1)
        #expect(try trial.cron().failed == 1)
        // Five tries in place, and no more.
        let name = lost.withLock { $0 }
        #expect(trial.creates.count { $0.identity.name == name } == 5)
    }

    @Test("within a deadline Argo's count of the failure wakes it to fail again")
    func argoLoop() async throws {
        let hasRun = Mutex(false)
        let trial = Trial(.argo412) { request, _ in
            guard Self.isCreate(request) else { return nil }
            return hasRun.withLock { hasRun in
                defer { hasRun = true }
                return hasRun ? .refuse(.lostAnswer) : nil
            }
        }
        var cron = Self.cron(["startingDeadlineSeconds": 3_600])
        cron.json["spec", "schedules"] = ["0,10 * * * * *"]
        _ = try await trial.api.create(cron)
        try trial.run { $0.objects(CronWorkflow.self).first?.failed ?? 0 >= 8 }
        // More tries of one tick than one submission has in place.
        let tries = Dictionary(grouping: trial.creates, by: \.identity.name).values.map(\.count)
        #expect(tries.max() ?? 0 > 5)
    }

    @Test("a status that could not be written is written in the end")
    func refusedStatus() async throws {
        let trial = Trial(.boreas) { request, ordinal in
            Self.isStatusWrite(request) && ordinal <= 9 ? .refuse(.lostAnswer) : nil
        }
        _ = try await trial.api.create(Self.cron(["startingDeadlineSeconds": 3_600]))
        try trial.run { api in api.objects(CronWorkflow.self).first?.active.count ?? 0 >= 4 }
        #expect(try trial.audit(ticks: 4).isClean)
        let operations = trial.log.operations.filter { $0.path == .cronStatus }
        #expect(operations.contains { $0.attempts > 9 && $0.outcome == .succeeded })
    }

    @Test("a controller that is killed after its n-th write, and another, make one run of a tick", arguments: 1...6)
    func restart(writes: Int) async throws {
        let trial = Trial(.boreas) { request, ordinal in
            request.verb.isWrite && ordinal == 1 ? .loseAnswer(.lostAnswer) : nil
        }
        _ = try await trial.api.create(Self.cron(["startingDeadlineSeconds": 60]))
        try trial.run { api in api.requests.count { $0.verb.isWrite && $0.trace != nil } >= writes }
        let before = trial.api.objects(Workflow.self).count
        try trial.run { api in
            api.objects(Workflow.self).count >= before + 3
                && api.objects(CronWorkflow.self).first?.active.count ?? 0 >= before + 2
        }
        #expect(try trial.audit(ticks: before + 3).duplicated.isEmpty)
        let ids = trial.api.requests.compactMap { $0.trace?.requestID }
        #expect(Set(ids).count == ids.count)
        // Each run that there is, and no other, is known or was.
        let names = trial.api.objects(Workflow.self).map(\.metadata.name)
        #expect(try Set(trial.cron().active.map(\.name)).isSubset(of: names))
    }

    @Test("a template that can't be read costs Argo the run, and boreas some time")
    func templateRead() async throws {
        for policy in [Policy.argo412, .boreas] {
            let reads = Mutex(0)
            let trial = Trial(policy) { request, _ in
                guard request.resource == .workflowTemplates else { return nil }
                return reads.withLock { reads in
                    reads += 1
                    return reads == 1 ? .refuse(.lostAnswer) : nil
                }
            }
            _ = try await trial.api.create(WorkflowTemplate(name: "job", namespace: WorkflowFixtures.namespace))
            _ = try await trial.api.create(Self.cron(["workflowSpec": ["workflowTemplateRef": ["name": "job"]]]))
            try trial.run(until: Self.runs(2))
            let failed = trial.log.operations.filter {
                $0.path == .cronTemplateRead && $0.outcome == .failed(.transient)
            }
            #expect(failed.count == (policy == .boreas ? 0 : 1))
            #expect(try trial.cron().failed == (policy == .boreas ? 0 : 1))
        }
    }

    @Test("Replace terminates the run before")
    func replace() async throws {
        let trial = Trial(.boreas) { request, ordinal in
            request.verb == .patch && request.resource == .workflows && ordinal == 1 ? .refuse(.lostAnswer) : nil
        }
        _ = try await trial.api.create(Self.cron(["concurrencyPolicy": "Replace"]))
        try trial.run(until: Self.runs(4))
        let workflows = trial.api.objects(Workflow.self)
        #expect(workflows.dropLast().allSatisfy { $0.spec["shutdown"] == "Terminate" })
        #expect(workflows.last?.spec["shutdown"] == nil)
    }

    @Test("a foreign workflow of a run's name is not taken for the run")
    func foreign() async throws {
        let trial = Trial(.boreas)
        // At every tick for a while: there is no telling which the controller sees first.
        for number in 1...100 {
            let tick = WorkflowFixtures.start + .seconds(5 * number)
            var foreign = WorkflowFixtures.workflow(
                CronNames.workflowName(cron: "nightly", tick: tick), spec: WorkflowFixtures.containerSpec)
            foreign.metadata.annotations = [CronNames.scheduledTimeAnnotation: tick.rfc3339]
            _ = try await trial.api.create(foreign)
        }
        _ = try await trial.api.create(Self.cron())
        try trial.run { $0.objects(CronWorkflow.self).first?[.submissionError] != nil }
        let message = try #require(trial.cron()[.submissionError])
        #expect(message.hasSuffix("already exists"))
        #expect(try trial.cron().lastScheduledTime == nil)
    }

    @Test("a CronWorkflow that is deleted ticks no more, and leaves no operation open")
    func deleted() async throws {
        let trial = Trial(.boreas) { request, _ in Self.isCreate(request) ? .refuse(.lostAnswer) : nil }
        let key = try await trial.api.create(Self.cron(["startingDeadlineSeconds": 3_600])).metadata.key
        let controller = trial.makeController()
        let api = trial.api
        try trial.run(
            controller,
            meanwhile: {
                while api.requests.count(where: Self.isCreate) < 2 {
                    try await trial.clock.sleep(for: .milliseconds(100))
                }
                try await api.delete(CronWorkflow.self, key)
            }, until: { api in api.objects(CronWorkflow.self).isEmpty && controller.isIdle })
        #expect(trial.log.operations.contains { $0.path == .cronCreate && $0.outcome == .abandoned })
    }

    @Test("on the embedded server's store runs are made, counted and cleaned away")
    func embedded() throws {
        let time = VirtualTime()
        let clock = time.clock
        let core = APIServerCore(clock: clock)
        let api = InProcessAPI(core)
        let controller = CronController(
            api: api,
            configuration: .init(
                namespace: WorkflowFixtures.namespace, instanceID: WorkflowFixtures.instanceID, policy: .boreas,
                expressions: CronFixtures.expressions),
            clock: clock, streams: RandomStreams(seed: 1), attempts: AttemptCounter())
        var cron = Self.cron(["successfulJobsHistoryLimit": 1])
        cron.metadata.uid = nil
        cron.metadata.resourceVersion = nil
        cron.metadata.creationTimestamp = nil
        let finished = try time.run { [cron] in
            try await withThrowingTaskGroup { group in
                group.addTask { () -> CronWorkflow? in
                    try await core.run()
                    return nil
                }
                _ = try await api.create(Namespace(name: WorkflowFixtures.namespace))
                let key = try await api.create(cron).metadata.key
                group.addTask { () -> CronWorkflow? in
                    try await controller.run()
                    return nil
                }
                group.addTask {
                    while true {
                        let workflows = try await api.list(Workflow.self, namespace: key.namespace).items
                        for workflow in workflows where !workflow.phase.isTerminal {
                            let end = Timestamp(microsecondsSinceEpoch: clock.epochMicrosecondsNow)
                            _ = try await api.patch(
                                Workflow.self, workflow.metadata.key,
                                ["status": ["phase": "Succeeded", "finishedAt": .string(end.rfc3339)]])
                        }
                        let current = try await api.get(CronWorkflow.self, key)
                        if current.succeeded >= 4, workflows.count == 1 { return current }
                        try await clock.sleep(for: .milliseconds(500))
                    }
                }
                defer { group.cancelAll() }
                while let result = try await group.next() {
                    if let result { return result }
                }
                throw CancellationError()
            }
        }
        #expect(finished.failed == 0)
        #expect(finished.lastScheduledTime != nil)
        #expect(finished.metadata.annotations[CronNames.lastUsedScheduleAnnotation] == "*/5 * * * * *")
    }
}
