import Determinism
import Faults
import Kubernetes
import Resilience

/// What a controller or a process asked of the API, in few numbers: operations and attempts, and what was waited between
/// them, whole and by kind, path, layer and phase.
///
/// A subject that sent nothing gives none of them, rather than shares and sums of nothing. The count of all operations is
/// not among them, nor that of all attempts: both are listed, and the first as a sample marks a trial of clients.
///
/// Told apart are requests by what each of them was itself: a read that follows a refused create counts as a read, although
/// it belongs to the operation of the create. What came before the calm phase belongs to no phase.
struct RequestSamples {
    /// What one part of all requests comes to.
    private struct Count {
        var operations = 0
        var operationsSucceeded = 0
        var attempts = 0
        var attemptsSucceeded = 0
        var waited = Duration.zero
    }

    private let history: History
    private let subject: Metric.Subject
    private let waits: [RetryWait]
    private var whole = Count()
    private var parts: [Breakdown: Count] = [:]

    init(_ history: History) {
        self.history = history
        subject = history.process == nil ? .core : .process
        waits = RetryWait.waits(of: history)
        guard !history.attempts.isEmpty else { return }
        count()
    }

    private mutating func count() {
        let spans = history.phaseSpans
        var succeeded: Set<String> = []
        for operation in history.operations {
            let isSuccess = operation.outcome == .succeeded
            if isSuccess { succeeded.insert(operation.id) }
            add(breakdowns(operation.identity, operation.path, spans.phase(at: operation.started))) {
                $0.operations += 1
                $0.operationsSucceeded += isSuccess ? 1 : 0
            }
        }
        let last = Dictionary(
            history.attempts.enumerated().map { ($1.exchange.trace.operation, $0) }, uniquingKeysWith: { $1 })
        var layers: [Int: RetryLayer] = [:]
        for wait in waits {
            if let next = wait.next { layers[next] = wait.layer }
            let exchange = history.attempts[wait.attempt].exchange
            let layer = Breakdown(.layer, wait.layer.rawValue)
            add(breakdowns(exchange.identity, exchange.trace.path, nil) + [layer]) { $0.waited += wait.waited }
        }
        for (index, attempt) in history.attempts.enumerated() {
            let exchange = attempt.exchange
            let operation = exchange.trace.operation
            // An answer that nobody took for a failure was one to the subject: that nothing is there, say.
            let isSuccess = exchange.isSuccess || (last[operation] == index && succeeded.contains(operation))
            let layer = Breakdown(.layer, layers[index]?.rawValue ?? Breakdown.firstAttempt)
            add(breakdowns(exchange.identity, exchange.trace.path, spans.phase(at: exchange.started)) + [layer]) {
                $0.attempts += 1
                $0.attemptsSucceeded += isSuccess ? 1 : 0
            }
        }
    }

    private func breakdowns(_ identity: RequestIdentity, _ path: String, _ phase: Phase?) -> [Breakdown] {
        [Breakdown(.kind, identity.kindText), Breakdown(.path, path)]
            + (phase.map { [Breakdown(.phase, $0.rawValue)] } ?? [])
    }

    private mutating func add(_ breakdowns: [Breakdown], _ change: (inout Count) -> Void) {
        change(&whole)
        for breakdown in breakdowns { change(&parts[breakdown, default: Count()]) }
    }

    /// Whole ones first, then metric by metric, and each by breakdown.
    var samples: [Sample] {
        guard whole.attempts > 0 else { return [] }
        let wasted = Double(whole.attempts - whole.attemptsSucceeded) / Double(whole.attempts)
        var samples = [
            Sample(.operationsSucceeded, value: Double(whole.operationsSucceeded)),
            Sample(.attemptsSucceeded, value: Double(whole.attemptsSucceeded)),
            Sample(.retryWait, value: whole.waited.seconds), Sample(.workWasted, value: wasted),
            Sample(.conflicts, value: Double(history.attempts.count { $0.exchange.isWriteConflict })),
        ]
        let creates = history.attempts.filter { $0.exchange.identity.verb == .create }
        if !creates.isEmpty {
            let refused = creates.count { $0.exchange.isQuotaRefusal }
            samples.append(Sample(.quotaPressure, value: Double(refused) / Double(creates.count)))
        }
        let sorted = parts.sorted { $0.key < $1.key }
        for metric in Self.divided {
            let dimensions = metric.dimensions(of: subject)
            for (breakdown, count) in sorted where dimensions.contains(breakdown.dimension) {
                guard let value = Self.value(metric, count) else { continue }
                samples.append(Sample(metric, breakdown, value: value))
            }
        }
        return samples + spacings
    }

