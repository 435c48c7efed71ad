import Determinism
import Kubernetes
import Resilience

// Argo's Retry nodes: one node for all the tries, and a child for each of them.

extension Reconciler {
    func retryStrategy(
        of template: WorkflowSpecification.Template, _ scope: Substitution
    ) throws(Halt) -> RetryPlan? {
        let own = template.json["retryStrategy"]?.object
        guard let json = own ?? specification.json["retryStrategy"]?.object else { return nil }
        let field = own == nil ? "spec.retryStrategy" : "\(template.field).retryStrategy"
        func text(_ value: JSONValue?, _ member: String) throws(Halt) -> String? {
            guard let text = value?.parameterText, !text.isEmpty else { return nil }
            return try fill(text, scope, field: "\(field).\(member)")
        }
        let expression = try text(json["expression"], "expression")
        let name = try text(json["retryPolicy"], "retryPolicy")
        let policy = name.map(RetryPlan.Policy.init(rawValue:)) ?? (expression == nil ? .onFailure : .always)
        guard let policy else { throw Halt("\(name ?? "") is not a valid RetryPolicy") }
        var plan = RetryPlan(policy: policy, expression: expression)
        if let limit = try text(json["limit"], "limit") {
            guard let number = Int(limit) else { throw Halt("\(field).limit: must be a number (is \"\(limit)\")") }
            plan.limit = number
        }
        guard let backoff = json["backoff"]?.object else { return plan }
        let place = "\(field).backoff"
        guard let base = try duration(backoff["duration"], scope, field: "\(place).duration") else {
            throw Halt("no base duration specified for retryStrategy")
        }
        plan.backoff = RetryPlan.Backoff(
            duration: base, factor: try text(backoff["factor"], "backoff.factor").flatMap(Double.init) ?? 0,
            cap: try duration(backoff["cap"], scope, field: "\(place).cap"),
            maxDuration: try duration(backoff["maxDuration"], scope, field: "\(place).maxDuration"))
        return plan
    }

    /// Carries on with the try that is under way, or begins another one if there may be one.
    mutating func executeRetried(
        _ id: String, _ strategy: RetryPlan, _ resolved: Resolved, _ scope: inout Substitution,
        _ invocation: Invocation
    ) throws(Halt) -> String? {
        if nodes[id] == nil {
            initialize(
                invocation.nodeName, .retry, .running, call: invocation.call, base: invocation.base,
                boundary: invocation.boundary)
            flag(id, invocation)
            record(inputs: scope, of: resolved.template, id)
        } else if nodes[id]?.phase == .pending {
            mark(id, .running)
        }
        // A try that ends at once is followed by the next; each round makes one, or is the last.
        while true {
            guard mayTry(id, strategy, invocation) else { return id }
            let tries = tries(of: id)
            let last = tries.last.flatMap { nodes[$0] }
            let isUnderWay = last.map { !$0.phase.isTerminal } ?? false
            let number = isUnderWay ? tries.count - 1 : tries.count
            let name = "\(invocation.nodeName)(\(number))"
            let before = isUnderWay ? tries.dropLast().last.flatMap { nodes[$0] } : last
            scope["retries"] = String(number)
            scope.describe(lastRetry: before, exitCode: "0")
            scope["pod.name"] = resolved.template.makesPods ? podName(name, resolved.template) : nil
            do throws(Halt) {
                if !isUnderWay { try checkParallelism(ofTry: invocation) }
                try run(name, resolved, scope, invocation, isRetried: true)
            } catch {
                guard error.reason == .failure else { throw error }
                var attempt = invocation
                attempt.nodeName = name
                fail(attempt, error.message)
                flag(nodeID(name), invocation, isRetried: true)
            }
            connect(nodeID(name), to: id)
            guard let node = nodes[nodeID(name)] else { return id }
            if node.isDaemoned {
                change(id) { $0.json["daemoned"] = true }
                return id
            }
            guard node.phase.isTerminal else { return id }
        }
    }

    private func checkParallelism(ofTry invocation: Invocation) throws(Halt) {
        if let limit = specification.json["parallelism"]?.integer, activePods >= limit {
            throw Halt("Max parallelism reached", .parallelism)
        }
    }

    /// The tries of a Retry node, in their order; its hooks are children of it too.
    func tries(of id: String) -> [String] {
        (nodes[id]?.children ?? []).filter { nodes[$0].map { !$0.isHooked || $0.isRetried } ?? false }
            .filter { nodes[$0]?.name.hasPrefix("\(nodes[id]?.name ?? "")(") ?? false }
    }

