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
        var firstTrial: Located<Int>?
        var swarm: Bool?
        var subject: Subject?
        var policies: [DocumentNode]?
        var vary: DocumentNode?
        var workload: [Located<LoadDocument>]
        var phases: Located<Experiment.Phases>
        var faults: [Located<Rule>]?
        var plans: [Located<PlanEntry>]?
        var gate: [Located<String>]?
        var expect: DocumentNode?
    }

    struct Subject: Decodable {
        struct Core: Decodable {
            var replicas: Located<Int>?
        }

        var core: Core?
        var clients: Located<Clients>?
        var process: Located<ProcessDocument>?
    }

    /// One of several plans, each a variation by itself.
    struct PlanEntry: Decodable, Hashable, Sendable {
        var name: Located<String>
        var faults: [Located<Rule>]
    }

    struct LoadDocument: Decodable, Hashable, Sendable {
        struct WorkflowDocument: Decodable, Hashable, Sendable {
            var file: Located<String>?
            var inline: DocumentNode?
            var count: Located<Int>?
            var every: Duration?
            var after: Located<Duration>?
            var arrivals: Located<String>?
        }

        struct CronWorkflowDocument: Decodable, Hashable, Sendable {
            var file: Located<String>?
            var inline: DocumentNode?
            var count: Located<Int>?
        }

        struct ManifestDocument: Decodable, Hashable, Sendable {
            var file: Located<String>?
            var inline: DocumentNode?
        }

        struct ChangeDocument: Decodable, Hashable, Sendable {
            var at: Located<Duration>
            var of: Located<String>
            var patch: DocumentNode?
            var delete: Located<Bool>?
        }

        struct ObjectDocument: Decodable, Hashable, Sendable {
            var file: Located<String>?
            var inline: DocumentNode?
            var count: Located<Int>?
            var every: Duration?
            var after: Located<Duration>?
        }

        var workflow: WorkflowDocument?
        var cronWorkflow: CronWorkflowDocument?
        var manifest: ManifestDocument?
        var object: ObjectDocument?
        var change: ChangeDocument?
        var contend: ContentionDocument?
        var call: CallDocument?
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
    func policies(_ nodes: [DocumentNode]) throws(ExperimentError) -> [Policy] {
        var listed = try listedPolicies(nodes)
        if let chosen { listed = try choose(chosen, among: listed) }
        guard !listed.isEmpty else {
            throw error("name at least one policy; boreas policies lists them", at: nil, "spec.policies")
        }
        return listed
    }

    /// Those that the file names, whatever was chosen.
    private func listedPolicies(_ nodes: [DocumentNode]) throws(ExperimentError) -> [Policy] {
        var listed: [Policy] = []
        for (index, node) in nodes.enumerated() {
            let path = "spec.policies[\(index)]"
            let policy = try policy(node, path, known: presets + listed)
            guard !listed.contains(where: { $0.name == policy.name }) else {
                throw error("\(policy.name) stands here twice", at: node.position, path)
            }
            listed.append(policy)
        }
        return listed
    }

    /// `expect: {argo-v3.5.8: fail, ours: {outage=50ms: pass, outage=1s: fail}}`; what is said of policies that were not
    /// chosen is checked, and left out.
    func expectations(
        _ spec: ExperimentDocument.Spec, variations: [String]
    ) throws(ExperimentError) -> [Experiment.Expectation] {
        guard let node = spec.expect else { return [] }
        let path = "spec.expect"
        guard let members = node.members, !members.isEmpty else {
            throw error("policies with their verdicts are wanted here, such as {boreas: pass}", at: node.position, path)
        }
        let policies =
            spec.subject?.process == nil ? try listedPolicies(spec.policies ?? []) : [Policy.ofProcess]
        let names = policies.map(\.name)
        var expectations: [Experiment.Expectation] = []
        for member in members {
            let policy = member.key
            guard names.contains(policy) else {
                throw error(
                    "the experiment has no policy \(policy)\(Spelling.mend(policy, among: names))",
                    at: member.keyPosition, path)
            }
            guard let choices = member.value.members else {
                let verdict = try decoder.decode(Verdict.self, from: member.value, path: "\(path).\(policy)")
                expectations.append(Experiment.Expectation(policy: policy, verdict: verdict))
                continue
            }
            for choice in choices {
                guard variations.contains(choice.key), !choice.key.isEmpty else {
                    throw error(
                        "nothing varies as \(choice.key)\(Spelling.mend(choice.key, among: variations))",
                        at: choice.keyPosition, "\(path).\(policy)")
                }
                let verdict = try decoder.decode(
                    Verdict.self, from: choice.value, path: "\(path).\(policy).\(choice.key)")
                expectations.append(
                    Experiment.Expectation(policy: policy, variation: choice.key, verdict: verdict))
            }
        }
        return expectations.filter { chosen?.contains($0.policy) ?? true }
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
        guard policy.name != GateExpression.Baseline.stored.name else {
            throw error("baseline stands for a stored run in gates; choose another name", at: place, "\(path).name")
        }
        guard policy.call.maxAttempts >= 1 else {
            throw error(
                "maxAttempts is \(policy.call.maxAttempts), and the first try counts as one",
                at: node["call"]?["maxAttempts"]?.position ?? place, "\(path).call.maxAttempts")
        }
        return policy
    }
}
