import Kubernetes

// What is called besides: hooks, exit handlers, and the end of the workflow.

extension Reconciler {
    /// Runs the hooks of a step or a task whose time has come, and once it is over its exit handler.
    ///
    /// - Parameter scope: With what may be known of the node itself.
    /// - Returns: Whether all of them are over.
    mutating func runHooks(
        _ call: WorkflowSpecification.Call, _ id: String, _ scope: Substitution, _ boundary: Boundary, _ base: String
    ) throws(Halt) -> Bool {
        guard let node = nodes[id] else { return false }
        var isOver = true
        for (name, hook) in call.hooks {
            let hookName = "\(node.name).hooks.\(name)"
            let isRunning = nodes[nodeID(hookName)] != nil
            if !isRunning {
                guard try holds(hook.json["expression"]?.string ?? "", scope, field: hook.field) else { continue }
            }
            try runHook(hook, named: hookName, parent: id, scope, boundary, base, isOnExit: false)
            if nodes[nodeID(hookName)]?.isFulfilled != true { isOver = false }
        }
        guard isOver, node.phase.isCompleted, let exit = call.exitHook, mayRun(onExit: true) else { return isOver }
        let exitName = "\(node.name).onExit"
        if nodes[nodeID(exitName)] == nil, let expression = exit.json["expression"]?.string, !expression.isEmpty {
            guard try holds(expression, scope, field: exit.field) else { return true }
        }
        try runHook(exit, named: exitName, parent: id, scope, boundary, base, isOnExit: true)
        return nodes[nodeID(exitName)]?.isFulfilled == true
    }

    private mutating func runHook(
        _ hook: WorkflowSpecification.Call, named name: String, parent: String?, _ scope: Substitution,
        _ boundary: Boundary?, _ base: String, isOnExit: Bool
    ) throws(Halt) {
        let id = nodeID(name)
        guard !isLeftAlone(id) else { return }
        // A handler runs whatever has become of its siblings.
        var own = boundary
        own?.isFailFast = false
        var invocation = try invocation(of: hook, named: name, scope, own, base: base, isOnExit: isOnExit)
        invocation.isHooked = true
        // Argo hands the workflow's arguments to a handler that is given none.
        if isOnExit, hook.parameters.isEmpty { invocation.arguments = specification.arguments.mapValues { $0 } }
        do throws(Halt) {
            try execute(invocation)
        } catch {
            if let parent { connect(id, to: parent) }
            guard error.reason == .parallelism else { throw error }
        }
        if let parent { connect(id, to: parent) }
    }

    /// From the entrypoint to the end: all that there is to be done now.
    mutating func carryOn() {
        let name = workflow.metadata.name
        var call = JSONObject()
        call["template"] = .string(specification.entrypoint)
        var invocation = Invocation(
            call: WorkflowSpecification.Call(call, field: "spec.entrypoint"), nodeName: name, boundary: nil,
            base: localBase)
        invocation.arguments = specification.arguments.mapValues { $0 }
        do throws(Halt) {
            try execute(invocation)
        } catch {
            if error.reason == .failure {
                return finish(.error, message: "error in entry template execution: \(error.message)")
            }
        }
        let root = nodes[name]
        let phase: Workflow.Phase =
            switch root?.phase {
            case .failed: .failed
            case .error: .error
            case .succeeded, .skipped, .omitted: .succeeded
            case .pending: .pending
            case .running, nil: .running
            }
        globals["workflow.status"] = phase.rawValue
        if hasHooks { globals["workflow.failures"] = failures() }
        var areHooksOver = true
        do throws(Halt) {
            areHooksOver = try runWorkflowHooks()
        } catch {
            mark(name, .error, message: error.message)
        }
        defer { reconcileTasks() }
        guard areHooksOver, let root, root.phase.isTerminal else { return }
        do throws(Halt) {
            guard try runExitHandler() else { return }
        } catch {
            return finish(.error, message: "error in exit template execution : \(error.message)")
        }
        conclude(phase, nodes[name] ?? root)
    }

    private mutating func conclude(_ phase: Workflow.Phase, _ root: WorkflowNode) {
        if phase == .succeeded, let exit = nodes[nodeID("\(workflow.metadata.name).onExit")], exit.phase.isFailure {
            return finish(exit.phase == .failed ? .failed : .error, message: exit.message)
        }
        var message = root.message
        if root.phase.isFailure, let shutdown { message = "Stopped with strategy '\(shutdown)'" }
        finish(phase, message: phase == .succeeded ? nil : message)
    }

    /// Whether anything is called besides the entrypoint.
    private var hasHooks: Bool { specification.json["hooks"] != nil || specification.json["onExit"] != nil }

    private mutating func runWorkflowHooks() throws(Halt) -> Bool {
        guard hasHooks else { return true }
        let spec = WorkflowSpecification.Call(["hooks": specification.json["hooks"] ?? .null], field: "spec")
        let name = workflow.metadata.name
        var isOver = true
        var scope = Substitution(variables: globals, globals: givenGlobals)
        scope.now = now
        for (hookName, hook) in spec.hooks {
            let nodeName = "\(name).hooks.\(hookName)"
            let isRunning = nodes[nodeID(nodeName)] != nil
            if !isRunning {
                guard try holds(hook.json["expression"]?.string ?? "", scope, field: hook.field) else { continue }
            }
            try runHook(hook, named: nodeName, parent: name, scope, nil, localBase, isOnExit: false)
            if nodes[nodeID(nodeName)]?.isFulfilled != true { isOver = false }
        }
        return isOver
    }

    /// - Returns: Whether the workflow's exit handler is over, or there is none.
    private mutating func runExitHandler() throws(Halt) -> Bool {
        guard hasHooks else { return true }
        let members: JSONObject = [
            "hooks": specification.json["hooks"] ?? .null, "onExit": specification.json["onExit"] ?? .null,
        ]
        guard let exit = WorkflowSpecification.Call(members, field: "spec").exitHook else { return true }
        let name = "\(workflow.metadata.name).onExit"
        guard nodes[nodeID(name)] != nil || mayRun(onExit: true) else { return true }
        var scope = Substitution(variables: globals, globals: givenGlobals)
        scope.now = now
        if nodes[nodeID(name)] == nil, let expression = exit.json["expression"]?.string, !expression.isEmpty {
            guard try holds(expression, scope, field: exit.field) else { return true }
        }
        try runHook(exit, named: name, parent: nil, scope, nil, localBase, isOnExit: true)
        return nodes[nodeID(name)]?.isFulfilled == true
    }

    /// `workflow.failures`: a JSON list, escaped so that it can stand within a JSON string, as in Argo.
    private func failures() -> String {
        let failed = nodes.keys.sorted().compactMap { nodes[$0] }.filter(\.phase.isFailure)
        let list = failed.map { node -> JSONValue in
            var failure: JSONObject = [
                "displayName": .string(node.displayName), "message": .string(node.message ?? ""),
                "phase": .string(node.phase.rawValue), "templateName": .string(templateName(of: node)),
            ]
            failure["podName"] = .string(
                WorkflowNames.podName(
                    workflow: workflow.metadata.name, nodeName: node.name, template: templateName(of: node)))
            failure["finishedAt"] = node.json["finishedAt"] ?? .null
            return .object(failure)
        }
        return JSONValue.string(JSONValue.array(list).text).text
    }

    func templateName(of node: WorkflowNode) -> String {
        node.json["templateRef", "template"]?.string ?? node.templateName ?? ""
    }
}
