import Determinism
import Kubernetes

// What the workflow is to do: its spec, together with the WorkflowTemplates that it refers to.

extension Reconciler {
    /// A template, and the scope in which the names in it are looked up.
    struct Resolved {
        var template: WorkflowSpecification.Template
        /// Argo's `templateScope`: `local/<workflow>`, or `namespaced/<WorkflowTemplate>`.
        var base: String
    }

    var localBase: String { "local/\(workflow.metadata.name)" }

    /// Reads the spec, and before a workflow's start checks it.
    mutating func prepare() throws(WorkflowSpecification.Unsupported) {
        if let reference = workflow.spec["workflowTemplateRef"]?.object {
            try store(reference)
            specification = settings.specifications.specification(of: workflow)
        }
        if workflow.phase != .running { try specification.check() }
    }

    /// Makes the workflow's variables and labels, once its arguments are known.
    mutating func makeReady() throws(WorkflowSpecification.Unsupported) {
        givenGlobals = LazyVariables(root: "workflow") { [workflow, specification, now] in
            Self.makeGlobals(workflow, specification, now: now)
        }
        if workflow.phase == .unknown { try applyMetadata() }
    }

    /// Keeps what the WorkflowTemplate says now, so that its changes make no difference later.
    private mutating func store(_ reference: JSONObject) throws(WorkflowSpecification.Unsupported) {
        guard workflow.json["status", "storedWorkflowTemplateSpec"] == nil else { return }
        if reference["clusterScope"] == .bool(true) {
            throw .init(field: "spec.workflowTemplateRef.clusterScope", why: "is not supported")
        }
        let name = reference["name"]?.string ?? ""
        guard let template = observation.templates(name) else {
            throw .init(
                field: "spec.workflowTemplateRef",
                why: "workflowtemplates.argoproj.io \"\(name)\" not found")
        }
        let base = template.json["spec"] ?? .object([:])
        var merged = base.merging(.object(workflow.spec)).object ?? [:]
        // Lists of what has a name are merged by it.
        for path in [["arguments", "parameters"], ["templates"]] {
            let own = workflow.spec.value(at: path)?.array ?? []
            var all = base.object?.value(at: path)?.array ?? []
            for element in own {
                let name = element.object?["name"]
                if let index = all.firstIndex(where: { $0.object?["name"] == name }) {
                    all[index] = all[index].merging(element)
                } else {
                    all.append(element)
                }
            }
            if !all.isEmpty { merged.set(.array(all), at: path) }
        }
        workflow.json["status", "storedWorkflowTemplateSpec"] = .object(merged)
    }

    /// Takes `workflowMetadata` over into the workflow.
    private mutating func applyMetadata() throws(WorkflowSpecification.Unsupported) {
        guard let metadata = specification.json["workflowMetadata"]?.object else { return }
        for (name, value) in metadata["labels"]?.object?.stringMembers.sorted(by: { $0.key < $1.key }) ?? [] {
            workflow.metadata[label: name] = value
            globals["workflow.labels.\(name)"] = value
        }
        for (name, value) in metadata["annotations"]?.object?.stringMembers.sorted(by: { $0.key < $1.key }) ?? [] {
            workflow.metadata[annotation: name] = value
            globals["workflow.annotations.\(name)"] = value
        }
        var scope = Substitution(variables: globals, globals: givenGlobals)
        scope.now = now
        for (name, source) in metadata["labelsFrom"]?.object ?? [:] {
            let field = "spec.workflowMetadata.labelsFrom.\(name).expression"
            do throws(Substitution.Failure) {
                let value = try scope.evaluate(source.object?["expression"]?.string ?? "", field: field)
                guard let label = value.string else {
                    throw Substitution.Failure(field: field, name: name, why: "must be a string")
                }
                workflow.metadata[label: name] = label
                globals["workflow.labels.\(name)"] = label
            } catch {
                throw .init(field: field, why: error.description)
            }
        }
    }

    /// The template that a call names.
    mutating func resolve(_ call: WorkflowSpecification.Call, in base: String) throws(Halt) -> Resolved {
        if let inline = call.json["inline"]?.object {
            let template = specification.template(inline, field: "\(call.field).inline")
            try check(template)
            return Resolved(template: template, base: base)
        }
        if let reference = call.json["templateRef"]?.object {
            guard reference["clusterScope"] != .bool(true) else {
                throw Halt("\(call.field).templateRef.clusterScope: is not supported")
            }
            let owner = reference["name"]?.string ?? ""
            return try resolve(reference["template"]?.string ?? "", of: owner, base: "namespaced/\(owner)")
        }
        let name = call.json["template"]?.string ?? ""
        if let owner = base.dropPrefix("namespaced/") { return try resolve(name, of: owner, base: base) }
        guard let template = specification.templates[name] else { throw Halt("template \(name) not found") }
        return Resolved(template: template, base: base)
    }

