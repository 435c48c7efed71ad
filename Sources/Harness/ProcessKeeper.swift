import Determinism
import Experiments
import FaultProxy
import Faults
import Foundation
import Synchronization
import Workflows

/// Keeps a subject's process running: starts it again after each end, as a kubelet would, and kills it at the writes at
/// which rules say so.
final class ProcessKeeper: Sendable {
    private struct State {
        var life = 0
        /// Nil while nothing runs.
        var group: ProcessGroup?
        var output = ProcessOutputLog()
        /// Whether the process has printed what it is ready by.
        var hasPrintedSign = false
        /// When the process of this life was ready; nil before.
        var readyAt: Duration?
        /// What the process is to die of.
        var crash: CrashCounter.Crash?
        /// The rule by which the next life is to see an older state.
        var restart: String?
        var isStopping = false
        /// The last words of the last life that had any.
        var lastWords: String?
    }

    private let subject: ProcessSubject
    private let command: ProcessCommand
    private let access: ProcessAccess
    private let clock: TrialClock
    private let http: HTTPPort
    private let collector: TrialCollector
    private let state = Mutex(State())

    /// After an end that nobody asked for the process is started again after this, doubling: what a kubelet does, only
    /// that it begins with ten seconds.
    private static let restartDelay = Duration.seconds(1)
    private static let restartDelayMax = Duration.seconds(10)
    /// A life as long as this makes the next delay short again.
    private static let longLife = Duration.seconds(60)
    /// Between two looks at the memory.
    private static let samplingPeriod = Duration.milliseconds(250)
    private static let readyPeriod = Duration.milliseconds(10)

    init(
        _ subject: ProcessSubject, _ command: ProcessCommand, _ access: ProcessAccess, on site: TrialSite,
        _ collector: TrialCollector
    ) {
        self.subject = subject
        self.command = command
        self.access = access
        clock = site.clock
        http = site.http
        self.collector = collector
    }

    // MARK: From outside

    /// When the process that runs now was ready; nil where none is.
    var readyAt: Duration? { state.withLock { $0.readyAt } }

    /// What was printed last; nil where nothing was.
    var lastWords: String? { state.withLock { $0.output.lastWords ?? $0.lastWords } }

    /// Kills the process at once, by a rule. Does not wait.
    func kill(by crash: CrashCounter.Crash) {
        state.withLock { state in
            state.crash = crash
            // Within the lock: as long as the group stands there, its number is nobody else's.
            state.group?.send(SIGKILL)
        }
    }

    /// Kills the process at once, by a rule that shows the next life an older state. Does not wait.
    func restart(by rule: String) {
        state.withLock { state in
            state.restart = rule
            state.group?.send(SIGKILL)
        }
    }

    /// Ends the process and starts no other; returns when it is dead.
    ///
    /// - Returns: Whether it ended within its grace.
    func stop() async throws -> Bool {
        state.withLock { state in
            state.isStopping = true
            state.group?.send(SIGTERM)
        }
        if try await isDead(within: subject.stopGrace) { return true }
        state.withLock { $0.group?.send(SIGKILL) }
        _ = try await isDead(within: .seconds(5))
        return false
    }

    private func isDead(within bound: Duration) async throws -> Bool {
        let deadline = clock.now + bound
        while state.withLock({ $0.group != nil }) {
            guard clock.now < deadline else { return false }
            try await clock.sleep(for: .milliseconds(5))
        }
        return true
    }

    // MARK: Lives

    /// The lives of the process, one after the other, until ``stop()`` or until cancelled.
    func run() async throws {
        var delay = Self.restartDelay
        while !state.withLock({ $0.isStopping }) {
            if state.withLock({ state in state.restart.take() }) != nil { access.restarted() }
            let began = clock.now
            let end = try await live()
            // Its connections are dead with it: what it still had under way belongs to no other life.
            await access.endBarrier()
            collector.died()
            let (crash, restart, isStopping) = state.withLock { state in
                defer { state.crash = nil }
                return (state.crash, state.restart, state.isStopping)
            }
            record(end, crash, restart: restart, wasAsked: isStopping || crash != nil || restart != nil)
            try Task.checkCancellation()
            if isStopping { return }
            if let crash {
                try await rest(for: crash.fault.downtime ?? .zero)
            } else if restart == nil {
                if clock.now - began > Self.longLife { delay = Self.restartDelay }
                try await rest(for: delay)
                delay = min(delay * 2, Self.restartDelayMax)
            }
        }
    }

