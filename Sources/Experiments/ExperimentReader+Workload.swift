import Determinism
package import Kubernetes

/// What the entries of a workload come to.
struct WorkloadParts {
    var loads: [Experiment.Load] = []
    var objects: [String] = []
    var changes: [Experiment.Change] = []
    /// `configmaps/limits`: what changes may be of.
    var names: [String] = []
}

extension ExperimentReader {
    private typealias LoadDocument = ExperimentDocument.LoadDocument

    func workload(
        _ spec: ExperimentDocument.Spec, _ variables: Variables
    ) throws(ExperimentError) -> WorkloadParts {
        var parts = WorkloadParts()
        for (index, entry) in spec.workload.enumerated() {
            let path = "spec.workload[\(index)]"
            let load = entry.value
            guard load.contend == nil, load.call == nil else {
                throw error(
                    "\(load.contend == nil ? "call" : "contend") is what clients do; write subject: {clients: {}}",
                    at: entry.position, path)
            }
            guard load.object == nil else {
                throw error(
                    "objects of any kind arrive for a process; write workflow or manifest, or subject: {process: …}",
                    at: entry.position, "\(path).object")
            }
            let given = [
                load.workflow != nil, load.cronWorkflow != nil, load.manifest != nil, load.change != nil,
            ].count { $0 }
            guard given == 1 else {
                throw error(
                    "name one of workflow, cronWorkflow, manifest and change, each in an entry of its own",
                    at: entry.position, path)
            }
            if let workflow = load.workflow {
                try check(workflow.after, "\(path).workflow", spec)
                try add(workflow, "\(path).workflow", variables, to: &parts)
            }
            if let cron = load.cronWorkflow { try add(cron, "\(path).cronWorkflow", variables, to: &parts) }
            if let manifest = load.manifest {
                for node in try manifests(manifest.file, manifest.inline, "\(path).manifest") {
                    try addObject(node, at: manifest.file?.position, "\(path).manifest", variables, to: &parts)
                }
            }
        }
        guard !parts.loads.isEmpty || parts.hasCronWorkflow else {
            throw error("the workload is empty, so there is nothing to watch", at: nil, "spec.workload")
        }
        parts.names += parts.loads.enumerated().flatMap { index, load in
            load.workflowNames(load: index + 1).map { "\(APIResource.workflows.name)/\($0)" }
        }
        if let twin = Dictionary(grouping: parts.names, by: \.self).filter({ $0.value.count > 1 }).keys.min() {
            throw error("the workload has \(twin) twice", at: nil, "spec.workload")
        }
        for (index, entry) in spec.workload.enumerated() {
            guard let change = entry.value.change else { continue }
            parts.changes.append(try self.change(change, "spec.workload[\(index)].change", spec, parts, variables))
        }
        return parts
    }

    private func add(
        _ workflow: LoadDocument.WorkflowDocument, _ path: String, _ variables: Variables,
        to parts: inout WorkloadParts
    ) throws(ExperimentError) {
        try check(workflow.count, "workflows", path)
        let arrivals = try arrivals(workflow, path)
        let nodes = try manifests(workflow.file, workflow.inline, path)
        let kinds = nodes.compactMap { $0["kind"]?.string }
        guard kinds.contains("Workflow") else {
            throw error(
                "the manifest's kind must be Workflow\(kinds.first.map { ", and is \($0)" } ?? "")",
                at: workflow.file?.position ?? nodes.first?.position, path)
        }
        for node in nodes {
            guard node["kind"]?.string == "Workflow" else {
                try addObject(node, at: workflow.file?.position, path, variables, to: &parts)
                continue
            }
            parts.loads.append(
                Experiment.Load(
                    manifest: variables.applied(to: node).json.text, count: workflow.count?.value ?? 1,
                    every: workflow.every ?? .zero, after: workflow.after?.value ?? .zero, arrivals: arrivals))
        }
    }

    private func arrivals(
        _ workflow: LoadDocument.WorkflowDocument, _ path: String
    ) throws(ExperimentError) -> Experiment.Load.Arrivals {
        guard let word = workflow.arrivals else { return .regular }
        let known = Experiment.Load.Arrivals.allCases.map(\.rawValue)
        guard let arrivals = Experiment.Load.Arrivals(rawValue: word.value) else {
            throw error(
                "arrivals are \(known.joined(separator: " or ")), and not \(word.value)", at: word.position,
                "\(path).arrivals")
        }
        guard arrivals == .regular || workflow.every ?? .zero > .zero else {
            throw error(
                "arrivals at random need every, the mean time between two of them", at: word.position,
                "\(path).arrivals")
        }
        return arrivals
    }

