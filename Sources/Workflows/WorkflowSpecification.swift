package import Kubernetes

/// A workflow's spec as this controller understands it, or the first field that it does not.
///
/// What is not understood is refused by name: a field that is skipped in silence is a workflow that does something else
/// than its author wrote.
package struct WorkflowSpecification: Sendable {
    package struct Unsupported: Error, Hashable, Sendable, CustomStringConvertible {
        /// `spec.templates[call].resource`, say.
        package var field: String
        package var why: String

        package var description: String { "\(field): \(why)" }
    }

    /// The spec that is carried out: the workflow's own, or what it became together with its WorkflowTemplate's.
    let json: JSONObject
    private(set) var entrypoint = ""
    private(set) var templates: [String: Template] = [:]
    /// `spec.arguments.parameters` that have a value.
    private(set) var arguments: [String: String] = [:]
    /// What every pod gets: node selector, tolerations and the like.
    private(set) var podMembers = JSONObject()
    /// What the check came to.
    let checked = Once<Result<Void, Unsupported>>()

    var serviceAccountName: String? { json["serviceAccountName"]?.string }

    /// Reads and checks all of it, as before a workflow's start.
    package init(_ workflow: Workflow) throws(Unsupported) {
        self.init(reading: Self.source(in: workflow))
        try check()
    }

    /// The spec that a workflow is carried out by.
    static func source(in workflow: Workflow) -> JSONObject {
        workflow.json["status", "storedWorkflowTemplateSpec"]?.object ?? workflow.spec
    }

    /// Reads it without a check.
    init(reading json: JSONObject) {
        self.json = json
        for (key, value) in json where Self.podMembers.contains(key) { podMembers[key] = value }
        for parameter in (json["arguments", "parameters"]?.array ?? []).compactMap(\.object) {
            guard let name = parameter["name"]?.string else { continue }
            arguments[name] = (parameter["value"] ?? parameter["default"])?.parameterText
        }
        entrypoint = json["entrypoint"]?.string ?? ""
        for element in json["templates"]?.array ?? [] {
            let template = Template(element.object ?? [:], defaults: json["templateDefaults"]?.object)
            templates[template.name] = template
        }
    }

    /// Gives an argument its value, which stands elsewhere.
    mutating func setArgument(_ name: String, _ value: String) { arguments[name] = value }

    /// The template that an entry of `templates` of some spec is, with this workflow's defaults.
    func template(_ json: JSONObject, field: String) -> Template {
        Template(json, defaults: self.json["templateDefaults"]?.object, field: field)
    }
}

extension WorkflowSpecification {
    /// A template and its place in the spec.
    struct Template: Sendable {
        enum Kind: String, CaseIterable, Sendable {
            case container, dag, http, script, steps, suspend

            /// The type of the nodes that it makes.
            var nodeKind: WorkflowNode.Kind {
                switch self {
                case .container, .script: .pod
                case .dag: .dag
                case .http: .http
                case .steps: .steps
                case .suspend: .suspend
                }
            }
        }

        let name: String
        let json: JSONObject
        let field: String
        /// Nil where it has none, or more than one.
        let kind: Kind?
        /// Those within a group run in parallel; the groups one after the other.
        let steps: [[Call]]
        let tasks: [Call]
        /// The steps or tasks whose `outputs.result` is used anywhere in the template.
        let resultReferences: Set<String>
        /// The steps or tasks that anything in the template speaks of.
        let references: Set<String>
        /// The steps or tasks that the template's outputs speak of.
        let outputReferences: Set<String>
        private let ownGraph = Once<Result<TaskGraph, DependsExpression.Failure>>()

        init(_ json: JSONObject, defaults: JSONObject?, field: String? = nil) {
            let name = json["name"]?.string ?? ""
            let field = field ?? "spec.templates[\(name)]"
            let kinds = Kind.allCases.filter { json[$0.rawValue].map { !$0.isNull } ?? false }
            var merged = json
            if var defaults {
                for kind in Kind.allCases where !kinds.contains(kind) { defaults[kind.rawValue] = nil }
                merged = JSONValue.object(defaults).merging(.object(json)).object ?? json
            }
            self.name = name
            self.field = field
            self.json = merged
            kind = kinds.count == 1 ? kinds.first : nil
            steps = (merged["steps"]?.array ?? []).enumerated().map { groupIndex, group in
                (group.array ?? group.object?["steps"]?.array ?? []).enumerated().map { index, step in
                    Call(step.object ?? [:], field: "\(field).steps[\(groupIndex)][\(index)]")
                }
            }
            tasks = (merged["dag", "tasks"]?.array ?? []).enumerated().map { index, task in
                Call(task.object ?? [:], field: "\(field).dag.tasks[\(index)]")
            }
            var all = SiblingReferences()
            var outputs = SiblingReferences()
            if kinds == [.steps] || kinds == [.dag] {
                all.add(.object(merged))
                outputs.add(merged["outputs"] ?? .null)
            }
            references = all.names
            resultReferences = all.results
            outputReferences = outputs.names
        }

