import Determinism
import Kubernetes
import Resilience
import Synchronization
import Testing
import Workflows

struct WorkflowCollectorTests {
    private static func workflow(
        _ phase: Workflow.Phase = .succeeded, _ strategy: JSONObject? = ["secondsAfterCompletion": 60]
    ) -> Workflow {
        var workflow = Workflow(name: "w", namespace: "n")
        workflow.phase = phase
        workflow.finishedAt = WorkflowFixtures.start
        workflow.json["spec", "ttlStrategy"] = strategy.map(JSONValue.object)
        return workflow
    }

    private static let all: JSONObject = [
        "secondsAfterCompletion": 1, "secondsAfterSuccess": 2, "secondsAfterFailure": 3,
    ]

    private static let deadlines: [(Workflow, Int?)] = [
        (workflow(.succeeded, all), 2), (workflow(.failed, all), 3), (workflow(.error, all), 3),
        (workflow(.running, all), nil), (workflow(.pending, all), nil), (workflow(.unknown, all), nil),
        (workflow(.succeeded, ["secondsAfterCompletion": 9]), 9),
        (workflow(.succeeded, ["secondsAfterFailure": 9]), nil), (workflow(.failed, ["secondsAfterSuccess": 9]), nil),
        (workflow(.failed, ["secondsAfterFailure": 0]), 0), (workflow(.succeeded, nil), nil),
    ]

    @Test("the most specific member of the strategy stands", arguments: deadlines)
    func deadline(workflow: Workflow, seconds: Int?) {
        #expect(TimeToLive.deadline(of: workflow) == seconds.map { WorkflowFixtures.start + .seconds($0) })
    }

    @Test("the workflow's own strategy goes before its template's")
    func template() {
        var workflow = Self.workflow(.succeeded, nil)
        workflow.json["status", "storedWorkflowTemplateSpec"] = ["ttlStrategy": ["secondsAfterSuccess": 5]]
        #expect(TimeToLive.deadline(of: workflow) == WorkflowFixtures.start + .seconds(5))
        workflow.json["spec", "ttlStrategy"] = ["secondsAfterSuccess": 7]
        #expect(TimeToLive.deadline(of: workflow) == WorkflowFixtures.start + .seconds(7))
    }

    /// Runs a collector for ten minutes.
    ///
    /// - Returns: When its deletions were sent, on the trial's clock.
    private func collect(
        _ workflow: Workflow, _ policy: Policy = .boreas,
        _ meanwhile: @escaping @Sendable (ScriptedAPI) async throws -> Void = { _ in },
        script: @escaping @Sendable (APIRequest, Int) -> ScriptedAPI.Fault? = { _, _ in nil }
    ) throws -> (deletes: [Duration], api: ScriptedAPI) {
        let time = VirtualTime()
        let sent = Mutex<[Duration]>([])
        let api = ScriptedAPI(script: { request, ordinal in
            if request.verb == .delete { sent.withLock { $0.append(time.now) } }
            return script(request, ordinal)
        })
        let runner = CallRunner(
            api: api, policy: policy, clock: time.clock, streams: RandomStreams(seed: 1), attempts: AttemptCounter(),
            observer: ControllerObserver())
        let collector = WorkflowCollector(
            runner: runner,
            workflows: { key in
                api.objects(Workflow.self).first { $0.metadata.key == key }
            })
        try time.run {
            collector.observed(try await api.create(workflow))
            try await withThrowingTaskGroup { group in
                group.addTask { try await collector.run() }
                group.addTask {
                    try await meanwhile(api)
                    try await time.clock.sleep(for: .seconds(600))
                }
                try await group.next()
                group.cancelAll()
            }
        }
        return (sent.withLock { $0 }, api)
    }

    @Test("a workflow is deleted when its time is over, and not a moment before")
    func deletes() throws {
        let (deletes, api) = try collect(Self.workflow())
        #expect(deletes == [.seconds(61)])
        #expect(api.objects(Workflow.self).isEmpty)
        let request = try #require(api.requests.first { $0.verb == .delete })
        #expect(request.options.preconditionUID == "uid-101" && request.options.propagationPolicy == "Background")
    }

    @Test("a workflow that runs again is kept")
    func runsAgain() throws {
        let (deletes, api) = try collect(Self.workflow()) { api in
            var workflow = try #require(api.objects(Workflow.self).first)
            workflow.phase = .running
            _ = try await api.update(workflow)
        }
        #expect(deletes.isEmpty && api.objects(Workflow.self).count == 1)
    }

    @Test("a workflow that ended again later is kept until then")
    func endsAgain() throws {
        let (deletes, _) = try collect(Self.workflow()) { api in
            var workflow = try #require(api.objects(Workflow.self).first)
            workflow.finishedAt = WorkflowFixtures.start + .seconds(100)
            _ = try await api.update(workflow)
        }
        #expect(deletes == [.seconds(161)])
    }

    @Test("a deletion that fails goes back to the queue")
    func requeue() throws {
        let (deletes, api) = try collect(
            Self.workflow(), .argo412,
            script: { request, ordinal in
                request.verb == .delete && ordinal <= 2
                    ? .refuse(APIError(Status(code: 503, reason: "ServiceUnavailable", message: "busy"))) : nil
            })
        #expect(deletes == [.seconds(61), .seconds(71), .seconds(81)])
        #expect(api.objects(Workflow.self).isEmpty)
    }
}
