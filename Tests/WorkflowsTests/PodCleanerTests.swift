import Determinism
import Kubernetes
import Resilience
import Synchronization
import Testing
import Workflows

struct PodCleanerTests {
    private static func pod(
        _ name: String, containers: [String] = ["main", "wait"], phase: Pod.Phase = .running, grace: Int64? = nil
    ) -> Pod {
        var pod = Pod(name: name, namespace: "n")
        pod.phase = phase
        pod.containers = containers.map { Container(json: ["name": .string($0)]) }
        if let grace { pod.json["spec", "terminationGracePeriodSeconds"] = .integer(grace) }
        if phase == .running {
            pod.containerStatuses = containers.map {
                ContainerStatus(json: ["name": .string($0), "state": ["running": [:]]])
            }
        }
        return pod
    }

    private static let overload = APIError(Status(code: 503, reason: "ServiceUnavailable", message: "busy"))

    // MARK: Signals

    @Test("SIGTERM goes to every container that runs, and SIGKILL after the grace period")
    func terminate() throws {
        let site = CleanerSite(.boreas)
        var pod = Self.pod("p", containers: ["main", "wait", "side"], grace: 7)
        pod.containerStatuses[1].json["state"] = ["terminated": ["exitCode": 0]]
        try site.clean([pod], .terminateContainers)
        #expect(
            site.execs.map(\.text) == [
                "0.0 main /bin/sh -c kill -15 1", "0.0 side /bin/sh -c kill -15 1", "7.0 main /bin/sh -c kill -9 1",
                "7.0 side /bin/sh -c kill -9 1",
            ])
        #expect(site.execs.allSatisfy { $0.request.timeout == Policy.boreas.exec.timeout })
        let ids = site.execs.compactMap { $0.request.trace?.requestID }
        #expect(ids.prefix(2) == ["exec/n/p/main/15.1", "exec/n/p/side/15.1"])
        #expect(site.log.operations.map(\.outcome) == Array(repeating: .succeeded, count: 4))
    }

    private static let graces: [(Policy, Int64?, [Double])] = [
        (.boreas, nil, [0, 30]), (.argo412, nil, [0, 30]), (.boreas, 0, [0, 0]), (.argo412, 0, [0]),
        (.none, 0, [0, 0]), (.incident, 0, [0, 0]),
    ]

    @Test(
        "without a grace period it is 30 s; one of zero kills at once, but for Argo, which never does",
        arguments: graces)
    func grace(policy: Policy, grace: Int64?, times: [Double]) throws {
        let site = CleanerSite(policy)
        try site.clean([Self.pod("p", containers: ["main"], grace: grace)], .terminateContainers)
        #expect(site.execs.map(\.at.seconds) == times)
    }

    @Test("a pod that has not started is deleted")
    func pending() throws {
        let site = CleanerSite(.boreas)
        try site.clean([Self.pod("p", phase: .pending)], .terminateContainers)
        #expect(site.execs.isEmpty)
        #expect(site.api.objects(Pod.self).isEmpty)
    }

    @Test(
        "a namesake of the pod that was meant is left alone",
        arguments: [
            PodCleanup.Action.terminateContainers, .killContainers, .labelPodCompleted, .deletePod,
        ])
    func namesake(action: PodCleanup.Action) throws {
        let site = CleanerSite(.boreas)
        try site.clean([Self.pod("p")], action, uid: "another")
        #expect(site.execs.isEmpty)
        #expect(site.api.requests.allSatisfy { $0.trace == nil })
        #expect(site.api.objects(Pod.self).count == 1)
    }

    @Test(
        "Argo signals one container after the other, boreas side by side",
        arguments: [
            (Policy.argo412, [0.0, 2, 32, 34]), (.boreas, [0, 0, 32, 32]),
        ])
    func order(policy: Policy, times: [Double]) throws {
        let site = CleanerSite(policy) { clock, _ in
            try await clock.sleep(for: .seconds(2))
            return ExecResult(exitCode: 0)
        }
        try site.clean([Self.pod("p")], .terminateContainers)
        // The grace period begins when SIGTERM was delivered.
        let offset = policy.exec.isParallel ? 0.0 : 2.0
        #expect(site.execs.map(\.at.seconds) == [times[0], times[1], times[2] + offset, times[3] + offset])
    }

    @Test("SIGKILL follows a SIGTERM that failed, which is not tried again")
    func failedTerminate() throws {
        let site = CleanerSite(.boreas) { _, request in
            if request.command.last?.contains("-15") == true { throw Self.overload }
            return ExecResult(exitCode: 137)
        }
        try site.clean([Self.pod("p", containers: ["main"])], .terminateContainers)
        #expect(site.execs.map(\.text) == ["0.0 main /bin/sh -c kill -15 1", "30.0 main /bin/sh -c kill -9 1"])
        #expect(site.log.operations.map(\.outcome) == [.failed(.transient), .succeeded])
        #expect(site.api.objects(Pod.self).count == 1)
    }

    @Test("a SIGKILL that fails is tried again, ever later, and then the pod is deleted without grace")
    func failedKill() throws {
        let site = CleanerSite(.boreas) { _, _ in throw Self.overload }
        try site.clean([Self.pod("p", containers: ["main"])], .killContainers)
        #expect(site.execs.count == PodCleaner.killPasses)
        #expect(site.execs.map(\.request.trace?.attempt) == [1, 2, 3])
        let waits = site.log.decisions.filter { $0.layer == .requeue }.map(\.wait)
        #expect(waits.count == 2 && waits[0] >= .milliseconds(250) && waits[1] >= .milliseconds(500))
        let delete = try #require(site.deletes.last)
        #expect(delete.options.gracePeriodSeconds == 0 && delete.options.preconditionUID == "uid-101")
        #expect(site.log.operations.map(\.path) == [.exec, .podDelete])
        #expect(site.log.operations.map(\.outcome) == [.failed(.transient), .succeeded])
    }

    private static let final: [(String, @Sendable () throws -> ExecResult)] = [
        ("forbidden", { throw APIError(Status(code: 403, reason: "Forbidden", message: "no exec for you")) }),
        ("no shell", { ExecResult(exitCode: 127) }),
    ]

    @Test("a SIGKILL that can't work is not tried again: the pod is deleted", arguments: final)
    func finalKill(name: String, answer: @escaping @Sendable () throws -> ExecResult) throws {
        let site = CleanerSite(.boreas) { _, _ in try answer() }
        try site.clean([Self.pod("p", containers: ["main"])], .killContainers)
        #expect(site.execs.count == 1)
        #expect(site.deletes.map(\.options.gracePeriodSeconds) == [0])
    }

    @Test("a container that ended although its SIGKILL failed is left in peace")
    func endedMeanwhile() throws {
        let site = CleanerSite(.boreas) { _, _ in throw Self.overload }
        try site.clean([Self.pod("p", containers: ["main"])], .killContainers) { api in
            var ended = try #require(api.objects(Pod.self).first)
            ended.containerStatuses[0].json["state"] = ["terminated": ["exitCode": 137]]
            _ = try await api.update(ended)
        }
        #expect(site.execs.count == 1)
        #expect(site.deletes.isEmpty)
        #expect(site.log.operations.map(\.outcome) == [.abandoned])
    }

    @Test("Argo drops a SIGKILL that failed")
    func droppedKill() throws {
        let site = CleanerSite(.argo412) { _, _ in throw Self.overload }
        try site.clean([Self.pod("p", containers: ["main"])], .killContainers)
        #expect(site.execs.count == 1)
        #expect(site.deletes.isEmpty)
        #expect(site.log.operations.map(\.outcome) == [.failed(.transient)])
    }

    // MARK: Writes

    @Test("a pod is labelled once, and one that is gone needs no label")
    func label() throws {
        let site = CleanerSite(.boreas)
        try site.clean([Self.pod("p")], .labelPodCompleted)
        #expect(site.api.objects(Pod.self).first?.metadata.labels[WorkflowNames.completedLabel] == "true")
        #expect(site.own.map(\.verb) == [.patch])
        let again = CleanerSite(.boreas)
        var labelled = Self.pod("p")
        labelled.metadata.labels[WorkflowNames.completedLabel] = "true"
        try again.clean([labelled], .labelPodCompleted)
        #expect(again.own.isEmpty)
    }

    @Test("a deletion whose answer is lost is one operation, and comes to its end")
    func lostDelete() throws {
        let site = CleanerSite(
            .boreas,
            script: { request, ordinal in request.verb == .delete && ordinal == 1 ? .loseAnswer(.lostAnswer) : nil })
        try site.clean([Self.pod("p")], .deletePod)
        #expect(site.deletes.count == 2)
        #expect(site.deletes.allSatisfy { $0.options.propagationPolicy == "Background" })
        #expect(site.deletes.allSatisfy { $0.options.gracePeriodSeconds == nil && $0.options.preconditionUID != nil })
        #expect(site.log.operations.map(\.outcome) == [.succeeded])
    }

    private static let outages: [(Policy, ClosedRange<Int>)] = [(.argo412, 90...130), (.boreas, 3...40)]

    @Test("in an outage Argo asks as often as its rate limit lets it, boreas ever more rarely", arguments: outages)
    func outage(policy: Policy, requests: ClosedRange<Int>) throws {
        let until = Mutex<@Sendable () -> Bool>({ false })
        let site = CleanerSite(
            policy,
            script: { request, _ in
                request.verb == .delete && !until.withLock { $0 }() ? .refuse(Self.overload) : nil
            })
        until.withLock { $0 = { [time = site.time] in time.now >= .seconds(2) } }
        try site.clean([Self.pod("p")], .deletePod)
        #expect(requests.contains(site.deletes.count), "\(site.deletes.count) requests")
        #expect(site.api.objects(Pod.self).isEmpty)
        if policy.cleanup.forgetsFailures {
            #expect(site.log.decisions.first?.wait == .milliseconds(5))
        }
    }

    // MARK: Hung execs

    @Test("without a time limit, execs that are never answered hold all workers for ever")
    func hung() throws {
        let site = CleanerSite(.argo358) { clock, _ in
            try await clock.sleep(for: .seconds(1_000_000))
            return ExecResult(exitCode: 0)
        }
        let pods = (0..<6).map { Self.pod("p\($0)") }
        let counts = try site.clean(pods, .terminateContainers, for: .seconds(20 * 3600))
        #expect(site.execs.count == 4)
        #expect(counts.processing == 4 && counts.ready == 2)
        #expect(site.cleaner.oldestAge == .seconds(20 * 3600))
        #expect(CleanupBound(policy: .argo358, containers: 2).oldestAge(ahead: 5) == nil)
    }

    private static let bounded: [(Policy, Int, Int)] = [
        (.argo360, 10, 3), (.argo412, 30, 2), (.boreas, 10, 3), (.boreas, 40, 3), (.boreas, 1, 1),
    ]

    @Test("with one, the queue drains, and the oldest item stays within the policy's bound", arguments: bounded)
    func drains(policy: Policy, pods: Int, containers: Int) throws {
        let site = CleanerSite(policy) { clock, _ in
            try await clock.sleep(for: .seconds(1_000_000))
            return ExecResult(exitCode: 0)
        }
        let names = (0..<containers).map { "c\($0)" }
        let bound = CleanupBound(policy: policy, containers: containers, unboundedWrite: .seconds(1))
        let limit = try #require(bound.oldestAge(ahead: pods - 1))
        let end = try #require(bound.drained(pods: pods, gracePeriod: .seconds(30)))
        let ages = Mutex(Duration.zero)
        try site.clean((0..<pods).map { Self.pod("p\($0)", containers: names) }, .terminateContainers) { _ in
            while !site.cleaner.isIdle {
                try await site.time.clock.sleep(for: .milliseconds(500))
                let age = site.cleaner.oldestAge
                ages.withLock { $0 = max($0, age) }
            }
        }
        let oldest = ages.withLock { $0 }
        #expect(oldest <= limit, "\(oldest) > \(limit)")
        #expect(site.time.now <= end, "\(site.time.now) > \(end)")
        // And the bound is not out of reach: whole rounds of the workers go before the last item.
        let pass = try #require(bound.signalPass)
        #expect(oldest >= pass * Double((pods + 3) / 4) - .seconds(1))
        // What no signal reaches is deleted, under a policy that looks.
        #expect(site.api.objects(Pod.self).count == (policy.exec.isParallel ? 0 : pods))
    }

    @Test("no request is numbered like another, and every operation ends by itself", arguments: 0..<10 as Range<UInt64>)
    func accounts(seed: UInt64) throws {
        let coin = Mutex(SplitMix64(seed: seed))
        let isUnlucky: @Sendable (Double) -> Bool = { chance in coin.withLock { $0.uniform() } < chance }
        let site = CleanerSite(
            .boreas,
            execute: { clock, _ in
                if isUnlucky(0.3) { try await clock.sleep(for: .seconds(1_000_000)) }
                if isUnlucky(0.5) { throw Self.overload }
                return ExecResult(exitCode: isUnlucky(0.2) ? 1 : 0)
            },
            script: { request, _ in request.trace != nil && isUnlucky(0.4) ? .loseAnswer(.lostAnswer) : nil })
        try site.clean((0..<12).map { Self.pod("p\($0)") }, .terminateContainers)
        let ids = (site.own.map(\.trace) + site.execs.map(\.request.trace)).compactMap { $0?.requestID }
        #expect(Set(ids).count == ids.count)
        let begun = Set((site.own.map(\.trace) + site.execs.map(\.request.trace)).compactMap { $0?.operation })
        #expect(Set(site.log.operations.map(\.operation)) == begun)
        #expect(!site.log.operations.contains { $0.outcome == .abandoned })
    }
}

