package import Kubernetes

/// A workflow's spec as this controller understands it, or the first field that it does not.
///
/// What is not understood is refused by name: a field that is skipped in silence is a workflow that does something else
/// than its author wrote.
package struct WorkflowSpecification: Sendable {
    package struct Unsupported: Error, Hashable, Sendable, CustomStringConvertible {
        /// `spec.templates[call].dag`, say.
        package var field: String
        package var why: String

        package var description: String { "\(field): \(why)" }
    }

    /// A template and its place in the spec.
    struct Template: Sendable {
        var name: String
        var json: JSONObject
        var field: String

        /// The names and defaults of `inputs.parameters`.
        var inputs: [(name: String, fallback: String?)] {
            (json["inputs", "parameters"]?.array ?? []).compactMap(\.object).map {
                ($0["name"]?.string ?? "", ($0["value"] ?? $0["default"])?.parameterText)
            }
        }
    }

    /// One call of a template within a group of steps.
    struct Step: Sendable {
        var name: String
        var template: String
        var arguments: JSONObject
        var field: String
    }

    private(set) var entrypoint = ""
    private(set) var templates: [String: Template] = [:]
    /// `spec.arguments.parameters`.
    private(set) var arguments: [String: String] = [:]
    /// What every pod gets: node selector, tolerations and the like.
    private(set) var podMembers = JSONObject()
    private(set) var serviceAccountName: String?

    private static let podMembers: Set<String> = [
        "imagePullSecrets", "nodeSelector", "schedulerName", "securityContext", "tolerations",
    ]
    private static let specFields: Set<String> = podMembers.union([
        "arguments", "entrypoint", "serviceAccountName", "templates",
    ])
    private static let templateFields: Set<String> = [
        "container", "http", "inputs", "metadata", "name", "nodeSelector", "outputs", "steps", "tolerations",
    ]
    private static let kinds = ["container", "http", "steps"]
    private static let httpFields: Set<String> = [
        "body", "headers", "method", "successCondition", "timeoutSeconds", "url",
    ]
    private static let parameterFields: Set<String> = ["default", "description", "enum", "name", "value"]

    package init(_ workflow: Workflow) throws(Unsupported) {
        let spec = workflow.spec
        try Self.check(spec, fields: Self.specFields, at: "spec")
        for key in Self.podMembers.sorted() { podMembers[key] = spec[key] }
        serviceAccountName = spec["serviceAccountName"]?.string
        try Self.check(spec["arguments"]?.object ?? [:], fields: ["parameters"], at: "spec.arguments")
        arguments = try Self.parameters(spec["arguments"], at: "spec.arguments")
        for element in spec["templates"]?.array ?? [] {
            let json = element.object ?? [:]
            let name = json["name"]?.string ?? ""
            let template = Template(name: name, json: json, field: "spec.templates[\(name)]")
            templates[name] = template
            try check(template)
        }
        guard let entrypoint = spec["entrypoint"]?.string, !entrypoint.isEmpty else {
            throw Unsupported(field: "spec.entrypoint", why: "is required")
        }
        self.entrypoint = entrypoint
        try checkReferences()
    }

    /// The groups of a steps template; those within a group run in parallel.
    func groups(of template: Template) -> [[Step]] {
        (template.json["steps"]?.array ?? []).enumerated().map { groupIndex, group in
            (group.array ?? []).enumerated().map { index, step in
                let json = step.object ?? [:]
                return Step(
                    name: json["name"]?.string ?? "", template: json["template"]?.string ?? "",
                    arguments: json["arguments"]?.object ?? [:],
                    field: "\(template.field).steps[\(groupIndex)][\(index)]")
            }
        }
    }

    private func check(_ template: Template) throws(Unsupported) {
        try Self.check(template.json, fields: Self.templateFields, at: template.field)
        guard !template.name.isEmpty else { throw Unsupported(field: template.field, why: "has no name") }
        let kinds = Self.kinds.filter { template.json[$0] != nil }
        guard kinds.count == 1 else {
            let why = "has \(kinds.isEmpty ? "none" : "more than one") of \(Self.kinds.joined(separator: ", "))"
            throw Unsupported(field: template.field, why: why)
        }
        let inputs = template.json["inputs"]?.object ?? [:]
        try Self.check(inputs, fields: ["artifacts", "parameters"], at: "\(template.field).inputs")
        try Self.checkEmpty(inputs["artifacts"], at: "\(template.field).inputs.artifacts")
        _ = try Self.parameters(.object(inputs), at: "\(template.field).inputs")
        try Self.checkEmpty(template.json["outputs"], at: "\(template.field).outputs")
        let metadata = template.json["metadata"]?.object ?? [:]
        try Self.check(metadata, fields: ["annotations", "labels"], at: "\(template.field).metadata")
        if let http = template.json["http"]?.object { try Self.check(http: http, at: "\(template.field).http") }
        if template.json["steps"] != nil { try checkSteps(template) }
    }

    private static func check(http: JSONObject, at field: String) throws(Unsupported) {
        try check(http, fields: httpFields, at: field)
        guard http["url"]?.string?.isEmpty == false else {
            throw Unsupported(field: "\(field).url", why: "is required")
        }
        for (index, header) in (http["headers"]?.array ?? []).enumerated() {
            try check(header.object ?? [:], fields: ["name", "value"], at: "\(field).headers[\(index)]")
        }
        guard let condition = http["successCondition"]?.string else { return }
        do {
            _ = try SuccessCondition(condition)
        } catch {
            throw Unsupported(field: "\(field).successCondition", why: error.description)
        }
    }

    private func checkSteps(_ template: Template) throws(Unsupported) {
        for (index, group) in (template.json["steps"]?.array ?? []).enumerated() where group.array == nil {
            throw Unsupported(field: "\(template.field).steps[\(index)]", why: "is not a list of steps")
        }
        for (groupIndex, group) in (template.json["steps"]?.array ?? []).enumerated() {
            for (index, step) in (group.array ?? []).enumerated() {
                let field = "\(template.field).steps[\(groupIndex)][\(index)]"
                let json = step.object ?? [:]
                try Self.check(json, fields: ["arguments", "name", "template"], at: field)
                let arguments = json["arguments"]?.object ?? [:]
                try Self.check(arguments, fields: ["parameters"], at: "\(field).arguments")
                _ = try Self.parameters(.object(arguments), at: "\(field).arguments")
            }
        }
    }

    /// Templates that are called exist, and variables that are used can be given.
    private func checkReferences() throws(Unsupported) {
        guard templates[entrypoint] != nil else {
            throw Unsupported(field: "spec.entrypoint", why: "there is no template named \"\(entrypoint)\"")
        }
        for name in templates.keys.sorted() {
            guard let template = templates[name] else { continue }
            for step in groups(of: template).joined() where templates[step.template] == nil {
                throw Unsupported(
                    field: "\(step.field).template", why: "there is no template named \"\(step.template)\"")
            }
            for reference in Substitution.references(in: .object(template.json), field: template.field)
            where !isKnown(reference.name, in: template) {
                throw Unsupported(field: reference.field, why: "unsupported variable {{\(reference.name)}}")
            }
            if reaches(name, from: template, depth: 0) {
                throw Unsupported(field: "\(template.field).steps", why: "the template calls itself")
            }
        }
    }

    private func reaches(_ name: String, from template: Template, depth: Int) -> Bool {
        guard depth <= templates.count else { return true }
        return groups(of: template).joined().contains { step in
            step.template == name || templates[step.template].map { reaches(name, from: $0, depth: depth + 1) } == true
        }
    }

    private func isKnown(_ variable: String, in template: Template) -> Bool {
        if ["workflow.name", "workflow.namespace", "workflow.uid"].contains(variable) { return true }
        let parts = variable.split(separator: ".", omittingEmptySubsequences: false).map(String.init)
        switch (parts.first, parts.count) {
        case ("workflow", 3): return parts[1] == "parameters" && arguments[parts[2]] != nil
        case ("inputs", 3): return parts[1] == "parameters" && template.inputs.contains { $0.name == parts[2] }
        case ("steps", 3): return parts[2] == "status" || parts[2] == "id"
        case ("steps", 4): return parts[2] == "outputs" && (parts[3] == "result" || parts[3] == "exitCode")
        default: return false
        }
    }

    private static func check(_ json: JSONObject, fields: Set<String>, at place: String) throws(Unsupported) {
        for key in json.keys where !fields.contains(key) {
            throw Unsupported(field: "\(place).\(key)", why: "is not supported")
        }
    }

    private static func checkEmpty(_ value: JSONValue?, at field: String) throws(Unsupported) {
        switch value {
        case nil, .null, .array([]), .object([:]): return
        default: throw Unsupported(field: field, why: "is not supported")
        }
    }

    private static func parameters(_ holder: JSONValue?, at field: String) throws(Unsupported) -> [String: String] {
        var values: [String: String] = [:]
        for (index, parameter) in (holder?.object?["parameters"]?.array ?? []).enumerated() {
            let json = parameter.object ?? [:]
            let place = "\(field).parameters[\(index)]"
            try check(json, fields: parameterFields, at: place)
            guard let name = json["name"]?.string, !name.isEmpty else {
                throw Unsupported(field: place, why: "has no name")
            }
            values[name] = (json["value"] ?? json["default"])?.parameterText
        }
        return values
    }
}
