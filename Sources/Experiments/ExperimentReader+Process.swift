import Determinism
import Faults
import Kubernetes
import Resilience

extension ExperimentDocument {
    struct ProcessDocument: Decodable, Hashable, Sendable {
        struct ReadyDocument: Decodable, Hashable, Sendable {
            var watches: Located<Int>?
            var log: Located<String>?
            var http: Located<String>?
        }

        var command: Located<[Located<String>]>
        var environment: Located<[String: String]>?
        var workingDirectory: Located<String>?
        var ready: Located<ReadyDocument>?
        var readyWithin: Located<Duration>?
        var stopGrace: Duration?
        var memoryGrowthMax: DocumentNode?
    }
}

extension ExperimentReader {
    /// The variation whose subject is a process.
    func variation(
        of document: Located<ExperimentDocument.ProcessDocument>, _ spec: ExperimentDocument.Spec,
        _ variables: Variables, _ plan: Plan
    ) throws(ExperimentError) -> Experiment.Variation {
        if let policies = spec.policies {
            throw error(
                "a process has ways of its own, which no policy of Boreas changes; leave policies out",
                at: policies.first?.position ?? document.position, "spec.policies")
        }
        if let chosen {
            throw ExperimentError(
                file: "--policy", position: nil, path: "",
                message: "\(chosen.joined(separator: ",")) changes nothing where the subject is a process; leave it out"
            )
        }
        if let name = variables.settings.map(\.name).first(where: ProcessSubject.placeholders.contains) {
            throw error(
                "$(\(name)) stands for the trial's own; call the variable something else", at: spec.vary?.position,
                "spec.vary.\(name)")
        }
        let process = try process(document.value)
        let workload = try processWorkload(spec, variables)
        return Experiment.Variation(
            name: variables.name, policies: [.ofProcess], workload: [], phases: spec.phases.value, plan: plan,
            changes: workload.changes, process: process, setup: workload.setup, arrivals: workload.arrivals)
    }

    // MARK: The program

    private func process(_ document: ExperimentDocument.ProcessDocument) throws(ExperimentError) -> ProcessSubject {
        let path = "spec.subject.process"
        guard let program = document.command.value.first, !program.value.isEmpty else {
            throw error(
                "a program is missing; write command: [./manager, --kubeconfig, $(KUBECONFIG)]",
                at: document.command.position, "\(path).command")
        }
        for (index, word) in document.command.value.enumerated() {
            try checkPlaceholders(word.value, at: word.position, "\(path).command[\(index)]")
        }
        let environment = document.environment?.value ?? [:]
        for (name, value) in environment.sorted(by: { $0.key < $1.key }) {
            guard !name.isEmpty, !name.contains("=") else {
                throw error(
                    "\"\(name)\" is no name of a variable", at: document.environment?.position, "\(path).environment")
            }
            try checkPlaceholders(value, at: document.environment?.position, "\(path).environment.\(name)")
        }
        if let within = document.readyWithin, within.value == .zero {
            throw error("nothing is ready at once; write 30s, say", at: within.position, "\(path).readyWithin")
        }
        return ProcessSubject(
            command: document.command.value.map(\.value), environment: environment,
            workingDirectory: try workingDirectory(document.workingDirectory, "\(path).workingDirectory"),
            ready: try ready(document.ready, "\(path).ready"),
            readyWithin: document.readyWithin?.value ?? .seconds(30), stopGrace: document.stopGrace ?? .seconds(5),
            memoryGrowthMax: try bytes(document.memoryGrowthMax, "\(path).memoryGrowthMax"))
    }

    /// A shell's own `$(…)` is left alone; what is almost a placeholder is a slip.
    private func checkPlaceholders(
        _ text: String, at position: DocumentNode.Position?, _ path: String
    ) throws(ExperimentError) {
        for reference in Variables.references(in: DocumentNode(.string(text)))
        where !ProcessSubject.placeholders.contains(reference.name) {
            if let meant = Spelling.nearest(to: reference.name, among: ProcessSubject.placeholders) {
                throw error(
                    "$(\(reference.name)) is nothing of the trial's; did you mean $(\(meant))?", at: position, path)
            }
        }
    }

