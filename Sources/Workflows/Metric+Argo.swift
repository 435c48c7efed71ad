// Argo Workflows' metrics, with its names, labels and buckets.
// https://argo-workflows.readthedocs.io/en/latest/metrics/

extension Metric {
    package static let k8sRequestTotal = Metric(
        "k8s_request_total", "Requests that an API server answered.", .counter,
        labels: ["kind", "verb", "status_code"])
    package static let k8sRequestDuration = Metric(
        "k8s_request_duration", "Seconds until an API server's answer.", .histogram(requestBuckets),
        labels: ["kind", "verb", "status_code"])
    package static let clientRateLimiterLatency = Metric(
        "client_rate_limiter_latency", "Seconds that attempts waited for the client's own rate limit.",
        .histogram([0.01, 0.1, 0.5, 1, 5, 10, 30, 60, 180]))
    package static let errorCount = Metric(
        "error_count", "Errors of the controller, by cause.", .counter, labels: ["cause"])

    package static let cronWorkflowsTriggeredTotal = Metric(
        "cronworkflows_triggered_total", "Runs of CronWorkflows that were to be made.", .counter,
        labels: ["name", "namespace"])
    package static let cronWorkflowsConcurrencyPolicyTriggered = Metric(
        "cronworkflows_concurrencypolicy_triggered", "Runs that a concurrencyPolicy skipped or replaced.", .counter,
        labels: ["name", "namespace", "concurrency_policy"])

    package static let queueDepthGauge = Metric(
        "queue_depth_gauge", "Items in line.", .gauge, labels: ["queue_name"])
    package static let queueAddsCount = Metric(
        "queue_adds_count", "Items put in line.", .counter, labels: ["queue_name"])
    package static let queueRetries = Metric(
        "queue_retries", "Items put back after a failure.", .counter, labels: ["queue_name"])
    package static let queueLatency = Metric(
        "queue_latency", "Seconds that items stood in line.", .histogram([1, 5, 20, 60, 180]), labels: ["queue_name"])
    package static let queueDuration = Metric(
        "queue_duration", "Seconds that items were worked on.", .histogram(requestBuckets), labels: ["queue_name"])
    package static let queueUnfinishedWork = Metric(
        "queue_unfinished_work", "Seconds that the items being worked on have taken so far, all together.", .gauge,
        labels: ["queue_name"])
    package static let queueLongestRunning = Metric(
        "queue_longest_running", "Seconds that the item longest worked on has taken so far.", .gauge,
        labels: ["queue_name"])
    package static let workersBusyCount = Metric(
        "workers_busy_count", "Workers that have an item.", .gauge, labels: ["worker_type"])

    package static let locksHeld = Metric(
        "locks_held", "Permits of a semaphore or mutex that are held.", .gauge, labels: lockLabels)
    package static let locksPending = Metric(
        "locks_pending", "Requests that wait for a semaphore or mutex.", .gauge, labels: lockLabels)
    package static let locksTakenTotal = Metric(
        "locks_taken_total", "Permits granted.", .counter, labels: lockLabels)

    package static let gauge = Metric("gauge", "Workflows in each phase.", .gauge, labels: ["phase"])
    package static let totalCount = Metric(
        "total_count", "Workflows that entered each phase.", .counter, labels: ["phase", "namespace"])
    package static let podsGauge = Metric("pods_gauge", "Pods of workflows in each phase.", .gauge, labels: ["phase"])
    package static let podsTotalCount = Metric(
        "pods_total_count", "Pods that entered each phase.", .counter, labels: ["phase", "namespace"])
    package static let podPendingCount = Metric(
        "pod_pending_count", "Pods that began to wait, by reason.", .counter, labels: ["reason", "namespace"])
    package static let podMissing = Metric(
        "pod_missing", "Pods that were gone before their end was seen.", .counter,
        labels: ["node_phase", "recently_started"])

    /// Six buckets up to Argo's `MAX_OPERATION_TIME` of 30 s.
    package static let operationDurationSeconds = Metric(
        "operation_duration_seconds", "Seconds that the reconciles of workflows took.",
        .histogram([5, 10, 15, 20, 25, 30]))
    package static let isLeader = Metric("is_leader", "1 while this controller leads, and 0 otherwise.", .gauge)
    package static let version = Metric(
        "version", "What this controller was built from.", .gauge,
        labels: [
            "version", "platform", "go_version", "build_date", "compiler", "git_commit", "git_tree_state", "git_tag",
        ])
    package static let logMessages = Metric(
        "log_messages", "Messages logged, by level.", .counter, labels: ["level"])

    static let requestBuckets = [0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 60, 180]
    static let lockLabels = ["type", "storage", "lock_name", "namespace"]
}
