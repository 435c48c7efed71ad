import Determinism

/// Proves, before anything is simulated, that this Swift runtime lets its jobs be run as ``SimulationLoop`` needs it.
package enum SelfTest {
    /// What the runtime does differently.
    package struct Failure: Error, Hashable, CustomStringConvertible {
        package var description: String
    }

    /// Runs a small world of tasks, actors, streams and timeouts twice, and compares all that happened in it.
    ///
    /// - Throws: ``Failure`` where the two differ, or where jobs do not come to the loop.
    package static func run() throws(Failure) {
        let first = try world()
        let second = try world()
        guard first == second else {
            throw Failure(
                description: """
                    this Swift runtime does not run tasks in a repeatable order, so that nothing can be simulated on it; \
                    build Boreas with Swift 6.3
                    """)
        }
    }

    private static func world() throws(Failure) -> [String] {
        let loop = SimulationLoop(limit: .seconds(3_600))
        let log = Log()
        do {
            try loop.run { try await play(loop.clock, log) }
        } catch {
            throw Failure(description: "tasks do not stay in the simulation: \(error); build Boreas with Swift 6.3")
        }
        // Fifty tasks of four steps and more cannot have run without the loop.
        guard loop.eventCount > 200, loop.now == .milliseconds(50 * 7 + 4 * 11) else {
            throw Failure(
                description: "tasks of this Swift runtime do not come to the simulation; build Boreas with Swift 6.3")
        }
        return log.lines
    }

    private static func play(_ clock: TrialClock, _ log: Log) async throws {
        let counter = Counter()
        let (numbers, source) = AsyncStream.makeStream(of: Int.self)
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask {
                for await number in numbers { log.lines.append("\(clock.now.microseconds) received \(number)") }
            }
            for number in 1...50 {
                group.addTask {
                    for step in 1...4 {
                        try await withThrowingTaskGroup(of: Void.self) { race in
                            race.addTask { try await clock.sleep(for: .milliseconds(number * 7 / 4 + 11)) }
                            race.addTask { try await clock.sleep(for: .seconds(60)) }
                            try await race.next()
                            race.cancelAll()
                        }
                        let count = await counter.next()
                        log.lines.append("\(clock.now.microseconds) \(number).\(step) \(count)")
                        source.yield(number)
                    }
                    // So that the end of the world is known.
                    try await clock.sleep(for: .milliseconds(50 * 7 + 4 * 11) - clock.now)
                    if await counter.next() == 250 { source.finish() }
                }
            }
            try await group.waitForAll()
        }
    }

    private actor Counter {
        private var count = 0

        func next() -> Int {
            count += 1
            return count
        }
    }

    /// Confined to the loop's thread.
    private final class Log: @unchecked Sendable {
        var lines: [String] = []
    }
}
