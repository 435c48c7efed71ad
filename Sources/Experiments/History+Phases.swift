import Determinism
import Faults

/// From when to when a phase of a trial lasted.
struct PhaseSpan: Hashable, Sendable {
    var phase: Phase
    var start: Duration
    var end: Duration

    /// Nil for a phase that had no time.
    var seconds: Double? { end > start ? (end - start).seconds : nil }
}

extension History {
    /// The phases that were reached, each until the next one or the trial's end.
    var phaseSpans: [PhaseSpan] {
        let entries = Phase.allCases.compactMap { phase in entered(phase).map { (phase, $0) } }
        return entries.enumerated().map { index, entry in
            PhaseSpan(
                phase: entry.0, start: entry.1, end: index + 1 < entries.count ? entries[index + 1].1 : ended)
        }
    }

    /// When the storm was over; nil where there was none, or where the trial did not come so far.
    var stormEnd: Duration? { phases.storm > .zero ? entered(.converge) : nil }

    /// Whether there was nothing left to be wanted when the trial ended.
    var isSettled: Bool { observations.contains { $0.kind == .settled } }
}

extension [PhaseSpan] {
    /// The phase at an instant; nil before the first.
    func phase(at time: Duration) -> Phase? { last { $0.start <= time }?.phase }
}
