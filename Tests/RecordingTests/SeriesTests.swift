import Experiments
import Faults
import GRDB
import Recording
import Testing

/// What pictures are drawn from, against trials of which all is known, and against words that nobody knows.
struct SeriesTests {
    /// Hands over an archive of one run whose trials are the fixture's, or of clients that were sampled in time.
    private func withArchive(
        isSampled: Bool = false, damage: String? = nil, _ body: (RunArchive, RunRecord) async throws -> Void
    ) async throws {
        try await Fixtures.withFolder { folder in
            let path = "\(folder)/a.sqlite"
            let run = try Fixtures.run()
            try await RunArchive.withWriting(at: path) { archive in
                try await archive.begin(run)
                for spec in run.experiment.trialSpecs() {
                    var trial = Fixtures.trial(spec)
                    if isSampled {
                        trial.observations += [
                            Observation(.loadSampled, "40", detail: "30", at: .seconds(1)),
                            Observation(.loadSampled, "60", detail: "0", at: .seconds(3)),
                        ]
                    }
                    try await archive.record(trial, in: run.identifier)
                }
            }
            if let damage {
                let queue = try DatabaseQueue(path: path)
                try await queue.writeWithoutTransaction { db in
                    try db.execute(sql: "PRAGMA ignore_check_constraints = ON")
                    try db.execute(sql: damage)
                }
                try queue.close()
            }
            try await RunArchive.withReading(at: path) { try await body($0, run) }
        }
    }

    private func details(_ archive: RunArchive, _ run: RunRecord) async throws -> [DetailedTrial] {
        try await archive.detailedTrials(of: run.identifier, variation: "", perPolicy: 2, attemptsMax: 100)
    }

    @Test("trials with details are found, the first of each policy, with what they asked in time")
    func loads() async throws {
        try await withArchive { archive, run in
            let trials = try await details(archive, run)
            #expect(trials.map(\.key.policy) == ["base", "ours", "base", "ours"])
            #expect(trials.allSatisfy { $0.outcome == .fail && $0.attempts == 3 && $0.duration == .seconds(8) })
            let few = try await archive.detailedTrials(
                of: run.identifier, variation: "", perPolicy: 2, attemptsMax: 5)
            #expect(few.map(\.number) == [1, 2])
            let load = try #require(try await archive.loads(of: run.identifier, trials, width: .seconds(1)).first)
            #expect(load.trial == trials[0] && load.phases == [.calm: .zero, .converge: .seconds(3)])
            #expect(load.bins.map(\.attempts) == [0, 0, 2, 1] && load.bins.map(\.succeeded) == [0, 0, 0, 1])
        }
    }

    @Test("where clients told second by second what they asked, that counts")
    func sampled() async throws {
        try await withArchive(isSampled: true) { archive, run in
            let trials = try await details(archive, run)
            let load = try #require(try await archive.loads(of: run.identifier, trials, width: .seconds(1)).first)
            #expect(load.bins.map(\.attempts) == [40, 0, 60] && load.bins.map(\.succeeded) == [30, 0, 0])
        }
    }

    @Test("an invariant that broke is told once a cell, with the first time and how often")
    func broken() async throws {
        try await withArchive { archive, run in
            let broken = try await archive.brokenInvariants(of: run.identifier, limit: 10)
            let violation = try #require(Fixtures.trial(run.experiment.trialSpecs()[0]).violations.first)
            #expect(broken.map(\.trial) == [1, 2] && broken.map(\.count) == [3, 3])
            #expect(broken.allSatisfy { $0.invariant == violation.invariant && $0.subject == violation.subject })
            #expect(broken.map(\.evidence) == [violation.evidence, violation.evidence])
        }
    }

    @Test(
        "a word that this Boreas does not know is refused, and not left out",
        arguments: [
            ("UPDATE trial SET outcome = 'odd'", "\"odd\" is no outcome"),
            ("UPDATE observation SET subject = 'odd' WHERE kind = 'phaseEntered'", "\"odd\" is no subject"),
            ("UPDATE observation SET subject = 'odd' WHERE kind = 'loadSampled'", "\"odd\" is no subject"),
            ("UPDATE observation SET detail = '-1' WHERE kind = 'loadSampled'", "\"-1\" is no detail"),
            ("UPDATE violation SET invariant = 'odd'", "\"odd\" is no invariant"),
        ])
    func unknown(damage: String, words: String) async throws {
        try await withArchive(isSampled: true, damage: damage) { archive, run in
            let error = await #expect(throws: ArchiveError.self) {
                let trials = try await details(archive, run)
                _ = try await archive.loads(of: run.identifier, trials, width: .seconds(1))
                _ = try await archive.brokenInvariants(of: run.identifier, limit: 10)
            }
            #expect(error?.message.contains(words) == true, "\(error?.message ?? "")")
        }
    }
}
