package import Experiments

/// One trial's counts and samples, for tables and gates.
package struct TrialTally: Hashable, Sendable {
    /// One number of a trial.
    package struct Value: Hashable, Sendable {
        package var value: Double
        /// Whether the true value is larger, or infinite.
        package var isCensored: Bool

        package init(_ value: Double, isCensored: Bool = false) {
            self.value = value
            self.isCensored = isCensored
        }

        /// Infinite for what never came.
        package var reached: Double { isCensored ? .infinity : value }
    }

    package var number: Int
    package var key: TrialKey
    package var seed: UInt64
    package var startedEpochMicroseconds: Int64
    package var duration: Duration
    package var outcome: Verdict
    package var reason: String
    private let compactDigest: CompactDigest
    private let compactHistoryDigest: CompactDigest
    package var operations: Int
    package var attempts: Int
    package var faults: Int
    package var violations: Int
    /// What was asked for, and the trial has.
    package var samples: TrialSamples

    package var digest: String { compactDigest.text }

    package var historyDigest: String { compactHistoryDigest.text }

    package init(
        number: Int, key: TrialKey, seed: UInt64, startedEpochMicroseconds: Int64, duration: Duration,
        outcome: Verdict, reason: String, digest: String, historyDigest: String = "", operations: Int, attempts: Int,
        faults: Int, violations: Int, samples: [SampleKey: [Value]] = [:]
    ) {
        self.init(
            number: number, key: key, seed: seed, startedEpochMicroseconds: startedEpochMicroseconds,
            duration: duration, outcome: outcome, reason: reason, digest: digest, historyDigest: historyDigest,
            operations: operations, attempts: attempts, faults: faults, violations: violations,
            samples: TrialSamples(samples))
    }

    package init(
        number: Int, key: TrialKey, seed: UInt64, startedEpochMicroseconds: Int64, duration: Duration,
        outcome: Verdict, reason: String, digest: String, historyDigest: String = "", operations: Int, attempts: Int,
        faults: Int, violations: Int, samples: TrialSamples
    ) {
        self.init(
            number: number, key: key, seed: seed, startedEpochMicroseconds: startedEpochMicroseconds,
            duration: duration, outcome: outcome, reason: reason, digest: CompactDigest(digest),
            historyDigest: CompactDigest(historyDigest), operations: operations, attempts: attempts, faults: faults,
            violations: violations, samples: samples)
    }

    init(
        number: Int, key: TrialKey, seed: UInt64, startedEpochMicroseconds: Int64, duration: Duration,
        outcome: Verdict, reason: String, digest: CompactDigest, historyDigest: CompactDigest, operations: Int,
        attempts: Int, faults: Int, violations: Int, samples: TrialSamples
    ) {
        self.number = number
        self.key = key
        self.seed = seed
        self.startedEpochMicroseconds = startedEpochMicroseconds
        self.duration = duration
        self.outcome = outcome
        self.reason = reason
        compactDigest = digest
        compactHistoryDigest = historyDigest
        // Of clients that are the subject themselves, requests are counted and not listed.
        func counted(_ metric: Metric, _ listed: Int) -> Int {
            samples.first(SampleKey(metric)).map { Int($0.value) } ?? listed
        }
        self.operations = counted(.operations, operations)
        self.attempts = counted(.attempts, attempts)
        self.faults = counted(.faults, faults)
        self.violations = violations
        self.samples = samples
    }

    /// The counts of a trial that is at hand.
    package init(_ trial: TrialRecord) {
        self.init(
            number: trial.number, key: trial.key, seed: trial.seed,
            startedEpochMicroseconds: trial.startedEpochMicroseconds, duration: trial.duration,
            outcome: trial.outcome, reason: trial.reason, digest: trial.digest, historyDigest: trial.historyDigest,
            operations: trial.unlisted?.operations ?? trial.operations.count,
            attempts: trial.unlisted?.attempts ?? trial.attempts.count,
            faults: trial.unlisted?.injections ?? trial.injections.count, violations: trial.violations.count,
            samples: Self.grouped(trial.samples))
    }

    package static func grouped(_ samples: [Sample]) -> TrialSamples {
        TrialSamples(
            Dictionary(grouping: samples) { SampleKey($0.metric, $0.breakdown) }.mapValues {
                $0.map { Value($0.value, isCensored: $0.isCensored) }
            })
    }

    package func samples(_ metric: Metric, _ breakdown: Breakdown? = nil) -> [Value] {
        samples[SampleKey(metric, breakdown)] ?? []
    }

    package var workflows: Int { samples.count(SampleKey(.workflowCompletion)) }

    package var workflowsSucceeded: Int { samples.countUncensored(SampleKey(.workflowCompletion)) }

    /// Whether clients were the subject, and no controller: they have operations to bring about, and no workflow.
    package var isOfClients: Bool { clientOperationsSucceeded != nil }

    /// What the subject was to bring about: workflows, and where it consists of clients, operations.
    package var units: Int { isOfClients ? operations : workflows }

    package var unitsSucceeded: Int { clientOperationsSucceeded ?? workflowsSucceeded }

    /// A trial of clients alone has the count of its operations as a sample.
    private var clientOperationsSucceeded: Int? {
        guard samples.count(SampleKey(.operations)) > 0 else { return nil }
        return samples.first(SampleKey(.operationsSucceeded)).map { Int($0.value) }
    }

    /// The two counts of which a share or a ratio is made, for one trial; with a denominator of 0 where it has none.
    package func parts(_ measure: Measure) -> (numerator: Double, denominator: Double) {
        if measure.metric == .successRate { return (Double(unitsSucceeded), Double(units)) }
        if let ratio = measure.metric.ratio {
            // A part that a trial does not have is nothing of it; a count that it does not have is not known.
            guard measure.breakdown != nil || isKnown(ratio.numerator) else { return (0, 0) }
            return (
                count(ratio.numerator, measure.breakdown), count(ratio.denominator, measure.denominatorBreakdown)
            )
        }
        if Self.counted.contains(measure.metric) || measure.metric.isSum && measure.breakdown != nil {
            return (count(measure.metric, measure.breakdown), 1)
        }
        return samples.first(SampleKey(measure.metric, measure.breakdown)).map { ($0.value, 1) } ?? (0, 0)
    }

    /// Whether the one value of a quantity is a lower bound only, because what it measures had not ended.
    package func isCensored(_ measure: Measure) -> Bool {
        guard measure.metric.kind == .quantity, measure.metric.ratio == nil else { return false }
        return samples.first(SampleKey(measure.metric, measure.breakdown))?.isCensored ?? false
    }

    private func isKnown(_ metric: Metric) -> Bool {
        Self.counted.contains(metric) || samples.count(SampleKey(metric)) > 0
    }

    /// Those that every trial has, whether it lists them or not.
    private static let counted: Set<Metric> = [.attempts, .operations, .faults, .violations]

    private func count(_ metric: Metric, _ breakdown: Breakdown?) -> Double {
        guard breakdown == nil else { return samples.first(SampleKey(metric, breakdown))?.value ?? 0 }
        switch metric {
        case .attempts: return Double(attempts)
        case .operations: return Double(operations)
        case .faults: return Double(faults)
        case .violations: return Double(violations)
        default: return samples.first(SampleKey(metric))?.value ?? 0
        }
    }
}

