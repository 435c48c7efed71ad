import CExecutorHook
package import Determinism
import Synchronization

/// Runs ordinary async code on one thread, in a time that passes only when nothing is left to do.
///
/// Every job of the Swift runtime that becomes ready on the loop's thread comes here instead of going to the pool
/// (``executor_hook_enter``), and runs in the order of its coming; when none is left, the clock jumps to the next
/// alarm. So one seed gives one history, whatever the machine does. What is not let in breaks that: `Task.sleep` and
/// every clock but ``clock``, `Task.yield`, `@MainActor`, Dispatch, and threads that resume a task of the simulation.
/// `SimulatedSourcesTests` bans them from the sources, ``run(_:)`` finds what has escaped, as a task that nothing will
/// ever resume, and ``SelfTest`` refuses a runtime where the mechanism does not hold.
///
/// Unchecked, because all of it but ``stop()`` is confined to the thread that runs it.
package final class SimulationLoop: @unchecked Sendable {
    /// Why a simulation did not come to its end.
    package enum Failure: Error, Hashable, Sendable {
        /// Nothing is left to do, now or later, and the body has not returned: something waits for what is not part of the
        /// simulation.
        case stalled(at: Duration)
        /// More time has passed than there may be.
        case outOfTime(Duration)
        /// The body goes on although its task was cancelled.
        case doesNotEnd(at: Duration)
    }

    /// A call-back that is to come.
    package struct Alarm: Hashable, Sendable {
        fileprivate var slot: Int
        fileprivate var generation: UInt32
    }

    private enum Action {
        case call(() -> Void)
        case wake(UnsafeContinuation<Void, any Error>)
    }

    private struct Slot {
        var generation: UInt32 = 0
        var action: Action?
    }

    private var jobs: [UnownedJob] = []
    private var alarms = EventQueue<Alarm>()
    private var slots: [Slot] = []
    private var freeSlots: [Int] = []
    /// Alarms in the queue that were cancelled.
    private var cancelledCount = 0
    private var nowNanoseconds: Int64 = 0
    private let limit: Duration
    private let epochMicroseconds: Int64
    private let isStopped = Atomic(false)
    private var isRunning = false

    /// How many jobs and alarms have run: the events of the simulation.
    package private(set) var eventCount = 0

    /// The loop that runs the task, and all that it has begun.
    @TaskLocal package static var current: SimulationLoop?

    /// When simulated time begins, if nothing else is said: 2026-01-01T00:00:00Z.
    package static let epochMicroseconds: Int64 = 1_767_225_600_000_000

    /// - Parameter limit: The time that may pass.
    package init(limit: Duration = .seconds(400 * 86_400), startEpochMicroseconds: Int64 = epochMicroseconds) {
        self.limit = limit
        epochMicroseconds = startEpochMicroseconds
    }

    /// Time since the start.
    package var now: Duration { .nanoseconds(nowNanoseconds) }

    /// The time of the simulation, for everything that waits or stamps in it.
    package var clock: TrialClock {
        TrialClock(
            startEpochMicroseconds: epochMicroseconds, elapsed: { self.now },
            pause: { try await self.sleep(for: $0) })
    }

    // MARK: Alarms

    /// Calls back once, after a span; call-backs of one instant come in the order in which they were asked for.
    @discardableResult
    package func after(_ span: Duration, _ action: @escaping () -> Void) -> Alarm {
        schedule(.call(action), after: span)
    }

    /// The call-back does not come; one that has come, or was cancelled, is nothing to cancel.
    package func cancel(_ alarm: Alarm) { _ = take(alarm, isCancelled: true) }

    private func schedule(_ action: Action, after span: Duration) -> Alarm {
        let slot = freeSlots.popLast() ?? slots.count
        if slot == slots.count { slots.append(Slot()) }
        slots[slot].action = action
        let alarm = Alarm(slot: slot, generation: slots[slot].generation)
        alarms.schedule(at: nowNanoseconds + max(0, span.nanosecondsRoundedUp), alarm)
        return alarm
    }

    /// What an alarm is for; nil for one that is over.
    private func take(_ alarm: Alarm, isCancelled: Bool) -> Action? {
        guard slots[alarm.slot].generation == alarm.generation, let action = slots[alarm.slot].action else {
            return nil
        }
        slots[alarm.slot].action = nil
        slots[alarm.slot].generation &+= 1
        freeSlots.append(alarm.slot)
        if isCancelled {
            cancelledCount += 1
            if cancelledCount > 1_024, cancelledCount > alarms.count / 2 { forgetCancelled() }
        }
        return action
    }

    private func isOver(_ alarm: Alarm) -> Bool { slots[alarm.slot].generation != alarm.generation }

    private func forgetCancelled() {
        alarms.removeAll { isOver($0) }
        cancelledCount = 0
    }

    private func sleep(for span: Duration) async throws {
        precondition(isRunning, "a simulated clock is waited for only within its simulation")
        let asleep = Asleep()
        try await withTaskCancellationHandler {
            try await withUnsafeThrowingContinuation { (continuation: UnsafeContinuation<Void, any Error>) in
                if Task.isCancelled {
                    continuation.resume(throwing: CancellationError())
                } else {
                    asleep.alarm = self.schedule(.wake(continuation), after: span)
                }
            }
        } onCancel: {
            guard let alarm = asleep.alarm, case .wake(let continuation) = self.take(alarm, isCancelled: true) else {
                return
            }
            continuation.resume(throwing: CancellationError())
        }
    }

    /// Confined to the loop's thread, as tasks are cancelled by tasks.
    private final class Asleep: @unchecked Sendable {
        var alarm: Alarm?
    }

    // MARK: Running

    /// Ends the simulation soon, from any thread: its task is cancelled.
    package func stop() { isStopped.store(true, ordering: .relaxed) }

    /// Runs the body to its end, on this thread and in no time but its own. Once.
    ///
    /// - Throws: What the body throws, ``Failure``, and `CancellationError` after ``stop()``.
    package func run<Success: Sendable>(
        _ body: @escaping @Sendable () async throws -> Success
    ) throws -> Success {
        precondition(!isRunning && eventCount == 0, "a simulation runs once")
        isRunning = true
        executor_hook_enter(
            { context, job in
                guard let context, let job else { return }
                let loop = Unmanaged<SimulationLoop>.fromOpaque(context).takeUnretainedValue()
                loop.jobs.append(unsafeBitCast(job, to: UnownedJob.self))
            }, Unmanaged.passUnretained(self).toOpaque())
        defer {
            executor_hook_leave()
            isRunning = false
            // What was still to come holds what it would have come to, and that holds the loop.
            slots = []
            freeSlots = []
            alarms = EventQueue()
        }
        let outcome = Outcome<Success>()
        let task = Task {
            let result: Result<Success, any Error>
            do {
                result = .success(try await Self.$current.withValue(self) { try await body() })
            } catch {
                result = .failure(error)
            }
            outcome.result = result
        }
        do {
            try runUntil { outcome.result != nil }
        } catch {
            task.cancel()
            try windUp { outcome.result != nil }
            throw error
        }
        guard let result = outcome.result else { preconditionFailure("the loop ends with the body's result") }
        return try result.get()
    }

    private final class Outcome<Success: Sendable>: @unchecked Sendable {
        var result: Result<Success, any Error>?
    }

    private func runUntil(_ isFinished: () -> Bool) throws {
        while true {
            drain()
            if isFinished() { return }
            if isStopped.load(ordering: .relaxed) { throw CancellationError() }
            guard advance() else { throw Failure.stalled(at: now) }
            if now > limit { throw Failure.outOfTime(now) }
        }
    }

    /// Lets a cancelled body end, which may take a little of its time.
    private func windUp(_ isFinished: () -> Bool) throws {
        let deadline = now + .seconds(3_600)
        drain()
        while !isFinished() {
            guard now < deadline, advance() else { throw Failure.doesNotEnd(at: now) }
            drain()
        }
    }

    private func drain() {
        // Jobs run as the pool would run them, on no executor in particular.
        let generic = unsafeBitCast((0, 0), to: UnownedSerialExecutor.self)
        var next = 0
        while next < jobs.count {
            let job = jobs[next]
            next += 1
            // Keeps the list short where jobs beget jobs.
            if next == 1_024 {
                jobs.removeFirst(next)
                next = 0
            }
            eventCount += 1
            job.runSynchronously(on: generic)
        }
        jobs.removeAll(keepingCapacity: true)
    }

    /// Lets time pass until the next alarm, and rings all that are due then.
    ///
    /// - Returns: Whether there was one.
    private func advance() -> Bool {
        var hasRung = false
        while let time = alarms.nextTime, !hasRung || time <= nowNanoseconds {
            guard let alarm = alarms.pop()?.event else { break }
            guard !isOver(alarm) else {
                cancelledCount -= 1
                continue
            }
            nowNanoseconds = max(nowNanoseconds, time)
            hasRung = true
            eventCount += 1
            switch take(alarm, isCancelled: false) {
            case .call(let action): action()
            case .wake(let continuation): continuation.resume()
            case nil: break
            }
        }
        return hasRung
    }
}

extension SimulationLoop.Failure: CustomStringConvertible {
    package var description: String {
        switch self {
        case .stalled(let time):
            """
            the simulation stands still at \(time.text): a task waits for something that is not part of it (a real clock, \
            another thread)
            """
        case .outOfTime(let time): "the simulation has gone on for \(time.text), longer than it may"
        case .doesNotEnd(let time): "the simulation was cancelled, and still goes on at \(time.text)"
        }
    }
}

extension Duration {
    /// Whole nanoseconds, never fewer: who sleeps until a moment must not wake before it, or it would sleep again, for no
    /// time at all and for ever.
    var nanosecondsRoundedUp: Int64 {
        let (seconds, attoseconds) = components
        return seconds * 1_000_000_000 + (attoseconds + (attoseconds > 0 ? 999_999_999 : 0)) / 1_000_000_000
    }
}
