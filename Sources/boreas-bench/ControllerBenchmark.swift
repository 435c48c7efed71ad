import APIMachinery
import Determinism
import Foundation
import Harness
import Kubernetes
import Logging
import Resilience
import Synchronization
import VirtualNode
import Workflows

/// What the controller core costs, and how that grows: on the embedded server's store and without sockets, so that the
/// figures are the core's own.
enum ControllerBenchmark {
    private static let namespace = "bench"
    private static let instanceID = "bench"
    /// Bounds one load.
    private static let limit = Duration.seconds(600)

    static func report() async throws -> String {
        var rows = [
            [
                "", "workflows", "wall", "reconciles/s", "reconciles a workflow", "calls a workflow", "writes a workflow",
                "peak memory",
            ]
        ]
        for load in [
            Load.dag(nodes: 200), .semaphore(workflows: 100), .semaphore(workflows: 500), .semaphore(workflows: 1_000),
            .cron(schedules: 100), .cron(schedules: 1_000),
        ] {
            rows.append(try await row(load))
        }
        return Table.text(title: "The controller core under the policy boreas, pods of 20 ms, no sockets", rows)
    }

    private enum Load {
        /// One workflow: layers of twenty tasks, each after all of the layer before.
        case dag(nodes: Int)
        /// Workflows that all want one of ten permits.
        case semaphore(workflows: Int)
        /// CronWorkflows that all tick at the same second, twice.
        case cron(schedules: Int)

        var name: String {
            switch self {
            case .dag(let nodes): "dag of \(nodes) nodes"
            case .semaphore(let count): "\(count) on one semaphore"
            case .cron(let count): "\(count) cron schedules"
            }
        }

        var workflows: Int {
            switch self {
            case .dag: 1
            case .semaphore(let count), .cron(let count): count
            }
        }
    }

    private static func row(_ load: Load) async throws -> [String] {
        Memory.resetPeak()
        let clock = TrialClock.real()
        let core = APIServerCore(clock: clock)
        let api = InProcessAPI(core)
        let counted = CountingAPI(api)
        let logger = Logger(label: "boreas-bench") { _ in SwiftLogNoOpLogHandler() }
        let controller = ControllerProcess(
            api: counted,
            configuration: .init(namespace: namespace, instanceID: instanceID, policy: .boreas, identity: "bench"),
            clock: clock, streams: RandomStreams(seed: 1), attempts: AttemptCounter(), logger: logger)
        let kubelet = Kubelet(
            api: api, settings: NodeConfiguration(namespace: namespace), clock: clock, logger: logger)
        let elapsed = try await withThrowingTaskGroup(of: Duration?.self) { group in
            group.addTask {
                try await core.run()
                return nil
            }
            try await prepare(api, clock, load)
            let start = clock.now
            group.addTask {
                try await controller.run()
                return nil
            }
            group.addTask {
                try await kubelet.run()
                return nil
            }
            group.addTask {
                try await finish(load, api, clock)
                return clock.now - start
            }
            defer { group.cancelAll() }
            while let result = try await group.next() {
                if let result { return result }
            }
            throw CancellationError()
        }
        let count = Double(load.workflows)
        return [
            load.name, "\(load.workflows)", String(format: "%.1f s", elapsed.seconds),
            String(format: "%.0f", Double(controller.reconcileCount) / elapsed.seconds),
            String(format: "%.1f", Double(controller.reconcileCount) / count),
            String(format: "%.1f", Double(counted.counts.calls) / count),
            String(format: "%.1f", Double(counted.counts.writes) / count), Memory.peak,
        ]
    }

    private static func prepare(_ api: InProcessAPI, _ clock: TrialClock, _ load: Load) async throws {
        _ = try await api.create(Namespace(name: namespace))
        let account = APIRequest.get(.serviceAccounts, ObjectKey(namespace: namespace, name: "default"))
        while true {
            do {
                _ = try await api.send(account)
                break
            } catch let error as APIError where error.code == .notFound {
                try await clock.sleep(for: .milliseconds(10))
            }
        }
        switch load {
        case .dag(let nodes): _ = try await api.create(dag(nodes))
        case .semaphore(let count):
            var limit = ConfigMap(name: "limits", namespace: namespace)
            limit.json["data"] = ["permits": "10"]
            _ = try await api.create(limit)
            for index in 1...count { _ = try await api.create(waiting(index)) }
        case .cron(let count):
            for index in 1...count { _ = try await api.create(cron(index)) }
        }
    }

