import Determinism
package import Faults
import Kubernetes
package import Resilience

/// Reads experiment and plan files: decodes them, resolves what they name, and refuses everything that could only go
/// wrong later.
package struct ExperimentReader: Sendable {
    package static let apiVersion = "boreas.dev/v1alpha1"

    let file: String
    let presets: [Policy]
    let chosen: [String]?
    /// The experiment's own, an absolute path; empty where it stands in no file.
    let folder: String
    let read: @Sendable (String) throws -> DocumentNode
    var decoder: DocumentDecoder { DocumentDecoder(file: file) }

    /// - Parameters:
    ///   - file: The file's name, for errors.
    ///   - presets: The policies that a file may name.
    ///   - policies: Run these instead of the file's choice; each is a preset or a policy of the file.
    ///   - folder: Where a process works that names no absolute folder: the file's own, as an absolute path.
    ///   - read: Gives the document in another file, by its path as written, beside the experiment; a file of several
    ///     documents as their list.
    package init(
        file: String, presets: [Policy], policies: [String]? = nil, folder: String = "",
        read: @escaping @Sendable (String) throws -> DocumentNode
    ) {
        self.file = file
        self.presets = presets
        chosen = policies
        self.folder = folder
        self.read = read
    }

    /// - Throws: ``ExperimentError``.
    package func experiment(from root: DocumentNode) throws(ExperimentError) -> Experiment {
        try checkHeader(root, kind: "Experiment")
        let all = try Variables.combinations(root["spec"]?["vary"], file: file)
        try checkReferences(root, all[0])
        var first: ExperimentDocument?
        var variations: [Experiment.Variation] = []
        for variables in all {
            let document = try decoder.decode(ExperimentDocument.self, from: applied(variables, to: root))
            if document.spec.policies == nil, document.spec.subject?.process == nil {
                throw error("policies is missing; boreas policies lists them", at: root["spec"]?.position, "spec")
            }
            variations += try planned(try variation(document.spec, variables), document.spec, variables)
            first = first ?? document
        }
        guard let first else { throw error("nothing to run", root) }
        return try experiment(first, variations)
    }

    /// A plan for the fault proxy by itself: `kind: Plan`, with `seed` and `faults` in its `spec`.
    ///
    /// - Throws: ``ExperimentError``.
    package func plan(from root: DocumentNode) throws(ExperimentError) -> (plan: Plan, seed: UInt64) {
        try checkHeader(root, kind: "Plan")
        let document = try decoder.decode(PlanDocument.self, from: root)
        return (try plan(Self.placed(document.spec.faults, "spec.faults")), document.spec.seed ?? Self.seedDefault)
    }

    /// A file that names no seed is as repeatable as one that does.
    static let seedDefault: UInt64 = 1

    private func applied(_ variables: Variables, to root: DocumentNode) -> DocumentNode {
        guard let vary = root["spec"]?["vary"] else { return root }
        // What varies stands for itself.
        let rest = DocumentNode(.mapping([DocumentNode.Member(key: "vary", value: vary)]))
        return variables.applied(to: root)
            .overlaid(by: DocumentNode(.mapping([DocumentNode.Member(key: "spec", value: rest)]), at: root.position))
    }

    private func experiment(
        _ document: ExperimentDocument, _ variations: [Experiment.Variation]
    ) throws(ExperimentError) -> Experiment {
        let name = document.metadata.name
        let isLabel = name.value.allSatisfy {
            $0.isASCII && ($0.isLowercase || $0.isNumber || $0 == "-" || $0 == ".")
        }
        guard isLabel, !name.value.isEmpty else {
            throw error(
                "\"\(name.value)\" is no name; use lower-case letters, digits, - and .", at: name.position,
                "metadata.name")
        }
        let seed = document.spec.seed
        if let seed, seed.value >= 1 << 53 {
            throw error("\(seed.value) is too large; a seed has at most 53 bits", at: seed.position, "spec.seed")
        }
        let trials = document.spec.trials
        if let trials, !(1...1_000_000).contains(trials.value) {
            throw error("\(trials.value) trials; 1 to 1000000 are possible", at: trials.position, "spec.trials")
        }
        let firstTrial = document.spec.firstTrial
        if let firstTrial, !(1...1_000_000_000).contains(firstTrial.value) {
            throw error(
                "\(firstTrial.value) is no trial; they are counted from 1", at: firstTrial.position, "spec.firstTrial")
        }
        return Experiment(
            name: name.value, description: document.metadata.description ?? "",
            seed: seed?.value ?? Self.seedDefault, trials: trials?.value ?? 1, variations: variations,
            gate: try gate(document.spec.gate ?? [], variations[0]),
            expectations: try expectations(document.spec, variations: variations.map(\.name)),
            firstTrial: firstTrial?.value ?? 1, isSwarm: document.spec.swarm ?? false)
    }

    private func variation(
        _ spec: ExperimentDocument.Spec, _ variables: Variables
    ) throws(ExperimentError) -> Experiment.Variation {
        if let process = spec.subject?.process, spec.subject?.core != nil || spec.subject?.clients != nil {
            throw error(
                "a subject is one of core, clients and process; choose one", at: process.position,
                "spec.subject.process")
        }
        if let clients = spec.subject?.clients, spec.subject?.core != nil {
            throw error(
                "a subject is one of core and clients; choose one", at: clients.position, "spec.subject.clients")
        }
        let replicas = spec.subject?.core?.replicas
        if let replicas, !(1...Self.replicasMax).contains(replicas.value) {
            throw error(
                "\(replicas.value) controllers; \(Self.replicasMax) is the most", at: replicas.position,
                "spec.subject.core.replicas")
        }
        guard spec.phases.value.converge > .zero else {
            throw error(
                "converge must be longer than 0s: it bounds the time in which everything must finish",
                at: spec.phases.position, "spec.phases")
        }
        let plan = try plan(Self.placed(spec.faults, "spec.faults"))
        if let process = spec.subject?.process {
            return try variation(of: process, spec, variables, plan)
        }
        let policies = try policies(spec.policies ?? [])
        if spec.subject?.clients != nil {
            return Experiment.Variation(
                name: variables.name, policies: policies, workload: [], phases: spec.phases.value, plan: plan,
                clients: try clientLoad(spec))
        }
        let workload = try workload(spec, variables)
        return Experiment.Variation(
            name: variables.name, policies: policies, workload: workload.loads, phases: spec.phases.value, plan: plan,
            objects: workload.objects, changes: workload.changes, replicas: replicas?.value ?? 1)
    }

    /// How many controllers of a subject the harness can run side by side.
    static let replicasMax = 3

    private func gate(
        _ lines: [Located<String>], _ variation: Experiment.Variation
    ) throws(ExperimentError) -> [GateExpression] {
        var expressions: [GateExpression] = []
        for (index, line) in lines.enumerated() {
            do throws(GateParseError) {
                let expression = try GateExpression(parsing: line.value, policies: variation.policies.map(\.name))
                try expression.check(against: variation.subject)
                try expression.checkNew(after: expressions)
                expressions.append(expression)
            } catch {
                throw self.error(error.description, at: line.position, "spec.gate[\(index)]")
            }
        }
        return expressions
    }

    func checkHeader(_ root: DocumentNode, kind: String) throws(ExperimentError) {
        guard root.members != nil else { throw error("a mapping is wanted here, and this is \(root.typeName)", root) }
        let version = root["apiVersion"]
        guard version?.string == Self.apiVersion else {
            throw error(
                "apiVersion must be \(Self.apiVersion)\(version.map { ", and this is \($0.typeName)" } ?? "")",
                at: version?.position ?? root.position, "apiVersion")
        }
        guard root["kind"]?.string == kind else {
            throw error(
                "kind must be \(kind)\(root["kind"].map { ", and this is \($0.typeName)" } ?? "")",
                at: root["kind"]?.position ?? root.position, "kind")
        }
    }

    /// A `$(name)` that nothing defines is a slip, and so is a name that nothing refers to. Workloads and subjects
    /// have variables of their own, such as `$(responder)`.
    private func checkReferences(_ root: DocumentNode, _ variables: Variables) throws(ExperimentError) {
        guard let spec = root["spec"] else { return }
        let names = variables.settings.map(\.name)
        for reference in Variables.references(in: spec.without("vary", "workload", "subject"))
        where !names.contains(reference.name) {
            let mend = names.isEmpty ? "; name its values under spec.vary" : Spelling.mend(reference.name, among: names)
            throw error("nothing defines $(\(reference.name))\(mend)", at: reference.position, "spec")
        }
        var used = Set(Variables.references(in: spec.without("vary")).map(\.name))
        for load in spec["workload"]?.elements ?? [] {
            for kind in ["workflow", "cronWorkflow", "manifest", "object"] {
                guard let path = load[kind]?["file"]?.string, let manifest = try? read(path) else { continue }
                used.formUnion(Variables.references(in: manifest).map(\.name))
            }
        }
        for member in spec["vary"]?.members ?? [] where !used.contains(member.key) {
            throw error(
                "nothing refers to $(\(member.key)), so its values would give equal cells", at: member.keyPosition,
                "spec.vary")
        }
    }

    func error(_ message: String, _ node: DocumentNode) -> ExperimentError {
        error(message, at: node.position, "")
    }

    func error(_ message: String, at position: DocumentNode.Position?, _ path: String) -> ExperimentError {
        ExperimentError(file: file, position: position, path: path, message: message)
    }
}
