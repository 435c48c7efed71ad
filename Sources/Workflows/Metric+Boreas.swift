// What Argo does not measure, and what the five incidents would have been seen by.

extension Metric {
    /// From the first of Argo's windows for retries to a requeue's tens of seconds.
    private static let delayBuckets = [0.01, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 180]

    package static let retryAttemptsTotal = Metric(
        "retry_attempts_total",
        "Requests that were a retry: why the one before failed, and whether this one succeeded.", .counter,
        labels: ["path", "reason", "outcome"])
    package static let retryDelaySeconds = Metric(
        "retry_delay_seconds", "Waits before retries, by the layer that waits.", .histogram(delayBuckets),
        labels: ["path", "layer"])
    package static let operationsTotal = Metric(
        "operations_total",
        "What the controller wanted from the API, each with all its attempts, by what became of it.",
        .counter, labels: ["path", "outcome"])
    package static let transportErrorTotal = Metric(
        "transport_error_total", "Requests that no answer came to.", .counter, labels: ["kind", "verb", "error"])
    package static let execDurationSeconds = Metric(
        "exec_duration_seconds", "Seconds that execs into containers took.", .histogram(requestBuckets),
        labels: ["outcome"])
    package static let lockWaitSeconds = Metric(
        "lock_wait_seconds", "Seconds from the first request for a semaphore or mutex to its grant.",
        .histogram([0.1, 1, 5, 10, 30, 60, 180, 600, 1800]), labels: lockLabels)
    package static let podCleanupFailuresTotal = Metric(
        "pod_cleanup_failures_total", "Clean-ups of pods that failed, and may be tried again.", .counter,
        labels: ["action", "reason"])
    package static let queueOldestAgeSeconds = Metric(
        "queue_oldest_age_seconds", "Seconds since the oldest item came into line that is not done yet.", .gauge,
        labels: ["queue_name"])
}
