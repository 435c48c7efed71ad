import Determinism

/// A time in which a holder had a lock, or worked under it.
struct PermitSpan: Hashable, Sendable {
    var lock: String
    var holder: String
    var began: Duration
    /// When the work under it, or the wish for it, was first seen.
    var wanted: Duration
    var ended: Duration

    /// The spans that two kinds of observations enclose, one for each lock, holder and message; what never ends lasts
    /// until the end of the trial.
    static func spans(
        from began: Observation.Kind, to ended: Observation.Kind, in history: History
    ) -> [PermitSpan] {
        var spans: [PermitSpan] = []
        var open: [[String]: Int] = [:]
        let appeared = Dictionary(
            history.observations(.podAppeared).map { ($0.subject, $0.at) }, uniquingKeysWith: { first, _ in first })
        for observation in history.observations {
            let key = [observation.subject, observation.detail, observation.message]
            if observation.kind == began, open[key] == nil {
                open[key] = spans.count
                spans.append(
                    PermitSpan(
                        lock: observation.subject, holder: observation.detail, began: observation.at,
                        wanted: min(observation.at, appeared[observation.message] ?? observation.at),
                        ended: history.ended))
            } else if observation.kind == ended, let index = open.removeValue(forKey: key) {
                spans[index].ended = observation.at
            }
        }
        return spans
    }
}

/// The limits of a trial's locks, as they were and became.
struct LockLimits: Sendable {
    private var limits: [String: [(at: Duration, limit: Int?)]] = [:]

    init(_ history: History) {
        for change in history.observations(.limitChanged) {
            limits[change.subject, default: []].append((change.at, Int(change.detail)))
        }
    }

    /// The highest that was in force at any instant of a time; nil where none is known.
    func highest(of lock: String, from start: Duration, to end: Duration) -> Int? {
        if lock.split(separator: "/").dropFirst().first == "Mutex" { return 1 }
        guard let known = limits[lock] else { return nil }
        let inForce = known.last { $0.at <= start }?.limit
        return (known.filter { $0.at > start && $0.at <= end }.map(\.limit) + [inForce]).compactMap(\.self).max()
    }
}

extension Invariant {
    /// How long after a change of a limit a grant under the old one may be seen.
    private static let limitLag = Duration.seconds(1)

    /// How long two records may overlap in a hand-over: who has ended is written down after the next has begun by
    /// controllers that give permits back before they say so.
    private static let recordLag = Duration.seconds(2)

    func excessPermits(_ history: History) -> [Violation] {
        let limits = LockLimits(history)
        let work = PermitSpan.spans(from: .guardedWorkBegan, to: .guardedWorkEnded, in: history)
        let records = PermitSpan.spans(from: .permitHeld, to: .permitReleased, in: history).compactMap { span in
            var span = span
            span.ended -= Self.recordLag
            return span.ended > span.began ? span : nil
        }
        return excess(work, limits, "work") + excess(records, limits, "are on record")
    }

    /// One violation a lock, for the first holder too many.
    private func excess(_ spans: [PermitSpan], _ limits: LockLimits, _ what: String) -> [Violation] {
        Dictionary(grouping: spans, by: \.lock).sorted { $0.key < $1.key }.compactMap { lock, spans in
            let ordered = spans.sorted { ($0.began, $0.holder) < ($1.began, $1.holder) }
            for (index, span) in ordered.enumerated() {
                let earlier = ordered[...index].filter { $0.ended > span.began }
                let holders = Set(earlier.map(\.holder))
                let limit = limits.highest(of: lock, from: span.wanted - Self.limitLag, to: span.began)
                guard let limit, holders.count > limit else { continue }
                return Violation(
                    self, lock, at: span.began,
                    evidence: "\(holders.count) holders \(what) at once and the limit is \(limit): "
                        + holders.sorted().joined(separator: ", "))
            }
            return nil
        }
    }

    func unguardedWork(_ history: History) -> [Violation] {
        let held = Set(history.observations(.permitHeld).map { [$0.subject, $0.detail] })
        var seen: Set<[String]> = []
        return history.observations(.guardedWorkBegan).compactMap { began in
            let key = [began.subject, began.detail]
            guard !held.contains(key), seen.insert(key).inserted else { return nil }
            return Violation(
                self, began.detail, at: began.at,
                evidence: "ran the pod \(began.message) and never held \(began.subject), which its spec asks for")
        }
    }

    func leakedPermits(_ history: History) -> [Violation] {
        history.observations(.permitRemained).map { remained in
            Violation(
                self, remained.subject, at: remained.at,
                evidence: "\(remained.message) still gives a permit to \(remained.detail), whose work is over")
        }
    }
}
