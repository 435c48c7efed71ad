import Experiments
import Recording
import Testing

struct LookTests {
    private func look(_ number: Int, _ trials: Int) -> Look {
        Look(
            number: number, trials: trials, trialsMax: 40, nominalAlpha: 0.01 * Double(number), verdict: .inconclusive,
            epochMicroseconds: 1_700_000_000_000_000)
    }

    @Test("looks come back in their order, and a run that was looked at once has none")
    func roundTrip() async throws {
        try await Fixtures.withFolder { folder in
            let archive = try RunArchive.open(at: "\(folder)/a.sqlite")
            let run = try Fixtures.run()
            try await archive.begin(run)
            #expect(try await archive.looks(of: run.identifier).isEmpty)
            for look in [look(1, 5), look(2, 10)] { try await archive.record(look, of: run.identifier) }
            #expect(try await archive.looks(of: run.identifier) == [look(1, 5), look(2, 10)])
            try archive.close()
        }
    }

    @Test("the same look is not taken twice, nor one at a run that is not there")
    func refused() async throws {
        try await Fixtures.withFolder { folder in
            let archive = try RunArchive.open(at: "\(folder)/a.sqlite")
            let run = try Fixtures.run()
            try await archive.begin(run)
            try await archive.record(look(1, 5), of: run.identifier)
            await #expect(throws: ArchiveError.self) { try await archive.record(look(1, 10), of: run.identifier) }
            await #expect(throws: ArchiveError.self) { try await archive.record(look(2, 5), of: run.identifier) }
            await #expect(throws: ArchiveError.self) { try await archive.record(look(1, 5), of: "r0") }
            try archive.close()
        }
    }

    @Test("a run that is to have more trials is unfinished until they are done")
    func replanned() async throws {
        try await Fixtures.withFolder { folder in
            let archive = try RunArchive.open(at: "\(folder)/a.sqlite")
            let run = try Fixtures.run()
            try await archive.begin(run)
            try await archive.finish(run: run.identifier, outcome: .inconclusive, epochMicroseconds: 1)
            try await archive.replan(run: run.identifier, trialsPlanned: 12)
            let read = try await archive.run(run.identifier)
            #expect(read.trialsPlanned == 12 && read.outcome == nil && read.finishedEpochMicroseconds == nil)
            let found = try await archive.unfinishedRun(of: run.experiment, world: run.world, seed: run.seed)
            #expect(found?.identifier == run.identifier)
            await #expect(throws: ArchiveError.self) { try await archive.replan(run: "r0", trialsPlanned: 12) }
            try archive.close()
        }
    }
}