    private func add(
        _ cron: LoadDocument.CronWorkflowDocument, _ path: String, _ variables: Variables,
        to parts: inout WorkloadParts
    ) throws(ExperimentError) {
        try check(cron.count, "CronWorkflows", path)
        let nodes = try manifests(cron.file, cron.inline, path)
        let kinds = nodes.compactMap { $0["kind"]?.string }
        guard kinds.contains("CronWorkflow") else {
            throw error(
                "the manifest's kind must be CronWorkflow\(kinds.first.map { ", and is \($0)" } ?? "")",
                at: cron.file?.position ?? nodes.first?.position, path)
        }
        for node in nodes {
            let count = node["kind"]?.string == "CronWorkflow" ? cron.count?.value ?? 1 : 1
            guard count > 1 else {
                try addObject(node, at: cron.file?.position, path, variables, to: &parts)
                continue
            }
            for turn in 1...count {
                let name = "\(node["metadata"]?["name"]?.string ?? "cron")-\(Experiment.Load.padded(turn))"
                let named = node.overlaid(
                    by: DocumentNode(json: ["metadata": ["name": .string(name)]], at: node.position))
                try addObject(named, at: cron.file?.position, path, variables, to: &parts)
            }
        }
    }

    func check(
        _ after: Located<Duration>?, _ path: String, _ spec: ExperimentDocument.Spec
    ) throws(ExperimentError) {
        guard let after else { return }
        let phases = spec.phases.value
        guard after.value >= .zero, after.value <= phases.calm + phases.storm + phases.converge else {
            throw error(
                after.value < .zero ? "a time cannot be negative" : "the trial is over by then", at: after.position,
                "\(path).after")
        }
    }

    func check(_ count: Located<Int>?, _ what: String, _ path: String) throws(ExperimentError) {
        if let count, !(1...1_000_000).contains(count.value) {
            throw error("\(count.value) \(what); 1 to 1000000 are possible", at: count.position, "\(path).count")
        }
    }

    private func addObject(
        _ node: DocumentNode, at position: DocumentNode.Position?, _ path: String, _ variables: Variables,
        to parts: inout WorkloadParts
    ) throws(ExperimentError) {
        let place = position ?? node.position
        let kind = node["kind"]?.string ?? ""
        if kind == "Workflow" { throw error("a Workflow arrives in time; write it under workflow", at: place, path) }
        let kinds = Experiment.objectResources.map(\.kind).filter { $0 != "Workflow" }
        guard let resource = Experiment.objectResources.first(where: { $0.kind == kind }) else {
            let what = kind.isEmpty ? "the manifest has no kind" : "objects of the kind \(kind) are not for a workload"
            throw error("\(what)\(Spelling.mend(kind, among: kinds))", at: place, path)
        }
        guard node["apiVersion"]?.string == resource.groupVersion else {
            throw error("the apiVersion of a \(kind) is \(resource.groupVersion)", at: place, path)
        }
        let json = variables.applied(to: node).json
        guard let name = json.object?["metadata", "name"]?.string, !name.isEmpty else {
            throw error("the \(kind) has no metadata.name", at: place, path)
        }
        parts.objects.append(json.text)
        parts.names.append("\(resource.name)/\(name)")
    }

    private func change(
        _ change: LoadDocument.ChangeDocument, _ path: String, _ spec: ExperimentDocument.Spec,
        _ parts: WorkloadParts, _ variables: Variables
    ) throws(ExperimentError) -> Experiment.Change {
        let words = change.of.value.split(separator: "/", omittingEmptySubsequences: false).map(String.init)
        let plural = words.first?.split(separator: ".").first.map(String.init) ?? ""
        guard words.count == 2, !words[1].isEmpty else {
            throw error(
                "\(change.of.value) names no object; write configmaps/limits, say", at: change.of.position, "\(path).of"
            )
        }
        guard let resource = Experiment.objectResources.first(where: { $0.name == plural }) else {
            let plurals = Experiment.objectResources.map(\.name)
            throw error(
                "\(words[0]) is no resource of a workload\(Spelling.mend(words[0], among: plurals))",
                at: change.of.position, "\(path).of")
        }
        let name = "\(resource.name)/\(words[1])"
        let own = parts.names.filter { $0.hasPrefix("\(resource.name)/") }
        guard own.contains(name) || resource.isMadeBySubject(parts) else {
            throw error(
                "the workload has no \(name)\(Spelling.mend(name, among: own))", at: change.of.position, "\(path).of")
        }
        return try made(change, path, spec, resource: resource.name, name: words[1], variables)
    }

