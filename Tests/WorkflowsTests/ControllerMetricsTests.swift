import Determinism
import Kubernetes
import Resilience
import Synchronization
import Testing
import Workflows

@Suite(.timeLimit(.minutes(1)))
struct ControllerMetricsTests {
    private let hands: Hands
    private let metrics: ControllerMetrics

    private final class Hands: Sendable {
        let now = Mutex(Duration.zero)
        var clock: TrialClock {
            TrialClock(
                startEpochMicroseconds: 0, elapsed: { self.now.withLock { $0 } },
                pause: { wait in self.now.withLock { $0 += wait } })
        }

        func pass(_ time: Duration) { now.withLock { $0 += time } }
    }

    init() {
        hands = Hands()
        metrics = ControllerMetrics(clock: hands.clock)
    }

    private func read() throws -> PrometheusText { try PrometheusText(parsing: metrics.exposition()) }

    private func exchange(
        _ operation: String = "podCreate/n/p", _ attempt: Int = 1, _ verb: Verb = .create, _ resource: String = "pods",
        subresource: String = "", status: Int, reason: String = "", took: Duration = .milliseconds(150)
    ) -> Exchange {
        Exchange(
            trace: RequestTrace(operation: operation, attempt: attempt, path: "podCreate"),
            identity: RequestIdentity(
                verb: verb, group: "", resource: resource, subresource: subresource, namespace: "n", name: "p"),
            started: .zero, duration: took, httpStatus: status, reason: reason)
    }

