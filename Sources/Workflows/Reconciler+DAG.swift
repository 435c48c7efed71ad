import Kubernetes

// Dag templates: each task as soon as those that it waits for are over.

extension Reconciler {
    /// A dag while it is worked on.
    private struct DAG {
        var id: String
        var name: String
        var graph: TaskGraph
        var scope: Substitution
        var boundary: Boundary
        var base: String
        var isOnExit: Bool

        func taskName(_ name: String) -> String { "\(self.name).\(name)" }
    }

    mutating func runDAG(
        _ id: String, _ resolved: Resolved, _ scope: Substitution, _ invocation: Invocation
    ) throws(Halt) {
        let template = resolved.template
        let graph = try graph(of: template)
        let dag = DAG(
            id: id, name: nodes[id]?.name ?? "", graph: graph, scope: scope,
            boundary: try boundary(id, template, scope), base: resolved.base, isOnExit: invocation.isOnExit)
        var targets = graph.leaves
        if let target = template.json["dag", "target"]?.string, !target.isEmpty {
            targets = try fill(target, scope, field: "\(template.field).dag.target").split(separator: " ").map(
                String.init)
            if let unknown = targets.first(where: { graph.places[$0] == nil }) {
                throw Halt("\(template.field).dag.target: target '\(unknown)' is not defined")
            }
        }
        for place in graph.needed(for: targets) {
            guard nodes[id]?.phase.isTerminal == false else { break }
            runTask(place, dag)
        }
        guard nodes[id]?.phase.isTerminal == false else { return endDaemons(within: id) }
        let isStopped = shutdown != nil && !dag.isOnExit && areExitHandlersOver(targets, dag)
        guard let phase = isStopped ? .failed : assess(dag, targets, template) else { return }
        change(id) { $0.outboundNodes = [] }
        let ends = targets.flatMap { outbound(nodeID(dag.taskName($0))) }
        change(id) { $0.outboundNodes = ends }
        guard phase == .succeeded else {
            mark(id, phase)
            return endDaemons(within: id)
        }
        var outputs = scope
        for task in graph.tasks where template.outputReferences.contains(task.name) {
            describe(task, dag, in: &outputs)
        }
        try setOutputs(id, template, outputs)
        mark(id, .succeeded)
        endDaemons(within: id)
    }

    private func graph(of template: WorkflowSpecification.Template) throws(Halt) -> TaskGraph {
        do throws(DependsExpression.Failure) {
            return try template.graph()
        } catch {
            throw Halt(error.description)
        }
    }

    private func areExitHandlersOver(_ targets: [String], _ dag: DAG) -> Bool {
        targets.allSatisfy { nodes[nodeID("\(dag.taskName($0)).onExit")]?.isFulfilled ?? true }
    }

    /// Carries one task on, those that it waits for having been looked at.
    private mutating func runTask(_ place: Int, _ dag: DAG) {
        let task = dag.graph.tasks[place]
        let name = dag.taskName(task.name)
        let id = nodeID(name)
        let hasHooks = task.json["hooks"] != nil || task.json["onExit"] != nil
        if let node = nodes[id] {
            if hasHooks, node.kind != .taskGroup, node.isFulfilled || node.phase == .running {
                guard runTaskHooks(task, id, dag), nodes[id]?.phase.isTerminal == false else { return }
            }
            guard !isLeftAlone(id) else { return }
        } else {
            do throws(Halt) {
                guard let isWanted = try isWanted(place, dag) else { return }
                guard isWanted else {
                    return leave(task, id, dag, .omitted, "omitted: depends condition not met", place)
                }
            } catch {
                return leave(task, id, dag, .error, error.message, place)
            }
        }
        var scope = dag.scope
        for other in task.references.sorted() where other != task.name {
            guard let place = dag.graph.places[other] else { continue }
            describe(dag.graph.tasks[place], dag, in: &scope)
        }
        do throws(Halt) {
            let expanded = try expand(task, scope)
            guard task.isLoop else {
                if let one = expanded.first { runExpanded(one, task, place, dag, under: nil) }
                return
            }
            guard !expanded.isEmpty else { return leave(task, id, dag, .skipped, "Skipped, empty params", place) }
            if nodes[id] == nil {
                initialize(name, .taskGroup, .running, call: task, base: dag.base, boundary: dag.boundary)
                follow(id, place, dag)
            }
            for one in expanded { runExpanded(one, task, place, dag, under: id) }
            finishGroup(id, expanded, dag)
        } catch {
            if nodes[id] == nil {
                leave(task, id, dag, .error, error.message, place)
            } else {
                mark(id, .error, message: error.message)
            }
        }
    }

