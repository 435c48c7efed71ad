package import Determinism
package import Resilience
import Synchronization

/// Works off a ``WorkQueue`` with a bounded number of workers, in one task group.
package final class WorkQueueRunner<Item: Hashable & Comparable & Sendable & CustomStringConvertible>: Sendable {
    /// What becomes of an item after its work.
    package enum Outcome: Sendable {
        /// Done; taken up again after the span, where there is one.
        case done(again: Duration?)
        /// Failed; taken up again after its backoff, which `onWait` is told.
        case retry(onWait: @Sendable (Duration) -> Void)
    }

    private struct State {
        var queue: WorkQueue<Item>
        /// The earliest timer that is running.
        var armed: Duration?
    }

    private let name: String
    private let workers: Int
    private let observer: WorkQueueObserver
    private let clock: TrialClock
    private let streams: RandomStreams
    private let state: Mutex<State>
    private let wakeUps: AsyncStream<Void>
    private let wake: AsyncStream<Void>.Continuation

    /// - Parameters:
    ///   - forgetsFailures: Whether an item's backoff never grows.
    ///   - rateLimit: Bounds how many items come into line, but for those that were added for a time to come.
    package init(
        name: String, workers: Int, backoff: Backoff, forgetsFailures: Bool = false,
        rateLimit: Policy.RateLimit? = nil, clock: TrialClock, streams: RandomStreams,
        observer: WorkQueueObserver = WorkQueueObserver()
    ) {
        precondition(workers > 0, "a queue needs a worker (has \(workers))")
        self.name = name
        self.workers = workers
        self.clock = clock
        self.streams = streams
        self.observer = observer
        state = Mutex(State(queue: WorkQueue(backoff: backoff, forgetsFailures: forgetsFailures, rateLimit: rateLimit)))
        // One unread wake-up says as much as many.
        (wakeUps, wake) = AsyncStream.makeStream(bufferingPolicy: .bufferingNewest(1))
    }

    package func add(_ item: Item) {
        change { $0.queue.add(item, now: clock.now) }
        wake.yield()
    }

    package func add(_ item: Item, after wait: Duration) {
        guard wait > .zero else { return add(item) }
        change { $0.queue.add(item, at: clock.now + wait) }
        wake.yield()
    }

    /// Makes ``run(isReady:work:)`` look again whether it is ready.
    package func nudge() { wake.yield() }

    /// Items in line, being worked on, and waiting.
    package var counts: (ready: Int, processing: Int, waiting: Int) {
        state.withLock { ($0.queue.depth, $0.queue.processingCount, $0.queue.waitingCount) }
    }

    /// How long ago the oldest item came due that is not done yet; nil where there is none.
    package var oldestAge: Duration? { state.withLock { $0.queue.oldestAge(now: clock.now) } }

    /// Failures of the item in a row.
    package func failureCount(of item: Item) -> Int { state.withLock { $0.queue.failureCount(of: item) } }

    /// Works until the task is cancelled, or `work` throws. To be called once.
    ///
    /// - Parameter isReady: Whether items may be taken yet.
    package func run(
        isReady: @escaping @Sendable () -> Bool = { true }, work: @escaping @Sendable (Item) async throws -> Outcome
    ) async throws {
        try await withThrowingDiscardingTaskGroup { group in
            for await _ in wakeUps {
                try Task.checkCancellation()
                guard isReady() else { continue }
                while let item = take() {
                    observer.onStarted(item.description)
                    group.addTask {
                        defer { self.observer.onFinished(item.description) }
                        do {
                            self.finished(item, try await work(item))
                        } catch {
                            // The group's body is no child of the group: only the end of the stream ends it.
                            self.wake.finish()
                            throw error
                        }
                    }
                }
                if let deadline = armTimer() {
                    group.addTask {
                        try await self.clock.sleep(for: deadline - self.clock.now)
                        self.fired(deadline)
                    }
                }
            }
            try Task.checkCancellation()
        }
    }

    /// Changes the queue, and tells of what came into line by it.
    private func change<Result: Sendable>(_ body: (inout State) -> Result) -> Result {
        let (result, arrivals) = state.withLock { state in
            let result = body(&state)
            return (result, state.queue.takeArrivals())
        }
        for item in arrivals { observer.onAdded(item.description) }
        return result
    }

    private func take() -> Item? {
        change { $0.queue.processingCount < workers ? $0.queue.take(now: clock.now) : nil }
    }

    /// The deadline for which a timer is to be started; nil where one that is early enough is running.
    private func armTimer() -> Duration? {
        change { state in
            // What is due while all workers are busy waits for a worker, and not for a timer.
            state.queue.promote(now: clock.now)
            guard let next = state.queue.nextDeadline, state.armed.map({ next < $0 }) ?? true else { return nil }
            state.armed = next
            return next
        }
    }

    private func fired(_ deadline: Duration) {
        state.withLock { if $0.armed == deadline { $0.armed = nil } }
        wake.yield()
    }

    private func finished(_ item: Item, _ outcome: Outcome) {
        let report = change { state -> (@Sendable () -> Void)? in
            defer { state.queue.done(item, now: clock.now) }
            switch outcome {
            case .done(let again):
                state.queue.forget(item)
                if let again { state.queue.add(item, at: clock.now + again) }
                return nil
            case .retry(let onWait):
                let retry = state.queue.failureCount(of: item) + 1
                var generator = streams.stream("requeue", name, item.description, String(retry))
                let wait = state.queue.addAfterFailure(item, now: clock.now, using: &generator)
                return { [observer] in
                    observer.onRetried(item.description)
                    onWait(wait)
                }
            }
        }
        report?()
        wake.yield()
    }
}
