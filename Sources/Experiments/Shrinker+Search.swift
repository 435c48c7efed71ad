import Determinism
import Faults
import Kubernetes

extension Shrinker {
    /// One search for a smaller trial.
    final class Search {
        /// The bound on executions is reached.
        struct Exhausted: Error {}

        private(set) var best: TrialSpec
        private(set) var record: TrialRecord
        private(set) var executions = 0
        private let invariant: Invariant
        private let executionsMax: Int
        private let execute: TrialExecutor
        private let onProgress: @Sendable (Progress) -> Void
        /// What was tried and does not break the invariant.
        private var sound: Set<Experiment.Variation> = []
        /// Whether the invariant holds in fair weather.
        private var needsFaults = true
        private var isConcrete = false

        init(
            _ spec: TrialSpec, _ record: TrialRecord, _ invariant: Invariant, executionsMax: Int,
            execute: @escaping TrialExecutor, onProgress: @escaping @Sendable (Progress) -> Void
        ) {
            best = spec
            self.record = record
            self.invariant = invariant
            self.executionsMax = executionsMax
            self.execute = execute
            self.onProgress = onProgress
        }

        private var current: Experiment.Variation { best.variation }

        func run() async throws {
            needsFaults = try await !adopt { $0.plan = Plan() }
            try await removeRules()
            try await cutCounts()
            try await removeWorkflows()
            var before: Experiment.Variation
            repeat {
                before = current
                try await makeConcrete()
                try await removeRules()
                try await pinCrashes()
                try await removeWorkflows()
                try await removeChanges()
                try await removeObjects()
                try await shortenArrivals()
                try await removeControllers()
                try await shortenPhases()
            } while current != before
        }

        // MARK: Trials

        /// - Returns: The record, where the invariant broke.
        private func violating(_ variation: Experiment.Variation) async throws -> TrialRecord? {
            guard variation.hasWorkload, !sound.contains(variation) else { return nil }
            guard executions < executionsMax else { throw Exhausted() }
            try Task.checkCancellation()
            executions += 1
            var spec = best
            spec.variation = variation
            var found: TrialRecord?
            do {
                let record = try await execute(spec)
                if record.violations.contains(where: { $0.invariant == invariant }) { found = record }
            } catch is CancellationError {
                throw CancellationError()
            } catch {
                // What is left of the trial is not fit to be carried out.
            }
            if found == nil { sound.insert(variation) }
            onProgress(
                Progress(
                    executions: executions, faults: current.plan.rules.count, workflows: current.workflowCount))
            return found
        }

        /// Takes a change over if the invariant still breaks.
        ///
        /// - Parameter keepsWeather: Whether the invariant must besides still hold without any fault.
        private func adopt(
            inFairWeather isControlled: Bool = false, _ change: (inout Experiment.Variation) -> Void
        ) async throws -> Bool {
            var variation = current
            change(&variation)
            guard variation != current, let record = try await violating(variation) else { return false }
            if isControlled, needsFaults {
                var control = variation
                control.plan = Plan()
                guard try await violating(control) == nil else { return false }
            }
            best.variation = variation
            self.record = record
            return true
        }

        // MARK: Faults

        private func removeRules() async throws {
            _ = try await DeltaDebugging.minimized(current.plan.rules) { rules in
                try await adopt { $0.plan = Plan(rules: rules) }
            }
        }

        /// Pins the faults to the requests that they hit.
        private func makeConcrete() async throws {
            guard !isConcrete, !current.plan.rules.isEmpty else { return }
            isConcrete = true
            let plan = best.concretePlan(from: record)
            guard plan.problems().isEmpty else { return }
            _ = try await adopt { $0.plan = plan }
        }

        /// Has crashes count the writes to the object that they came at, so that those of other workflows may go.
        private func pinCrashes() async throws {
            for index in current.plan.rules.indices {
                let rule = current.plan.rules[index]
                guard case .crash(let crash) = rule.fault,
                    let injection = record.injections.first(where: { $0.rule == rule.name })
                else { continue }
                let match = RequestMatch(exactly: injection.identity)
                guard rule.match != match else { continue }
                let writes = record.writes(like: injection, during: rule.during)
                // The one that kills may have gone without an answer.
                for count in [writes, writes + 1] where count > 0 {
                    var pinned = crash
                    pinned.afterWrites = count
                    let isPinned = try await adopt { variation in
                        variation.plan.rules[index].match = match
                        variation.plan.rules[index].fault = .crash(pinned)
                    }
                    if isPinned { break }
                }
            }
        }

        // MARK: Workload

        /// Brings loads down to a number of workflows that can be looked at one by one.
        private func cutCounts() async throws {
            for index in current.workload.indices {
                while current.workload[index].count > Self.loadMax {
                    let count = current.workload[index].count / 2
                    guard try await adopt({ $0.workload[index].count = count }) else { break }
                }
            }
        }

        private static let loadMax = 64

        /// Each workflow becomes a load of its own, with the name and the time that it had; then those go that are not
        /// needed.
        private func removeWorkflows() async throws {
            let singles = current.workload.enumerated().flatMap {
                $0.element.singles(load: $0.offset + 1, seed: best.seed)
            }
            if singles != current.workload {
                guard singles.count <= Self.workflowsMax, try await adopt({ $0.workload = singles }) else { return }
            }
            _ = try await DeltaDebugging.minimized(singles) { loads in
                try await adopt { variation in
                    variation.workload = loads
                    variation.dropStrayChanges()
                }
            }
        }