    /// Ends the Retry node where its last try ends it: Argo's `processNodeRetries`.
    ///
    /// - Returns: Whether a try is under way or may begin.
    private mutating func mayTry(_ id: String, _ strategy: RetryPlan, _ invocation: Invocation) -> Bool {
        let tries = tries(of: id)
        guard let last = tries.last.flatMap({ nodes[$0] }) else { return true }
        if last.isDaemoned {
            change(id) { $0.json["daemoned"] = true }
            return false
        }
        guard last.phase.isTerminal else { return true }
        change(id) { $0.json["daemoned"] = nil }
        guard last.phase.isFailure else {
            end(id, .succeeded, "", last)
            return false
        }
        if let message = refusal(strategy, tries, last, id) {
            end(id, last.phase, message, last)
            return false
        }
        let wait = strategy.backoff.map { $0.wait(after: tries.count) } ?? .zero
        retries.append(
            WorkflowRetry(
                workflow: "\(workflow.metadata.key)", nodeID: last.id, reason: last.message ?? "", wait: wait))
        guard strategy.backoff != nil, let finished = last.finishedAt else { return true }
        if now < finished + wait {
            change(id) { $0.message = "Backoff for \(wait.humanized)" }
            look(at: finished + wait)
            return false
        }
        change(id) { $0.message = nil }
        return true
    }

    private mutating func end(_ id: String, _ phase: WorkflowNode.Phase, _ message: String, _ last: WorkflowNode) {
        mark(id, phase, message: message)
        change(id) { $0.json["outputs"] = last.json["outputs"] }
    }

    /// Why there is no other try after a failed one; nil if there is.
    private func refusal(
        _ strategy: RetryPlan, _ tries: [String], _ last: WorkflowNode, _ id: String
    ) -> String? {
        if let shutdown { return "Stopped with strategy '\(shutdown)'" }
        if let deadline, now >= deadline { return "retry exceeded workflow deadline \(deadline.rfc3339)" }
        if let backoff = strategy.backoff, let most = backoff.maxDuration,
            let started = tries.first.flatMap({ nodes[$0]?.startedAt })
        {
            if now > started + most { return "Max duration limit exceeded" }
            if let finished = last.finishedAt, finished + backoff.wait(after: tries.count) > started + most {
                return "Backoff would exceed max duration limit"
            }
        }
        let own = last.message ?? ""
        switch (strategy.policy, last.phase) {
        case (.onFailure, .error), (.onError, .failed): return own
        case (.onTransientError, _) where !settings.classifier.isTransient(message: own): return own
        default: break
        }
        if let limit = strategy.limit, tries.count > limit { return "No more retries left" }
        guard let expression = strategy.expression else { return nil }
        var scope = Substitution(variables: globals, globals: givenGlobals)
        scope["retries"] = String(tries.count - 1)
        scope.describe(lastRetry: last, exitCode: "-1")
        do throws(Halt) {
            return try holds(expression, scope, field: "retryStrategy.expression")
                ? nil : "retryStrategy.expression evaluated to false"
        } catch {
            return error.message
        }
    }
}

extension Classifier {
    /// What the rules say of an error of which no more than its words are known: Argo's `OnTransientError` has nothing
    /// but the text of the node, and so have rules without words nothing to say about it.
    fileprivate func isTransient(message: String) -> Bool {
        let failure = CallFailure(httpStatus: 500, reason: "InternalError", message: message)
        return rules.first { $0.message != nil && $0.matches(failure) }?.verdict == .transient
    }
}

extension Substitution {
    /// The `lastRetry` variables.
    fileprivate mutating func describe(lastRetry node: WorkflowNode?, exitCode: String) {
        self["lastRetry.exitCode"] = node?.exitCode ?? exitCode
        self["lastRetry.status"] = node?.phase.rawValue ?? ""
        self["lastRetry.message"] = node?.message ?? ""
        let duration = node.flatMap { node in
            node.startedAt.flatMap { start in node.finishedAt.map { ($0 - start).components.seconds } }
        }
        self["lastRetry.duration"] = String(duration ?? 0)
    }
}

extension Duration {
    /// `1 minutes 5 seconds`, as Argo's messages have it.
    var humanized: String {
        let seconds = components.seconds
        let parts = [(seconds / 3600, "hours"), (seconds / 60 % 60, "minutes"), (seconds % 60, "seconds")]
        let shown = parts.drop { $0.0 == 0 }
        return shown.isEmpty ? "0 seconds" : shown.map { "\($0.0) \($0.1)" }.joined(separator: " ")
    }
}
