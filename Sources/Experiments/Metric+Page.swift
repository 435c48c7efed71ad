/// What a reader wants to know of a metric before a gate is built on it.
extension Metric {
    /// What metrics are listed under.
    package enum Group: String, Hashable, Sendable, CaseIterable {
        case success = "What came about"
        case time = "How long it took"
        case load = "What was asked of the API"
        case retries = "How it was asked again"
        case rivalry = "What was contended for"
        case duties = "What was due"
        case trial = "The trial itself"
    }

    package var group: Group {
        switch self {
        case .successRate, .operationSuccess, .attemptSuccess, .operationsSucceeded, .operationsLost,
            .attemptsSucceeded,
            .goodput, .goodputRate:
            .success
        case .workflowCompletion, .recovery, .drain, .makespan: .time
        case .operations, .attempts, .attemptsPeak, .amplification, .stormAmplification, .workWasted: .load
        case .retryWait, .retrySpacing, .herd: .retries
        case .conflicts, .quotaPressure, .lockWait: .rivalry
        case .cleanupOldest, .cronMissed, .cronDuplicates: .duties
        case .faults, .violations: .trial
        }
    }

    /// How trials are put together, and what the interval rests on.
    package var estimate: String {
        switch kind {
        case .share:
            "counted in each trial and pooled; the interval is exact (Clopper-Pearson), and cluster-robust: where trials "
                + "differ more than chance makes them, their sample counts for less"
        case .distribution:
            "the nearest-rank quantile of all values of all trials, p50 to p99 or any other; a value that never came "
                + "counts as infinite, and is never left out"
        case .quantity where ratio != nil:
            "one sum over all trials, of the other; the interval is that of a ratio, with the trial as its unit"
        case .quantity: "the mean of the trials that have it, each one value; the interval is that of a mean"
        case .total: "the sum over all trials; it is a count, and has no interval"
        }
    }

    /// Which trials give no value, because one would say what nobody saw; empty where every trial does.
    package var absence: String {
        switch self {
        case .successRate, .workflowCompletion: "a trial in which nothing was submitted"
        case .operationSuccess, .amplification: "a trial without operations"
        case .attemptSuccess, .operationsSucceeded, .attemptsSucceeded, .retryWait, .workWasted, .conflicts:
            "a trial in which the subject sent nothing"
        case .goodputRate: "a trial without operations, and of the phases one that had no time or was not reached"
        case .recovery:
            "a trial without a storm, or that was done before its end; a subject that did nothing more although not all "
                + "was done has not recovered, and is counted so"
        case .drain: "a trial without a storm, or of a controller without a workflow before its end"
        case .herd: "a trial without a storm, or in which nothing was sent after it"
        case .retrySpacing: "a trial in which nobody retried after a wait"
        case .quotaPressure: "a trial without a create"
        case .goodput, .operationsLost, .attemptsPeak, .stormAmplification, .makespan:
            "a trial of clients with another load: those that contend give the makespan, those that call the rest"
        case .lockWait: "a trial without locks"
        case .cleanupOldest: "a trial in which no pod was to be cleaned up"
        case .cronMissed, .cronDuplicates: "a trial without CronWorkflows"
        case .operations, .attempts, .faults, .violations: ""
        }
    }

    /// Conditions of a gate, as they may be written: one of the whole, one of each part, and one against a baseline.
    package var examples: [String] {
        let limit = "\(relation) \(limitText)"
        let whole = kind == .distribution ? "p95(\(rawValue))" : rawValue
        let parts = facts.dimensions.map { "\(rawValue){\($0.example)} \(limit)" }
        let change = direction == .higherIsBetter ? ">= -5%" : "<= +10%"
        return ["\(whole) \(limit)"] + parts + (kind == .total ? [] : ["\(whole) vs baseline \(change)"])
    }

    private var relation: String {
        switch self {
        case .violations: "=="
        default: direction == .higherIsBetter ? ">=" : "<="
        }
    }

    private var limitText: String {
        switch self {
        case .operationSuccess, .successRate: "99%"
        case .attemptSuccess: "80%"
        case .workWasted, .quotaPressure: "0.2"
        case .goodput: "0.95"
        case .amplification: "1.3"
        case .stormAmplification, .attemptsPeak, .herd: "3"
        case .retrySpacing: "1.5"
        case .violations, .cronMissed, .cronDuplicates: "0"
        case .lockWait, .cleanupOldest: "10s"
        case .goodputRate: "20"
        default: unit == .seconds ? "30s" : "400"
        }
    }
}

extension Breakdown.Dimension {
    /// What its values are.
    package var meaning: String {
        switch self {
        case .kind: "verb and resource of the request"
        case .path: "the place in the controller that wanted it"
        case .layer: "who waited before the request; first where nobody did"
        case .phase: "the phase in which it began, and of goodput.rate in which it ended"
        case .invariant: "which one broke"
        }
    }

    var example: Breakdown {
        switch self {
        case .kind: Breakdown(self, "create pods")
        case .path: Breakdown(self, "agentPodCreate")
        case .layer: Breakdown(self, "call")
        case .phase: Breakdown(self, "converge")
        case .invariant: Breakdown(self, Invariant.everythingFinishedWithinConverge.rawValue)
        }
    }
}

extension Metric.Unit {
    /// `seconds`, `a trial`.
    package var text: String {
        switch self {
        case .share: "share"
        case .seconds: "seconds"
        case .ratio: "ratio"
        case .count: "count"
        case .perSecond: "a second"
        }
    }
}

extension Metric.Direction {
    package var text: String {
        switch self {
        case .higherIsBetter: "higher"
        case .lowerIsBetter: "lower"
        case .neither: "neither"
        }
    }
}
