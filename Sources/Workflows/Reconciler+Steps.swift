import Kubernetes

// Steps templates: groups one after another, the steps of a group side by side.

extension Reconciler {
    mutating func runSteps(
        _ id: String, _ resolved: Resolved, _ scope: Substitution, _ invocation: Invocation
    ) throws(Halt) {
        let template = resolved.template
        var scope = scope
        let name = nodes[id]?.name ?? ""
        let boundary = try boundary(id, template, scope)
        for (index, group) in template.steps.enumerated() {
            let groupName = "\(name)[\(index)]"
            let groupID = nodeID(groupName)
            if nodes[groupID] == nil {
                initialize(
                    groupName, .stepGroup, .running, call: nil, base: resolved.base, boundary: boundary)
                follow(groupID, index == 0 ? nil : nodeID("\(name)[\(index - 1)]"), boundaryID: id)
            }
            if nodes[groupID]?.phase.isTerminal == false {
                do throws(Halt) {
                    try runGroup(group, groupID, &scope, boundary, resolved.base, invocation.isOnExit)
                } catch {
                    mark(groupID, .error, message: error.message)
                }
            }
            guard let node = nodes[groupID], node.phase.isTerminal, nodes[id]?.phase.isTerminal == false else { break }
            guard !node.phase.isFailure else {
                end(id, template, name, through: index)
                mark(id, .failed, message: node.message ?? "")
                break
            }
            for step in group where isReferred(step.name, in: template) {
                describe(step, groupID, base: resolved.base, in: &scope)
            }
            if index == template.steps.count - 1 { try succeed(id, template, name, scope) }
        }
        if template.steps.isEmpty { try succeed(id, template, name, scope) }
        if nodes[id]?.phase.isTerminal == true { endDaemons(within: id) }
    }

    private func isReferred(_ step: String, in template: WorkflowSpecification.Template) -> Bool {
        template.references.contains(step)
    }

    private mutating func succeed(
        _ id: String, _ template: WorkflowSpecification.Template, _ name: String, _ scope: Substitution
    ) throws(Halt) {
        end(id, template, name, through: template.steps.count - 1)
        try setOutputs(id, template, scope)
        mark(id, .succeeded)
    }

    /// Hangs a group from the node that it is in, or from the ends of the group before it.
    private mutating func follow(_ groupID: String, _ previous: String?, boundaryID: String) {
        guard let previous else { return connect(groupID, to: boundaryID) }
        let children = nodes[previous]?.children ?? []
        if children.isEmpty { connect(groupID, to: previous) }
        for parent in children.flatMap(outbound) { connect(groupID, to: parent) }
    }

    private mutating func end(
        _ id: String, _ template: WorkflowSpecification.Template, _ name: String, through index: Int
    ) {
        guard index >= 0 else { return }
        let outbound = (nodes[nodeID("\(name)[\(index)]")]?.children ?? []).flatMap(outbound)
        change(id) { $0.outboundNodes = outbound }
    }

    /// Adds what the groups to come may know of a step that is over.
    private mutating func describe(
        _ step: WorkflowSpecification.Call, _ groupID: String, base: String, in scope: inout Substitution
    ) {
        guard let group = nodes[groupID] else { return }
        let stepName = "\(group.name).\(step.name)"
        if let node = nodes[nodeID(stepName)] {
            describe(node, step.name, "steps", in: &scope)
            describeSkipped(node, step, "steps", base: base, in: &scope)
            return
        }
        let children = group.children.filter { nodes[$0]?.name.hasPrefix("\(stepName)(") ?? false }
        let made = loopChildren(children)
        if !made.isEmpty { describeLoop(made, step.name, "steps", in: &scope) }
        describe(group, step.name, "steps", in: &scope)
    }

    private mutating func runGroup(
        _ group: [WorkflowSpecification.Call], _ groupID: String, _ scope: inout Substitution, _ boundary: Boundary,
        _ base: String, _ isOnExit: Bool
    ) throws(Halt) {
        var steps: [String: (step: WorkflowSpecification.Call, scope: Substitution)] = [:]
        var isWaiting = false
        for step in group {
            let expanded = try expand(step, scope)
            if expanded.isEmpty {
                skip(
                    "\(nodes[groupID]?.name ?? "").\(step.name)", step, groupID, boundary, base, "Skipped, empty params"
                )
            }
            for one in expanded {
                let name = "\(nodes[groupID]?.name ?? "").\(one.name)"
                let id = nodeID(name)
                if let reason = one.skipReason {
                    skip(name, step, groupID, boundary, base, reason)
                    continue
                }
                steps[id] = (step, one.scope)
                guard !isLeftAlone(id) else { continue }
                do throws(Halt) {
                    let invocation = try invocation(
                        of: step, named: name, one.scope, boundary, base: base, isOnExit: isOnExit)
                    let made = try execute(invocation)
                    if made == nil { isWaiting = true } else { connect(id, to: groupID) }
                } catch {
                    switch error.reason {
                    case .parallelism: isWaiting = true
                    case .timeout:
                        connect(id, to: groupID)
                        mark(groupID, .failed, message: error.message)
                        return
                    case .failure:
                        connect(id, to: groupID)
                        throw Halt("step group deemed errored due to child \(name) error: \(error.message)")
                    }
                }
            }
        }
        guard nodes[groupID]?.phase.isTerminal == false else { return }
        try finishGroup(groupID, steps, isWaiting: isWaiting, boundary, base)
    }

    /// Whether there is nothing to be done for a node but to wait for what it stands for.
    func isLeftAlone(_ id: String) -> Bool {
        guard let node = nodes[id] else { return false }
        return node.phase.isTerminal || node.isDaemoned && node.kind != .retry
            || node.kind == .pod && node.phase == .running
    }

    private mutating func skip(
        _ name: String, _ step: WorkflowSpecification.Call, _ groupID: String, _ boundary: Boundary, _ base: String,
        _ reason: String
    ) {
        guard nodes[nodeID(name)] == nil else { return }
        let id = initialize(name, .skipped, .skipped, call: step, base: base, boundary: boundary, message: reason)
        connect(id, to: groupID)
    }

    /// Runs the hooks of a group's steps, and ends it once all is over.
    private mutating func finishGroup(
        _ groupID: String, _ steps: [String: (step: WorkflowSpecification.Call, scope: Substitution)],
        isWaiting: Bool, _ boundary: Boundary, _ base: String
    ) throws(Halt) {
        var isOver = !isWaiting
        let children = nodes[groupID]?.children ?? []
        for id in children {
            guard let (step, scope) = steps[id], let node = nodes[id] else { continue }
            guard node.isFulfilled || !step.hooks.isEmpty else {
                isOver = false
                continue
            }
            if step.json["hooks"] != nil || step.json["onExit"] != nil {
                var scope = scope
                describe(node, step.name, "steps", in: &scope)
                scope["steps.\(step.name).status"] = node.phase.rawValue
                if try !runHooks(step, id, scope, boundary, base) { isOver = false }
            }
            if nodes[id]?.isFulfilled == false { isOver = false }
        }
        guard isOver else { return }
        for id in children {
            guard let node = nodes[id], node.phase.isFailure, let step = steps[id]?.step,
                !step.continues(on: node.phase)
            else { continue }
            return mark(groupID, .failed, message: "child '\(id)' failed")
        }
        mark(groupID, .succeeded)
    }
}
