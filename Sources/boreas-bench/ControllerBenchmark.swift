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
    private static let rounds = 3
    /// Bounds one round of one load.
    private static let limit = Duration.seconds(600)
    private static let dagSizes = [100, 200, 400, 1_000]

    /// What the controller is given to do.
    enum Load: Equatable {
        /// One workflow: layers of twenty tasks, each after all of the layer before.
        case dag(nodes: Int)
        /// Workflows that all want one of ten permits.
        case semaphore(workflows: Int)
        /// CronWorkflows that all tick at the same second, until each has a run that has succeeded.
        case cron(schedules: Int)

        static let all = [
            dag(nodes: 200), semaphore(workflows: 100), semaphore(workflows: 500), semaphore(workflows: 1_000),
            cron(schedules: 100), cron(schedules: 1_000),
        ]

        /// - Parameter words: `semaphore 500`, say.
        init?(_ words: [String]) {
            guard words.count == 2, let count = Int(words[1]), count > 0 else { return nil }
            switch words[0] {
            case "dag": self = .dag(nodes: count)
            case "semaphore": self = .semaphore(workflows: count)
            case "cron": self = .cron(schedules: count)
            default: return nil
            }
        }

        var name: String {
            switch self {
            case .dag(let nodes): "dag of \(nodes) nodes"
            case .semaphore(let count): "\(count) on one semaphore"
            case .cron(let count): "\(count) cron schedules"
            }
        }

        /// When the first tick comes, in seconds that 30 divides; a load without schedules has begun before.
        func firstTick(after start: Duration, _ clock: TrialClock) -> Duration {
            guard case .cron = self else { return start }
            let epoch = clock.epochMicrosecondsNow - clock.now.microseconds
            let period: Int64 = 30_000_000
            let tick = ((epoch + start.microseconds) / period + 1) * period
            return .microseconds(tick - epoch)
        }

        var workflows: Int {
            switch self {
            case .dag: 1
            case .semaphore(let count), .cron(let count): count
            }
        }
    }

    /// What one round of a load showed.
    private struct Round: Sendable {
        var elapsed: Duration
        var reconciles: Int
        /// By verb and resource.
        var calls: [String: Int]
        /// How much the process grew, in MiB; nil where the system does not tell.
        var growth: Double?
    }

    /// - Parameter load: Nil measures all.
    static func report(only load: Load? = nil) async throws -> String {
        var rows = [
            ["", "workflows", "wall", "reconciles/s", "reconciles a workflow", "calls a workflow", "memory", "rounds"]
        ]
        let loads = load.map { [$0] } ?? Load.all
        var kinds: [[String: Int]] = []
        for load in loads {
            var done: [Round] = []
            for _ in 0..<rounds { done.append(try await round(load)) }
            done.sort { $0.elapsed < $1.elapsed }
            let median = done[done.count / 2]
            rows.append(row(load, median, growth: done.compactMap(\.growth).max()))
            kinds.append(median.calls)
        }
        let title = "The controller core under the policy boreas: pods of 20 ms, no sockets, the median round of each"
        let parts = [Table.text(title: title, rows), callTable(loads, kinds), load == nil ? decisionTable() : nil]
        return parts.compactMap(\.self).joined(separator: "\n")
    }

    private static func row(_ load: Load, _ round: Round, growth: Double?) -> [String] {
        let count = Double(load.workflows)
        let seconds = round.elapsed.seconds
        return [
            load.name, "\(load.workflows)", String(format: "%.2f s", seconds),
            String(format: "%.0f", Double(round.reconciles) / seconds),
            String(format: "%.1f", Double(round.reconciles) / count),
            String(format: "%.1f", Double(round.calls.values.reduce(0, +)) / count),
            growth.map { String(format: "+%.0f MiB", $0) } ?? "unknown", "\(rounds)",
        ]
    }

    /// What the calls were.
    private static func callTable(_ loads: [Load], _ kinds: [[String: Int]]) -> String {
        let names = Set(kinds.flatMap(\.keys)).sorted()
        let rows = names.map { name in
            [name]
                + zip(loads, kinds).map { load, calls in
                    String(format: "%.2f", Double(calls[name] ?? 0) / Double(load.workflows))
                }
        }
        return Table.text(title: "Calls a workflow", [[""] + loads.map(\.name)] + rows)
    }

    // MARK: One round

    private static func round(_ load: Load) async throws -> Round {
        let before = Memory.startMeasuring()
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
                return clock.now - max(start, load.firstTick(after: start, clock))
            }
            defer { group.cancelAll() }
            while let result = try await group.next() {
                if let result { return result }
            }
            throw CancellationError()
        }
        return Round(
            elapsed: elapsed, reconciles: controller.reconcileCount, calls: counted.counts,
            growth: Memory.peak.flatMap { peak in before.map { peak - $0 } })
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

    /// Waits until every workflow, or one of every schedule, has succeeded.
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

