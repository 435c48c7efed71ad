import Determinism
import Synchronization
import Testing

@testable import Simulation

@Suite struct SimulationLoopTests {
    @Test("this runtime can be simulated on")
    func selfTest() throws { try SelfTest.run() }

    @Test("time passes only when nothing is left to do, and takes none of ours")
    func timePasses() throws {
        let loop = SimulationLoop()
        let hours = try loop.run {
            try await loop.clock.sleep(for: .seconds(24 * 3600))
            return loop.now
        }
        #expect(hours == .seconds(24 * 3600))
    }

    @Test("call-backs of one instant come in the order in which they were asked for, and cancelled ones not at all")
    func alarms() throws {
        let loop = SimulationLoop()
        let seen = Mutex<[Int]>([])
        try loop.run {
            loop.after(.seconds(2)) { seen.withLock { $0.append(2) } }
            loop.after(.seconds(1)) { seen.withLock { $0.append(0) } }
            let alarm = loop.after(.seconds(1)) { seen.withLock { $0.append(99) } }
            loop.after(.seconds(1)) { seen.withLock { $0.append(1) } }
            loop.cancel(alarm)
            loop.cancel(alarm)
            try await loop.clock.sleep(for: .seconds(3))
        }
        #expect(seen.withLock { $0 } == [0, 1, 2])
    }

    @Test("a cancelled sleep ends at once, and the time that it would have taken does not pass")
    func cancelledSleep() throws {
        let loop = SimulationLoop()
        let result = try loop.run {
            try await withThrowingTaskGroup(of: Int.self) { group in
                group.addTask {
                    try await loop.clock.sleep(for: .seconds(10))
                    return 1
                }
                group.addTask {
                    try await loop.clock.sleep(for: .seconds(1_000))
                    return 2
                }
                let first = try await group.next()
                group.cancelAll()
                return first
            }
        }
        #expect(result == 1)
        #expect(loop.now == .seconds(10))
    }

    @Test("nobody wakes before the moment that they sleep until, be it a fraction of a nanosecond away")
    func fractions() throws {
        let loop = SimulationLoop()
        try loop.run {
            let moment = Duration(secondsComponent: 1, attosecondsComponent: 1)
            try await loop.clock.sleep(for: moment)
            #expect(loop.now >= moment)
        }
    }

    @Test("a task that waits for another thread is found, and the simulation ends")
    func stall() throws {
        let loop = SimulationLoop()
        #expect(throws: SimulationLoop.Failure.stalled(at: .seconds(5))) {
            try loop.run {
                try await loop.clock.sleep(for: .seconds(5))
                try await ContinuousClock().sleep(for: .seconds(3600))
            }
        }
    }

    @Test("a simulation without an end is stopped where its time is over")
    func limit() throws {
        let loop = SimulationLoop(limit: .seconds(100))
        #expect(throws: SimulationLoop.Failure.outOfTime(.seconds(101))) {
            try loop.run { while true { try await loop.clock.sleep(for: .seconds(1)) } }
        }
    }

    @Test("many cancelled alarms are forgotten, and the others ring")
    func compaction() throws {
        let loop = SimulationLoop()
        let rung = Mutex(0)
        try loop.run {
            for round in 0..<10_000 {
                let alarm = loop.after(.seconds(3_600)) { rung.withLock { $0 += 1_000_000 } }
                if round % 100 == 0 { loop.after(.seconds(60)) { rung.withLock { $0 += 1 } } }
                loop.cancel(alarm)
                try await loop.clock.sleep(for: .milliseconds(1))
            }
            try await loop.clock.sleep(for: .seconds(7_200))
        }
        #expect(rung.withLock { $0 } == 100)
    }

    @Test("simulations of several threads do not meet", arguments: 0..<4)
    func parallel(number: Int) throws { try SelfTest.run() }
}
