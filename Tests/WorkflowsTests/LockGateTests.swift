import Testing

@testable import Workflows

@Suite("A gate that lets one in at a time", .timeLimit(.minutes(1))) struct LockGateTests {
    @Test("Turns come in the order in which they were asked for, and a cancelled one is passed over")
    func order() async throws {
        let gate = LockGate()
        let log = EventLog()
        let (open, opener) = AsyncStream<Void>.makeStream()
        try await withThrowingTaskGroup(of: Void.self) { group in
            let (entered, enter) = AsyncStream<Void>.makeStream()
            group.addTask {
                try await gate.withTurn {
                    enter.yield()
                    for await _ in open { break }
                    log.append("0")
                }
            }
            for await _ in entered { break }
            for turn in 1...3 {
                group.addTask { try await gate.withTurn { log.append("\(turn)") } }
                while gate.waiterCount < turn { await Task.yield() }
            }
            let late = Task { try await gate.withTurn { log.append("late") } }
            while gate.waiterCount < 4 { await Task.yield() }
            late.cancel()
            await #expect(throws: CancellationError.self) { try await late.value }
            #expect(gate.waiterCount == 3)
            opener.yield()
            try await group.waitForAll()
        }
        #expect(log.all == ["0", "1", "2", "3"])
        // Whoever comes now finds it open.
        try await gate.withTurn {}
    }
}