extension ControllerBenchmark {
    /// What it takes to decide alone: a dag is played from its beginning to its end, every pod ending at once.
    private static func decisionTable() -> String {
        var rows = [["", "looks", "mean", "longest"]]
        for size in dagSizes {
            for (name, dag) in [("layers", dag(size)), ("fan-out", fanOut(size))] {
                let times = decide(dag).map(\.seconds).sorted()
                rows.append([
                    "\(name) of \(size) nodes", "\(times.count)",
                    milliseconds(times.reduce(0, +) / Double(times.count)),
                    milliseconds(times.last ?? .nan),
                ])
            }
        }
        return Table.text(title: "One decision over a dag, without any call", rows)
    }

    private static func milliseconds(_ seconds: Double) -> String { String(format: "%.2f ms", seconds * 1e3) }

    /// - Returns: How long each look at the workflow took.
    private static func decide(_ workflow: Workflow) -> [Duration] {
        var workflow = workflow
        workflow.metadata.uid = "bench"
        var pods: [Pod] = []
        var times: [Duration] = []
        let clock = ContinuousClock()
        let settings = Reconciler.Settings(instanceID: instanceID, policy: .boreas)
        while !workflow.phase.isTerminal {
            let now = Timestamp(microsecondsSinceEpoch: Int64(times.count) * 1_000_000)
            let observation = Reconciler.Observation(workflow: workflow, pods: pods, now: now)
            let start = clock.now
            let plan = Reconciler.reconcile(observation, settings: settings)
            times.append(clock.now - start)
            workflow = plan.workflow
            for case .createPod(var pod, _) in plan.effects {
                pod.json["status"] = ["phase": "Succeeded"]
                pods.append(pod)
            }
        }
        return times
    }

    /// A task, one after it for each of the others, with a condition, and one after all of them.
    private static func fanOut(_ nodes: Int) -> Workflow {
        let middle = (0..<nodes - 2).map { index -> JSONValue in
            [
                "name": .string("t\(index)"), "template": "work", "depends": "first.Succeeded",
                "when": "{{tasks.first.status}} == Succeeded",
            ]
        }
        let names = (0..<nodes - 2).map { "t\($0)" }
        let tasks: [JSONValue] =
            [["name": "first", "template": "work"]] + middle
            + [["name": "last", "template": "work", "dependencies": JSONValue(names)]]
        return labelled(
            "fan-out", ["entrypoint": "main", "templates": [["name": "main", "dag": ["tasks": .array(tasks)]], work]])
    }
}

/// Counts what goes through it.
private final class CountingAPI: KubernetesAPI {
    private let api: InProcessAPI
    private let state = Mutex<[String: Int]>([:])

    init(_ api: InProcessAPI) { self.api = api }

    /// By verb and resource.
    var counts: [String: Int] { state.withLock(\.self) }

    private func count(_ verb: Verb, _ resource: String) {
        state.withLock { $0["\(verb.rawValue) \(resource)", default: 0] += 1 }
    }

    func send(_ request: APIRequest) async throws -> JSONObject {
        count(request.verb, request.resource.name)
        return try await api.send(request)
    }

    func withWatch<Result: Sendable>(
        _ request: APIRequest, _ body: (WatchStream) async throws -> Result
    ) async throws -> Result {
        count(request.verb, request.resource.name)
        return try await api.withWatch(request, body)
    }

    func exec(_ request: ExecRequest) async throws -> ExecResult {
        count(.connect, "pods/exec")
        return try await api.exec(request)
    }
}

/// The memory of this process, as Linux counts it (proc(5)), in MiB.
private enum Memory {
    /// Gives back what is free and forgets the peak so far.
    ///
    /// - Returns: What stays resident.
    static func startMeasuring() -> Double? {
        // glibc's `malloc_trim`, which is not among what Foundation exports; elsewhere there is none.
        if let trim = dlsym(nil, "malloc_trim") {
            _ = unsafeBitCast(trim, to: (@convention(c) (Int) -> Int32).self)(0)
        }
        try? "5".write(toFile: "/proc/self/clear_refs", atomically: false, encoding: .utf8)
        return figure("VmRSS")
    }

    /// The most that was resident since the measuring was started.
    static var peak: Double? { figure("VmHWM") }

    private static func figure(_ name: String) -> Double? {
        let status = (try? String(contentsOfFile: "/proc/self/status", encoding: .utf8)) ?? ""
        let line = status.split(separator: "\n").first { $0.hasPrefix("\(name):") } ?? ""
        let kibibytes = line.split(whereSeparator: { !$0.isNumber }).first.flatMap { Double($0) }
        return kibibytes.map { $0 / 1_024 }
    }
}