    private func rest(for span: Duration) async throws {
        let end = clock.now + span
        while clock.now < end, !state.withLock({ $0.isStopping }) {
            try await clock.sleep(for: min(end - clock.now, .milliseconds(20)))
        }
    }

    private func record(_ end: ProcessEnd, _ crash: CrashCounter.Crash?, restart: String?, wasAsked: Bool) {
        let now = clock.now
        let (life, output) = state.withLock { state in
            state.output.ended(at: now)
            state.lastWords = state.output.lastWords ?? state.lastWords
            return (state.life, state.output)
        }
        for line in output.observations(life: life) { collector.observe(line) }
        if let crash {
            collector.observe(
                Observation(.subjectCrashed, "1", detail: crash.rule, message: "at \(crash.identity)", at: now))
        }
        if let restart {
            collector.observe(
                Observation(
                    .subjectCrashed, "1", detail: restart, message: "to begin anew with an older state", at: now))
        }
        let words = output.lastWords ?? "it printed nothing"
        collector.observe(
            Observation(.processExited, "\(life)", detail: end.text, message: wasAsked ? "" : words, at: now))
    }

    /// One life, to its end.
    private func live() async throws -> ProcessEnd {
        let life = state.withLock { state in
            state.life += 1
            state.output = ProcessOutputLog()
            state.hasPrintedSign = false
            return state.life
        }
        let watchesBefore = access.activity().watchesBegun
        let process = ProcessLife(
            command: command, clock: clock, onStart: { self.started($0) },
            onOutput: { stream, bytes in self.printed(bytes, to: stream) },
            onEnd: { self.ended() })
        return try await withThrowingTaskGroup(of: ProcessEnd?.self) { group in
            group.addTask { try await process.run() }
            group.addTask {
                try await self.awaitReadiness(in: life, watchesBefore)
                return nil
            }
            group.addTask {
                try await self.sampleMemory()
                return nil
            }
            defer { group.cancelAll() }
            while let end = try await group.next() {
                if let end { return end }
            }
            throw CancellationError()
        }
    }

    private func started(_ group: ProcessGroup) {
        let life = state.withLock { state in
            state.group = group
            // Whoever asked for its end did so before it had begun.
            if state.isStopping { group.send(SIGTERM) }
            return state.life
        }
        collector.observe(Observation(.processStarted, "\(life)", detail: "\(group.leader)", at: clock.now))
    }

    private func ended() {
        state.withLock { state in
            state.group = nil
            state.readyAt = nil
        }
    }

    private func printed(_ bytes: [UInt8], to stream: ProcessOutputLog.Stream) {
        let now = clock.now
        state.withLock { state in
            let lines = state.output.took(bytes, from: stream, at: now)
            guard case .log(let sign) = subject.ready, !state.hasPrintedSign else { return }
            state.hasPrintedSign = lines.contains { $0.contains(sign) }
        }
    }

    // MARK: Watching it

    private func awaitReadiness(in life: Int, _ watchesBefore: Int) async throws {
        while try await !isReady(watchesBefore) { try await clock.sleep(for: Self.readyPeriod) }
        let now = clock.now
        let isAlive = state.withLock { state in
            guard state.life == life, state.group != nil else { return false }
            state.readyAt = now
            return true
        }
        if isAlive {
            collector.observe(Observation(.note, "process", detail: "\(life)", message: "is ready", at: now))
        }
    }

    private func isReady(_ watchesBefore: Int) async throws -> Bool {
        switch subject.ready {
        case .watches(let count): return access.activity().watchesBegun - watchesBefore >= count
        case .log: return state.withLock { $0.hasPrintedSign }
        case .http(let url):
            do {
                let request = HTTPPort.Request(method: "GET", url: url, timeout: .seconds(2))
                return (200..<300).contains(try await http.send(request).status)
            } catch is HarnessError {
                // Nobody answers there yet.
                try await clock.sleep(for: .milliseconds(50))
                return false
            }
        }
    }

    private func sampleMemory() async throws {
        var recorded = 0
        while true {
            if let group = state.withLock({ $0.group }) {
                let bytes = group.residentBytes
                if bytes > 0, abs(bytes - recorded) > max(1 << 20, recorded / 20) {
                    recorded = bytes
                    collector.observe(Observation(.memorySampled, "\(bytes)", at: clock.now))
                }
            }
            try await clock.sleep(for: Self.samplingPeriod)
        }
    }
}