        private static let workflowsMax = 1_000

        private func removeChanges() async throws {
            for index in current.changes.indices.reversed() {
                _ = try await adopt(inFairWeather: true) { $0.changes.remove(at: index) }
            }
        }

        private func removeObjects() async throws {
            for index in current.objects.indices.reversed() {
                _ = try await adopt(inFairWeather: true) { variation in
                    variation.objects.remove(at: index)
                    variation.dropStrayChanges()
                }
            }
        }

        private func shortenArrivals() async throws {
            func comeAtOnce(_ indices: some Sequence<Int>) async throws -> Bool {
                try await adopt(inFairWeather: true) { for index in indices { $0.workload[index].after = .zero } }
            }
            if try await comeAtOnce(current.workload.indices) { return }
            for index in current.workload.indices { _ = try await comeAtOnce([index]) }
        }

        private func removeControllers() async throws {
            guard current.replicas > 1 else { return }
            if try await adopt(inFairWeather: true, { $0.replicas = 1 }) { return }
            while current.replicas > 2, try await adopt(inFairWeather: true, { $0.replicas -= 1 }) {}
        }

        // MARK: Time

        /// The converge phase stays as long as it is: a shorter one breaks promises by itself. And some calm stays where
        /// there was any: without it the faults would meet a subject that has not begun.
        private func shortenPhases() async throws {
            if try await adopt(inFairWeather: true, { $0.phases.storm = .zero }) {
                try await halve(\.calm)
            } else {
                try await halve(\.calm)
                try await halve(\.storm)
            }
        }

        private func halve(_ phase: WritableKeyPath<Experiment.Phases, Duration>) async throws {
            while current.phases[keyPath: phase] > Self.phaseMin {
                let half = current.phases[keyPath: phase].microseconds / 2
                let rounded = max(Self.phaseMin, .milliseconds(half / 100_000 * 100))
                guard try await adopt(inFairWeather: true, { $0.phases[keyPath: phase] = rounded }) else { return }
            }
        }

        private static let phaseMin = Duration.milliseconds(100)
    }
}

extension TrialRecord {
    /// How many writes of an injection's identity the server had done when it came.
    fileprivate func writes(like injection: Injection, during phase: Phase?) -> Int {
        let entries = observations.filter { $0.kind == .phaseEntered }
        let start = phase.flatMap { phase in entries.first { $0.subject == phase.rawValue }?.at } ?? .zero
        guard start <= injection.at else { return 0 }
        return attempts.count { attempt in
            let exchange = attempt.exchange
            return exchange.identity == injection.identity && exchange.isSuccess
                && (start...injection.at).contains(exchange.started + exchange.duration)
        }
    }
}

extension Experiment.Load {
    /// The load's workflows one by one, each with the name that it has by its place in the workload.
    ///
    /// - Parameters:
    ///   - load: From 1.
    ///   - seed: The trial's.
    func singles(load: Int, seed: UInt64) -> [Experiment.Load] {
        let names = workflowNames(load: load)
        let json = (try? JSONValue(parsing: Array(manifest.utf8)))?.object ?? JSONObject()
        return zip(names, times(load: load, seed: seed)).map { name, at in
            var single = json
            single["metadata", "name"] = .string(name)
            single["metadata", "generateName"] = nil
            return Experiment.Load(
                manifest: JSONValue.object(single).text, count: 1, every: .zero, after: at)
        }
    }
}

extension Experiment.Variation {
    /// Whether anything is to be done at all.
    fileprivate var hasWorkload: Bool {
        !workload.isEmpty || objects.contains { Self.name(of: $0).hasPrefix(Self.cronWorkflows) }
    }

    private static let cronWorkflows = "\(APIResource.cronWorkflows.name)/"

    /// Takes away the changes of objects that are no more.
    fileprivate mutating func dropStrayChanges() {
        let named =
            objects.map(Self.name)
            + workload.enumerated().flatMap { index, load in
                load.workflowNames(load: index + 1).map { "\(APIResource.workflows.name)/\($0)" }
            }
        // Whatever the workload does not make, the subject does.
        let isOfWorkload = { (resource: String) in
            [APIResource.configMaps, .secrets, .serviceAccounts, .cronWorkflows, .workflowTemplates, .workflows]
                .contains { $0.name == resource }
        }
        let hasCron = objects.contains { Self.name(of: $0).hasPrefix(Self.cronWorkflows) }
        changes.removeAll { change in
            guard isOfWorkload(change.resource), !named.contains("\(change.resource)/\(change.name)") else {
                return false
            }
            return change.resource != APIResource.workflows.name || !hasCron
        }
    }

    /// `configmaps/limits`.
    private static func name(of manifest: String) -> String {
        let json = (try? JSONValue(parsing: Array(manifest.utf8)))?.object
        let kind = json?["kind"]?.string
        let plural = Experiment.objectResources.first { $0.kind == kind }?.name ?? ""
        return "\(plural)/\(json?["metadata", "name"]?.string ?? "")"
    }
}
