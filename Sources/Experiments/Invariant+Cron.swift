import Determinism

/// The runs of a trial's CronWorkflows, held against the times at which they were due.
struct CronLedger: Sendable {
    struct Tick: Hashable, Sendable, Comparable {
        var cron: String
        var scheduled: String

        static func < (left: Tick, right: Tick) -> Bool {
            (left.cron, left.scheduled) < (right.cron, right.scheduled)
        }
    }

    /// The creations of each tick's runs, in the order of time.
    let runs: [Tick: [Observation]]
    /// Due, not to be skipped, and without a run.
    let missed: [Observation]

    init(_ history: History) {
        runs = Dictionary(grouping: history.observations(.cronRunCreated)) {
            Tick(cron: $0.subject, scheduled: $0.detail)
        }
        let downtimes = Self.downtimes(history)
        missed = history.observations(.cronTickDue).filter { [runs] due in
            runs[Tick(cron: due.subject, scheduled: due.detail)] == nil && due.message.isEmpty
                && !downtimes.contains { $0.contains(due.at) }
        }
    }

    /// More runs than ticks that have one.
    var duplicates: Int { runs.values.reduce(0) { $0 + $1.count - 1 } }

    /// From a crash until a second after the start that follows it, or, of several controllers, from the leader's crash
    /// until a second after another has come to lead: what is due then, nobody is there to make.
    private static func downtimes(_ history: History) -> [Range<Duration>] {
        var crashed: [String: Duration] = [:]
        var leader: String?
        var downtimes: [Range<Duration>] = []
        func end(_ start: Duration?, _ observation: Observation) {
            guard let start else { return }
            downtimes.append(start..<(observation.at + .seconds(1)))
        }
        for observation in history.observations {
            let subject = observation.subject
            switch observation.kind {
            case .subjectCrashed where leader == nil || leader == subject: crashed[subject] = observation.at
            case .subjectStarted where leader == nil: end(crashed.removeValue(forKey: subject), observation)
            case .subjectLeads:
                if let before = leader { end(crashed.removeValue(forKey: before), observation) }
                leader = subject
            default: continue
            }
        }
        return downtimes + crashed.values.sorted().map { $0..<max($0 + .seconds(1), history.ended) }
    }
}

extension Invariant {
    func duplicateRuns(_ history: History) -> [Violation] {
        CronLedger(history).runs.sorted { $0.key < $1.key }.compactMap { tick, runs in
            guard runs.count > 1 else { return nil }
            return Violation(
                self, tick.cron, at: runs[1].at,
                evidence: "made \(runs.count) workflows for \(tick.scheduled): "
                    + runs.map(\.message).joined(separator: ", "))
        }
    }

    func missedTicks(_ history: History) -> [Violation] {
        CronLedger(history).missed.map { due in
            Violation(
                self, due.subject, at: due.at,
                evidence:
                    "made no workflow for \(due.detail), \((history.ended - due.at).textInMilliseconds) before the end")
        }
    }
}
