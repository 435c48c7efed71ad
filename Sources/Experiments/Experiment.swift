import Determinism
package import Faults
import Kubernetes
package import Resilience

/// What is tried: a subject, policies, a workload, phases, faults, and the gate that judges them.
///
/// Codable, so that an archive can hold the whole of what was run: files resolved, variations spelled out.
package struct Experiment: Hashable, Sendable {
    package var name: String
    package var description: String
    package var seed: UInt64
    /// Trials in each cell.
    package var trials: Int
    /// The index of the first trial; a later one does again what a trial of a longer run did.
    package var firstTrial: Int
    /// Whether each trial draws a plan of its own, as ``Swarm`` does it.
    package var isSwarm: Bool
    /// At least one; where nothing varies, one without a name.
    package var variations: [Variation]
    package var gate: [GateExpression]
    /// What the policies are to come to; where it is not empty, it decides what the run comes to.
    package var expectations: [Expectation]

    /// The verdict that a policy should come to.
    package struct Expectation: Hashable, Sendable, Codable {
        package var policy: String
        /// Nil speaks of all variations together.
        package var variation: String?
        package var verdict: Verdict

        package init(policy: String, variation: String? = nil, verdict: Verdict) {
            self.policy = policy
            self.variation = variation
            self.verdict = verdict
        }
    }

    /// The experiment under one choice of the values that vary.
    package struct Variation: Hashable, Sendable {
        /// `outage=50ms`, several joined by commas; empty where nothing varies.
        package var name: String
        package var policies: [Policy]
        package var workload: [Load]
        package var phases: Phases
        package var plan: Plan
        /// Manifests of objects that are there before the calm phase, as JSON text, CronWorkflows among them.
        package var objects: [String]
        /// What becomes of objects while the trial goes on.
        package var changes: [Change]
        /// Controllers of the subject that run side by side.
        package var replicas: Int
        /// What clients do that are the subject themselves; nil where a controller is.
        package var clients: ClientLoad?
        /// The program that is the subject; nil where Boreas's own controller or clients are.
        package var process: ProcessSubject?
        /// For a process: manifests of objects of any kind, as JSON text, those of no namespace included, that are there
        /// before the calm phase.
        package var setup: [String]
        /// For a process: objects of any kind that arrive in time.
        package var arrivals: [ObjectLoad]

        /// Whom its trials tell of.
        package var subject: Metric.Subject { clients != nil ? .clients : process != nil ? .process : .core }

        package init(
            name: String = "", policies: [Policy], workload: [Load], phases: Phases, plan: Plan,
            objects: [String] = [], changes: [Change] = [], replicas: Int = 1, clients: ClientLoad? = nil,
            process: ProcessSubject? = nil, setup: [String] = [], arrivals: [ObjectLoad] = []
        ) {
            self.name = name
            self.policies = policies
            self.workload = workload
            self.phases = phases
            self.plan = plan
            self.objects = objects
            self.changes = changes
            self.replicas = replicas
            self.clients = clients
            self.process = process
            self.setup = setup
            self.arrivals = arrivals
        }
    }

    /// Something that is done to an object at a time.
    package struct Change: Hashable, Sendable, Codable {
        /// Since the beginning of the calm phase.
        package var at: Duration
        /// The plural, `configmaps`; for a process also with its group, `websites.example.com`.
        package var resource: String
        package var name: String
        /// A JSON merge patch, as text; nil deletes the object.
        package var patch: String?

        package init(at: Duration, resource: String, name: String, patch: String?) {
            self.at = at
            self.resource = resource
            self.name = name
            self.patch = patch
        }
    }

    /// Workflows that arrive by and by.
    package struct Load: Hashable, Sendable {
        /// The workflow's manifest, as JSON text.
        package var manifest: String
        package var count: Int
        /// Between two arrivals, on average where they are not regular; zero submits all at once.
        package var every: Duration
        /// When the first may arrive, since the beginning of the calm phase.
        package var after: Duration
        package var arrivals: Arrivals

        package init(
            manifest: String, count: Int, every: Duration, after: Duration = .zero, arrivals: Arrivals = .regular
        ) {
            self.manifest = manifest
            self.count = count
            self.every = every
            self.after = after
            self.arrivals = arrivals
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
        gate: [GateExpression] = [], expectations: [Expectation] = [], firstTrial: Int = 1, isSwarm: Bool = false
    ) {
        precondition(!variations.isEmpty, "an experiment has at least one variation")
        precondition(firstTrial >= 1, "trials are counted from 1 (the first is \(firstTrial))")
        self.firstTrial = firstTrial
        self.isSwarm = isSwarm
        self.name = name
        self.description = description
        self.seed = seed
        self.trials = trials
        self.variations = variations
        self.gate = gate
        self.expectations = expectations
    }

    /// Whether clients are the subject, and no controller.
    package var isOfClients: Bool { variations.contains { $0.clients != nil } }

    /// Whether a program of somebody's own is the subject.
    package var isOfProcess: Bool { variations.contains { $0.process != nil } }

    /// In the order of the file; every variation has the same names.
    package var policyNames: [String] { variations.first?.policies.map(\.name) ?? [] }
}

/// What was added to the format later is left out where there is none of it, so that an experiment without it is the
/// same text that it was before.
extension Experiment: Codable {
    private enum CodingKeys: String, CodingKey {
        case name, description, seed, trials, firstTrial
        case isSwarm = "swarm"
        case variations, gate, expectations
    }

    package init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: CodingKeys.self)
        self.init(
            name: try container.decode(String.self, forKey: .name),
            description: try container.decode(String.self, forKey: .description),
            seed: try container.decode(UInt64.self, forKey: .seed),
            trials: try container.decode(Int.self, forKey: .trials),
            variations: try container.decode([Variation].self, forKey: .variations),
            gate: try container.decode([GateExpression].self, forKey: .gate),
            expectations: try container.decodeIfPresent([Expectation].self, forKey: .expectations) ?? [],
            firstTrial: try container.decodeIfPresent(Int.self, forKey: .firstTrial) ?? 1,
            isSwarm: try container.decodeIfPresent(Bool.self, forKey: .isSwarm) ?? false)
    }

    package func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: CodingKeys.self)
        try container.encode(name, forKey: .name)
        try container.encode(description, forKey: .description)
        try container.encode(seed, forKey: .seed)
        try container.encode(trials, forKey: .trials)
        if firstTrial != 1 { try container.encode(firstTrial, forKey: .firstTrial) }
        if isSwarm { try container.encode(isSwarm, forKey: .isSwarm) }
        try container.encode(variations, forKey: .variations)
        try container.encode(gate, forKey: .gate)
        if !expectations.isEmpty { try container.encode(expectations, forKey: .expectations) }
    }
}

