import Determinism
import Kubernetes
import Synchronization

/// Runs a test's tasks one at a time, in time of its own that passes only when nothing is left to do.
///
/// Structured tasks inherit the executor; whatever they do must wait for nothing but this clock and each other.
final class VirtualTime: TaskExecutor, Sendable {
    /// Nothing is left to do, now or later, and the body has not returned.
    struct Stalled: Error {}
    /// More time has passed than a test may take.
    struct OutOfTime: Error {}

    private struct Timer {
        var deadline: Duration
        var id: Int
        var continuation: CheckedContinuation<Void, any Error>
    }

    private struct State {
        var now = Duration.zero
        var jobs: [UnownedJob] = []
        var timers: [Timer] = []
        var lastID = 0
    }

    private let state = Mutex(State())
    private let limit: Duration

    init(limit: Duration = .seconds(24 * 3600)) { self.limit = limit }

    var now: Duration { state.withLock { $0.now } }

    var clock: TrialClock {
        TrialClock(
            startEpochMicroseconds: WorkflowFixtures.start.microsecondsSinceEpoch, elapsed: { self.now },
            pause: { try await self.sleep(for: $0) })
    }

    func enqueue(_ job: consuming ExecutorJob) {
        let job = UnownedJob(job)
        state.withLock { $0.jobs.append(job) }
    }

    /// Runs the body to its end, on this thread.
    func run<Success: Sendable>(_ body: @escaping @Sendable () async throws -> Success) throws -> Success {
        let outcome = Mutex<Result<Success, any Error>?>(nil)
        let task = Task(executorPreference: self) {
            let result: Result<Success, any Error>
            do { result = .success(try await body()) } catch { result = .failure(error) }
            outcome.withLock { $0 = result }
        }
        while true {
            drain()
            if let result = outcome.withLock({ $0 }) { return try result.get() }
            let isOver = state.withLock { state in state.timers.isEmpty || state.now > limit }
            if isOver {
                let isStalled = state.withLock { $0.timers.isEmpty }
                task.cancel()
                drain()
                if isStalled { throw Stalled() }
                throw OutOfTime()
            }
            advance()
        }
    }

    private func drain() {
        while let job = state.withLock({ $0.jobs.isEmpty ? nil : $0.jobs.removeFirst() }) {
            job.runSynchronously(on: asUnownedTaskExecutor())
        }
    }

    private func advance() {
        let due = state.withLock { state -> [Timer] in
            guard let next = state.timers.map(\.deadline).min() else { return [] }
            state.now = max(state.now, next)
            let due = state.timers.filter { $0.deadline <= next }
            state.timers.removeAll { $0.deadline <= next }
            return due
        }
        for timer in due { timer.continuation.resume() }
    }

    private func sleep(for wait: Duration) async throws {
        let id = state.withLock { state in
            state.lastID += 1
            return state.lastID
        }
        try await withTaskCancellationHandler {
            try await withCheckedThrowingContinuation { (continuation: CheckedContinuation<Void, any Error>) in
                let isCancelled = state.withLock { state in
                    if Task.isCancelled { return true }
                    state.timers.append(Timer(deadline: state.now + wait, id: id, continuation: continuation))
                    return false
                }
                if isCancelled { continuation.resume(throwing: CancellationError()) }
            }
        } onCancel: {
            let timer = state.withLock { state -> Timer? in
                guard let index = state.timers.firstIndex(where: { $0.id == id }) else { return nil }
                return state.timers.remove(at: index)
            }
            timer?.continuation.resume(throwing: CancellationError())
        }
    }
}
