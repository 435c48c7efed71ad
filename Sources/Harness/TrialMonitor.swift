import Determinism
import Experiments
import Faults
import Kubernetes
import Workflows

/// The oracle's eyes: follows a trial's objects beside the fault path, and looks at what is left in the end.
struct TrialMonitor: Sendable {
    let api: any KubernetesAPI
    let namespace: String
    let clock: TrialClock
    /// Workflows that the workload submits.
    let expected: Int
    let collector: TrialCollector

    /// Watches until cancelled; a stream that ends is taken up again with a fresh list.
    func run() async throws {
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask {
                try await follow(Workflow.self) {
                    collector.saw($0, at: $1)
                } deleted: {
                    collector.sawDeletion(of: $0, at: $1)
                }
            }
            group.addTask {
                try await follow(Pod.self) { pod, time in
                    collector.saw { $0.saw(pod, at: time) }
                } deleted: { pod, time in
                    collector.saw { $0.saw(pod, isGone: true, at: time) }
                }
            }
            group.addTask {
                try await follow(ConfigMap.self) { map, time in
                    collector.saw { $0.saw(map, at: time) }
                } deleted: { map, time in
                    collector.saw { $0.saw(map, isDeleted: true, at: time) }
                }
            }
            group.addTask {
                try await follow(WorkflowTaskSet.self) { taskSet, time in
                    collector.saw { $0.saw(taskSet, at: time) }
                } deleted: { _, _ in
                }
            }
            group.addTask {
                try await follow(CronWorkflow.self) { cron, time in
                    collector.saw { witness in
                        witness.saw(cron, at: time)
                        return []
                    }
                } deleted: { cron, time in
                    collector.saw { witness in
                        witness.sawDeletion(of: cron, at: time)
                        return []
                    }
                }
            }
            group.addTask {
                // What is left is looked at afresh; this says when.
                try await follow(Lease.self) { _, _ in
                    collector.saw { _ in [] }
                } deleted: { _, _ in
                    collector.saw { _ in [] }
                }
            }
            defer { group.cancelAll() }
            try await group.next()
        }
    }

    private func follow<Object: KubernetesObject>(
        _ type: Object.Type, seen: @escaping @Sendable (Object, Duration) -> Void,
        deleted: @escaping @Sendable (Object, Duration) -> Void
    ) async throws {
        while true {
            do {
                let list = try await api.list(type, namespace: namespace, timeout: .seconds(10))
                for object in list.items { seen(object, clock.now) }
                let request = APIRequest(
                    .watch, type.resource, namespace: namespace,
                    options: RequestOptions(resourceVersion: list.resourceVersion, timeoutSeconds: 300))
                try await api.withWatch(request) { stream in
                    for try await event in stream {
                        switch event {
                        case .added(let json), .modified(let json): seen(Object(json: json), clock.now)
                        case .deleted(let json): deleted(Object(json: json), clock.now)
                        case .bookmark: continue
                        case .error: return
                        }
                    }
                }
            } catch let error as APIError {
                collector.observe(
                    Observation(.note, "monitor", message: "the harness's own watch failed: \(error)", at: clock.now))
                try await clock.sleep(for: .milliseconds(200))
            }
        }
    }

    /// Waits until every workflow has ended and nothing of theirs is left, or the bound has passed.
    ///
    /// - Returns: Whether all has come to rest.
    func settled(within bound: Duration) async throws -> Bool {
        let deadline = clock.now + bound
        var judged: Int?
        while clock.now < deadline {
            let sightings = collector.sightings
            // What was not at rest stays so until something changes.
            if sightings != judged {
                judged = sightings
                if collector.finishedCount >= expected, collector.unfinishedCount == 0, try await remains().isEmpty {
                    return true
                }
            }
            try await clock.sleep(for: .milliseconds(100))
        }
        return false
    }

    /// Ends what comes by itself, so that there can be an end: no CronWorkflow makes another run.
    func suspendCronWorkflows() async throws {
        let crons = try await api.list(CronWorkflow.self, namespace: namespace, timeout: .seconds(10)).items
        for cron in crons where cron.json["spec", "suspend"]?.bool != true {
            do {
                let patch: JSONObject = ["spec": ["suspend": true]]
                _ = try await api.patch(CronWorkflow.self, cron.metadata.key, patch, timeout: .seconds(10))
            } catch let error as APIError where error.code == .notFound {
                continue
            }
        }
    }

    /// Records what a controller should have taken away when its workflow ended, and did not; and whether the looks
    /// that the judgement rests on failed.
    func inspect() async {
        do {
            // The watch may lag behind; the end is judged by a fresh look.
            let list = try await api.list(Workflow.self, namespace: namespace, timeout: .seconds(10))
            for workflow in list.items { collector.saw(workflow, at: clock.now) }
            for taskSet in try await api.list(WorkflowTaskSet.self, namespace: namespace, timeout: .seconds(10)).items {
                let now = clock.now
                collector.saw { $0.saw(taskSet, at: now) }
            }
            for observation in try await remains() { collector.observe(observation) }
            let now = clock.now
            collector.saw { $0.unfinishedHTTPNodes(at: now) }
            // What is due in the converge phase may still be on its way.
            let due = min(collector.first(.phaseEntered, Phase.converge.rawValue) ?? now, now - .seconds(2))
            let started = collector.first(.subjectStarted) ?? .zero
            let epoch = clock.epochMicrosecondsNow - clock.now.microseconds
            collector.saw { $0.cronTicks(started: started, until: due, epochMicroseconds: epoch) }
        } catch {
            collector.observe(Observation(.oracleFailed, "the end state", message: "\(error)", at: clock.now))
        }
    }

    /// What is still there and should not be.
    private func remains() async throws -> [Observation] {
        let selector = "\(WorkflowNames.componentLabel)=\(WorkflowNames.agentComponent)"
        let agents = try await api.list(
            Pod.self, namespace: namespace, options: RequestOptions(labelSelector: selector), timeout: .seconds(10))
        let now = clock.now
        let pods = agents.items.filter { $0.metadata.deletionTimestamp == nil }.map { pod in
            Observation(
                .podRemained, pod.metadata.name, detail: pod.metadata.labels[WorkflowNames.workflowLabel] ?? "",
                at: now)
        }
        let leases = try await api.list(Lease.self, namespace: namespace, timeout: .seconds(10)).items
        return try await pods + openTaskSets()
            + collector.judged { $0.remains(leases: leases, at: now) }
    }

    /// Task sets of finished workflows that an agent would still find work in.
    private func openTaskSets() async throws -> [Observation] {
        let taskSets = try await api.list(WorkflowTaskSet.self, namespace: namespace, timeout: .seconds(10)).items
        let now = clock.now
        return taskSets.filter { taskSet in
            taskSet.metadata.labels[WorkflowNames.completedLabel] != "true"
                && taskSet.tasks.keys.contains { taskSet.results[$0] == nil }
                && collector.judged { $0.workflows[taskSet.metadata.name]?.phase.isTerminal ?? false }
        }.map { Observation(.taskSetRemained, $0.metadata.name, detail: $0.metadata.name, at: now) }
    }
}
