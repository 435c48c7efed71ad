import Determinism
import Experiments
import Foundation
import Harness
import Recording
import Reporting

/// Carries a run of the archive on until its gate is decided, or its budget is spent.
struct RunPursuit: Sendable {
    var session: RunSession
    var run: String
    var question: GateQuestion
    /// In each cell; nil leaves it to what the run planned, or to its size.
    var maxTrials: Int?
    var time: Duration?

    /// Trials whose end is not waited for before the clock is looked at, unless more take place at a time.
    private static let chunkMin = 32

    func carryOn(in place: RunSession.Place) async throws {
        let (done, looks) = try await beginning()
        let trialsMax = try limit(done, looks)
        try RunArchive.checkWritable(at: session.database)
        try await session.inWorld(place, of: run) { world, archive in
            let deadline = time.map { ContinuousClock.now + $0 }
            var plan = LookPlan(trialsMax: trialsMax, after: looks)
            var trials = done
            if plan.isSpent {
                Terminal.error("boreas: run \(run) has had its last look; run the experiment anew with more trials")
            } else if !looks.isEmpty, isOver(try await question.entry(for: run, in: archive)) {
                return
            }
            while let target = plan.next(after: trials) {
                trials = try await self.trials(upTo: target, from: trials, in: world, place.jobs, deadline, archive)
                if plan.isWorthALook(at: trials) {
                    let (number, level) = plan.look(at: trials)
                    let entry = try await look(number, at: trials, of: trialsMax, level, archive)
                    if isOver(entry) { break }
                }
                if let deadline, ContinuousClock.now >= deadline {
                    Terminal.error("boreas: the time is over")
                    break
                }
            }
        }
    }

    /// Trials in each cell that were planned, and the looks at them.
    private func beginning() async throws -> (done: Int, looks: [Look]) {
        try await RunArchive.withReading(at: session.database) { archive in
            let planned = try await archive.run(run).trialsPlanned
            return (session.experiment.trialsPerCell(of: planned), try await archive.looks(of: run))
        }
    }

    /// The trials in each cell by which all of the error is spent: planned once, and kept to.
    private func limit(_ done: Int, _ looks: [Look]) throws -> Int {
        if let planned = looks.last?.trialsMax {
            guard maxTrials == nil || maxTrials == planned else {
                throw CommandFailure(
                    code: .usage,
                    message:
                        "the looks at run \(run) spend their error by \(Self.perCell(planned)), which can't be changed "
                        + "now that some are known; leave --max-trials out")
            }
            return planned
        }
        if let maxTrials {
            guard maxTrials >= done else {
                throw CommandFailure(
                    code: .usage,
                    message: "run \(run) has \(Self.perCell(done)) already; --max-trials is at least that")
            }
            return maxTrials
        }
        return min(1_000_000, max(1, done) * Gate.growthDefault)
    }

    private static func perCell(_ trials: Int) -> String { "\(trials) \(trials == 1 ? "trial" : "trials") a cell" }

    /// Carries out what is missing up to a number of trials in each cell, or until the time is over.
    ///
    /// - Returns: How many each cell has.
    private func trials(
        upTo target: Int, from planned: Int, in world: any World, _ jobs: Int, _ deadline: ContinuousClock.Instant?,
        _ archive: RunArchive
    ) async throws -> Int {
        let experiment = session.experiment
        let specs = experiment.trialSpecs(seed: session.seed, trials: target)
        var work = try await session.work(on: specs, of: run, in: world, jobs: jobs, archive)
        var rest = work.remaining[...]
        guard !rest.isEmpty else { return target }
        if target > planned {
            try await archive.replan(run: run, trialsPlanned: experiment.trialsPlanned(perCell: target))
        }
        while let next = rest.first {
            if let deadline, ContinuousClock.now >= deadline, !next.isReference {
                // Whole rounds only, so that all cells have as many.
                let reached = next.index - experiment.firstTrial
                try await archive.replan(
                    run: run, trialsPlanned: experiment.trialsPlanned(perCell: max(planned, reached)))
                return reached
            }
            // The trials of an index follow each other.
            var end = min(rest.startIndex + max(Self.chunkMin, jobs), rest.endIndex)
            while end < rest.endIndex, rest[end].index == rest[end - 1].index { end += 1 }
            try await session.carryOut(Array(rest[..<end]), &work, archive, isQuiet: true)
            rest = rest[end...]
        }
        Terminal.progress("")
        return target
    }

    /// Judges what there is, writes the look down, and tells of it.
    private func look(
        _ number: Int, at trials: Int, of trialsMax: Int, _ level: Double, _ archive: RunArchive
    ) async throws -> GateDocument.Entry {
        var look = Look(
            number: number, trials: trials, trialsMax: trialsMax, nominalAlpha: level, verdict: .inconclusive,
            epochMicroseconds: RunSession.epochMicrosecondsNow)
        let entry = try await question.entry(for: run, in: archive, look: look)
        look.verdict = entry.verdict
        try await archive.record(look, of: run)
        let own = GateQuestion(
            gate: session.experiment.gate, policies: nil, baseline: question.baseline, isByConditions: false)
        try await archive.finish(
            run: run, outcome: try await own.entry(for: run, in: archive).verdict,
            epochMicroseconds: RunSession.epochMicrosecondsNow)
        let spent =
            level == 0
            ? "too early to decide anything but what is broken"
            : String(format: level < 1e-4 ? "level %.1e" : "level %.4f", level)
        Terminal.error("boreas: look \(number) of \(run), \(Self.perCell(trials)), \(spent): \(entry.sentence)")
        return entry
    }

    /// Whether more trials could change nothing any more, or would not help.
    private func isOver(_ entry: GateDocument.Entry) -> Bool {
        if entry.verdict != .inconclusive { return true }
        if entry.gate.lines.contains(where: \.isOpen) || entry.gate.missing > 0 { return false }
        Terminal.error("boreas: more trials would not decide it")
        return true
    }
}
