import Determinism
import Experiments
import Faults
import Foundation
import Kubernetes
import Resilience

/// Writes experiments as files of their own, manifests included; ``ExperimentFile`` reads them back.
struct ExperimentText {
    private let experiment: Experiment
    private let variation: Experiment.Variation

    /// - Parameter experiment: With one variation, which has no name: see `narrowed(to:policy:)`.
    init(_ experiment: Experiment) {
        precondition(
            experiment.variations.count == 1 && experiment.variations[0].name.isEmpty,
            "one variation without a name (there are \(experiment.variations.map(\.name)))")
        precondition(experiment.variations[0].clients == nil, "a controller is the subject")
        self.experiment = experiment
        variation = experiment.variations[0]
    }

    /// The whole file.
    ///
    /// - Parameter comment: Stands at its head, each line behind a `#`.
    func text(comment: [String] = []) throws -> String {
        let members = DocumentNode.mapping([
            ("apiVersion", .text(ExperimentReader.apiVersion)), ("kind", .text("Experiment")),
            (
                "metadata",
                .mapping([
                    ("name", .text(experiment.name)),
                    ("description", experiment.description.isEmpty ? nil : .text(experiment.description)),
                ])
            ),
        ]).members
        let head = comment.map { $0.isEmpty ? "#" : "# \($0)" } + YAMLText.block(members ?? [])
        return (head + ["spec:"] + (try specification()).map { $0.isEmpty ? "" : "  \($0)" }).joined(separator: "\n")
            + "\n"
    }

    // MARK: The parts

    private func specification() throws -> [String] {
        let core = DocumentNode.mapping([("replicas", variation.replicas == 1 ? nil : .integer(variation.replicas))])
        let head = DocumentNode.mapping([
            ("seed", .integer(Int(experiment.seed))), ("trials", .integer(experiment.trials)),
            ("firstTrial", experiment.firstTrial == 1 ? nil : .integer(experiment.firstTrial)),
            ("swarm", experiment.isSwarm ? DocumentNode(.bool(true)) : nil),
            ("subject", .mapping([("core", core)])),
        ])
        let phases = DocumentNode.mapping([
            ("phases", try Self.ordered(variation.phases, first: ["calm", "storm", "converge"]))
        ])
        return block(head) + list("policies", try policies()) + list("workload", try workload()) + block(phases)
            + list("faults", try variation.plan.rules.map(Self.rule))
            + list("gate", experiment.gate.map { .text($0.text) }) + block(expectations)
    }

    private func block(_ node: DocumentNode) -> [String] { YAMLText.block(node.members ?? []) }

    /// An item a line, or some; a list of words on one line.
    private func list(_ name: String, _ elements: [DocumentNode]) -> [String] {
        if elements.isEmpty { return [] }
        if elements.allSatisfy({ $0.string != nil && name != "gate" }) {
            return block(.mapping([(name, DocumentNode(.sequence(elements)))]))
        }
        return ["\(name):"] + elements.flatMap(YAMLText.item).map { $0.isEmpty ? "" : "  \($0)" }
    }

    private var expectations: DocumentNode {
        guard !experiment.expectations.isEmpty else { return .mapping([]) }
        let verdicts = experiment.expectations.map {
            ($0.policy, DocumentNode.text($0.verdict.rawValue) as DocumentNode?)
        }
        return .mapping([("expect", .mapping(verdicts))])
    }

    // MARK: Policies

    private func policies() throws -> [DocumentNode] {
        try variation.policies.map { policy in
            if Policy.presets.contains(policy) { return .text(policy.name) }
            let whole = DocumentNode(json: try DocumentEncoder().encode(policy))
            let spellings = try Policy.presets.map { try Self.changes(from: $0, to: policy) } + [whole]
            let shortest = spellings.min { YAMLText.flow($0).count < YAMLText.flow($1).count } ?? whole
            return Self.ordered(shortest, first: ["name", "extends", "description"])
        }
    }