/// A cleaner on a server in memory, in virtual time.
final class CleanerSite: Sendable {
    struct Exec: Sendable {
        var at: Duration
        var request: ExecRequest

        var text: String { "\(at.seconds) \(request.container) \(request.command.joined(separator: " "))" }
    }

    private final class Log: Sendable {
        let execs = Mutex<[Exec]>([])
    }

    let time: VirtualTime
    let api: ScriptedAPI
    let log = ObserverLog()
    let cleaner: PodCleaner
    private let runner: CallRunner
    private let execLog: Log

    init(
        _ policy: Policy,
        execute: @escaping @Sendable (TrialClock, ExecRequest) async throws -> ExecResult = { _, _ in
            ExecResult(exitCode: 0)
        }, script: @escaping @Sendable (APIRequest, Int) -> ScriptedAPI.Fault? = { _, _ in nil }
    ) {
        let time = VirtualTime(limit: .seconds(48 * 3600))
        let clock = time.clock
        let execLog = Log()
        let api = ScriptedAPI(script: script) { request in
            execLog.execs.withLock { $0.append(Exec(at: clock.now, request: request)) }
            return try await execute(clock, request)
        }
        runner = CallRunner(
            api: api, policy: policy, clock: clock, streams: RandomStreams(seed: 1), attempts: AttemptCounter(),
            observer: log.observer)
        cleaner = PodCleaner(runner: runner, pods: { key in api.objects(Pod.self).first { $0.metadata.key == key } })
        self.time = time
        self.api = api
        self.execLog = execLog
    }

