/// A number that trials give and gates judge: one entry of the catalogue.
package enum Metric: String, Hashable, Sendable, Codable, CaseIterable {
    case successRate = "success_rate"
    case workflowCompletion = "workflow.completion"
    case amplification
    case attempts
    case operations
    case violations
    case faults
    case cronMissed = "cron.missed"
    case cronDuplicates = "cron.duplicates"
    case cleanupOldest = "cleanup.oldest"
    case lockWait = "lock.wait"
    case operationsSucceeded = "operations.succeeded"
    case conflicts
    case makespan
    case goodput
    case stormAmplification = "amplification.storm"
    case attemptsPeak = "attempts.peak"
    case operationsLost = "operations.lost"
    case recovery
    case drain
    case herd
    case workWasted = "work.wasted"

    /// Whom a metric tells of.
    package enum Subject: Hashable, Sendable { case any, controllers, clients }

    package var subject: Subject {
        switch self {
        case .successRate, .amplification, .attempts, .operations, .violations, .faults: .any
        case .workflowCompletion, .cronMissed, .cronDuplicates, .cleanupOldest, .lockWait: .controllers
        case .operationsSucceeded, .conflicts, .makespan, .goodput, .stormAmplification, .attemptsPeak,
            .operationsLost, .recovery, .drain, .herd, .workWasted:
            .clients
        }
    }

    /// Whether it is told of a process, whose requests a proxy sees, and of whose purpose Boreas knows nothing.
    package var tellsOfProcesses: Bool { subject == .any && self != .successRate }

    package enum Kind: Hashable, Sendable {
        /// A part of a whole, from 0 to 1.
        case share
        /// Many values a trial, seen through their quantiles.
        case distribution
        /// One value a trial, seen through its mean.
        case quantity
        /// A total over all trials.
        case total
    }

    package var kind: Kind {
        switch self {
        case .successRate: .share
        case .workflowCompletion, .lockWait, .recovery, .drain: .distribution
        case .amplification, .attempts, .operations, .faults, .cronMissed, .cronDuplicates, .cleanupOldest,
            .operationsSucceeded, .conflicts, .makespan, .goodput, .stormAmplification, .attemptsPeak,
            .operationsLost, .herd, .workWasted:
            .quantity
        case .violations: .total
        }
    }

    /// What a value counts in; empty for a pure ratio.
    package var unit: String {
        switch self {
        case .successRate: "%"
        case .workflowCompletion, .lockWait, .cleanupOldest, .makespan, .recovery, .drain: "s"
        case .amplification, .goodput, .stormAmplification, .attemptsPeak, .herd, .workWasted: ""
        case .attempts, .operations, .faults, .cronMissed, .cronDuplicates, .operationsSucceeded, .conflicts,
            .operationsLost:
            "a trial"
        case .violations: ""
        }
    }

    /// What n counts.
    package var sampleUnit: String {
        switch self {
        case .successRate, .workflowCompletion: "workflows"
        case .amplification: "operations"
        case .lockWait: "holders"
        case .attempts, .operations, .violations, .faults, .cronMissed, .cronDuplicates, .cleanupOldest,
            .operationsSucceeded, .conflicts, .makespan, .goodput, .stormAmplification, .attemptsPeak,
            .operationsLost, .recovery, .drain, .herd, .workWasted:
            "trials"
        }
    }

    package enum Direction: Hashable, Sendable { case higherIsBetter, lowerIsBetter, neither }

    package var direction: Direction {
        switch self {
        case .successRate, .operationsSucceeded, .goodput: .higherIsBetter
        case .workflowCompletion, .amplification, .attempts, .violations, .cronMissed, .cronDuplicates,
            .cleanupOldest, .lockWait, .conflicts, .makespan, .stormAmplification, .attemptsPeak, .operationsLost,
            .recovery, .drain, .herd, .workWasted:
            .lowerIsBetter
        case .operations, .faults: .neither
        }
    }

    package var summary: String {
        switch self {
        case .successRate:
            "workflows that succeeded, of all that were submitted, and of clients operations; pooled over trials"
        case .workflowCompletion:
            "seconds from a workflow's submission to its end; one that failed or never ended counts as never completed"
        case .amplification: "attempts for each operation"
        case .attempts: "requests that the subject sent, transport retries included; the mean of the trials"
        case .operations: "things that the subject wanted from the API; the mean of the trials"
        case .violations: "broken invariants, over all trials"
        case .faults: "requests that a fault hit; the mean of the trials"
        case .cronMissed: "scheduled times for which no workflow came; the mean of the trials"
        case .cronDuplicates: "workflows too many for one scheduled time; the mean of the trials"
        case .cleanupOldest: "seconds that the oldest pod waited for its clean-up; the mean of the trials"
        case .lockWait: "seconds from the wish for a lock to the permit; one that never came counts as never"
        case .operationsSucceeded: "operations of clients that succeeded; the mean of the trials"
        case .conflicts: "writes refused because the object had changed since its read; the mean of the trials"
        case .makespan: "seconds until the last client was done; the mean of the trials"
        case .goodput:
            "operations that succeeded in the last 30 s, of those that were begun in them, or by workers that wait for "
                + "each other, of as many as in calm; the mean of the trials"
        case .stormAmplification: "attempts for each operation begun, from the storm's beginning on; mean of the trials"
        case .attemptsPeak:
            "attempts in the busiest second, of the operations begun in a second of calm; mean of trials"
        case .operationsLost:
            "operations begun since the storm's beginning that never succeeded; the mean of the trials"
        case .recovery:
            "seconds from the storm's end until five seconds on end are as good as 99 % of all operations begun in "
                + "them, or by workers 90 % of the calm's goodput; one value a trial"
        case .drain: "seconds from the storm's end until the server's queue is as short as in calm; one value a trial"
        case .herd:
            "the busiest tenth of a second in the minute after the storm, of the mean one; the mean of the trials"
        case .workWasted: "calls served although their caller had given up, of all that were; the mean of the trials"
        }
    }
}

/// One metric as a gate or a table looks at it: the metric itself, or a quantile of a distribution.
package struct Measure: Hashable, Sendable {
    package var metric: Metric
    /// Between 0 and 1; present for distributions and for nothing else.
    package var quantile: Double?

    package init(_ metric: Metric, quantile: Double? = nil) {
        self.metric = metric
        self.quantile = quantile
    }

    /// `p95(workflow.completion)`, or the metric's own name.
    package var name: String {
        guard let quantile else { return metric.rawValue }
        // 0.999 times 100 is 99.9 and a bit.
        var percent = "\((quantile * 1e6).rounded() / 1e4)"
        if percent.hasSuffix(".0") { percent.removeLast(2) }
        return "p\(percent)(\(metric.rawValue))"
    }
}
