import Kubernetes

extension Reconciler {
    /// One call of a template: by the entrypoint, or by a step.
    struct Invocation {
        var template: String
        var nodeName: String
        var displayName: String
        /// The node of the steps template that this is within.
        var boundaryID: String?
        var arguments: [String: String]
    }

    /// Carries a node as far as it goes now.
    ///
    /// - Returns: The node's id.
    @discardableResult
    mutating func run(_ invocation: Invocation, of specification: WorkflowSpecification) -> String {
        let id = WorkflowNames.nodeID(workflow: workflow.metadata.name, nodeName: invocation.nodeName)
        if let node = workflow.node(id), node.phase.isTerminal { return id }
        guard let template = specification.templates[invocation.template] else { return id }
        let kind: WorkflowNode.Kind =
            template.json["http"] != nil ? .http : template.json["steps"] != nil ? .steps : .pod
        if workflow.node(id) == nil {
            workflow.setNode(
                WorkflowNode(
                    id: id, name: invocation.nodeName, displayName: invocation.displayName, kind: kind,
                    phase: kind == .steps ? .running : .pending, templateName: template.name,
                    boundaryID: invocation.boundaryID, startedAt: now))
        }
        do throws(Substitution.Failure) {
            let scope = try scope(of: template, invocation, specification)
            record(inputs: scope, of: template, nodeID: id)
            switch kind {
            case .pod: try runPod(id, template, scope, specification)
            case .http: try runHTTP(id, template, scope)
            case .steps, .stepGroup: try runSteps(id, template, scope, invocation, specification)
            }
        } catch {
            mark(id, .error, message: error.description)
        }
        return id
    }

    mutating func mark(_ id: String, _ phase: WorkflowNode.Phase, message: String? = nil) {
        guard var node = workflow.node(id) else { return }
        node.mark(phase, message: message, at: now)
        workflow.setNode(node)
    }

    private func scope(
        of template: WorkflowSpecification.Template, _ invocation: Invocation, _ specification: WorkflowSpecification
    ) throws(Substitution.Failure) -> Substitution {
        let metadata = workflow.metadata
        var variables = [
            "workflow.name": metadata.name, "workflow.namespace": metadata.namespace ?? "",
            "workflow.uid": metadata.uid ?? "",
        ]
        for (name, value) in specification.arguments { variables["workflow.parameters.\(name)"] = value }
        for input in template.inputs {
            let name = "inputs.parameters.\(input.name)"
            guard let value = invocation.arguments[input.name] ?? input.fallback else {
                throw Substitution.Failure(field: "\(template.field).inputs.parameters", name: name)
            }
            variables[name] = value
        }
        return Substitution(variables: variables)
    }

    private mutating func record(
        inputs scope: Substitution, of template: WorkflowSpecification.Template, nodeID: String
    ) {
        guard !template.inputs.isEmpty, var node = workflow.node(nodeID), node.json["inputs"] == nil else { return }
        node.json["inputs", "parameters"] = .array(
            template.inputs.map { input in
                let value = scope.variables["inputs.parameters.\(input.name)"] ?? ""
                return ["name": .string(input.name), "value": .string(value)]
            })
        workflow.setNode(node)
    }

    /// Groups one after another; the steps of a group side by side.
    private mutating func runSteps(
        _ id: String, _ template: WorkflowSpecification.Template, _ scope: Substitution, _ invocation: Invocation,
        _ specification: WorkflowSpecification
    ) throws(Substitution.Failure) {
        var scope = scope
        var predecessors = [id]
        for (index, group) in specification.groups(of: template).enumerated() {
            let groupID = beginGroup(index, within: invocation.nodeName, boundaryID: id, after: predecessors)
            let groupName = "\(invocation.nodeName)[\(index)]"
            var children: [String] = []
            for step in group {
                let arguments = try arguments(of: step, scope)
                children.append(
                    run(
                        Invocation(
                            template: step.template, nodeName: "\(groupName).\(step.name)", displayName: step.name,
                            boundaryID: id, arguments: arguments), of: specification))
            }
            adopt(children, by: groupID)
            let nodes = children.compactMap { workflow.node($0) }
            guard nodes.allSatisfy(\.phase.isTerminal) else { return }
            if let failed = nodes.first(where: { $0.phase != .succeeded }) {
                let message = "child '\(failed.id)' failed"
                mark(groupID, .failed, message: message)
                mark(id, .failed, message: message)
                return
            }
            mark(groupID, .succeeded)
            for (step, node) in zip(group, nodes) {
                scope.variables["steps.\(step.name).id"] = node.id
                scope.variables["steps.\(step.name).status"] = node.phase.rawValue
                scope.variables["steps.\(step.name).outputs.result"] = node.result
                scope.variables["steps.\(step.name).outputs.exitCode"] = node.exitCode
            }
            predecessors = nodes.isEmpty ? [groupID] : nodes.flatMap(outbound)
        }
        if var node = workflow.node(id) {
            node.outboundNodes = predecessors
            node.mark(.succeeded, at: now)
            workflow.setNode(node)
        }
    }

    private func arguments(
        of step: WorkflowSpecification.Step, _ scope: Substitution
    ) throws(Substitution.Failure) -> [String: String] {
        var arguments: [String: String] = [:]
        for (index, parameter) in (step.arguments["parameters"]?.array ?? []).enumerated() {
            guard let name = parameter.object?["name"]?.string, let text = parameter.object?["value"]?.parameterText
            else { continue }
            let field = "\(step.field).arguments.parameters[\(index)].value"
            arguments[name] = try scope.apply(text, field: field)
        }
        return arguments
    }

    private mutating func beginGroup(
        _ index: Int, within parent: String, boundaryID: String, after predecessors: [String]
    ) -> String {
        let name = "\(parent)[\(index)]"
        let id = WorkflowNames.nodeID(workflow: workflow.metadata.name, nodeName: name)
        if workflow.node(id) == nil {
            workflow.setNode(
                WorkflowNode(
                    id: id, name: name, displayName: "[\(index)]", kind: .stepGroup, phase: .running,
                    templateName: nil, boundaryID: boundaryID, startedAt: now))
        }
        for predecessor in predecessors { adopt([id], by: predecessor) }
        return id
    }

    private mutating func adopt(_ children: [String], by parentID: String) {
        guard var parent = workflow.node(parentID) else { return }
        let known = parent.children
        parent.children = known + children.filter { !known.contains($0) }
        workflow.setNode(parent)
    }

    private func outbound(_ node: WorkflowNode) -> [String] {
        node.outboundNodes.isEmpty ? [node.id] : node.outboundNodes
    }
}
