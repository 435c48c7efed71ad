import Determinism
import Experiments
import Faults
import Harness
import Resilience
import Synchronization

/// Looks for violations under seeds that nobody has tried, and cuts down what it finds.
///
/// A violation of the same invariant under the same policy whose faults include all the kinds of one that is known is
/// taken for that one, counted, and not looked into.
final class Hunt: Sendable {
    struct Finding: Sendable {
        var regression: Regression
        /// Where it was written.
        var path: String
        /// Violations that are taken for this one, itself among them.
        var count: Int
    }

    struct Report: Sendable {
        var trials = 0
        var violations = 0
        var findings: [Finding] = []
        /// Why trials could not be carried out, which is the harness's own fault.
        var failures: [String] = []
    }

    /// So many trials that can't be carried out end the hunt.
    private static let failuresMax = 10

    /// One trial of the hunt, with what it is one of.
    struct Shot: Sendable {
        var experiment: Experiment
        var seed: UInt64
        var spec: TrialSpec
    }

    /// What two violations have to share to be one finding, besides the kinds of their faults.
    private struct Key: Hashable {
        var policy: String
        var invariant: Invariant
    }

    private struct State {
        var report = Report()
        /// What is being cut down.
        var open: Set<Key> = []
        /// Violations met while theirs was being cut down.
        var meanwhile: [Key: Int] = [:]
        var round = 0
        var waiting: [Shot] = []
    }

    private let experiments: [Experiment]
    private let streams: RandomStreams
    private let world: WorldKind
    private let executionsMax: Int
    private let state = Mutex(State())

    /// - Parameter experiments: Swarms; their policies are the ones that are hunted.
    init(_ experiments: [Experiment], seed: UInt64, world: WorldKind, executionsMax: Int) {
        precondition(!experiments.isEmpty, "something to hunt in")
        self.experiments = experiments
        streams = RandomStreams(seed: seed)
        self.world = world
        self.executionsMax = executionsMax
    }

    var report: Report { state.withLock(\.report) }

    /// Goes on until `isOver` says so; what is being cut down then is still finished.
    ///
    /// - Parameters:
    ///   - jobs: Trials at a time.
    ///   - keep: Writes a finding down, and gives the path.
    func run(
        jobs: Int, isOver: @escaping @Sendable () -> Bool,
        keep: @escaping @Sendable (Regression, UInt64) throws -> String,
        onTrial: @escaping @Sendable (Report) -> Void, execute: @escaping TrialExecutor
    ) async throws {
        try await withThrowingTaskGroup(of: Void.self) { group in
            defer { group.cancelAll() }
            for _ in 0..<jobs {
                group.addTask {
                    while !isOver() {
                        try Task.checkCancellation()
                        try await self.take(self.next(), keep: keep, execute)
                        onTrial(self.report)
                    }
                }
            }
            try await group.waitForAll()
        }
    }

    /// The trials in the order in which they are tried: a seed at a time, each experiment and each of its cells once.
    func next() -> Shot {
        state.withLock { state in
            while state.waiting.isEmpty {
                state.round += 1
                var stream = streams.stream("soak", "\(state.round)")
                let seed = stream.next() >> 11
                state.waiting = experiments.flatMap { experiment in
                    experiment.trialSpecs(seed: seed, trials: 1).map { spec in
                        Shot(experiment: experiment, seed: seed, spec: spec)
                    }
                }.reversed()
            }
            return state.waiting.removeLast()
        }
    }

    private func take(
        _ shot: Shot, keep: @Sendable (Regression, UInt64) throws -> String, _ execute: @escaping TrialExecutor
    ) async throws {
        guard let record = try await attempt(shot, execute) else { return }
        guard let violation = record.violations.first else {
            state.withLock { $0.report.trials += 1 }
            return
        }
        let key = Key(policy: shot.spec.policy.name, invariant: violation.invariant)
        guard isNews(key, Set(record.injections.map(\.kind))) else { return }
        defer { state.withLock { _ = $0.open.remove(key) } }
        let shrinkage = try await Shrinker(executionsMax: executionsMax, execute: execute)
            .shrink(shot.spec, violating: record)
        let regression = Regression(of: shot.experiment, shrinkage, seed: shot.seed, world: world)
        let isKnown = state.withLock { state in
            let count = 1 + (state.meanwhile.removeValue(forKey: key) ?? 0)
            guard
                let index = state.report.findings.firstIndex(where: {
                    $0.isLike(key.policy, key.invariant, regression.kinds)
                })
            else { return false }
            state.report.findings[index].count += count
            return true
        }
        if isKnown { return }
        let path = try keep(regression, shot.seed)
        state.withLock { state in
            let count = 1 + (state.meanwhile.removeValue(forKey: key) ?? 0)
            state.report.findings.append(Finding(regression: regression, path: path, count: count))
        }
    }

    /// - Returns: Nil for a trial that could not be carried out.
    private func attempt(_ shot: Shot, _ execute: TrialExecutor) async throws -> TrialRecord? {
        do {
            return try await execute(shot.spec)
        } catch is CancellationError {
            throw CancellationError()
        } catch {
            let isTooMuch = state.withLock { state in
                let cell = [shot.spec.policy.name, shot.spec.variation.name].filter { !$0.isEmpty }
                state.report.failures.append(
                    "\(shot.experiment.name) (\(cell.joined(separator: ", "))) under the seed \(shot.seed): \(error)")
                return state.report.failures.count >= Self.failuresMax
            }
            if isTooMuch { throw error }
            return nil
        }
    }

    /// Counts a violation, and says whether it is to be cut down, which is then begun.
    private func isNews(_ key: Key, _ kinds: Set<Fault.Kind>) -> Bool {
        state.withLock { state in
            state.report.trials += 1
            state.report.violations += 1
            let known = state.report.findings.firstIndex { finding in
                finding.isOf(key.policy, key.invariant) && kinds.isSuperset(of: finding.regression.kinds)
            }
            if let known {
                state.report.findings[known].count += 1
                return false
            }
            guard state.open.insert(key).inserted else {
                state.meanwhile[key, default: 0] += 1
                return false
            }
            return true
        }
    }
}

extension Hunt.Finding {
    fileprivate func isOf(_ policy: String, _ invariant: Invariant) -> Bool {
        regression.shrinkage.spec.policy.name == policy && regression.shrinkage.invariant == invariant
    }

    fileprivate func isLike(_ policy: String, _ invariant: Invariant, _ kinds: [Fault.Kind]) -> Bool {
        isOf(policy, invariant) && regression.kinds == kinds
    }
}