    /// A template of a WorkflowTemplate: as it was stored, or as it is now, and then stored.
    private mutating func resolve(_ name: String, of owner: String, base: String) throws(Halt) -> Resolved {
        let key = "\(base)/\(name)"
        if let known = resolved[key] { return known }
        let field = "workflowtemplates[\(owner)].templates[\(name)]"
        var json = workflow.json["status", "storedTemplates", key]?.object
        let isStored = json != nil
        if json == nil {
            guard let holder = observation.templates(owner) else {
                throw Halt("workflowtemplates.argoproj.io \"\(owner)\" not found")
            }
            json = holder.json["spec", "templates"]?.array?.compactMap(\.object).first { $0["name"]?.string == name }
        }
        guard let json else { throw Halt("template \(name) not found in workflow template \(owner)") }
        let result = Resolved(template: specification.template(json, field: field), base: base)
        if !isStored {
            try check(result.template)
            workflow.json["status", "storedTemplates", key] = .object(json)
        }
        resolved[key] = result
        return result
    }

    private func check(_ template: WorkflowSpecification.Template) throws(Halt) {
        do throws(WorkflowSpecification.Unsupported) {
            try specification.checkShape(template)
        } catch {
            throw Halt(error.description)
        }
    }
}

extension Reconciler {
    /// Argo's `workflow.…` variables.
    private static func makeGlobals(
        _ workflow: Workflow, _ specification: WorkflowSpecification, now: Timestamp
    ) -> [String: String] {
        let metadata = workflow.metadata
        var values = [
            "workflow.name": metadata.name, "workflow.namespace": metadata.namespace ?? "",
            "workflow.uid": metadata.uid ?? "", "workflow.mainEntrypoint": specification.entrypoint,
            "workflow.serviceAccountName": specification.serviceAccountName ?? "",
            "workflow.status": workflow.phase.rawValue, "workflow.failures": "[]",
        ]
        values["workflow.priority"] = specification.json["priority"]?.parameterText
        values["workflow.scheduledTime"] = metadata[annotation: "workflows.argoproj.io/scheduled-time"]
        let elapsed = workflow.startedAt.map { (now - $0).seconds } ?? 0
        values["workflow.duration"] = "\(elapsed)"
        let parameters = specification.json["arguments", "parameters"] ?? .array([])
        values["workflow.parameters"] = parameters.text
        values["workflow.parameters.json"] = parameters.text
        for (name, value) in specification.arguments { values["workflow.parameters.\(name)"] = value }
        for (list, members) in [("labels", metadata.labels), ("annotations", metadata.annotations)] {
            let text = JSONValue.object(JSONObject(members)).text
            values["workflow.\(list)"] = text
            values["workflow.\(list).json"] = text
            for (name, value) in members { values["workflow.\(list).\(name)"] = value }
        }
        if let created = metadata.creationTimestamp {
            values["workflow.creationTimestamp"] = created.rfc3339
            values["workflow.creationTimestamp.RFC3339"] = created.rfc3339
            values["workflow.creationTimestamp.s"] = String(created.microsecondsSinceEpoch / 1_000_000)
            for (format, value) in created.strftime { values["workflow.creationTimestamp.\(format)"] = value }
        }
        for parameter in (workflow.json["status", "outputs", "parameters"]?.array ?? []).compactMap(\.object) {
            guard let name = parameter["name"]?.string else { continue }
            values["workflow.outputs.parameters.\(name)"] = parameter["value"]?.parameterText
        }
        return values
    }

    /// Exports what a node gives under a global name.
    mutating func exportGlobally(_ name: String, _ value: String) {
        globals["workflow.outputs.parameters.\(name)"] = value
        var parameters = workflow.json["status", "outputs", "parameters"]?.array ?? []
        let parameter: JSONValue = ["name": .string(name), "value": .string(value)]
        if let index = parameters.firstIndex(where: { $0.object?["name"]?.string == name }) {
            parameters[index] = parameter
        } else {
            parameters.append(parameter)
        }
        workflow.json["status", "outputs", "parameters"] = .array(parameters)
    }
}

extension Timestamp {
    /// The values of strftime's formats that Argo offers, as far as they are numbers.
    fileprivate var strftime: [(String, String)] {
        // `2026-11-21T10:04:00Z`
        let text = Array(rfc3339)
        guard text.count >= 20 else { return [] }
        func part(_ range: Range<Int>) -> String { String(text[range]) }
        return [
            ("Y", part(0..<4)), ("y", part(2..<4)), ("m", part(5..<7)), ("d", part(8..<10)), ("H", part(11..<13)),
            ("M", part(14..<16)), ("S", part(17..<19)),
        ]
    }
}
