import Determinism
import Kubernetes

// How one call of a template is carried as far as it goes now: Argo's `executeTemplate`.

extension Reconciler {
    /// The steps or the dag template within which something is called.
    struct Boundary {
        var id: String
        var name: String
        /// How many of its nodes may be at work at a time.
        var parallelism: Int64?
        /// Whether nothing new begins within it once a node has failed.
        var isFailFast: Bool
        /// The steps or tasks whose `outputs.result` is used within it.
        var resultReferences: Set<String>
    }

    /// One call of a template.
    struct Invocation {
        var call: WorkflowSpecification.Call
        var nodeName: String
        var boundary: Boundary?
        /// Where the names of templates are looked up.
        var base: String
        /// What is passed; nil for the output of what never ran, so that the input's default takes over.
        var arguments: [String: String?] = [:]
        /// Whether it is, or is within, an exit handler: these run on when a workflow is stopped.
        var isOnExit = false
        /// Whether a hook made the call.
        var isHooked = false
    }

    /// Why a call went no further.
    struct Halt: Error {
        enum Reason {
            /// It has to wait until others are through.
            case parallelism
            case timeout
            case failure
        }

        var message: String
        var reason: Reason = .failure

        init(_ message: String, _ reason: Reason = .failure) {
            self.message = message
            self.reason = reason
        }
    }

    /// The same as Argo's default of `MAX_STACK_DEPTH`.
    private static let maximumDepth = 100

    /// Carries a node as far as it goes now.
    ///
    /// - Returns: Its id; nil where it may not be made yet.
    /// - Throws: Where the caller has to know why; the node then says so too.
    @discardableResult
    mutating func execute(_ invocation: Invocation) throws(Halt) -> String? {
        let id = nodeID(invocation.nodeName)
        if let node = nodes[id], node.isFulfilled, node.kind != .retry || node.phase.isTerminal { return id }
        depth += 1
        defer { depth -= 1 }
        do throws(Halt) {
            guard depth < Self.maximumDepth else {
                throw Halt("Maximum recursion depth exceeded. See https://argo-workflows.readthedocs.io/en/latest/")
            }
            let resolved = try resolve(invocation.call, in: invocation.base)
            var scope = try makeScope(of: resolved.template, invocation)
            try checkTimeouts(id, resolved.template, scope)
            try checkParallelism(id, invocation)
            guard try acquireLocks(id, resolved.template, scope, invocation) else { return id }
            if let strategy = try retryStrategy(of: resolved.template, scope) {
                return try executeRetried(id, strategy, resolved, &scope, invocation)
            }
            scope["pod.name"] = resolved.template.makesPods ? podName(invocation.nodeName, resolved.template) : nil
            try run(invocation.nodeName, resolved, scope, invocation)
            return id
        } catch {
            if error.reason == .failure { fail(invocation, error.message) }
            throw error
        }
    }

    /// Does what a template says, on a node of its own.
    mutating func run(
        _ nodeName: String, _ resolved: Resolved, _ scope: Substitution, _ invocation: Invocation,
        isRetried: Bool = false
    ) throws(Halt) {
        let template = resolved.template
        guard let kind = template.kind else { throw Halt("Template '\(template.name)' missing specification") }
        let id = nodeID(nodeName)
        let begins: WorkflowNode.Phase = kind == .steps || kind == .dag ? .running : .pending
        if nodes[id] == nil {
            initialize(
                nodeName, kind.nodeKind, begins, call: invocation.call, base: invocation.base,
                boundary: invocation.boundary)
            flag(id, invocation, isRetried: isRetried)
            record(inputs: scope, of: template, id)
        } else if begins == .running, nodes[id]?.phase == .pending {
            mark(id, .running)
        }
        switch kind {
        case .container, .script: try startPod(id, template, scope, invocation)
        case .http: try runHTTP(id, template, scope)
        case .suspend: try runSuspend(id, template, scope)
        case .steps: try runSteps(id, resolved, scope, invocation)
        case .dag: try runDAG(id, resolved, scope, invocation)
        }
    }

    /// The variables that a template sees.
    private func makeScope(
        of template: WorkflowSpecification.Template, _ invocation: Invocation
    ) throws(Halt) -> Substitution {
        var scope = Substitution(variables: globals, globals: givenGlobals)
        scope.now = now
        scope["node.name"] = invocation.nodeName
        scope["steps.name"] = invocation.call.name
        scope["tasks.name"] = invocation.call.name
        var list: [JSONValue] = []
        for input in template.inputs {
            let name = input["name"]?.string ?? ""
            let field = "\(template.field).inputs.parameters[\(name)]"
            var value: String? = invocation.arguments[name] ?? nil
            if value == nil { value = try valueFromConfigMap(of: input, scope, field: field) }
            if value == nil, let own = input["value"] ?? input["default"] ?? input["valueFrom"]?.object?["default"] {
                value = try own.parameterText.map { text throws(Halt) in try fill(text, scope, field: field) }
            }
            guard let value else { throw Halt("inputs.parameters.\(name) was not supplied") }
            if let choices = input["enum"]?.array, !choices.isEmpty,
                !choices.contains(where: { $0.parameterText == value })
            {
                throw Halt("inputs.parameters.\(name) value \(value) must be present in enum parameter list")
            }
            scope["inputs.parameters.\(name)"] = value
            list.append(["name": .string(name), "value": .string(value)])
        }
        scope["inputs.parameters"] = JSONValue.array(list).text
        for output in template.outputParameters {
            guard let name = output["name"]?.string, let path = output["valueFrom"]?.object?["path"]?.string else {
                continue
            }
            scope["outputs.parameters.\(name).path"] = path
        }
        return scope
    }

