import Experiments
import Foundation
import GRDB
import Kubernetes
import Recording
import Testing

struct RunArchiveTests {
    @Test("a trial comes back from the archive as it was")
    func roundTrip() async throws {
        try await Fixtures.withFolder { folder in
            let archive = try RunArchive.open(at: "\(folder)/new/deep/a.sqlite", makesFolder: true)
            let run = try Fixtures.run()
            try await archive.begin(run)
            let spec = try #require(run.experiment.trialSpecs().first)
            let trial = Fixtures.trial(spec)
            #expect(trial.outcome == .fail && trial.injections.count == 1 && trial.violations.count == 1)
            try await archive.record(trial, in: run.identifier)
            #expect(try await archive.trial(1, of: run.identifier) == trial)
            #expect(try await archive.run("latest") == run)
            #expect(try await archive.tallies(of: run.identifier) == [TrialTally(trial)])
            #expect(try await archive.finishedTrials(of: run.identifier) == [spec.key])
            try archive.close()
        }
    }

    @Test("of a trial whose details were not kept, the archive still knows how many there were")
    func summary() async throws {
        try await Fixtures.withFolder { folder in
            let archive = try RunArchive.open(at: "\(folder)/a.sqlite")
            let run = try Fixtures.run()
            try await archive.begin(run)
            let trial = Fixtures.trial(try #require(run.experiment.trialSpecs().first))
            try await archive.record(trial, in: run.identifier, isDetailed: false)
            let read = try await archive.trial(1, of: run.identifier)
            #expect(read.attempts.isEmpty && read.operations.isEmpty && read.injections.isEmpty)
            #expect(read.unlisted?.attempts == trial.attempts.count && !trial.attempts.isEmpty)
            #expect(TrialTally(read) == TrialTally(trial))
            #expect(try await archive.tallies(of: run.identifier) == [TrialTally(trial)])
            try archive.close()
        }
    }

    @Test("closing leaves one file, and looking into it leaves no other")
    func noLitter() async throws {
        try await Fixtures.withFolder { folder in
            let path = "\(folder)/a.sqlite"
            let archive = try RunArchive.open(at: path)
            try await archive.begin(try Fixtures.run())
            _ = try await archive.runs()
            try archive.close()
            #expect(try Fixtures.files(in: folder) == ["a.sqlite"])
            let reader = try RunArchive.read(at: path)
            #expect(try await reader.runs().count == 1)
            try reader.close()
            #expect(try Fixtures.files(in: folder) == ["a.sqlite"])
        }
    }

    @Test("what is lent is closed again, also after a failure, which is told")
    func lent() async throws {
        struct Failure: Error {}
        try await Fixtures.withFolder { folder in
            let path = "\(folder)/a.sqlite"
            let run = try Fixtures.run()
            await #expect(throws: Failure.self) {
                try await RunArchive.withWriting(at: path) { archive in
                    try await archive.begin(run)
                    throw Failure()
                }
            }
            #expect(try Fixtures.files(in: folder) == ["a.sqlite"])
            let identifiers = try await RunArchive.withReading(at: path) { archive in
                try await archive.runs().map(\.identifier)
            }
            #expect(identifiers == [run.identifier])
            await #expect(throws: Failure.self) { try await RunArchive.withReading(at: path) { _ in throw Failure() } }
            #expect(try Fixtures.files(in: folder) == ["a.sqlite"])
        }
    }

    @Test("an archive that was opened to be read can't be written")
    func readOnly() async throws {
        try await Fixtures.withFolder { folder in
            try RunArchive.open(at: "\(folder)/a.sqlite").close()
            let reader = try RunArchive.read(at: "\(folder)/a.sqlite")
            let run = try Fixtures.run()
            let error = await #expect(throws: ArchiveError.self) { try await reader.begin(run) }
            #expect(error?.code == .unwritable)
            try reader.close()
        }
    }