    var execs: [Exec] { execLog.execs.withLock { $0 } }

    /// The cleaner's own requests.
    var own: [APIRequest] { api.requests.filter { $0.trace != nil } }

    var deletes: [APIRequest] { own.filter { $0.verb == .delete } }

    /// Creates the pods, asks for the clean-up of each, and works until nothing is left to do, or for a while.
    ///
    /// - Parameter meanwhile: Runs beside; the work begins a moment before.
    /// - Returns: What is left.
    @discardableResult
    func clean(
        _ pods: [Pod], _ action: PodCleanup.Action, uid: String? = nil, for limit: Duration? = nil,
        _ meanwhile: @escaping @Sendable (ScriptedAPI) async throws -> Void = { _ in }
    ) throws -> (ready: Int, processing: Int, waiting: Int) {
        try time.run { [self] in
            for pod in pods {
                let created = try await api.create(pod)
                cleaner.add(
                    PodCleanup(
                        pod: created.metadata.key, uid: uid ?? created.metadata.uid ?? "", action: action))
            }
            return try await withThrowingTaskGroup(of: Void.self) { group in
                group.addTask { try await self.cleaner.run() }
                group.addTask {
                    try await self.time.clock.sleep(for: .milliseconds(1))
                    try await meanwhile(self.api)
                    while true {
                        if let limit, self.time.now >= limit { return }
                        if limit == nil, self.cleaner.isIdle { return }
                        try await self.time.clock.sleep(for: limit.map { $0 - self.time.now } ?? .milliseconds(100))
                    }
                }
                try await group.next()
                let counts = cleaner.counts
                group.cancelAll()
                return counts
            }
        }
    }
}