    private static let divided: [Metric] = [
        .operations, .operationsSucceeded, .attempts, .attemptsSucceeded, .retryWait,
    ]

    /// Nil where there is nothing of the kind.
    private static func value(_ metric: Metric, _ count: Count) -> Double? {
        switch metric {
        case .operations where count.operations > 0: Double(count.operations)
        case .operationsSucceeded where count.operations > 0: Double(count.operationsSucceeded)
        case .attempts where count.attempts > 0: Double(count.attempts)
        case .attemptsSucceeded where count.attempts > 0: Double(count.attemptsSucceeded)
        case .retryWait where count.waited > .zero: count.waited.seconds
        default: nil
        }
    }

    /// Outside a process nobody knows what it meant to wait, and a wait of nothing has no ratio.
    private var spacings: [Sample] {
        guard subject == .core else { return [] }
        let known = waits.compactMap { wait in wait.spacing.map { (layer: wait.layer, spacing: $0) } }
        guard let whole = Self.median(known.map(\.spacing)) else { return [] }
        let layers = RetryLayer.allCases.map { Breakdown(.layer, $0.rawValue) }.sorted()
        return [Sample(.retrySpacing, value: whole)]
            + layers.compactMap { layer in
                Self.median(known.filter { $0.layer.rawValue == layer.value }.map(\.spacing)).map {
                    Sample(.retrySpacing, layer, value: $0)
                }
            }
    }

    private static func median(_ values: [Double]) -> Double? {
        guard !values.isEmpty else { return nil }
        let sorted = values.sorted()
        return (sorted[(sorted.count - 1) / 2] + sorted[sorted.count / 2]) / 2
    }
}

/// A wait that somebody decided on after an attempt.
private struct RetryWait {
    /// The attempts before and after it, as places in those of the history; nil where none followed.
    var attempt: Int
    var next: Int?
    var layer: RetryLayer
    var declared: Duration
    /// Until the next attempt began, or where none did, as much of the declared wait as the trial had time for.
    var waited: Duration

    /// What was waited, of what was declared.
    var spacing: Double? { next != nil && declared > .zero ? waited.seconds / declared.seconds : nil }

    static func waits(of history: History) -> [RetryWait] {
        var following: [Int: Int] = [:]
        var last: [String: Int] = [:]
        for (index, attempt) in history.attempts.enumerated() {
            if let earlier = last.updateValue(index, forKey: attempt.exchange.trace.operation) {
                following[earlier] = index
            }
        }
        return history.attempts.enumerated().compactMap { index, attempt in
            guard let decision = attempt.decision, let layer = decision.layer else { return nil }
            let start = attempt.exchange.started + attempt.exchange.duration
            let next = following[index]
            let end = next.map { history.attempts[$0].exchange.started } ?? min(start + decision.wait, history.ended)
            return RetryWait(
                attempt: index, next: next, layer: layer, declared: decision.wait, waited: max(.zero, end - start))
        }
    }
}

extension RequestIdentity {
    /// `create pods`, `update workflows/status`.
    var kindText: String {
        subresource.isEmpty ? "\(verb.rawValue) \(resource)" : "\(verb.rawValue) \(resource)/\(subresource)"
    }
}

extension Exchange {
    /// Whether a write was refused because the object had changed since its read.
    fileprivate var isWriteConflict: Bool {
        (identity.verb == .update || identity.verb == .patch) && httpStatus == 409 && reason == Status.Reason.conflict
    }

    /// Whether a quota was in the way: used up, or being rewritten just then.
    fileprivate var isQuotaRefusal: Bool {
        switch httpStatus {
        case 403: message.contains("exceeded quota")
        case 409: message.contains("Operation cannot be fulfilled on resourcequotas")
        default: false
        }
    }
}
