import Determinism
import Faults
import Kubernetes
import Resilience

/// The experiment file as it is written.
struct ExperimentDocument: Decodable {
    struct Metadata: Decodable {
        var name: Located<String>
        var description: String?
    }

    struct Spec: Decodable {
        var seed: Located<UInt64>?
        var trials: Located<Int>?
        var subject: Subject?
        var policies: [DocumentNode]
        var vary: DocumentNode?
        var workload: [LoadDocument]
        var phases: Located<Experiment.Phases>
        var faults: [Located<Rule>]?
        var gate: [Located<String>]?
    }

    struct Subject: Decodable {
        struct Core: Decodable {}

        var core: Core?
        var process: DocumentNode?
    }

    struct LoadDocument: Decodable {
        struct WorkflowDocument: Decodable {
            var file: Located<String>?
            var inline: DocumentNode?
            var count: Located<Int>?
            var every: Duration?
        }

        var workflow: WorkflowDocument
    }

    var apiVersion: String
    var kind: String
    var metadata: Metadata
    var spec: Spec
}

/// The plan file of the fault proxy as it is written.
struct PlanDocument: Decodable {
    struct Metadata: Decodable {
        var name: String?
        var description: String?
    }

    struct Spec: Decodable {
        var seed: UInt64?
        var faults: [Located<Rule>]
    }

    var apiVersion: String
    var kind: String
    var metadata: Metadata?
    var spec: Spec
}

extension ExperimentReader {
    func workload(
        _ spec: ExperimentDocument.Spec, _ variables: Variables
    ) throws(ExperimentError) -> [Experiment.Load] {
        var loads: [Experiment.Load] = []
        for (index, load) in spec.workload.enumerated() {
            let path = "spec.workload[\(index)].workflow"
            let workflow = load.workflow
            if let count = workflow.count, !(1...1_000_000).contains(count.value) {
                throw error("\(count.value) workflows; 1 to 1000000 are possible", at: count.position, "\(path).count")
            }
            let manifest = try manifest(workflow, path)
            guard manifest["kind"]?.string == "Workflow" else {
                throw error(
                    "the manifest's kind must be Workflow\(manifest["kind"]?.string.map { ", and is \($0)" } ?? "")",
                    at: workflow.file?.position ?? manifest.position, path)
            }
            loads.append(
                Experiment.Load(
                    manifest: variables.applied(to: manifest).json.text, count: workflow.count?.value ?? 1,
                    every: workflow.every ?? .zero))
        }
        guard !loads.isEmpty else {
            throw error("the workload is empty, so there is nothing to watch", at: nil, "spec.workload")
        }
        return loads
    }

    private func manifest(
        _ workflow: ExperimentDocument.LoadDocument.WorkflowDocument, _ path: String
    ) throws(ExperimentError) -> DocumentNode {
        switch (workflow.file, workflow.inline) {
        case (nil, let inline?): return inline
        case (let name?, nil):
            do {
                return try read(name.value)
            } catch let inner as ExperimentError {
                throw inner
            } catch let failure {
                throw error("can't read \(name.value): \(failure)", at: name.position, "\(path).file")
            }
        case (let name, _):
            throw error("give the workflow by one of file and inline", at: name?.position, path)
        }
    }

    func policies(_ nodes: [DocumentNode]) throws(ExperimentError) -> [Policy] {
        var listed: [Policy] = []
        for (index, node) in nodes.enumerated() {
            let path = "spec.policies[\(index)]"
            let policy = try policy(node, path, known: presets + listed)
            guard !listed.contains(where: { $0.name == policy.name }) else {
                throw error("\(policy.name) stands here twice", at: node.position, path)
            }
            listed.append(policy)
        }
        if let chosen { listed = try choose(chosen, among: listed) }
        guard !listed.isEmpty else {
            throw error("name at least one policy; boreas policies lists them", at: nil, "spec.policies")
        }
        return listed
    }

    private func choose(_ names: [String], among listed: [Policy]) throws(ExperimentError) -> [Policy] {
        var policies: [Policy] = []
        for name in names where !policies.contains(where: { $0.name == name }) {
            guard let policy = (listed + presets).first(where: { $0.name == name }) else {
                throw ExperimentError(
                    file: "--policy", position: nil, path: "",
                    message: "no policy is named \(name)\(Spelling.mend(name, among: (listed + presets).map(\.name)))")
            }
            policies.append(policy)
        }
        return policies
    }

    private func policy(_ node: DocumentNode, _ path: String, known: [Policy]) throws(ExperimentError) -> Policy {
        func named(_ node: DocumentNode, _ path: String) throws(ExperimentError) -> Policy {
            let name = try decoder.decode(String.self, from: node, path: path)
            guard let policy = known.first(where: { $0.name == name }) else {
                throw error(
                    "no policy is named \(name)\(Spelling.mend(name, among: known.map(\.name)))", at: node.position,
                    path)
            }
            return policy
        }
        guard node.members != nil else { return try named(node, path) }
        guard let extends = node["extends"] else {
            return try checked(try decoder.decode(Policy.self, from: node, path: path), node, path)
        }
        let base = try named(extends, "\(path).extends")
        guard node["name"] != nil else { throw error("name is missing", at: node.position, path) }
        guard let encoded = try? DocumentEncoder().encode(base) else {
            throw error("\(base.name) can't be written as a document", at: extends.position, path)
        }
        let description = DocumentNode(.string("\(base.name), changed"), at: extends.position)
        let merged = DocumentNode(json: encoded, at: extends.position)
            .overlaid(by: DocumentNode(.mapping([DocumentNode.Member(key: "description", value: description)])))
            .overlaid(by: node.without("extends"))
        return try checked(try decoder.decode(Policy.self, from: merged, path: path), node, path)
    }

    private func checked(_ policy: Policy, _ node: DocumentNode, _ path: String) throws(ExperimentError) -> Policy {
        let place = node["name"]?.position ?? node.position
        guard !presets.contains(where: { $0.name == policy.name }) else {
            throw error("\(policy.name) is the name of a preset; choose another", at: place, "\(path).name")
        }
        guard !policy.name.isEmpty, !policy.name.contains(where: { $0 == "," || $0.isWhitespace || $0 == "/" }) else {
            throw error("a policy's name has no spaces, commas or slashes", at: place, "\(path).name")
        }
        guard policy.call.maxAttempts >= 1 else {
            throw error(
                "maxAttempts is \(policy.call.maxAttempts), and the first try counts as one",
                at: node["call"]?["maxAttempts"]?.position ?? place, "\(path).call.maxAttempts")
        }
        return policy
    }
}