/// A digest, in the eight bytes that it was made of where it has the usual sixteen digits.
enum CompactDigest: Hashable, Sendable {
    case bits(UInt64)
    case other(String)

    init(_ text: String) {
        var text = text
        self = text.withUTF8 { CompactDigest($0) }
    }

    init(_ bytes: UnsafeBufferPointer<UInt8>) {
        self = Self.bits(bytes).map { .bits($0) } ?? .other(String(decoding: bytes, as: UTF8.self))
    }

    /// Nil for anything but sixteen small hexadecimal digits, so that every text comes back as it was.
    private static func bits(_ bytes: UnsafeBufferPointer<UInt8>) -> UInt64? {
        guard bytes.count == 16 else { return nil }
        var bits: UInt64 = 0
        for byte in bytes {
            switch byte {
            case UInt8(ascii: "0")...UInt8(ascii: "9"): bits = bits << 4 | UInt64(byte - UInt8(ascii: "0"))
            case UInt8(ascii: "a")...UInt8(ascii: "f"): bits = bits << 4 | UInt64(byte - UInt8(ascii: "a") + 10)
            default: return nil
            }
        }
        return bits
    }

    var text: String {
        switch self {
        case .other(let text): return text
        case .bits(let bits):
            let digits = String(bits, radix: 16)
            return String(repeating: "0", count: 16 - digits.count) + digits
        }
    }
}