    mutating func record(inputs scope: Substitution, of template: WorkflowSpecification.Template, _ id: String) {
        let inputs = template.inputs
        guard !inputs.isEmpty else { return }
        let parameters = inputs.map { input -> JSONValue in
            var parameter = input
            let name = input["name"]?.string ?? ""
            parameter["value"] = .string(scope["inputs.parameters.\(name)"] ?? "")
            return .object(parameter)
        }
        change(id) { $0.json["inputs", "parameters"] = .array(parameters) }
    }

    func fill(_ text: String, _ scope: Substitution, field: String) throws(Halt) -> String {
        do throws(Substitution.Failure) {
            return try scope.apply(text, field: field)
        } catch {
            throw Halt(error.description)
        }
    }

    func fill(
        _ value: JSONValue, _ scope: Substitution, field: String, unresolved: Substitution.Unresolved = .refused
    ) throws(Halt) -> JSONValue {
        do throws(Substitution.Failure) {
            return try scope.apply(value, field: field, unresolved: unresolved)
        } catch {
            throw Halt(error.description)
        }
    }

    func holds(_ expression: String, _ scope: Substitution, field: String) throws(Halt) -> Bool {
        do throws(Substitution.Failure) {
            return try scope.holds(expression, field: field)
        } catch {
            throw Halt(error.description)
        }
    }

    /// A duration as Argo writes it, its variables filled in.
    func duration(_ value: JSONValue?, _ scope: Substitution, field: String) throws(Halt) -> Duration? {
        guard let text = value?.parameterText, !text.isEmpty else { return nil }
        let filled = try fill(text, scope, field: field)
        guard let duration = Duration(argo: filled) else { throw Halt("unable to parse \(filled) as a duration") }
        return duration
    }

    /// A node that waits for its pod, or for its locks, doesn't wait for ever.
    private mutating func checkTimeouts(
        _ id: String, _ template: WorkflowSpecification.Template, _ scope: Substitution
    ) throws(Halt) {
        guard let node = nodes[id], let started = node.startedAt, node.phase == .pending else { return }
        for key in ["timeout", "pendingTimeout"] {
            let limit = try duration(template.json[key], scope, field: "\(template.field).\(key)")
            guard let limit else { continue }
            guard now < started + limit else {
                mark(id, .failed, message: "timeout")
                throw Halt("timeout", .timeout)
            }
            look(at: started + limit)
        }
    }

    /// Whether a node may begin beside those that are at work.
    private mutating func checkParallelism(_ id: String, _ invocation: Invocation) throws(Halt) {
        guard nodes[id] == nil else { return }
        if let limit = specification.json["parallelism"]?.integer, activePods >= limit {
            throw Halt("Max parallelism reached", .parallelism)
        }
        guard let boundary = invocation.boundary else { return }
        let counts = census[boundary.id] ?? (0, 0)
        if boundary.isFailFast, counts.failed > 0 {
            if counts.active == 0 {
                let message = "template has failed or errored children and failFast enabled"
                for group in nodes.keys.sorted()
                where nodes[group]?.boundaryID == boundary.id && nodes[group]?.kind == .stepGroup
                    && nodes[group]?.phase.isTerminal == false
                {
                    mark(group, .failed, message: message)
                }
                mark(boundary.id, .failed, message: message)
            }
            throw Halt("Max parallelism reached", .parallelism)
        }
        if let limit = boundary.parallelism, counts.active >= limit {
            throw Halt("Max parallelism reached", .parallelism)
        }
    }

    /// The boundary that a steps or a dag template is for what it calls.
    func boundary(
        _ id: String, _ template: WorkflowSpecification.Template, _ scope: Substitution
    ) throws(Halt) -> Boundary {
        var parallelism: Int64?
        if let text = template.json["parallelism"]?.parameterText {
            parallelism = Int64(try fill(text, scope, field: "\(template.field).parallelism"))
        }
        return Boundary(
            id: id, name: nodes[id]?.name ?? "", parallelism: parallelism,
            isFailFast: template.json["failFast"] == .bool(true), resultReferences: template.resultReferences)
    }
}

extension Substitution {
    /// A variable.
    subscript(name: String) -> String? {
        get { variables[name] ?? globals?[name] }
        set { variables[name] = newValue }
    }
}
