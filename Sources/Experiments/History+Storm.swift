import Determinism
import Faults
import Kubernetes

/// What a controller or a process shows of the storm and of the time after it.
extension History {
    var stormSamples: [Sample] { [goodputSamples, recoverySamples, drainSamples, herdSamples].flatMap(\.self) }

    /// Operations that succeeded in a second, by their end; none where there was no operation, nor of a phase that had no
    /// time. What the trial's own end brought to an end, as the watches that were open, is not counted.
    private var goodputSamples: [Sample] {
        guard !operations.isEmpty, ended > .zero else { return [] }
        let ends = operations.filter { $0.outcome == .succeeded }.compactMap(\.finished).filter { $0 < ended }
        let spans = phaseSpans
        let byPhase = Dictionary(grouping: ends) { spans.phase(at: $0) }.mapValues(\.count)
        let parts = spans.compactMap { span in
            span.seconds.map { (Breakdown(.phase, span.phase.rawValue), Double(byPhase[span.phase] ?? 0) / $0) }
        }
        return [Sample(.goodputRate, value: Double(ends.count) / ended.seconds)]
            + parts.sorted { $0.0 < $1.0 }.map { Sample(.goodputRate, $0.0, value: $0.1) }
    }

    /// Seconds from the storm's end to the first of five good ones.
    ///
    /// Where everything has settled, the trial stopped because nothing was left to be wanted: the seconds that are missing
    /// break no row. Where it has not, the last seconds are not looked at, and a subject that did nothing more has not
    /// recovered. None for one that was done before the storm's end: it had nothing to recover for.
    private var recoverySamples: [Sample] {
        guard let clear = stormEnd, ended > clear else { return [] }
        let seconds = (ended - clear).count(of: .seconds(1))
        var cohorts: [Int: (begun: Int, succeeded: Int)] = [:]
        for operation in operations where operation.started >= clear {
            let second = Int((operation.started - clear).components.seconds)
            cohorts[second, default: (0, 0)].begun += 1
            if operation.outcome == .succeeded { cohorts[second, default: (0, 0)].succeeded += 1 }
        }
        let isSettled = isSettled
        if isSettled, cohorts.isEmpty { return [] }
        let end = isSettled ? seconds + Recovery.length : seconds - Recovery.margin(of: seconds)
        let first = Recovery.first(of: 0..<end) { second in
            let cohort = cohorts[second] ?? (0, 0)
            return Recovery.Second(begun: cohort.begun, succeeded: cohort.succeeded)
        }
        return [
            first.map { Sample(.recovery, value: Double($0)) }
                ?? Sample(.recovery, value: (ended - clear).seconds, isCensored: true)
        ]
    }

    /// Seconds from the storm's end until every workflow that was outstanding then has ended; zero where none was. None
    /// where no workflow had been submitted.
    private var drainSamples: [Sample] {
        guard process == nil, let clear = stormEnd else { return [] }
        let submitted = sortedWorkflows.filter { $0.submitted <= clear }
        guard !submitted.isEmpty else { return [] }
        let isDone = submitted.allSatisfy { $0.finished != nil }
        let last = isDone ? submitted.compactMap(\.finished).max() ?? clear : ended
        return [Sample(.drain, value: max(.zero, last - clear).seconds, isCensored: !isDone)]
    }

    /// None where nothing was sent after the storm.
    private var herdSamples: [Sample] {
        guard let clear = stormEnd, ended > clear else { return [] }
        let tenth = Duration.milliseconds(100)
        var tenths = Array(repeating: 0, count: min(HerdIndex.window, ended - clear).count(of: tenth))
        for attempt in attempts where attempt.exchange.started >= clear {
            let index = Int((attempt.exchange.started - clear).wholeNanoseconds / tenth.wholeNanoseconds)
            if index < tenths.count { tenths[index] += 1 }
        }
        return HerdIndex.index(ofTenths: tenths).map { [Sample(.herd, value: $0)] } ?? []
    }
}

extension Duration {
    /// How many of a length it takes to cover this.
    fileprivate func count(of length: Duration) -> Int {
        Int((wholeNanoseconds + length.wholeNanoseconds - 1) / length.wholeNanoseconds)
    }
}