        /// The tasks of a dag and what each waits for.
        func graph() throws(DependsExpression.Failure) -> TaskGraph {
            try ownGraph.value { Result { () throws(DependsExpression.Failure) in try TaskGraph(self) } }.get()
        }

        var inputs: [JSONObject] { (json["inputs", "parameters"]?.array ?? []).compactMap(\.object) }

        var outputParameters: [JSONObject] { (json["outputs", "parameters"]?.array ?? []).compactMap(\.object) }

        var makesPods: Bool { kind?.nodeKind == .pod }

        var isDaemon: Bool { json["daemon"] == .bool(true) }
    }

    /// A call of a template: a step, a task, or a hook.
    struct Call: Sendable {
        let name: String
        let json: JSONObject
        let field: String
        /// The other steps or tasks that it speaks of.
        let references: Set<String>

        init(_ json: JSONObject, field: String, name: String? = nil) {
            self.json = json
            self.field = field
            self.name = name ?? json["name"]?.string ?? ""
            var references = SiblingReferences()
            references.add(.object(json))
            self.references = references.names
        }

        var parameters: [JSONObject] { (json["arguments", "parameters"]?.array ?? []).compactMap(\.object) }

        var when: String? { json["when"]?.string.flatMap { $0.isEmpty ? nil : $0 } }

        var isLoop: Bool {
            json["withItems"]?.array?.isEmpty == false || json["withParam"]?.string?.isEmpty == false
                || json["withSequence"]?.object != nil
        }

        /// Whether its caller goes on although it ended so.
        func continues(on phase: WorkflowNode.Phase) -> Bool {
            switch phase {
            case .error: json["continueOn", "error"] == .bool(true)
            case .failed: json["continueOn", "failed"] == .bool(true)
            case .pending, .running, .succeeded, .skipped, .omitted: false
            }
        }

        /// Its hooks but for `exit`, sorted by name.
        var hooks: [(name: String, call: Call)] {
            (json["hooks"]?.object ?? [:]).compactMap { name, hook in
                name == "exit" ? nil : (name, Call(hook.object ?? [:], field: "\(field).hooks.\(name)", name: name))
            }
        }

        /// `hooks.exit`, or the older `onExit`.
        var exitHook: Call? {
            if let hook = json["hooks", "exit"]?.object {
                return Call(hook, field: "\(field).hooks.exit", name: "exit")
            }
            guard let template = json["onExit"]?.string, !template.isEmpty else { return nil }
            return Call(["template": .string(template)], field: "\(field).onExit", name: "exit")
        }
    }
}

/// The steps and tasks that some text speaks of.
struct SiblingReferences {
    private(set) var names: Set<String> = []
    /// Those of them whose `outputs.result` it uses.
    private(set) var results: Set<String> = []

    mutating func add(_ value: JSONValue) {
        switch value {
        case .string(let text): add(text)
        case .array(let elements): for element in elements { add(element) }
        case .object(let members): for member in members { add(member.value) }
        case .null, .bool, .integer, .number: return
        }
    }

    private mutating func add(_ text: String) {
        let bytes = Array(text.utf8)
        guard bytes.count > 6 else { return }
        var index = 0
        while index + 6 < bytes.count {
            guard Self.isKeyword(bytes[index..<(index + 5)]) else {
                index += 1
                continue
            }
            index += 5
            let start: Int
            let isEnd: (UInt8) -> Bool
            if bytes[index] == UInt8(ascii: ".") {
                start = index + 1
                isEnd = { !Self.isNamePart($0) }
            } else if bytes[index] == UInt8(ascii: "["), [0x22, 0x27].contains(bytes[index + 1]) {
                start = index + 2
                let quote = bytes[index + 1]
                isEnd = { $0 == quote }
            } else {
                continue
            }
            let end = bytes[start...].firstIndex(where: isEnd) ?? bytes.count
            let name = String(decoding: bytes[start..<end], as: UTF8.self)
            names.insert(name)
            let rest = bytes[end...].drop { $0 == 0x22 || $0 == 0x27 || $0 == UInt8(ascii: "]") }
            if rest.starts(with: ".outputs.result".utf8) { results.insert(name) }
            index = end
        }
    }

    private static let keywords = [Array("steps".utf8), Array("tasks".utf8)]

    private static func isKeyword(_ bytes: ArraySlice<UInt8>) -> Bool {
        (bytes.first == UInt8(ascii: "s") || bytes.first == UInt8(ascii: "t")) && keywords.contains(Array(bytes))
    }

    private static func isNamePart(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "_"):
            true
        default: false
        }
    }
}