    /// Marks a task as one that never ran.
    private mutating func leave(
        _ task: WorkflowSpecification.Call, _ id: String, _ dag: DAG, _ phase: WorkflowNode.Phase, _ message: String,
        _ place: Int
    ) {
        guard nodes[id] == nil else { return }
        initialize(
            dag.taskName(task.name), .skipped, phase, call: task, base: dag.base, boundary: dag.boundary,
            message: message)
        follow(id, place, dag)
    }

    /// Hangs a node from the ends of what its task waits for, or from the dag.
    private mutating func follow(_ id: String, _ place: Int, _ dag: DAG) {
        let dependencies = dag.graph.dependencies[place]
        if dependencies.isEmpty { return connect(id, to: dag.id) }
        for dependency in dependencies {
            for end in outbound(nodeID(dag.taskName(dag.graph.tasks[dependency].name))) { connect(id, to: end) }
        }
    }

    /// Whether a task is to run; nil while those that it waits for are not over.
    private func isWanted(_ place: Int, _ dag: DAG) throws(Halt) -> Bool? {
        guard let condition = dag.graph.conditions[place] else { return true }
        var results: [String: Set<DependsExpression.Result>] = [:]
        for dependency in dag.graph.dependencies[place] {
            let name = dag.graph.tasks[dependency].name
            guard let node = nodes[nodeID(dag.taskName(name))], node.isFulfilled, areHooksOver(node) else { return nil }
            results[name] = self.results(of: node)
        }
        do throws(DependsExpression.Failure) {
            return try condition.holds(results)
        } catch {
            throw Halt(error.description)
        }
    }

    private func areHooksOver(_ node: WorkflowNode) -> Bool {
        guard node.json["children"] != nil else { return true }
        return node.children.allSatisfy { child in
            guard let child = nodes[child], child.isHooked else { return true }
            return child.isFulfilled
        }
    }

    private func results(of node: WorkflowNode) -> Set<DependsExpression.Result> {
        var results: Set<DependsExpression.Result> = []
        switch node.phase {
        case .succeeded: results.insert(.succeeded)
        case .failed: results.insert(.failed)
        case .error: results.insert(.errored)
        case .skipped: results.insert(.skipped)
        case .omitted: results.insert(.omitted)
        case .pending, .running: break
        }
        if node.isDaemoned { results.insert(.daemoned) }
        guard node.kind == .taskGroup else { return results }
        let phases = node.children.compactMap { nodes[$0]?.phase }
        if phases.contains(.succeeded) { results.insert(.anySucceeded) }
        if !phases.isEmpty, phases.allSatisfy({ $0 == .failed }) { results.insert(.allFailed) }
        return results
    }

    /// Carries on a task, or one of those that its loop makes.
    private mutating func runExpanded(
        _ one: Expanded, _ task: WorkflowSpecification.Call, _ place: Int, _ dag: DAG, under group: String?
    ) {
        let name = dag.taskName(one.name)
        let id = nodeID(name)
        let isNew = nodes[id] == nil
        func attach(_ reconciler: inout Reconciler) {
            guard isNew, reconciler.nodes[id] != nil else { return }
            if let group { reconciler.connect(id, to: group) } else { reconciler.follow(id, place, dag) }
        }
        if isNew, let reason = one.skipReason {
            initialize(
                name, .skipped, .skipped, call: task, base: dag.base, boundary: dag.boundary, message: reason)
            return attach(&self)
        }
        if !isLeftAlone(id) {
            do throws(Halt) {
                let invocation = try invocation(
                    of: task, named: name, one.scope, dag.boundary, base: dag.base, isOnExit: dag.isOnExit)
                try execute(invocation)
            } catch {
                switch error.reason {
                case .parallelism: break
                case .timeout: mark(id, .failed, message: error.message)
                case .failure:
                    let message = "task '\(name)' errored: \(error.message)"
                    if nodes[id] == nil {
                        initialize(
                            name, .skipped, .error, call: task, base: dag.base, boundary: dag.boundary,
                            message: message)
                    } else {
                        mark(id, .error, message: message)
                    }
                }
            }
            attach(&self)
        }
        guard let node = nodes[id], node.isFulfilled || node.phase == .running, node.kind != .skipped,
            task.json["hooks"] != nil || task.json["onExit"] != nil
        else { return }
        _ = runTaskHooks(task, id, dag)
    }

