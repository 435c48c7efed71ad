/// Told of the items of a work queue, by their descriptions; called from any task, and expected to return at once.
package struct WorkQueueObserver: Sendable {
    package var onAdded: @Sendable (String) -> Void
    package var onStarted: @Sendable (String) -> Void
    /// For better or worse.
    package var onFinished: @Sendable (String) -> Void
    /// The item goes back after a failure, with a backoff.
    package var onRetried: @Sendable (String) -> Void

    package init(
        onAdded: @escaping @Sendable (String) -> Void = { _ in },
        onStarted: @escaping @Sendable (String) -> Void = { _ in },
        onFinished: @escaping @Sendable (String) -> Void = { _ in },
        onRetried: @escaping @Sendable (String) -> Void = { _ in }
    ) {
        self.onAdded = onAdded
        self.onStarted = onStarted
        self.onFinished = onFinished
        self.onRetried = onRetried
    }
}

extension ControllerMetrics {
    /// The observer that counts what becomes of a queue's items.
    func observer(of queue: Queue) -> WorkQueueObserver {
        WorkQueueObserver(
            onAdded: { self.queueAdded(queue, $0) }, onStarted: { self.queueStarted(queue, $0) },
            onFinished: { self.queueFinished(queue, $0) }, onRetried: { _ in self.queueRetried(queue) })
    }
}
