package import Faults
import Kubernetes
package import Resilience

/// What is tried: a subject, policies, a workload, phases, faults, and the gate that judges them.
///
/// Codable, so that an archive can hold the whole of what was run: files resolved, variations spelled out.
package struct Experiment: Hashable, Sendable, Codable {
    package var name: String
    package var description: String
    package var seed: UInt64
    /// Trials in each cell.
    package var trials: Int
    /// At least one; where nothing varies, one without a name.
    package var variations: [Variation]
    package var gate: [GateExpression]

    /// The experiment under one choice of the values that vary.
    package struct Variation: Hashable, Sendable, Codable {
        /// `outage=50ms`, several joined by commas; empty where nothing varies.
        package var name: String
        package var policies: [Policy]
        package var workload: [Load]
        package var phases: Phases
        package var plan: Plan

        package init(name: String = "", policies: [Policy], workload: [Load], phases: Phases, plan: Plan) {
            self.name = name
            self.policies = policies
            self.workload = workload
            self.phases = phases
            self.plan = plan
        }
    }

    /// Workflows that arrive by and by.
    package struct Load: Hashable, Sendable, Codable {
        /// The workflow's manifest, as JSON text.
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
        name: String, description: String, seed: UInt64, trials: Int, variations: [Variation],
        gate: [GateExpression] = []
    ) {
        precondition(!variations.isEmpty, "an experiment has at least one variation")
        self.name = name
        self.description = description
        self.seed = seed
        self.trials = trials
        self.variations = variations
        self.gate = gate
    }

    /// In the order of the file; every variation has the same names.
    package var policyNames: [String] { variations.first?.policies.map(\.name) ?? [] }
}

extension Experiment {
    /// The experiment as JSON text, equal for equal experiments: files resolved, variations spelled out.
    package func document() throws -> String { try DocumentEncoder().encode(self).text }

    /// - Throws: `JSONParseError` or ``ExperimentError`` for what ``document()`` did not write.
    package init(document: String) throws {
        let json = try JSONValue(parsing: Array(document.utf8))
        self = try DocumentDecoder(file: "archive").decode(Experiment.self, from: DocumentNode(json: json))
    }
}
