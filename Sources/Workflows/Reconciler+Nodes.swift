import Kubernetes

// The nodes while they are worked on.

extension Reconciler {
    mutating func loadNodes() {
        for (id, node) in workflow.json["status", "nodes"]?.object ?? JSONObject() {
            guard let json = node.object else { continue }
            let node = WorkflowNode(json: json)
            nodes[id] = node
            count(node, 1)
        }
    }

    /// Counts the pods that are there and at work; those waiting to be made are counted as they are.
    mutating func countActivePods() {
        activePods = podsByNode.keys.count { id in nodes[id].map { $0.kind == .pod && isActive($0) } ?? false }
    }

    /// Puts the nodes into the status, with the progress that they show.
    mutating func storeNodes() {
        guard !nodes.isEmpty else { return }
        var working = 0
        var done = 0
        for node in nodes.values where node.kind == .pod || node.kind == .http {
            working += 1
            if node.phase == .succeeded { done += 1 }
        }
        let all = JSONObject(uniqueKeysWithValues: nodes.lazy.map { ($0.key, JSONValue.object($0.value.json)) })
        workflow.json["status", "nodes"] = .object(all)
        workflow.json["status", "progress"] = .string("\(done)/\(working)")
    }

    func nodeID(_ name: String) -> String { WorkflowNames.nodeID(workflow: workflow.metadata.name, nodeName: name) }

    mutating func change(_ id: String, _ body: (inout WorkflowNode) -> Void) {
        guard let before = nodes[id] else { return }
        count(before, -1)
        var node = before
        body(&node)
        count(node, 1)
        nodes[id] = node
    }

    mutating func mark(_ id: String, _ phase: WorkflowNode.Phase, message: String? = nil) {
        change(id) { [now] in $0.mark(phase, message: message, at: now) }
    }

    private func isActive(_ node: WorkflowNode) -> Bool {
        !node.phase.isTerminal && node.json["synchronizationStatus"] == nil
    }

    private mutating func count(_ node: WorkflowNode, _ sign: Int) {
        guard let boundary = node.boundaryID, let kind = node.kind, [.pod, .steps, .dag].contains(kind) else { return }
        if !node.phase.isTerminal { census[boundary, default: (0, 0)].active += sign }
        if node.phase.isFailure { census[boundary, default: (0, 0)].failed += sign }
    }

    /// Makes a node, as Argo's `initializeNode` does.
    ///
    /// - Returns: Its id.
    @discardableResult
    mutating func initialize(
        _ name: String, _ kind: WorkflowNode.Kind, _ phase: WorkflowNode.Phase, call: WorkflowSpecification.Call?,
        base: String, boundary: Boundary?, message: String? = nil
    ) -> String {
        let id = nodeID(name)
        var displayName = name
        if let boundary, let rest = name.dropPrefix(boundary.name) { displayName = Self.displayName(rest) }
        var node = WorkflowNode(
            id: id, name: name, displayName: displayName, kind: kind, phase: phase,
            templateName: call?.json["template"]?.string.flatMap { $0.isEmpty ? nil : $0 }, boundaryID: boundary?.id,
            startedAt: now)
        node.json["templateRef"] = call?.json["templateRef"]
        node.json["templateScope"] = .string(base)
        node.message = message
        if phase.isTerminal { node.mark(phase, at: now) }
        nodes[id] = node
        count(node, 1)
        return id
    }

    /// Without a leading `[0].` or `.`.
    private static func displayName(_ text: String) -> String {
        var rest = Substring(text)
        if rest.hasPrefix("["), let end = rest.firstIndex(of: "]") { rest = rest[rest.index(after: end)...] }
        return rest.hasPrefix(".") ? String(rest.dropFirst()) : text
    }

    /// Marks a node that there is as an error, or makes one that is.
    mutating func fail(_ invocation: Invocation, _ message: String) {
        let id = nodeID(invocation.nodeName)
        if nodes[id] != nil { return mark(id, .error, message: message) }
        initialize(
            invocation.nodeName, .skipped, .error, call: invocation.call, base: invocation.base,
            boundary: invocation.boundary, message: message)
        flag(id, invocation)
    }

    func flagged(_ invocation: Invocation, isRetried: Bool) -> JSONValue? {
        var flag = JSONObject()
        if invocation.isHooked { flag["hooked"] = true }
        if isRetried { flag["retried"] = true }
        return flag.isEmpty ? nil : .object(flag)
    }

    mutating func flag(_ id: String, _ invocation: Invocation, isRetried: Bool = false) {
        guard let flag = flagged(invocation, isRetried: isRetried) else { return }
        change(id) { $0.json["nodeFlag"] = flag }
    }

    mutating func connect(_ child: String, to parent: String) {
        guard nodes[child] != nil else { return }
        change(parent) { node in
            let known = node.children
            if !known.contains(child) { node.children = known + [child] }
        }
    }

    /// The nodes that what follows a node hangs from.
    func outbound(_ id: String) -> [String] {
        guard let node = nodes[id] else { return [] }
        switch node.kind {
        case .taskGroup:
            let children = node.children
            return children.isEmpty ? [id] : children.flatMap(outbound)
        case .retry: return node.children.last.map { [$0] } ?? []
        case .steps, .dag: return node.outboundNodes.flatMap(outbound)
        case .stepGroup: return node.outboundNodes.isEmpty ? [id] : node.outboundNodes.flatMap(outbound)
        case .pod, .http, .suspend, .skipped, nil: return [id]
        }
    }

    /// Whether a node is an exit handler, or within one.
    func isPartOfExitHandler(_ node: WorkflowNode) -> Bool {
        var current: WorkflowNode? = node
        while let node = current {
            if node.displayName.hasSuffix(".onExit") { return true }
            current = node.boundaryID.flatMap { nodes[$0] }
        }
        return false
    }
}