    /// The change, once it is known what it is of.
    func made(
        _ change: ExperimentDocument.LoadDocument.ChangeDocument, _ path: String, _ spec: ExperimentDocument.Spec,
        resource: String, name: String, _ variables: Variables
    ) throws(ExperimentError) -> Experiment.Change {
        let phases = spec.phases.value
        guard change.at.value <= phases.calm + phases.storm + phases.converge else {
            throw error("the trial is over by then", at: change.at.position, "\(path).at")
        }
        switch (change.patch, change.delete?.value ?? false) {
        case (let patch?, false):
            guard patch.members != nil else {
                throw error("a merge patch is wanted here, and this is \(patch.typeName)", at: patch.position, path)
            }
            return Experiment.Change(
                at: change.at.value, resource: resource, name: name,
                patch: variables.applied(to: patch).json.text)
        case (nil, true):
            return Experiment.Change(at: change.at.value, resource: resource, name: name, patch: nil)
        default:
            throw error("give the change by one of patch and delete: true", at: change.of.position, path)
        }
    }

    /// The documents that an entry of the workload names.
    func manifests(
        _ file: Located<String>?, _ inline: DocumentNode?, _ path: String
    ) throws(ExperimentError) -> [DocumentNode] {
        let node: DocumentNode
        switch (file, inline) {
        case (nil, let inline?): node = inline
        case (let name?, nil):
            do {
                node = try read(name.value)
            } catch let inner as ExperimentError {
                throw inner
            } catch let failure {
                throw error("can't read \(name.value): \(failure)", at: name.position, "\(path).file")
            }
        case (let name, _):
            throw error("give the manifest by one of file and inline", at: name?.position, path)
        }
        let nodes = node.elements ?? [node]
        guard let stray = nodes.first(where: { $0.members == nil }) else { return nodes }
        throw error(
            "a manifest is wanted here, and this is \(stray.typeName)", at: file?.position ?? stray.position, path)
    }
}

extension WorkloadParts {
    fileprivate var hasCronWorkflow: Bool { names.contains { $0.hasPrefix("\(APIResource.cronWorkflows.name)/") } }
}

extension APIResource {
    /// Whether objects of the resource come about by themselves, so that their names can't be checked.
    fileprivate func isMadeBySubject(_ parts: WorkloadParts) -> Bool {
        switch self {
        case .pods, .leases, .workflowTaskSets, .resourceQuotas: true
        case .workflows: parts.hasCronWorkflow
        default: false
        }
    }
}

extension Experiment {
    /// What a workload may consist of.
    package static let objectResources: [APIResource] = [
        .configMaps, .secrets, .serviceAccounts, .resourceQuotas, .leases, .pods, .workflows, .cronWorkflows,
        .workflowTemplates, .workflowTaskSets,
    ]
}

extension Experiment.Load {
    /// The names of the workflows, the same in every trial: fault decisions depend on them. A single one that has a name
    /// keeps it; else they are told apart by the load's place in the workload and their turn in it.
    ///
    /// - Parameter load: From 1.
    package func workflowNames(load: Int) -> [String] {
        let metadata = (try? JSONValue(parsing: Array(manifest.utf8)))?.object?["metadata"]?.object
        let name = metadata?["name"]?.string ?? ""
        if count == 1, !name.isEmpty { return [name] }
        let base = metadata?["generateName"]?.string ?? "\(name)-"
        return (1...max(1, count)).map { "\(base)\(load)-\(Self.padded($0))" }
    }

    static func padded(_ number: Int) -> String {
        let text = String(number)
        return String(repeating: "0", count: max(0, 4 - text.count)) + text
    }
}