    /// The policy as what it changes of another one.
    private static func changes(from base: Policy, to policy: Policy) throws -> DocumentNode {
        var document = try DocumentEncoder().encode(base)
        // As the reader has it, where nothing is said.
        if var object = document.object {
            object["description"] = .string("\(base.name), changed")
            document = .object(object)
        }
        let overlay = overlay(from: document, to: try DocumentEncoder().encode(policy))
        var members = (overlay.map { DocumentNode(json: $0) }?.members ?? []).filter { $0.key != "name" }
        members.append(DocumentNode.Member(key: "name", value: .text(policy.name)))
        members.append(DocumentNode.Member(key: "extends", value: .text(base.name)))
        return DocumentNode(.mapping(members))
    }

    /// What makes the one value the other when it is laid over it; nil where they are equal.
    private static func overlay(from old: JSONValue, to new: JSONValue) -> JSONValue? {
        guard old != new else { return nil }
        guard case .object(let before) = old, case .object(let after) = new else { return new }
        var changes = JSONObject()
        for key in Set(before.keys + after.keys).sorted() {
            switch (before[key], after[key]) {
            case (let value?, let other?): changes[key] = overlay(from: value, to: other)
            case (nil, let value?): changes[key] = value
            case (_, nil): changes[key] = .null
            }
        }
        return .object(changes)
    }

    // MARK: Workload

    private func workload() throws -> [DocumentNode] {
        let objects = try variation.objects.map { text -> DocumentNode in
            let manifest = try Self.manifest(text)
            let isCron = manifest["kind"]?.string == APIResource.cronWorkflows.kind
            return .mapping([(isCron ? "cronWorkflow" : "manifest", .mapping([("inline", manifest)]))])
        }
        let loads = try variation.workload.map { load -> DocumentNode in
            .mapping([
                (
                    "workflow",
                    .mapping([
                        ("count", load.count == 1 ? nil : .integer(load.count)),
                        ("every", load.every == .zero ? nil : .text(load.every.text)),
                        ("after", load.after == .zero ? nil : .text(load.after.text)),
                        ("inline", try Self.manifest(load.manifest)),
                    ])
                )
            ])
        }
        let changes = try variation.changes.map { change -> DocumentNode in
            let patch = try change.patch.map { DocumentNode(json: try JSONValue(parsing: Array($0.utf8))) }
            return .mapping([
                (
                    "change",
                    .mapping([
                        ("at", .text(change.at.text)), ("of", .text("\(change.resource)/\(change.name)")),
                        ("patch", patch), ("delete", patch == nil ? DocumentNode(.bool(true)) : nil),
                    ])
                )
            ])
        }
        return objects + loads + changes
    }

    private static func manifest(_ text: String) throws -> DocumentNode {
        ordered(
            DocumentNode(json: try JSONValue(parsing: Array(text.utf8))),
            first: ["apiVersion", "kind", "metadata", "data", "spec"])
    }

    // MARK: Faults

    private static func rule(_ rule: Rule) throws -> DocumentNode {
        let node = try ordered(rule, first: ["name", "during", "match", "when"])
        return DocumentNode(
            .mapping(
                (node.members ?? []).compactMap { member in
                    var member = member
                    switch member.key {
                    case "match", "when":
                        if member.value.members?.isEmpty ?? true { return nil }
                        member.value = ordered(member.value, first: ["verb", "resource", "namespace", "name"])
                    default: break
                    }
                    return member
                }))
    }

    private static func ordered(_ value: some Encodable, first: [String]) throws -> DocumentNode {
        ordered(DocumentNode(json: try DocumentEncoder().encode(value)), first: first)
    }

    /// With the named members at the head.
    private static func ordered(_ node: DocumentNode, first: [String]) -> DocumentNode {
        guard let members = node.members else { return node }
        let head = first.compactMap { key in members.first { $0.key == key } }
        return DocumentNode(.mapping(head + members.filter { !first.contains($0.key) }))
    }
}

extension DocumentNode {
    fileprivate static func text(_ text: String) -> DocumentNode { DocumentNode(.string(text)) }

    fileprivate static func integer(_ number: Int) -> DocumentNode { DocumentNode(.integer(Int64(number))) }

    /// A mapping of the members that there are.
    fileprivate static func mapping(_ members: [(String, DocumentNode?)]) -> DocumentNode {
        DocumentNode(.mapping(members.compactMap { key, value in value.map { Member(key: key, value: $0) } }))
    }
}
