import Determinism
import Synchronization

/// What is known of a queue's items.
struct QueueState {
    /// Items in line, since when.
    var added: [String: Duration] = [:]
    /// Items being worked on.
    var started: [String: (at: Duration, added: Duration)] = [:]
}

extension ControllerMetrics {
    /// Argo's names of the work queues.
    package enum Queue: String, Hashable, Sendable, CaseIterable {
        case workflow = "workflow_queue"
        case timeToLive = "workflow_ttl_queue"
        case podCleanup = "pod_cleanup_queue"
        case cron = "cron_wf_queue"
    }

    /// An item was put in line; nothing where it stands there already.
    package func queueAdded(_ queue: Queue, _ item: String) {
        let now = clock.now
        let isNew = change(queue) { state in
            guard state.added[item] == nil else { return false }
            state.added[item] = now
            return true
        }
        if isNew { registry.add(to: .queueAddsCount, [queue.rawValue]) }
    }

    /// A worker took an item.
    package func queueStarted(_ queue: Queue, _ item: String) {
        let now = clock.now
        let added = change(queue) { state in
            let added = state.added.removeValue(forKey: item)
            state.started[item] = (now, added ?? now)
            return added
        }
        if let added { registry.observe((now - added).seconds, in: .queueLatency, [queue.rawValue]) }
    }

    /// A worker is done with an item, for better or worse.
    package func queueFinished(_ queue: Queue, _ item: String) {
        let now = clock.now
        let started = change(queue) { $0.started.removeValue(forKey: item)?.at }
        if let started { registry.observe((now - started).seconds, in: .queueDuration, [queue.rawValue]) }
    }

    /// An item goes back after a failure, with a backoff.
    package func queueRetried(_ queue: Queue) { registry.add(to: .queueRetries, [queue.rawValue]) }

    /// The reconcile of a workflow is over.
    package func reconciled(in duration: Duration) {
        registry.observe(duration.seconds, in: .operationDurationSeconds)
    }

    private func change<Result: Sendable>(_ queue: Queue, _ body: (inout QueueState) -> Result) -> Result {
        state.withLock { body(&$0.queues[queue.rawValue, default: QueueState()]) }
    }

    /// Brings the gauges up to date; some of them grow while nothing happens.
    func refreshQueues() {
        let now = clock.now
        for queue in Queue.allCases {
            guard let current = state.withLock({ $0.queues[queue.rawValue] }) else { continue }
            let seconds = current.started.values.map { (now - $0.at).seconds }.sorted()
            let oldest = (current.added.values.map(\.self) + current.started.values.map(\.added)).min()
            let labels = [queue.rawValue]
            registry.set(.queueDepthGauge, labels, to: Double(current.added.count))
            registry.set(.workersBusyCount, labels, to: Double(seconds.count))
            registry.set(.queueUnfinishedWork, labels, to: seconds.reduce(0, +))
            registry.set(.queueLongestRunning, labels, to: seconds.last ?? 0)
            registry.set(.queueOldestAgeSeconds, labels, to: oldest.map { (now - $0).seconds } ?? 0)
        }
    }
}