    private func workingDirectory(_ given: Located<String>?, _ path: String) throws(ExperimentError) -> String {
        guard let given, given.value != "." else {
            guard folder.isEmpty else { return folder }
            throw error("the experiment stands in no folder; write an absolute path", at: given?.position, path)
        }
        if given.value.hasPrefix("/") { return given.value }
        guard !given.value.isEmpty, !folder.isEmpty else {
            throw error("\"\(given.value)\" is no folder; write an absolute path", at: given.position, path)
        }
        let relative = given.value.hasPrefix("./") ? given.value.dropFirst(2) : given.value[...]
        return "\(folder)/\(relative)"
    }

    private func ready(
        _ document: Located<ExperimentDocument.ProcessDocument.ReadyDocument>?, _ path: String
    ) throws(ExperimentError) -> ProcessSubject.Ready {
        guard let document else { return .watches(1) }
        switch (document.value.watches, document.value.log, document.value.http) {
        case (let watches?, nil, nil):
            guard (1...1_000).contains(watches.value) else {
                throw error(
                    "\(watches.value) watches; 1 to 1000 are possible", at: watches.position, "\(path).watches")
            }
            return .watches(watches.value)
        case (nil, let log?, nil):
            guard !log.value.isEmpty else {
                throw error(
                    "the text is empty, and stands in every line; write what to wait for", at: log.position,
                    "\(path).log")
            }
            return .log(log.value)
        case (nil, nil, let http?):
            guard ["http://", "https://"].contains(where: http.value.hasPrefix) else {
                throw error(
                    "\(http.value) is no URL; write http://127.0.0.1:8081/readyz, say", at: http.position,
                    "\(path).http")
            }
            return .http(http.value)
        default:
            throw error(
                "name one of watches, log and http, such as ready: {watches: 1}", at: document.position, path)
        }
    }

    private func bytes(_ node: DocumentNode?, _ path: String) throws(ExperimentError) -> Int? {
        guard let node, node.content != .null else { return nil }
        guard let text = node.scalarText, let quantity = try? Quantity(parsing: text), quantity.value > 0 else {
            throw error(
                "\(node.scalarText ?? node.typeName) is no amount of memory; write 200Mi, say", at: node.position, path)
        }
        return Int(quantity.value)
    }

    // MARK: The workload

    private struct ProcessWorkload {
        var setup: [String] = []
        var arrivals: [Experiment.ObjectLoad] = []
        var changes: [Experiment.Change] = []
        /// `Website.example.com/web`: what may stand there once alone.
        var names: Set<String> = []
        /// `.example.com web`, by group and name: what a change deletes.
        var deleted: Set<String> = []
    }

    private func processWorkload(
        _ spec: ExperimentDocument.Spec, _ variables: Variables
    ) throws(ExperimentError) -> ProcessWorkload {
        var parts = ProcessWorkload()
        for change in spec.workload.compactMap(\.value.change) where change.delete?.value ?? false {
            let words = change.of.value.split(separator: "/").map(String.init)
            guard words.count == 2 else { continue }
            let group = words[0].split(separator: ".", maxSplits: 1).dropFirst().first.map { ".\($0)" } ?? ""
            parts.deleted.insert("\(group) \(words[1])")
        }
        for (index, entry) in spec.workload.enumerated() {
            let path = "spec.workload[\(index)]"
            let load = entry.value
            let foreign: [(name: String, isGiven: Bool)] = [
                ("workflow", load.workflow != nil), ("cronWorkflow", load.cronWorkflow != nil),
                ("contend", load.contend != nil), ("call", load.call != nil),
            ]
            if let name = foreign.first(where: \.isGiven)?.name {
                throw error(
                    "\(name) is nothing for a process; write manifest, object or change", at: entry.position,
                    "\(path).\(name)")
            }
            switch (load.manifest, load.object, load.change) {
            case (let manifest?, nil, nil):
                let path = "\(path).manifest"
                for node in try manifests(manifest.file, manifest.inline, path) {
                    let object = variables.applied(to: node)
                    let place = manifest.file?.position ?? node.position
                    try check(object, at: place, path)
                    guard let name = object["metadata"]?["name"]?.string, !name.isEmpty else {
                        throw error("the \(object["kind"]?.string ?? "") has no metadata.name", at: place, path)
                    }
                    try claim([name], of: object, in: &parts, at: place, path)
                    parts.setup.append(object.json.text)
                }
            case (nil, let object?, nil): try add(object, "\(path).object", spec, variables, to: &parts)
            case (nil, nil, let change?):
                parts.changes.append(try self.change(ofAny: change, "\(path).change", spec, variables))
            default:
                throw error(
                    "name one of manifest, object and change, each in an entry of its own", at: entry.position, path)
            }
        }
        return parts
    }