    /// Waits until every workflow has succeeded.
    private static func finish(_ load: Load, _ api: InProcessAPI, _ clock: TrialClock) async throws {
        let deadline = clock.now + limit
        while clock.now < deadline {
            let workflows = try await api.list(Workflow.self, namespace: namespace).items
            if let failed = workflows.first(where: { $0.phase == .failed || $0.phase == .error }) {
                throw BenchmarkError("\(failed.metadata.name) ended in \(failed.phase): \(failed.message ?? "")")
            }
            let schedules = Set(workflows.filter { $0.phase == .succeeded }.map { owner(of: $0) })
            if schedules.count >= load.workflows { return }
            try await clock.sleep(for: .milliseconds(200))
        }
        throw BenchmarkError("\(load.name) did not finish within \(limit)")
    }

    /// The CronWorkflow that made it, or itself.
    private static func owner(of workflow: Workflow) -> String {
        workflow.metadata.ownerReferences.first?.name ?? workflow.metadata.name
    }

    // MARK: The objects

    private static let work: JSONValue = [
        "name": "work", "metadata": ["annotations": ["boreas.dev/duration": "20ms"]],
        "container": ["image": "busybox", "command": ["true"]],
    ]

    private static func labelled(_ name: String, _ spec: JSONValue) -> Workflow {
        var workflow = Workflow(name: name, namespace: namespace)
        workflow.metadata.labels[WorkflowNames.instanceLabel] = instanceID
        workflow.json["spec"] = spec
        return workflow
    }

    private static func dag(_ nodes: Int) -> Workflow {
        let width = 20
        let tasks = (0..<nodes).map { index -> JSONValue in
            let layer = index / width
            let before = layer == 0 ? [] : ((layer - 1) * width..<layer * width).map { "t\($0)" }
            return ["name": .string("t\(index)"), "template": "work", "dependencies": JSONValue(before)]
        }
        return labelled(
            "dag", ["entrypoint": "main", "templates": [["name": "main", "dag": ["tasks": .array(tasks)]], work]])
    }

    private static func waiting(_ index: Int) -> Workflow {
        labelled(
            "waiting-\(index)",
            [
                "entrypoint": "work", "templates": [work],
                "synchronization": [
                    "semaphores": [["configMapKeyRef": ["name": "limits", "key": "permits"]]]
                ],
            ])
    }

    private static func cron(_ index: Int) -> CronWorkflow {
        var cron = CronWorkflow(name: "cron-\(index)", namespace: namespace)
        cron.metadata.labels[WorkflowNames.instanceLabel] = instanceID
        cron.metadata.annotations["boreas.dev/schedule-seconds"] = "true"
        cron.json["spec"] = [
            "schedules": ["*/30 * * * * *"], "concurrencyPolicy": "Forbid",
            "workflowSpec": ["entrypoint": "work", "templates": [work]],
        ]
        return cron
    }
}

/// Counts what goes through it.
private final class CountingAPI: KubernetesAPI {
    private let api: InProcessAPI
    private let state = Mutex((calls: 0, writes: 0))

    init(_ api: InProcessAPI) { self.api = api }

    var counts: (calls: Int, writes: Int) { state.withLock { $0 } }

    private func count(_ verb: Verb) {
        state.withLock { state in
            state.calls += 1
            if verb.isWrite { state.writes += 1 }
        }
    }

    func send(_ request: APIRequest) async throws -> JSONObject {
        count(request.verb)
        return try await api.send(request)
    }

    func withWatch<Result: Sendable>(
        _ request: APIRequest, _ body: (WatchStream) async throws -> Result
    ) async throws -> Result {
        count(request.verb)
        return try await api.withWatch(request, body)
    }

    func exec(_ request: ExecRequest) async throws -> ExecResult {
        count(.connect)
        return try await api.exec(request)
    }
}

/// The memory of this process, as Linux counts it (proc(5)).
private enum Memory {
    /// Forgets the peak so far: what comes is the next load's, on top of what stays resident.
    static func resetPeak() { try? "5".write(toFile: "/proc/self/clear_refs", atomically: false, encoding: .utf8) }

    static var peak: String {
        let status = (try? String(contentsOfFile: "/proc/self/status", encoding: .utf8)) ?? ""
        let line = status.split(separator: "\n").first { $0.hasPrefix("VmHWM:") } ?? ""
        guard let kibibytes = line.split(whereSeparator: { !$0.isNumber }).first.flatMap({ Double($0) }) else {
            return "unknown"
        }
        return String(format: "%.0f MiB", kibibytes / 1_024)
    }
}
