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
    private let plans: [NamedPlan]

    /// A plan that is a variation of the file, and what is said of it there.
    struct NamedPlan: Hashable, Sendable {
        var name: String
        var rules: [Rule]
        var comment: String
    }

    /// - Parameters:
    ///   - experiment: With one variation, which has no name: see `narrowed(to:policy:)`.
    ///   - plans: What makes variations of it; none leaves it alone.
    init(_ experiment: Experiment, plans: [NamedPlan] = []) {
        precondition(
            experiment.variations.count == 1 && experiment.variations[0].name.isEmpty,
            "one variation without a name (there are \(experiment.variations.map(\.name)))")
        precondition(experiment.variations[0].clients == nil, "a controller is the subject")
        self.experiment = experiment
        self.plans = plans
        variation = experiment.variations[0]
    }

    /// The whole file.
    ///
    /// - Parameter comment: Stands at its head, each line behind a `#`.
    func text(comment: [String] = []) throws -> String {
        let head = comment.map { $0.isEmpty ? "#" : "# \($0)" } + YAMLText.block(head.members ?? [])
        let specification = try specification().flatMap { member in
            if member.key == "plans" { return try ["plans:"] + plans.flatMap(lines) }
            guard let elements = member.value.elements else { return YAMLText.block([member]) }
            return list(member.key, elements)
        }
        return (head + ["spec:"] + specification.map { $0.isEmpty ? "" : "  \($0)" }).joined(separator: "\n") + "\n"
    }

    /// The whole file without its comments.
    func document() throws -> DocumentNode {
        let spec = DocumentNode.Member(key: "spec", value: DocumentNode(.mapping(try specification())))
        return DocumentNode(.mapping((head.members ?? []) + [spec]))
    }

    // MARK: The parts

    private var head: DocumentNode {
        .mapping([
            ("apiVersion", .text(ExperimentReader.apiVersion)), ("kind", .text("Experiment")),
            (
                "metadata",
                .mapping([
                    ("name", .text(experiment.name)),
                    ("description", experiment.description.isEmpty ? nil : .text(experiment.description)),
                ])
            ),
        ])
    }

    private func specification() throws -> [DocumentNode.Member] {
        func list(_ elements: [DocumentNode], isWanted: Bool = false) -> DocumentNode? {
            elements.isEmpty && !isWanted ? nil : DocumentNode(.sequence(elements))
        }
        let isOfProcess = variation.process != nil
        return DocumentNode.mapping([
            ("seed", .integer(Int(experiment.seed))), ("trials", .integer(experiment.trials)),
            ("firstTrial", experiment.firstTrial == 1 ? nil : .integer(experiment.firstTrial)),
            ("swarm", experiment.isSwarm ? DocumentNode(.bool(true)) : nil),
            ("subject", try subject()),
            ("policies", isOfProcess ? nil : list(try policies())),
            ("workload", list(try workload(), isWanted: isOfProcess)),
            ("phases", try Self.ordered(variation.phases, first: ["calm", "storm", "converge"])),
            ("faults", list(try variation.plan.rules.map(Self.rule))),
            ("plans", list(try plans.map(Self.plan))),
            ("gate", list(experiment.gate.map { .text($0.text) })), ("expect", expectations),
        ]).members ?? []
    }

    private func subject() throws -> DocumentNode {
        if let process = variation.process {
            let order = ["command", "environment", "workingDirectory", "ready", "readyWithin", "stopGrace"]
            return .mapping([("process", try Self.ordered(process, first: order))])
        }
        let core = DocumentNode.mapping([("replicas", variation.replicas == 1 ? nil : .integer(variation.replicas))])
        return .mapping([("core", core)])
    }

    /// An item a line, or some; a list of words on one line.
    private func list(_ name: String, _ elements: [DocumentNode]) -> [String] {
        if elements.isEmpty { return ["\(name): []"] }
        if elements.allSatisfy({ $0.string != nil && name != "gate" }) {
            return YAMLText.block([DocumentNode.Member(key: name, value: DocumentNode(.sequence(elements)))])
        }
        return ["\(name):"] + elements.flatMap(YAMLText.item).map { $0.isEmpty ? "" : "  \($0)" }
    }

    private var expectations: DocumentNode? {
        guard !experiment.expectations.isEmpty else { return nil }
        return .mapping(
            experiment.expectations.map { ($0.policy, DocumentNode.text($0.verdict.rawValue) as DocumentNode?) })
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
                    try Self.arrival(
                        load.manifest, load.count, every: load.every, after: load.after, arrivals: load.arrivals)
                )
            ])
        }
        let setup = try variation.setup.map { text -> DocumentNode in
            .mapping([("manifest", .mapping([("inline", try Self.manifest(text))]))])
        }
        let arrivals = try variation.arrivals.map { load -> DocumentNode in
            .mapping([("object", try Self.arrival(load.manifest, load.count, every: load.every, after: load.after))])
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
        return setup + objects + arrivals + loads + changes
    }

    private static func arrival(
        _ manifest: String, _ count: Int, every: Duration, after: Duration,
        arrivals: Experiment.Load.Arrivals = .regular
    ) throws -> DocumentNode {
        .mapping([
            ("count", count == 1 ? nil : .integer(count)), ("every", every == .zero ? nil : .text(every.text)),
            ("after", after == .zero ? nil : .text(after.text)),
            ("arrivals", arrivals == .regular ? nil : .text(arrivals.rawValue)),
            ("inline", try Self.manifest(manifest)),
        ])
    }

    private static func manifest(_ text: String) throws -> DocumentNode {
        ordered(
            DocumentNode(json: try JSONValue(parsing: Array(text.utf8))),
            first: ["apiVersion", "kind", "metadata", "data", "spec"])
    }

    // MARK: Faults

    private static func plan(_ plan: NamedPlan) throws -> DocumentNode {
        .mapping([("name", .text(plan.name)), ("faults", DocumentNode(.sequence(try plan.rules.map(rule))))])
    }

    /// The plan as an item of its list, under its comment.
    private func lines(_ plan: NamedPlan) throws -> [String] {
        (Self.comment(plan.comment) + YAMLText.item(try Self.plan(plan))).map { "  \($0)" }
    }

    private static func comment(_ text: String) -> [String] {
        var lines: [String] = []
        for word in text.split(whereSeparator: \.isWhitespace) {
            if let last = lines.last, last.count + word.count < commentWidthMax {
                lines[lines.count - 1] = "\(last) \(word)"
            } else {
                lines.append("# \(word)")
            }
        }
        return lines
    }

    private static let commentWidthMax = 110

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