    private func add(
        _ object: ExperimentDocument.LoadDocument.ObjectDocument, _ path: String, _ spec: ExperimentDocument.Spec,
        _ variables: Variables, to parts: inout ProcessWorkload
    ) throws(ExperimentError) {
        try check(object.after, path, spec)
        try check(object.count, "objects", path)
        let phases = spec.phases.value
        let count = object.count?.value ?? 1
        let every = object.every ?? .zero
        guard (object.after?.value ?? .zero) + every * (count - 1) <= phases.calm + phases.storm + phases.converge
        else {
            throw error(
                "the trial is over before the last of them arrives; lower count or every",
                at: object.count?.position, "\(path).every")
        }
        for node in try manifests(object.file, object.inline, path) {
            let manifest = variables.applied(to: node)
            let place = object.file?.position ?? node.position
            try check(manifest, at: place, path)
            let load = Experiment.ObjectLoad(
                manifest: manifest.json.text, count: count, every: every, after: object.after?.value ?? .zero)
            guard
                ["name", "generateName"].contains(where: { manifest["metadata"]?[$0]?.string?.isEmpty == false })
            else {
                throw error(
                    "the \(manifest["kind"]?.string ?? "") has neither metadata.name nor metadata.generateName",
                    at: place, path)
            }
            try claim(load.names.filter { !$0.isEmpty }, of: manifest, in: &parts, at: place, path)
            parts.arrivals.append(load)
        }
    }

    /// Of any kind, but one object.
    private func check(
        _ node: DocumentNode, at place: DocumentNode.Position?, _ path: String
    ) throws(ExperimentError) {
        guard let kind = node["kind"]?.string, !kind.isEmpty else {
            throw error("the manifest has no kind", at: place, path)
        }
        guard let version = node["apiVersion"]?.string, !version.isEmpty else {
            throw error("the \(kind) has no apiVersion", at: place, path)
        }
        if kind.hasSuffix("List"), node["items"] != nil {
            throw error(
                "a \(kind) is several objects; write them as documents of a file, parted by ---", at: place, path)
        }
    }

    private func claim(
        _ names: [String], of node: DocumentNode, in parts: inout ProcessWorkload,
        at place: DocumentNode.Position?, _ path: String
    ) throws(ExperimentError) {
        let version = node["apiVersion"]?.string ?? ""
        let group = version.contains("/") ? ".\(version.split(separator: "/")[0])" : ""
        let namespace = node["metadata"]?["namespace"]?.string.map { "\($0)/" } ?? ""
        for name in names {
            let whole = "\(node["kind"]?.string ?? "")\(group) \(namespace)\(name)"
            // What is deleted in between may come anew.
            guard parts.names.insert(whole).inserted || parts.deleted.contains("\(group) \(name)") else {
                throw error(
                    "the workload has \(whole) twice; delete it in between by a change, or rename one", at: place, path)
            }
        }
    }

    /// What the subject makes has names that nobody knows beforehand, so only their form is checked.
    private func change(
        ofAny change: ExperimentDocument.LoadDocument.ChangeDocument, _ path: String,
        _ spec: ExperimentDocument.Spec, _ variables: Variables
    ) throws(ExperimentError) -> Experiment.Change {
        let words = change.of.value.split(separator: "/", omittingEmptySubsequences: false).map(String.init)
        guard words.count == 2, !words[0].isEmpty, !words[1].isEmpty else {
            throw error(
                "\(change.of.value) names no object; write configmaps/limits or websites.example.com/web, say",
                at: change.of.position, "\(path).of")
        }
        // The words of rules, which name resources in the same way.
        let asked = Plan(rules: [
            Rule(name: "of", match: RequestMatch(resource: words[0]), fault: .blackHole(Fault.BlackHole()))
        ])
        if let problem = asked.problems().first {
            throw error(problem.message, at: change.of.position, "\(path).of")
        }
        return try made(change, path, spec, resource: words[0], name: words[1], variables)
    }
}