    @Test("requests have Argo's kinds and verbs, and those without an answer are seen, too")
    func requests() throws {
        metrics.exchanged(exchange(status: 201))
        metrics.exchanged(exchange("informer/pods/list", 1, .list, status: 200, took: .seconds(200)))
        metrics.exchanged(exchange("exec/n/p", 1, .connect, subresource: "exec", status: 101))
        metrics.exchanged(exchange("x", 1, .deleteCollection, status: 500))
        metrics.exchanged(exchange("y", 1, .get, "configmaps", status: 0, reason: "connectionRefused"))
        let text = try read()
        func total(_ kind: String, _ verb: String, _ code: String) -> Double? {
            text.value("argo_workflows_k8s_request_total", ["kind": kind, "verb": verb, "status_code": code])
        }
        #expect(total("pods", "Create", "201") == 1 && total("pods", "List", "200") == 1)
        #expect(total("pods/exec", "Create", "101") == 1 && total("pods", "DeleteCollection", "500") == 1)
        #expect(text.samples.count { $0.name == "argo_workflows_k8s_request_total" } == 4)
        #expect(
            text.value(
                "argo_workflows_transport_error_total",
                ["kind": "configmaps", "verb": "Get", "error": "connectionRefused"]) == 1)
        let buckets = text.samples.filter {
            $0.name == "argo_workflows_k8s_request_duration_bucket" && $0.labels["status_code"] == "201"
        }
        #expect(
            buckets.map(\.labels["le"]) == ["0.1", "0.2", "0.5", "1", "2", "5", "10", "20", "60", "180", "+Inf"])
        #expect(buckets.map(\.value) == [0] + Array(repeating: 1, count: 10))
    }

    @Test("a retry tells why it was made, and how it went")
    func retries() throws {
        metrics.exchanged(exchange("podCreate/n/p", 1, status: 0, reason: "timeout"))
        metrics.decided(
            RetryDecision(
                requestID: "podCreate/n/p.1", classification: .transient, layer: .call, wait: .milliseconds(70)))
        metrics.exchanged(exchange("podCreate/n/p", 2, status: 503, reason: "ServiceUnavailable"))
        metrics.decided(
            RetryDecision(
                requestID: "podCreate/n/p.2", classification: .transient, layer: .requeue, wait: .seconds(10)))
        metrics.exchanged(exchange("podCreate/n/p", 3, status: 201))
        metrics.exchanged(exchange("podCreate/n/p", 4, status: 201))
        let text = try read()
        func retried(_ reason: String, _ outcome: String) -> Double? {
            text.value(
                "argo_workflows_retry_attempts_total",
                ["path": "podCreate", "reason": reason, "outcome": outcome])
        }
        #expect(retried("timeout", "failed") == 1 && retried("ServiceUnavailable", "succeeded") == 1)
        #expect(text.samples.count { $0.name == "argo_workflows_retry_attempts_total" } == 2)
        func delay(_ layer: String) -> Double? {
            text.value("argo_workflows_retry_delay_seconds_sum", ["path": "podCreate", "layer": layer])
        }
        #expect(delay("call") == 0.07 && delay("requeue") == 10)
    }

    @Test("operations without end don't fill the memory, and the newest are known")
    func bounded() throws {
        for number in 1...20_000 { metrics.exchanged(exchange("podCreate/n/p\(number)", 1, status: 503)) }
        metrics.decided(
            RetryDecision(
                requestID: "podCreate/n/p20000.1", classification: .transient, layer: .call, wait: .seconds(1)))
        metrics.decided(
            RetryDecision(
                requestID: "podCreate/n/p1.1", classification: .transient, layer: .call, wait: .seconds(1)))
        let text = try read()
        for path in ["podCreate", "other"] {
            #expect(
                text.value("argo_workflows_retry_delay_seconds_count", ["path": path, "layer": "call"]) == 1)
        }
    }

    @Test("queues tell depth, latency, duration, and what takes long")
    func queues() throws {
        let queue = ["queue_name": "pod_cleanup_queue"]
        for item in ["a", "b", "a"] { metrics.queueAdded(.podCleanup, item) }
        hands.pass(.seconds(3))
        metrics.queueStarted(.podCleanup, "a")
        hands.pass(.seconds(4))
        metrics.queueRetried(.podCleanup)
        var text = try read()
        #expect(text.value("argo_workflows_queue_adds_count", queue) == 2)
        #expect(text.value("argo_workflows_queue_depth_gauge", queue) == 1)
        #expect(text.value("argo_workflows_workers_busy_count", ["worker_type": "pod_cleanup_queue"]) == 1)
        #expect(text.value("argo_workflows_queue_latency_sum", queue) == 3)
        #expect(text.value("argo_workflows_queue_unfinished_work", queue) == 4)
        #expect(text.value("argo_workflows_queue_longest_running", queue) == 4)
        #expect(text.value("argo_workflows_queue_oldest_age_seconds", queue) == 7)
        #expect(text.value("argo_workflows_queue_retries", queue) == 1)
        metrics.queueFinished(.podCleanup, "a")
        text = try read()
        #expect(text.value("argo_workflows_queue_duration_sum", queue) == 4)
        #expect(text.value("argo_workflows_queue_longest_running", queue) == 0)
        #expect(text.value("argo_workflows_workers_busy_count", ["worker_type": "pod_cleanup_queue"]) == 0)
        let latencies = text.samples.filter { $0.name == "argo_workflows_queue_latency_bucket" }
        #expect(latencies.map(\.labels["le"]) == ["1", "5", "20", "60", "180", "+Inf"])
    }

    @Test("locks tell who holds, who waits, and how long it took")
    func locks() throws {
        let semaphore = LockName(.configMap, namespace: "n", name: "cm", key: "limit")
        let mutex = LockName(.mutex, namespace: "n", name: "m")
        func holder(_ name: String) -> LockHolder {
            LockHolder(workflow: ObjectKey(namespace: "n", name: name), uid: name)
        }
        let labels = ["type": "semaphore", "storage": "configmap", "lock_name": "cm/limit", "namespace": "n"]
        for name in ["a", "b"] {
            let request = LockRequest(
                holder: holder(name), locks: [semaphore, mutex], priority: 0,
                created: Timestamp(microsecondsSinceEpoch: 0))
            for _ in 1...2 { metrics.lockRequested(request, store: .workflowStatus) }
            if name == "a" {
                hands.pass(.seconds(2))
                for _ in 1...2 { metrics.lockGranted(request, store: .workflowStatus) }
            }
        }
        var text = try read()
        #expect(text.value("argo_workflows_locks_held", labels) == 1)
        #expect(text.value("argo_workflows_locks_pending", labels) == 1)
        #expect(text.value("argo_workflows_locks_taken_total", labels) == 1)
        #expect(text.value("argo_workflows_lock_wait_seconds_sum", labels) == 2)
        for name in ["a", "b", "b"] { metrics.locksReleased(by: holder(name), store: .workflowStatus) }
        text = try read()
        #expect(text.value("argo_workflows_locks_held", labels) == 0)
        #expect(text.value("argo_workflows_locks_pending", labels) == 0)
        var mutexLabels = labels
        mutexLabels["type"] = "mutex"
        mutexLabels["lock_name"] = "m"
        #expect(text.value("argo_workflows_locks_held", mutexLabels) == 0)
    }

    @Test("phases, crons, clean-ups and leadership are counted under Argo's names")
    func objects() throws {
        metrics.workflowChanged(from: nil, to: .unknown, namespace: "n")
        metrics.workflowChanged(from: .unknown, to: .running, namespace: "n")
        metrics.workflowChanged(from: .running, to: .running, namespace: "n")
        metrics.podChanged(from: nil, to: .pending, namespace: "n")
        metrics.podChanged(from: .pending, to: nil, namespace: "n")
        metrics.podPending(message: "Unschedulable: no node", namespace: "n")
        metrics.cronTriggered(ObjectKey(namespace: "n", name: "c"))
        metrics.cronPolicyTriggered(ObjectKey(namespace: "n", name: "c"), policy: "Forbid")
        metrics.errorOccurred(.cronWorkflowSubmissionError)
        metrics.cleanupFailed(
            .killContainers, error: APIError(Status(code: 503, reason: "ServiceUnavailable", message: "busy")))
        metrics.cleanupFailed(.killContainers, error: nil)
        metrics.leaderChanged(isLeader: true)
        metrics.started(version: "1.0", platform: "linux/amd64")
        metrics.execEnded(outcome: "timeout", duration: .seconds(10))
        metrics.reconciled(in: .seconds(12))
        let text = try read()
        func value(_ name: String, _ labels: [String: String] = [:]) -> Double? {
            text.value("argo_workflows_\(name)", labels)
        }
        #expect(value("gauge", ["phase": "New"]) == 0 && value("gauge", ["phase": "Running"]) == 1)
        #expect(value("total_count", ["phase": "Running", "namespace": "n"]) == 1)
        #expect(value("pods_gauge", ["phase": "Pending"]) == 0)
        #expect(value("pods_total_count", ["phase": "Pending", "namespace": "n"]) == 1)
        #expect(value("pod_pending_count", ["reason": "Unschedulable", "namespace": "n"]) == 1)
        #expect(value("cronworkflows_triggered_total", ["name": "c", "namespace": "n"]) == 1)
        #expect(
            value(
                "cronworkflows_concurrencypolicy_triggered",
                ["name": "c", "namespace": "n", "concurrency_policy": "Forbid"]) == 1)
        #expect(value("error_count", ["cause": "CronWorkflowSubmissionError"]) == 1)
        for reason in ["ServiceUnavailable", "other"] {
            #expect(value("pod_cleanup_failures_total", ["action": "killContainers", "reason": reason]) == 1)
        }
        #expect(value("is_leader") == 1)
        #expect(value("exec_duration_seconds_sum", ["outcome": "timeout"]) == 10)
        #expect(text.samples.contains { $0.name == "argo_workflows_version" && $0.labels["version"] == "1.0" })
        let bounds = text.samples.filter { $0.name == "argo_workflows_operation_duration_seconds_bucket" }
        #expect(bounds.map(\.labels["le"]) == ["5", "10", "15", "20", "25", "30", "+Inf"])
        #expect(bounds.map(\.value) == [0, 0, 1, 1, 1, 1, 1])
    }

    @Test("a controller's observer reports to its metrics")
    func observer() throws {
        let observer = metrics.observer
        observer.onHeldBack(.podCreate, .seconds(2))
        observer.onWorkflowRetry(WorkflowRetry(workflow: "n/w", nodeID: "x", wait: .seconds(3)))
        observer.onOperation(
            OperationReport(
                operation: "podCreate/n/p", path: .podCreate,
                identity: RequestIdentity(verb: .create, group: "", resource: "pods", namespace: "n", name: "p"),
                started: .zero, finished: .zero, attempts: 1, outcome: .failed(.permanent)))
        let text = try read()
        #expect(text.value("argo_workflows_operations_total", ["path": "podCreate", "outcome": "permanent"]) == 1)
        #expect(text.value("argo_workflows_retry_delay_seconds_sum", ["path": "podCreate", "layer": "call"]) == 2)
        #expect(text.value("argo_workflows_retry_delay_seconds_sum", ["path": "other", "layer": "workflow"]) == 3)
    }
}