extension Experiment.Variation: Codable {
    private enum CodingKeys: String, CodingKey {
        case name, policies, workload, phases, plan, objects, changes, replicas, clients
        case process, setup, arrivals
    }

    package init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: CodingKeys.self)
        self.init(
            name: try container.decode(String.self, forKey: .name),
            policies: try container.decode([Policy].self, forKey: .policies),
            workload: try container.decode([Experiment.Load].self, forKey: .workload),
            phases: try container.decode(Experiment.Phases.self, forKey: .phases),
            plan: try container.decode(Plan.self, forKey: .plan),
            objects: try container.decodeIfPresent([String].self, forKey: .objects) ?? [],
            changes: try container.decodeIfPresent([Experiment.Change].self, forKey: .changes) ?? [],
            replicas: try container.decodeIfPresent(Int.self, forKey: .replicas) ?? 1,
            clients: try container.decodeIfPresent(ClientLoad.self, forKey: .clients),
            process: try container.decodeIfPresent(ProcessSubject.self, forKey: .process),
            setup: try container.decodeIfPresent([String].self, forKey: .setup) ?? [],
            arrivals: try container.decodeIfPresent([Experiment.ObjectLoad].self, forKey: .arrivals) ?? [])
    }

    package func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: CodingKeys.self)
        try container.encode(name, forKey: .name)
        try container.encode(policies, forKey: .policies)
        try container.encode(workload, forKey: .workload)
        try container.encode(phases, forKey: .phases)
        try container.encode(plan, forKey: .plan)
        if !objects.isEmpty { try container.encode(objects, forKey: .objects) }
        if !changes.isEmpty { try container.encode(changes, forKey: .changes) }
        if replicas != 1 { try container.encode(replicas, forKey: .replicas) }
        try container.encodeIfPresent(clients, forKey: .clients)
        try container.encodeIfPresent(process, forKey: .process)
        if !setup.isEmpty { try container.encode(setup, forKey: .setup) }
        if !arrivals.isEmpty { try container.encode(arrivals, forKey: .arrivals) }
    }
}

extension Experiment.Variation {
    /// A digest of what trials meet, whatever the policies and the program under test: workload, phases, faults. Where it
    /// is equal, trials with the same seed meet the same.
    package var conditions: String {
        var bare = self
        bare.name = ""
        bare.policies = []
        bare.process = nil
        do {
            var hash = StableHash()
            hash.combine(try DocumentEncoder().encode(bare).text)
            return hash.hexadecimal
        } catch {
            preconditionFailure("a variation that was read cannot be written: \(error)")
        }
    }
}

extension Experiment.Load: Codable {
    private enum CodingKeys: String, CodingKey { case manifest, count, every, after, arrivals }

    package init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: CodingKeys.self)
        self.init(
            manifest: try container.decode(String.self, forKey: .manifest),
            count: try container.decode(Int.self, forKey: .count),
            every: try container.decode(Duration.self, forKey: .every),
            after: try container.decodeIfPresent(Duration.self, forKey: .after) ?? .zero,
            arrivals: try container.decodeIfPresent(Arrivals.self, forKey: .arrivals) ?? .regular)
    }

    package func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: CodingKeys.self)
        try container.encode(manifest, forKey: .manifest)
        try container.encode(count, forKey: .count)
        try container.encode(every, forKey: .every)
        if after != .zero { try container.encode(after, forKey: .after) }
        if arrivals != .regular { try container.encode(arrivals, forKey: .arrivals) }
    }
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
