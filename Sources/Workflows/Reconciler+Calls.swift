import Kubernetes

// What steps and tasks have in common: conditions, loops, arguments, and the outputs that others see of them.

extension Reconciler {
    /// A step or a task, or one of those that a loop makes of it.
    struct Expanded {
        var name: String
        /// With the item's variables.
        var scope: Substitution
        /// The condition, as it is told where it doesn't hold.
        var skipReason: String?
    }

    /// Judges a call's condition, and makes as many of it as its loop has items.
    ///
    /// - Returns: Empty where the loop is.
    func expand(_ call: WorkflowSpecification.Call, _ scope: Substitution) throws(Halt) -> [Expanded] {
        var condition: Bool?
        var text = ""
        if let when = call.when {
            text =
                try fill(
                    .string(when), scope, field: "\(call.field).when", unresolved: .keptExcept(["steps", "tasks"])
                )
                .string ?? ""
            do throws(WhenCondition.Failure) {
                condition = try WhenCondition.holds(text)
            } catch {
                // It may speak of the item, which is not known yet.
                guard call.isLoop else { throw Halt(error.description) }
            }
        }
        guard call.isLoop else {
            let reason = condition == false ? "when '\(text)' evaluated false" : nil
            return [Expanded(name: call.name, scope: scope, skipReason: reason)]
        }
        let items: [LoopItems.Item]
        do throws(Halt) {
            items = try loopItems(of: call, scope)
        } catch {
            guard condition == false else { throw error }
            return []
        }
        var expanded: [Expanded] = []
        for item in items {
            var own = scope
            own.variables.merge(item.variables) { _, new in new }
            var reason: String?
            if let when = call.when {
                let text = try fill(when, own, field: "\(call.field).when")
                do throws(WhenCondition.Failure) {
                    if try !WhenCondition.holds(text) { reason = "when '\(text)' evaluated false" }
                } catch {
                    throw Halt(error.description)
                }
            }
            expanded.append(Expanded(name: item.name(of: call.name), scope: own, skipReason: reason))
        }
        return expanded
    }

    private func loopItems(of call: WorkflowSpecification.Call, _ scope: Substitution) throws(Halt) -> [LoopItems.Item]
    {
        var loop = JSONObject()
        for key in ["withItems", "withParam", "withSequence"] {
            guard let value = call.json[key], !value.isNull else { continue }
            loop[key] = try fill(value, scope, field: "\(call.field).\(key)")
        }
        do throws(LoopItems.Failure) {
            return try LoopItems(of: loop, field: call.field)?.items ?? []
        } catch {
            throw Halt(error.description)
        }
    }

    /// The call with the names of its template filled in, and what it passes.
    func invocation(
        of call: WorkflowSpecification.Call, named nodeName: String, _ scope: Substitution, _ boundary: Boundary?,
        base: String, isOnExit: Bool
    ) throws(Halt) -> Invocation {
        var json = JSONObject()
        json["template"] = try call.json["template"].map { value throws(Halt) in
            try fill(value, scope, field: "\(call.field).template")
        }
        json["templateRef"] = try call.json["templateRef"].map { value throws(Halt) in
            try fill(value, scope, field: "\(call.field).templateRef")
        }
        json["inline"] = try call.json["inline"].map { value throws(Halt) in
            try fill(value, scope, field: "\(call.field).inline", unresolved: .kept)
        }
        let target = WorkflowSpecification.Call(json, field: call.field, name: call.name)
        var invocation = Invocation(
            call: target, nodeName: nodeName, boundary: boundary, base: base, isOnExit: isOnExit)
        invocation.arguments = try arguments(of: call, scope)
        return invocation
    }

    func arguments(of call: WorkflowSpecification.Call, _ scope: Substitution) throws(Halt) -> [String: String?] {
        var arguments: [String: String?] = [:]
        for (index, parameter) in call.parameters.enumerated() {
            guard let name = parameter["name"]?.string else { continue }
            let field = "\(call.field).arguments.parameters[\(index)]"
            if let expression = parameter["valueFrom"]?.object?["expression"]?.string {
                arguments[name] = try self.text(of: expression, scope, field: "\(field).valueFrom.expression")
            } else if let text = (parameter["value"] ?? parameter["default"])?.parameterText {
                if scope.isAbsent(text) {
                    arguments.updateValue(nil, forKey: name)
                } else {
                    arguments[name] = try fill(text, scope, field: "\(field).value")
                }
            }
        }
        return arguments
    }

    /// What an expression gives, as a parameter's value.
    func text(of expression: String, _ scope: Substitution, field: String) throws(Halt) -> String {
        do throws(Substitution.Failure) {
            return try scope.text(of: expression, field: field)
        } catch {
            throw Halt(error.description)
        }
    }

    /// Adds what others may know of a step or a task.
    ///
    /// - Parameter prefix: `steps` or `tasks`.
    func describe(_ node: WorkflowNode, _ name: String, _ prefix: String, in scope: inout Substitution) {
        var node = node
        if node.kind == .retry, let last = tries(of: node.id).last.flatMap({ nodes[$0] }) { node = last }
        let place = "\(prefix).\(name)"
        scope["\(place).id"] = node.id
        scope["\(place).status"] = node.phase.rawValue
        for (variable, member) in [
            ("startedAt", "startedAt"), ("finishedAt", "finishedAt"), ("ip", "podIP"), ("hostNodeName", "hostNodeName"),
        ] {
            if let value = node.json[member]?.string { scope["\(place).\(variable)"] = value }
        }
        if let result = node.result { scope["\(place).outputs.result"] = result }
        if let code = node.exitCode {
            scope["\(place).exitCode"] = code
            scope["\(place).outputs.exitCode"] = code
        }
        for (parameter, value) in node.outputParameters { scope["\(place).outputs.parameters.\(parameter)"] = value }
    }

