package import Faults
package import Resilience

/// What is tried: a subject, policies, a workload, phases, faults, and the gate that judges them.
package struct Experiment: Hashable, Sendable {
    package var name: String
    package var description: String
    package var seed: UInt64
    /// Trials in each cell.
    package var trials: Int
    package var policies: [Policy]
    package var workload: [Load]
    package var phases: Phases
    package var plan: Plan
    /// Gate expressions, as written: `success_rate >= 99% min 150`.
    package var gate: [String]

    /// Workflows that arrive by and by.
    package struct Load: Hashable, Sendable {
        /// The workflow's manifest, as JSON text; its path in the file was resolved beside the experiment.
        package var manifest: String
        package var count: Int
        /// Between two arrivals; zero submits all at once.
        package var every: Duration

        package init(manifest: String, count: Int, every: Duration) {
            self.manifest = manifest
            self.count = count
            self.every = every
        }
    }

    package struct Phases: Hashable, Sendable, Codable {
        package var calm: Duration
        package var storm: Duration
        /// The bound within which everything must have finished.
        package var converge: Duration

        package init(calm: Duration, storm: Duration, converge: Duration) {
            self.calm = calm
            self.storm = storm
            self.converge = converge
        }
    }

    package init(
        name: String, description: String, seed: UInt64, trials: Int, policies: [Policy], workload: [Load],
        phases: Phases, plan: Plan, gate: [String]
    ) {
        self.name = name
        self.description = description
        self.seed = seed
        self.trials = trials
        self.policies = policies
        self.workload = workload
        self.phases = phases
        self.plan = plan
        self.gate = gate
    }
}
