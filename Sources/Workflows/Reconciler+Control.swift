import Kubernetes

// What ends nodes from outside: stop, terminate, deadlines; and what suspends them.

extension Reconciler {
    /// `Stop` or `Terminate`; nil where the workflow is to go on.
    var shutdown: String? {
        let value = workflow.spec["shutdown"]?.string ?? specification.json["shutdown"]?.string ?? ""
        return value.isEmpty ? nil : value
    }

    /// Whether something may run, exit handlers being spared when a workflow is stopped and not terminated.
    func mayRun(onExit isOnExit: Bool) -> Bool {
        switch shutdown {
        case nil: true
        case "Stop": isOnExit
        default: false
        }
    }

    /// Ends the nodes that a shutdown or the workflow's deadline ends.
    mutating func applyExecutionControl() {
        let isLate = deadline.map { now >= $0 } ?? false
        guard shutdown != nil || isLate else { return }
        for id in nodes.keys.sorted() {
            guard let node = nodes[id], !node.isFulfilled else { continue }
            let isExit = isPartOfExitHandler(node)
            if let shutdown, !mayRun(onExit: isExit) {
                let stopped = "Stopped with strategy '\(shutdown)'"
                switch node.kind {
                case .suspend, .http: mark(id, .failed, message: stopped)
                case .pod:
                    let isWaiting = node.json["synchronizationStatus"] != nil
                    // Argo's words, its second blank included.
                    mark(id, .failed, message: isWaiting ? stopped : "workflow shutdown with strategy:  \(shutdown)")
                case .retry, .steps, .dag:
                    let isWaiting = node.phase == .pending && node.json["synchronizationStatus"] != nil
                    if isWaiting { mark(id, .failed, message: stopped) }
                case .stepGroup, .taskGroup, .skipped, nil: break
                }
            } else if isLate, !isExit, [.pod, .suspend, .http].contains(node.kind) || node.phase == .pending {
                mark(id, .failed, message: "Step exceeded its deadline")
            }
        }
    }

    mutating func runSuspend(
        _ id: String, _ template: WorkflowSpecification.Template, _ scope: Substitution
    ) throws(Halt) {
        guard let node = nodes[id], !node.phase.isTerminal else { return }
        if node.json["outputs"] == nil {
            let supplied = template.outputParameters.filter { $0["valueFrom"]?.object?["supplied"] != nil }
            let parameters = supplied.map { output -> JSONValue in
                var output = output
                if output["valueFrom"]?.object?["default"] == nil,
                    let input = template.inputs.first(where: { $0["name"] == output["name"] }),
                    let fallback = input["default"]
                {
                    output["valueFrom", "default"] = fallback
                }
                return .object(output)
            }
            if !parameters.isEmpty { change(id) { $0.json["outputs", "parameters"] = .array(parameters) } }
        }
        let field = "\(template.field).suspend.duration"
        if let duration = try duration(template.json["suspend", "duration"], scope, field: field),
            let started = node.startedAt
        {
            guard now < started + duration else {
                mark(id, .succeeded)
                if let node = nodes[id] { settle(node) }
                return
            }
            look(at: started + duration)
        }
        mark(id, .running)
    }

    /// Gives a suspension that is over the defaults of what nobody has supplied.
    mutating func settle(_ node: WorkflowNode) {
        guard node.phase == .succeeded, let parameters = node.json["outputs", "parameters"]?.array,
            parameters.contains(where: { $0.object?["valueFrom"] != nil })
        else { return }
        var list: [JSONValue] = []
        for parameter in parameters.compactMap(\.object) {
            var parameter = parameter
            if parameter["value"] == nil {
                guard let value = parameter["valueFrom"]?.object?["default"] else {
                    let name = parameter["name"]?.string ?? ""
                    return mark(
                        node.id, .error,
                        message: "raw output parameter '\(name)' has not been set and does not have a default value")
                }
                parameter["value"] = value
            }
            parameter["valueFrom"] = nil
            list.append(.object(parameter))
        }
        change(node.id) { [now] in
            $0.json["outputs", "parameters"] = .array(list)
            $0.mark(.succeeded, at: now)
        }
    }

    /// Ends the daemons of a steps or a dag node that is over.
    mutating func endDaemons(within boundaryID: String) {
        for id in nodes.keys.sorted() {
            guard let node = nodes[id], node.isDaemoned, node.boundaryID == boundaryID else { continue }
            change(id) { $0.json["daemoned"] = nil }
            mark(id, .succeeded)
        }
    }
}