    /// - Returns: Whether all hooks of the task are over.
    private mutating func runTaskHooks(_ task: WorkflowSpecification.Call, _ id: String, _ dag: DAG) -> Bool {
        var scope = dag.scope
        for other in task.references.sorted() where other != task.name {
            guard let place = dag.graph.places[other] else { continue }
            describe(dag.graph.tasks[place], dag, in: &scope)
        }
        guard let node = nodes[id] else { return false }
        describe(node, task.name, "tasks", in: &scope)
        scope["tasks.\(task.name).status"] = node.phase.rawValue
        do throws(Halt) {
            return try runHooks(task, id, scope, dag.boundary, dag.base)
        } catch {
            mark(id, .error, message: error.message)
            return true
        }
    }

    private mutating func finishGroup(_ id: String, _ expanded: [Expanded], _ dag: DAG) {
        var phase = WorkflowNode.Phase.succeeded
        for one in expanded {
            guard let node = nodes[nodeID(dag.taskName(one.name))], node.isFulfilled, areHooksOver(node) else { return }
            if node.phase.isFailure { phase = node.phase }
        }
        mark(id, phase)
    }

    /// Adds what others may know of a task.
    private mutating func describe(_ task: WorkflowSpecification.Call, _ dag: DAG, in scope: inout Substitution) {
        guard let node = nodes[nodeID(dag.taskName(task.name))] else { return }
        if node.kind == .taskGroup {
            let children = loopChildren(node.children)
            if !children.isEmpty { describeLoop(children, task.name, "tasks", in: &scope) }
        }
        describe(node, task.name, "tasks", in: &scope)
        describeSkipped(node, task, "tasks", base: dag.base, in: &scope)
    }

    /// How the dag has ended: Argo's `assessDAGPhase`; nil while it goes on.
    private func assess(
        _ dag: DAG, _ targets: [String], _ template: WorkflowSpecification.Template
    ) -> WorkflowNode.Phase? {
        // What never ran ends as the branch did that it is on.
        var phases: [String: WorkflowNode.Phase?] = [:]
        for target in targets { phases.updateValue(nil, forKey: nodeID(dag.taskName(target))) }
        var queue = (nodes[dag.id]?.children ?? []).map { (id: $0, phase: WorkflowNode.Phase.succeeded) }
        var seen: [String: Set<WorkflowNode.Phase>] = [:]
        var next = 0
        while next < queue.count {
            let (id, branch) = queue[next]
            next += 1
            guard seen[id, default: []].insert(branch).inserted else { continue }
            guard let node = nodes[id], node.isFulfilled else { return nil }
            let phase = node.phase.isCompleted ? node.phase : branch
            if let known = phases[id], !(known?.isFailure ?? false) { phases[id] = phase }
            let children = node.kind == .retry ? childrenBehind(node) : node.children
            queue += children.map { ($0, phase) }
        }
        let isFailFast = template.json["dag", "failFast"] != .bool(false)
        var result: WorkflowNode.Phase? = .succeeded
        for target in targets {
            guard let known = phases[nodeID(dag.taskName(target))], let phase = known else {
                result = nil
                if isFailFast { continue }
                return nil
            }
            guard phase.isFailure, let place = dag.graph.places[target],
                !dag.graph.tasks[place].continues(on: phase)
            else { continue }
            result = phase
            if isFailFast { return phase }
        }
        return result
    }

    /// What comes after a Retry node: the children of its tries, and its hooks.
    private func childrenBehind(_ node: WorkflowNode) -> [String] {
        node.children.reversed().flatMap { id -> [String] in
            guard let child = nodes[id] else { return [] }
            return child.isHooked ? [id] : child.children
        }
    }
}