    @Test("a trial of a run that is not there, and one that is there already, are refused whole")
    func refusedTrials() async throws {
        try await Fixtures.withFolder { folder in
            let archive = try RunArchive.open(at: "\(folder)/a.sqlite")
            let run = try Fixtures.run()
            let trial = Fixtures.trial(try #require(run.experiment.trialSpecs().first))
            let missing = await #expect(throws: ArchiveError.self) { try await archive.record(trial, in: "x") }
            #expect(missing?.code == .missing)
            try await archive.begin(run)
            try await archive.record(trial, in: run.identifier)
            let twice = await #expect(throws: ArchiveError.self) { try await archive.record(trial, in: run.identifier) }
            #expect(twice?.code == .failed)
            // A trial of a policy that the run does not have breaks a foreign key, after rows have been written.
            var foreign = trial
            foreign.number = 2
            foreign.key.policy = "nobody"
            await #expect(throws: ArchiveError.self) { try await archive.record(foreign, in: run.identifier) }
            var damaged = Fixtures.trial(run.experiment.trialSpecs()[1])
            damaged.attempts[2].exchange.httpStatus = 1_000
            await #expect(throws: ArchiveError.self) { try await archive.record(damaged, in: run.identifier) }
            #expect(try await archive.tallies(of: run.identifier).map(\.number) == [1])
            try archive.close()
            let queue = try DatabaseQueue(path: "\(folder)/a.sqlite")
            let attempts = try await queue.read { try Int.fetchOne($0, sql: "SELECT count(*) FROM attempt") }
            #expect(attempts == 3)
            try queue.close()
        }
    }

    @Test("the views answer who retried a conflict, and after how long")
    func views() async throws {
        try await Fixtures.withFolder { folder in
            let archive = try RunArchive.open(at: "\(folder)/a.sqlite")
            let run = try Fixtures.run()
            try await archive.begin(run)
            try await archive.record(Fixtures.trial(run.experiment.trialSpecs()[0]), in: run.identifier)
            try archive.close()
            let queue = try DatabaseQueue(path: "\(folder)/a.sqlite")
            let (conflicts, reset, waits) = try queue.read { db in
                (
                    try Row.fetchAll(db, sql: "SELECT * FROM conflictView"),
                    try Row.fetchOne(db, sql: "SELECT * FROM attemptView WHERE curlCode = 56"),
                    try Row.fetchAll(db, sql: "SELECT * FROM waitView ORDER BY layer")
                )
            }
            try #require(conflicts.count == 1)
            #expect(conflicts[0]["retriedBy"] == "requeue")
            #expect(conflicts[0]["waitMicroseconds"] == 450_000)
            #expect(conflicts[0]["gapToNextMicroseconds"] == 488_000)
            #expect(reset?["faultRule"] == "cut")
            #expect(reset?["faultKind"] == "reset")
            #expect(waits.map { $0["layer"] as String } == ["call", "requeue"])
            try queue.close()
        }
    }

    @Test("what a proxy saw of a process comes back as it was, reference trials included, and stands in the views")
    func process() async throws {
        try await Fixtures.withFolder { folder in
            let archive = try RunArchive.open(at: "\(folder)/a.sqlite")
            var run = try Fixtures.run()
            run.experiment = Fixtures.processExperiment
            try await archive.begin(run)
            let specs = run.experiment.trialSpecs()
            #expect(specs.map(\.key.variation) == ["calm", "calm", "plan=lost"])
            for spec in specs { try await archive.record(Fixtures.processTrial(spec), in: run.identifier) }
            for spec in specs {
                let trial = try await archive.trial(spec.number, of: run.identifier)
                #expect(trial == Fixtures.processTrial(spec))
                #expect(trial.attempts.map { $0.seen?.isChange } == [true, false, nil])
            }
            #expect(try await archive.run("latest") == run)
            try archive.close()
            let queue = try DatabaseQueue(path: "\(folder)/a.sqlite")
            let (attempt, waits) = try queue.read { db in
                (
                    try Row.fetchOne(db, sql: "SELECT * FROM attemptView WHERE trial = 1 AND number = 1"),
                    try Row.fetchAll(db, sql: "SELECT * FROM waitView")
                )
            }
            #expect(attempt?["userAgent"] == "manager/v1")
            #expect(attempt?["fieldManager"] == "m")
            #expect(attempt?["upstreamStatus"] == 201)
            #expect(attempt?["isChange"] == 1)
            #expect(attempt?["objectName"] == "w-x7")
            #expect(attempt?["waitMicroseconds"] == 490_000)
            #expect(waits.map { $0["layer"] as String } == ["subject", "subject"])
            try queue.close()
        }
    }

    @Test("an archive from before proxies saw attempts keeps all of them, with their faults and views")
    func migration() async throws {
        try await Fixtures.withFolder { folder in
            let path = "\(folder)/a.sqlite"
            let run = try Fixtures.run()
            let trial = Fixtures.trial(try #require(run.experiment.trialSpecs().first))
            let archive = try RunArchive.open(at: path)
            try await archive.begin(run)
            try await archive.record(trial, in: run.identifier)
            try archive.close()
            try Fixtures.makeOlder(path)
            #expect(throws: ArchiveError.self) { try RunArchive.read(at: path) }
            let again = try RunArchive.open(at: path)
            #expect(try await again.trial(1, of: run.identifier) == trial)
            try await again.record(Fixtures.trial(run.experiment.trialSpecs()[1]), in: run.identifier)
            try again.close()
            let queue = try DatabaseQueue(path: path)
            let (attempts, indexes) = try await queue.read { db in
                (
                    try Int.fetchOne(db, sql: "SELECT count(*) FROM attemptView WHERE faultRule = 'cut'"),
                    try String.fetchAll(
                        db, sql: "SELECT name FROM sqlite_schema WHERE tbl_name = 'attempt' AND type = 'index'")
                )
            }
            #expect(attempts == 2)
            #expect(Set(indexes) == ["attemptByTrial", "attemptByFault"])
            try queue.close()
        }
    }

    @Test("a run is found by latest, by its name and by the beginning of it")
    func references() async throws {
        try await Fixtures.withFolder { folder in
            let archive = try RunArchive.open(at: "\(folder)/a.sqlite")
            let empty = await #expect(throws: ArchiveError.self) { try await archive.run("latest") }
            #expect(empty?.message == "the archive holds no run yet")
            for (offset, name) in ["aa11", "aa22", "bb33"].enumerated() {
                try await archive.begin(try Fixtures.run(name, started: Int64(offset)))
            }
            #expect(try await archive.run("latest").identifier == "bb33")
            #expect(try await archive.run("aa2").identifier == "aa22")
            #expect(try await archive.runs().map(\.identifier) == ["bb33", "aa22", "aa11"])
            let ambiguous = await #expect(throws: ArchiveError.self) { try await archive.run("aa") }
            #expect(ambiguous?.message == "aa may be any of the runs aa11, aa22")
            let missing = await #expect(throws: ArchiveError.self) { try await archive.run("bb3e") }
            #expect(missing?.message == "there is no run bb3e; did you mean bb33?")
            let noTrial = await #expect(throws: ArchiveError.self) { try await archive.trial(9, of: "bb33") }
            #expect(noTrial?.message.contains("has no trial 9; it has 0") == true)
            try archive.close()
        }
    }

    @Test("a run that was stopped is found again, and one that is done is not")
    func resume() async throws {
        try await Fixtures.withFolder { folder in
            let archive = try RunArchive.open(at: "\(folder)/a.sqlite")
            let run = try Fixtures.run()
            try await archive.begin(run)
            let found = try await archive.unfinishedRun(of: run.experiment, world: "embedded", seed: 42)
            #expect(found == run)
            #expect(try await archive.unfinishedRun(of: run.experiment, world: "embedded", seed: 43) == nil)
            #expect(try await archive.unfinishedRun(of: run.experiment, world: "cluster", seed: 42) == nil)
            var other = run.experiment
            other.name = "other"
            #expect(try await archive.unfinishedRun(of: other, world: "embedded", seed: 42) == nil)
            try await archive.finish(run: run.identifier, outcome: .pass, epochMicroseconds: 9)
            #expect(try await archive.unfinishedRun(of: run.experiment, world: "embedded", seed: 42) == nil)
            #expect(try await archive.run("latest").outcome == .pass)
            try archive.close()
        }
    }

    @Test("two writers of one new file both get in, and every trial of both is there")
    func twoWriters() async throws {
        try await Fixtures.withFolder { folder in
            let path = "\(folder)/a.sqlite"
            try await withThrowingTaskGroup { group in
                for writer in 0..<4 {
                    group.addTask {
                        let archive = try RunArchive.open(at: path)
                        let run = try Fixtures.run("run-\(writer)")
                        try await archive.begin(run)
                        for spec in run.experiment.trialSpecs() {
                            try await archive.record(Fixtures.trial(spec), in: run.identifier)
                        }
                        try archive.close()
                    }
                }
                try await group.waitForAll()
            }
            let reader = try RunArchive.read(at: path)
            #expect(try await reader.runs().count == 4)
            for writer in 0..<4 { #expect(try await reader.tallies(of: "run-\(writer)").count == 6) }
            try reader.close()
            #expect(try Fixtures.files(in: folder) == ["a.sqlite"])
        }
    }
}

struct ArchiveSurvivalTests {
    @Test("an archive whose writer was killed holds every finished trial")
    func killedWriter() async throws {
        try await Fixtures.withFolder { folder in
            let archive = try RunArchive.open(at: "\(folder)/a.sqlite")
            let run = try Fixtures.run()
            try await archive.begin(run)
            let trial = Fixtures.trial(try #require(run.experiment.trialSpecs().first))
            try await archive.record(trial, in: run.identifier)
            // What a killed process leaves: the file, the WAL that nobody checkpointed, and no memory of locks.
            for suffix in ["", "-wal"] {
                try FileManager.default.copyItem(
                    atPath: "\(folder)/a.sqlite\(suffix)", toPath: "\(folder)/b.sqlite\(suffix)")
            }
            try archive.close()
            let reader = try RunArchive.read(at: "\(folder)/b.sqlite")
            #expect(try await reader.trial(1, of: run.identifier) == trial)
            try reader.close()
            let again = try RunArchive.open(at: "\(folder)/b.sqlite")
            #expect(try await again.finishedTrials(of: run.identifier) == [trial.key])
            try again.close()
            #expect(try Fixtures.files(in: folder) == ["a.sqlite", "b.sqlite"])
        }
    }

    @Test("a run whose experiment can't be read hides no other")
    func unreadableExperiment() async throws {
        try await Fixtures.withFolder { folder in
            let archive = try RunArchive.open(at: "\(folder)/a.sqlite")
            try await archive.begin(try Fixtures.run("old"))
            try await archive.begin(try Fixtures.run("new", started: 1_800_000_000_000_000))
            try archive.close()
            let queue = try DatabaseQueue(path: "\(folder)/a.sqlite")
            try await queue.write {
                try $0.execute(sql: "UPDATE run SET document = '{\"name\": 5}' WHERE identifier = 'old'")
            }
            try queue.close()
            let reader = try RunArchive.read(at: "\(folder)/a.sqlite")
            #expect(try await reader.runs().map(\.identifier) == ["new", "old"])
            #expect(try await reader.run("latest").identifier == "new")
            let error = await #expect(throws: ArchiveError.self) { try await reader.run("old") }
            #expect(error?.message.contains("was written by Boreas 0.1.0") == true)
            try reader.close()
        }
    }

    @Test("a read-only folder is read as it stands, and not written", .enabled(if: geteuid() != 0, "root may write"))
    func readOnlyFolder() async throws {
        try await Fixtures.withFolder { folder in
            let inner = "\(folder)/what? 50% #1"
            let path = "\(inner)/a.sqlite"
            let archive = try RunArchive.open(at: path)
            try await archive.begin(try Fixtures.run())
            try archive.close()
            try FileManager.default.setAttributes([.posixPermissions: 0o555], ofItemAtPath: inner)
            defer { try? FileManager.default.setAttributes([.posixPermissions: 0o755], ofItemAtPath: inner) }
            let reader = try RunArchive.read(at: path)
            #expect(try await reader.runs().map(\.identifier) == ["3f9c2a1b"])
            try reader.close()
            let error = try #require(throws: ArchiveError.self) { try RunArchive.open(at: path) }
            #expect(error.code == .unwritable)
            #expect(try Fixtures.files(in: inner) == ["a.sqlite"])
        }
    }
}

struct ArchiveErrorTests {
    private func code(_ open: () throws -> RunArchive) throws -> ArchiveError.Code {
        try #require(throws: ArchiveError.self) { try open() }.code
    }

    @Test("a missing archive is not made by looking for it")
    func missing() async throws {
        try await Fixtures.withFolder { (folder: String) async throws in
            #expect(try code { try RunArchive.read(at: "\(folder)/a.sqlite") } == .missing)
            #expect(try Fixtures.files(in: folder).isEmpty)
        }
    }

    @Test("a folder that is not there is named, and made only where that is wanted")
    func missingFolder() async throws {
        try await Fixtures.withFolder { (folder: String) async throws in
            let path = "\(folder)/new/deep/a.sqlite"
            let openings: [() throws -> Void] = [
                { try RunArchive.checkWritable(at: path) }, { _ = try RunArchive.open(at: path) },
            ]
            for open in openings {
                let error = try #require(throws: ArchiveError.self) { try open() }
                #expect(error.code == .unwritable && error.message.hasPrefix("there is no folder \(folder)/new/deep;"))
            }
            try RunArchive.checkWritable(at: path, makesFolder: true)
            #expect(try Fixtures.files(in: folder).isEmpty)
            try RunArchive.open(at: path, makesFolder: true).close()
            #expect(try Fixtures.files(in: "\(folder)/new/deep") == ["a.sqlite"])
        }
    }

    @Test("what is no database, or somebody else's, is left as it was", arguments: ["text", "stranger", "empty"])
    func foreign(kind: String) async throws {
        try await Fixtures.withFolder { (folder: String) async throws in
            let path = "\(folder)/a.sqlite"
            switch kind {
            case "text": try Data("apiVersion: v1\n".utf8).write(to: URL(fileURLWithPath: path))
            case "empty": try Data().write(to: URL(fileURLWithPath: path))
            default:
                let queue = try DatabaseQueue(path: path)
                try await queue.write { try $0.execute(sql: "CREATE TABLE mine (x)") }
                try queue.close()
            }
            let before = try Data(contentsOf: URL(fileURLWithPath: path))
            #expect(try code { try RunArchive.read(at: path) } == .notAnArchive)
            if kind != "empty" { #expect(try code { try RunArchive.open(at: path) } == .notAnArchive) }
            #expect(try Data(contentsOf: URL(fileURLWithPath: path)) == before)
            #expect(try Fixtures.files(in: folder) == ["a.sqlite"])
        }
    }

    @Test("an archive that a newer Boreas wrote is refused")
    func newer() async throws {
        try await Fixtures.withFolder { (folder: String) async throws in
            let path = "\(folder)/a.sqlite"
            try RunArchive.open(at: path).close()
            let queue = try DatabaseQueue(path: path)
            try await queue.write { try $0.execute(sql: "INSERT INTO grdb_migrations VALUES ('tomorrow')") }
            try queue.close()
            #expect(try code { try RunArchive.open(at: path) } == .newer)
            #expect(try code { try RunArchive.read(at: path) } == .newer)
            #expect(try Fixtures.files(in: folder) == ["a.sqlite"])
        }
    }

    @Test("a folder, or a place where nothing can be written, is refused in plain words")
    func unwritable() async throws {
        try await Fixtures.withFolder { (folder: String) async throws in
            #expect(try code { try RunArchive.open(at: folder) } == .notAnArchive)
            try Data("x".utf8).write(to: URL(fileURLWithPath: "\(folder)/file"))
            for makesFolder in [false, true] {
                let path = "\(folder)/file/\(makesFolder ? "new/" : "")a.sqlite"
                let error = try #require(throws: ArchiveError.self) {
                    try RunArchive.open(at: path, makesFolder: makesFolder)
                }
                #expect(error.code == .unwritable && error.message.contains("file is no folder"))
            }
            #expect(try Fixtures.files(in: folder) == ["file"])
        }
        #if os(Linux)
            // Not even root may write here.
            let error = try #require(throws: ArchiveError.self) { try RunArchive.open(at: "/proc/boreas.sqlite") }
            #expect(error.code == .unwritable)
            #expect(error.description.contains("--db"))
        #endif
    }

    @Test("references to runs and trials are read", arguments: [("latest", "latest", nil), ("3f/7", "3f", 7)])
    func references(text: String, run: String, trial: Int?) throws {
        let reference = try #require(RunReference(parsing: text))
        #expect(reference.run == run)
        #expect(reference.trial == trial)
    }

    @Test("what names no run or trial is not a reference", arguments: ["", "/3", "a/b", "a/0", "a/1/2", "a/"])
    func noReference(text: String) {
        #expect(RunReference(parsing: text) == nil)
    }

    @Test("the benchmark inserts all its rows, by the columns of the real table")
    func benchmark() async throws {
        try await Fixtures.withFolder { (folder: String) async throws in
            let path = "\(folder)/bench.sqlite"
            try InsertBenchmark.createTable(at: path)
            #expect(try InsertBenchmark.insert(rows: 2_500, at: path) > 0)
            let queue = try DatabaseQueue(path: path)
            let (rows, columns) = try await queue.read { db in
                (
                    try Int.fetchOne(db, sql: "SELECT count(*) FROM attemptBenchmark WHERE verb = 'twelve bytes'"),
                    try db.columns(in: "attemptBenchmark").count
                )
            }
            #expect(rows == 2_500)
            #expect(columns == InsertBenchmark.types.count + 1)
            try queue.close()
        }
    }
}
