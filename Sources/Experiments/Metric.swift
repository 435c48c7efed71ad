/// A number that trials give and gates judge: one entry of the catalogue. What is known of each stands in ``facts``.
package enum Metric: String, Hashable, Sendable, Codable, CaseIterable {
    case successRate = "success_rate"
    case operationSuccess = "operation_success_rate"
    case attemptSuccess = "attempt_success_rate"
    case workflowCompletion = "workflow.completion"
    case recovery
    case drain
    case makespan
    case amplification
    case stormAmplification = "amplification.storm"
    case operations
    case operationsSucceeded = "operations.succeeded"
    case operationsLost = "operations.lost"
    case attempts
    case attemptsSucceeded = "attempts.succeeded"
    case attemptsPeak = "attempts.peak"
    case retryWait = "retry.wait"
    case retrySpacing = "retry.spacing"
    case workWasted = "work.wasted"
    case goodput
    case goodputRate = "goodput.rate"
    case herd
    case conflicts
    case quotaPressure = "quota.pressure"
    case lockWait = "lock.wait"
    case cleanupOldest = "cleanup.oldest"
    case cronMissed = "cron.missed"
    case cronDuplicates = "cron.duplicates"
    case faults
    case violations

    /// Who is the subject of a trial that has a metric.
    package enum Subject: String, Hashable, Sendable, CaseIterable {
        case core, process, clients

        package var name: String {
            switch self {
            case .core: "a controller"
            case .process: "a process"
            case .clients: "clients"
            }
        }
    }

    package enum Kind: String, Hashable, Sendable {
        /// A part of a whole, from 0 to 1: successes of all, counted in each trial.
        case share
        /// Many values a trial, seen through their quantiles.
        case distribution
        /// One value a trial, or one ratio of two counts, seen through its mean.
        case quantity
        /// A total over all trials.
        case total
    }

    /// What a value counts in.
    package enum Unit: String, Hashable, Sendable {
        case share, seconds
        /// A pure number.
        case ratio
        /// So many a trial.
        case count
        case perSecond
    }

    package enum Direction: String, Hashable, Sendable { case higherIsBetter, lowerIsBetter, neither }

    package struct Facts: Hashable, Sendable {
        package var kind: Kind
        package var unit: Unit
        /// What n counts.
        package var sampleUnit: String
        package var direction: Direction
        package var subjects: Set<Subject>
        /// By what its values are told apart, too.
        package var dimensions: [Breakdown.Dimension]
        package var summary: String

        init(
            _ kind: Kind, _ unit: Unit, of sampleUnit: String = "trials", is direction: Direction = .lowerIsBetter,
            subjects: Set<Subject> = [.core, .process, .clients], by dimensions: [Breakdown.Dimension] = [],
            _ summary: String
        ) {
            self.kind = kind
            self.unit = unit
            self.sampleUnit = sampleUnit
            self.direction = direction
            self.subjects = subjects
            self.dimensions = dimensions
            self.summary = summary
        }
    }

    package var kind: Kind { facts.kind }
    package var unit: Unit { facts.unit }
    package var sampleUnit: String { facts.sampleUnit }
    package var direction: Direction { facts.direction }
    package var summary: String { facts.summary }

    /// Whether its parts sum up to it, so that one that a trial does not have is nothing.
    package var isSum: Bool { unit == .count || self == .retryWait }

    /// The two counts of a trial that it is the ratio of; nil for what is counted or measured itself.
    package var ratio: (numerator: Metric, denominator: Metric)? {
        switch self {
        case .amplification: (.attempts, .operations)
        case .operationSuccess: (.operationsSucceeded, .operations)
        case .attemptSuccess: (.attemptsSucceeded, .attempts)
        default: nil
        }
    }

    /// By what its values are told apart in trials of a subject: the requests of clients are counted and not listed, and
    /// nobody sees from outside where in a process they come from.
    package func dimensions(of subject: Subject) -> [Breakdown.Dimension] {
        facts.dimensions.filter { dimension in
            switch subject {
            case .core: true
            case .process: dimension != .path
            case .clients: dimension == .phase || dimension == .invariant
            }
        }
    }

    package var facts: Facts {
        guard let facts = Self.catalogue[self] else { preconditionFailure("\(rawValue) is not in the catalogue") }
        return facts
    }

    /// One metric a line: what it is, and of whom it tells.
    private static let catalogue: [Metric: Facts] = [
        .successRate: Facts(
            .share, .share, of: "workflows", is: .higherIsBetter, subjects: [.core, .clients],
            "workflows that succeeded, of all that were submitted, and of clients operations; pooled over trials"),
        .operationSuccess: Facts(
            .share, .share, of: "operations", is: .higherIsBetter, by: [.kind, .path, .phase],
            "effective success: operations that succeeded in the end, of all; pooled over trials"),
        .attemptSuccess: Facts(
            .share, .share, of: "attempts", is: .higherIsBetter, subjects: [.core, .process],
            by: [.kind, .path, .phase], "actual success: requests that succeeded, of all; pooled over trials"),
        .workflowCompletion: Facts(
            .distribution, .seconds, of: "workflows", subjects: [.core],
            "seconds from a workflow's submission to its end; one that failed or never ended counts as never completed"),
        .recovery: Facts(
            .distribution, .seconds,
            "seconds from the storm's end until five seconds on end are good: 99 % of the operations begun in each "
                + "succeed, or of workers that wait, 90 % of the calm's goodput; one value a trial"),
        .drain: Facts(
            .distribution, .seconds, subjects: [.core, .clients],
            "seconds from the storm's end until every workflow that was outstanding then has ended, or of clients until "
                + "the server's queue is as short as in calm; one value a trial"),
        .makespan: Facts(
            .quantity, .seconds, subjects: [.clients], "seconds until the last client was done; the mean of the trials"),
        .amplification: Facts(
            .quantity, .ratio, of: "operations", by: [.kind, .path, .layer, .phase],
            "retry amplification: all attempts, of all operations"),
        .stormAmplification: Facts(
            .quantity, .ratio, subjects: [.clients],
            "attempts for each operation begun, from the storm's beginning on; the mean of the trials"),
        .operations: Facts(
            .quantity, .count, is: .neither, by: [.kind, .path, .phase],
            "things that the subject wanted from the API; the mean of the trials"),
        .operationsSucceeded: Facts(
            .quantity, .count, is: .higherIsBetter, by: [.kind, .path, .phase],
            "operations that succeeded in the end; the mean of the trials"),
        .operationsLost: Facts(
            .quantity, .count, subjects: [.clients],
            "availability debt: operations begun since the storm's beginning that never succeeded; the mean of the trials"
        ),
        .attempts: Facts(
            .quantity, .count, by: [.kind, .path, .layer, .phase],
            "requests that the subject sent, transport retries included; the mean of the trials"),
        .attemptsSucceeded: Facts(
            .quantity, .count, is: .higherIsBetter, subjects: [.core, .process], by: [.kind, .path, .phase],
            "requests that succeeded, or whose refusal was an answer; the mean of the trials"),
        .attemptsPeak: Facts(
            .quantity, .ratio, subjects: [.clients],
            "peak amplification: attempts in the busiest second, of the operations begun in a second of calm; the mean "
                + "of the trials"),
        .retryWait: Facts(
            .quantity, .seconds, is: .neither, subjects: [.core, .process], by: [.kind, .path, .layer],
            "seconds that operations waited before their retries, in all; the mean of the trials"),
        .retrySpacing: Facts(
            .quantity, .ratio, is: .neither, subjects: [.core], by: [.layer],
            "the gap before a retry, of the wait that the policy declared: its median in a trial, the mean of the trials"
        ),
        .workWasted: Facts(
            .quantity, .ratio,
            "wasted work: requests that failed, of all, and of clients those that were served although their caller had "
                + "given up, of all served; the mean of the trials"),
        .goodput: Facts(
            .quantity, .ratio, is: .higherIsBetter, subjects: [.clients],
            "goodput ratio: operations that succeeded in the last 30 s, of those that were begun in them, or by workers "
                + "that wait for each other, of as many as in calm; the mean of the trials"),
        .goodputRate: Facts(
            .quantity, .perSecond, is: .higherIsBetter, by: [.phase],
            "goodput: operations that succeeded in a second, counted when they ended; the mean of the trials"),
        .herd: Facts(
            .quantity, .ratio,
            "herd index: requests in the busiest tenth of a second in the minute after the storm, of the mean one; the "
                + "mean of the trials"),
        .conflicts: Facts(
            .quantity, .count,
            "writes refused because the object had changed since its read; the mean of the trials"),
        .quotaPressure: Facts(
            .quantity, .ratio, subjects: [.core, .process],
            "creates that a ResourceQuota refused, used up or being rewritten, of all creates; the mean of the trials"),
        .lockWait: Facts(
            .distribution, .seconds, of: "holders", subjects: [.core],
            "seconds from the wish for a lock to the permit; one that never came counts as never"),
        .cleanupOldest: Facts(
            .quantity, .seconds, subjects: [.core],
            "seconds that the oldest pod waited for its clean-up; the mean of the trials"),
        .cronMissed: Facts(
            .quantity, .count, subjects: [.core],
            "scheduled times for which no workflow came; the mean of the trials"),
        .cronDuplicates: Facts(
            .quantity, .count, subjects: [.core],
            "workflows too many for one scheduled time; the mean of the trials"),
        .faults: Facts(.quantity, .count, is: .neither, "requests that a fault hit; the mean of the trials"),
        .violations: Facts(.total, .count, by: [.invariant], "broken invariants, over all trials"),
    ]
}