    /// Adds the outputs of what never ran: the defaults, or that they are absent.
    mutating func describeSkipped(
        _ node: WorkflowNode, _ call: WorkflowSpecification.Call, _ prefix: String, base: String,
        in scope: inout Substitution
    ) {
        guard node.phase == .skipped || node.phase == .omitted, node.json["outputs"] == nil,
            let template = try? resolve(call, in: base).template
        else { return }
        let place = "\(prefix).\(call.name).outputs"
        for output in template.outputParameters {
            guard let name = output["name"]?.string else { continue }
            if let value = output["valueFrom"]?.object?["default"]?.parameterText {
                scope["\(place).parameters.\(name)"] = value
            } else {
                scope.absent.insert("\(place).parameters.\(name)")
            }
        }
        scope.absent.insert("\(place).result")
    }

    /// Adds the outputs of all that a loop made, as JSON lists.
    func describeLoop(_ children: [WorkflowNode], _ name: String, _ prefix: String, in scope: inout Substitution) {
        let place = "\(prefix).\(name).outputs"
        var results: [JSONValue] = []
        var parameters: [JSONValue] = []
        var values: [String: [String]] = [:]
        for child in children where child.phase == .succeeded {
            if let result = child.result {
                results.append((try? JSONValue(parsing: Array(result.utf8))) ?? .string(result))
            }
            let own = child.outputParameters
            if !own.isEmpty {
                parameters.append(.object(JSONObject(Dictionary(own.map { ($0.name, $0.value) }) { $1 })))
            }
            for (parameter, value) in own { values[parameter, default: []].append(value) }
        }
        scope["\(place).result"] = JSONValue.array(results).text
        scope["\(place).parameters"] = JSONValue.array(parameters).text
        for (parameter, list) in values { scope["\(place).parameters.\(parameter)"] = Self.list(of: list).text }
    }

    /// Values that are all objects or lists stand as such in a list of them, others as strings.
    private static func list(of values: [String]) -> JSONValue {
        let parsed = values.compactMap { try? JSONValue(parsing: Array($0.utf8)) }
            .filter { $0.object != nil || $0.array != nil }
        return parsed.count == values.count ? .array(parsed) : JSONValue(values)
    }

    /// Those among nodes that a loop made, in the order of its items.
    func loopChildren(_ ids: [String]) -> [WorkflowNode] {
        ids.compactMap { nodes[$0] }.filter { !$0.isHooked && !$0.isRetried && $0.kind != .skipped }
            .sorted { Self.loopIndex($0.name) < Self.loopIndex($1.name) }
    }

    /// The 3 of `name(3:value)`.
    private static func loopIndex(_ name: String) -> Int {
        guard let open = name.lastIndex(of: "(") else { return 0 }
        return Int(name[name.index(after: open)...].prefix { $0 != ":" }) ?? 0
    }

    /// Gives a steps or a dag node what its template says are its outputs.
    mutating func setOutputs(
        _ id: String, _ template: WorkflowSpecification.Template, _ scope: Substitution
    ) throws(Halt) {
        guard !template.outputParameters.isEmpty else { return }
        var list: [JSONValue] = []
        for output in template.outputParameters {
            let name = output["name"]?.string ?? ""
            let source = output["valueFrom"]?.object ?? [:]
            let value = try self.value(
                of: source, name, scope, field: "\(template.field).outputs.parameters[\(name)].valueFrom.expression")
            var parameter = output
            parameter["valueFrom"] = nil
            parameter["value"] = .string(value)
            list.append(.object(parameter))
            if let global = output["globalName"]?.string, !global.isEmpty { exportGlobally(global, value) }
        }
        change(id) { $0.json["outputs"] = ["parameters": .array(list)] }
    }

    private func value(
        of source: JSONObject, _ name: String, _ scope: Substitution, field: String
    ) throws(Halt) -> String {
        let fallback = source["default"]?.parameterText
        if let expression = source["expression"]?.string, !expression.isEmpty {
            do throws(Halt) {
                return try text(of: expression, scope, field: field)
            } catch {
                guard let fallback else { throw error }
                return fallback
            }
        }
        guard let reference = source["parameter"]?.string else {
            guard let fallback else { throw Halt("output parameters must have a valueFrom specified") }
            return fallback
        }
        let variable = reference.variableName
        if let value = scope[variable] { return value }
        if let fallback { return fallback }
        if scope.absent.contains(variable) {
            throw Halt(
                "output parameter \"\(name)\": \"\(reference)\" is an absent optional "
                    + "(skipped/omitted node output with no default)")
        }
        throw Halt("Unable to resolve: \"\(reference)\"")
    }
}

extension String {
    /// What stands between the braces, if there are any.
    fileprivate var variableName: String {
        let inner = dropPrefix("{{")?.dropSuffix("}}") ?? self
        return String(inner.drop { $0 == " " }.reversed().drop { $0 == " " }.reversed())
    }
}

extension Substitution {
    /// Whether a text is nothing but a reference to what is absent.
    fileprivate func isAbsent(_ text: String) -> Bool {
        text.hasPrefix("{{") && absent.contains(text.variableName) && self[text.variableName] == nil
    }
}
