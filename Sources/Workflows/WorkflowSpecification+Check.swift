import Determinism
import Kubernetes

// What is refused: fields that are not supported, and what can't be carried out.

extension WorkflowSpecification {
    /// What pods take over as it stands.
    static let podMembers: Set<String> = [
        "affinity", "automountServiceAccountToken", "dnsConfig", "dnsPolicy", "hostAliases", "hostNetwork",
        "imagePullSecrets", "nodeSelector", "resourceClaims", "schedulerName", "securityContext", "tolerations",
    ]
    private static let specFields: Set<String> = podMembers.union([
        "activeDeadlineSeconds", "archiveLogs", "arguments", "artifactRepositoryRef", "entrypoint", "executor", "hooks",
        "onExit", "parallelism", "podGC", "podMetadata", "podPriority", "podPriorityClassName", "podResources",
        "podSpecPatch",
        "priority",
        "retryStrategy", "serviceAccountName", "shutdown", "suspend", "synchronization", "templateDefaults",
        "templates",
        "ttlStrategy", "workflowMetadata", "workflowTemplateRef",
    ])
    /// What a template's pod takes over as it stands.
    static let templatePodMembers: Set<String> = [
        "affinity", "automountServiceAccountToken", "hostAliases", "nodeSelector", "priorityClassName",
        "resourceClaims", "schedulerName",
        "securityContext", "serviceAccountName", "tolerations",
    ]
    private static let templateFields: Set<String> = templatePodMembers.union([
        "activeDeadlineSeconds", "annotations", "archiveLocation", "container", "daemon", "dag", "executor", "failFast",
        "http", "initContainers", "inputs", "metadata", "name", "outputs", "parallelism", "pendingTimeout",
        "podResources", "podSpecPatch", "priority", "retryStrategy", "script", "sidecars", "steps", "suspend",
        "synchronization",
        "timeout",
    ])
    private static let callFields: Set<String> = [
        "arguments", "continueOn", "hooks", "inline", "name", "onExit", "template", "templateRef", "when", "withItems",
        "withParam", "withSequence",
    ]
    private static let taskFields: Set<String> = callFields.union(["dependencies", "depends"])
    private static let hookFields: Set<String> = ["arguments", "expression", "template", "templateRef"]
    private static let httpFields: Set<String> = [
        "body", "headers", "method", "successCondition", "timeoutSeconds", "url",
    ]
    private static let parameterFields: Set<String> = [
        "default", "description", "enum", "globalName", "name", "value", "valueFrom",
    ]
    private static let retryFields: Set<String> = ["affinity", "backoff", "expression", "limit", "retryPolicy"]

    func check() throws(Unsupported) {
        try checked.value { Result { () throws(Unsupported) in try checkAll() } }.get()
    }

    private func checkAll() throws(Unsupported) {
        try Self.check(json, fields: Self.specFields, at: "spec")
        try Self.checkArguments(json["arguments"], at: "spec.arguments", others: ["configMapKeyRef"])
        try checkSpecParts()
        if json["templateDefaults"]?.object != nil {
            try Self.check(
                json["templateDefaults"]?.object ?? [:], fields: Self.templateFields, at: "spec.templateDefaults")
        }
        for (index, element) in (json["templates"]?.array ?? []).enumerated() {
            guard let name = element.object?["name"]?.string, !name.isEmpty else {
                throw Unsupported(field: "spec.templates[\(index)]", why: "has no name")
            }
        }
        for name in templates.keys.sorted() {
            guard let template = templates[name] else { continue }
            try check(template)
        }
        guard !entrypoint.isEmpty else { throw Unsupported(field: "spec.entrypoint", why: "is required") }
        try checkReference(to: entrypoint, at: "spec.entrypoint")
        if let onExit = json["onExit"]?.string, !onExit.isEmpty { try checkReference(to: onExit, at: "spec.onExit") }
    }

    private func checkSpecParts() throws(Unsupported) {
        if let podGC = json["podGC"]?.object {
            try Self.check(podGC, fields: ["deleteDelayDuration", "labelSelector", "strategy"], at: "spec.podGC")
            if let strategy = podGC["strategy"]?.string, !strategy.isEmpty,
                PodCollection.Strategy(rawValue: strategy) == nil
            {
                throw Unsupported(field: "spec.podGC.strategy", why: "there is no strategy \"\(strategy)\"")
            }
        }
        try Self.check(
            json["workflowMetadata"]?.object ?? [:], fields: ["annotations", "labels", "labelsFrom"],
            at: "spec.workflowMetadata")
        try Self.check(json["podMetadata"]?.object ?? [:], fields: ["annotations", "labels"], at: "spec.podMetadata")
        try Self.check(
            json["workflowTemplateRef"]?.object ?? [:], fields: ["clusterScope", "name"], at: "spec.workflowTemplateRef"
        )
        try Self.check(json["executor"]?.object ?? [:], fields: ["serviceAccountName"], at: "spec.executor")
        try Self.checkRetries(json["retryStrategy"], at: "spec.retryStrategy")
        try Self.checkPatch(json["podSpecPatch"], at: "spec.podSpecPatch")
        let hooks = Call(["hooks": json["hooks"] ?? .null], field: "spec")
        try check(hooksOf: hooks)
        for hook in hooks.hooks.map(\.call) + [hooks.exitHook].compactMap(\.self) { try checkTarget(of: hook) }
        if let shutdown = json["shutdown"]?.string, !["", "Stop", "Terminate"].contains(shutdown) {
            throw Unsupported(field: "spec.shutdown", why: "there is no strategy \"\(shutdown)\"")
        }
    }

    /// Refuses what a template can't be, wherever it stands.
    func checkShape(_ template: Template) throws(Unsupported) {
        let field = template.field
        try Self.check(template.json, fields: Self.templateFields, at: field)
        guard let kind = template.kind else {
            let kinds = Template.Kind.allCases.map(\.rawValue)
            let given = kinds.filter { template.json[$0].map { !$0.isNull } ?? false }
            let why = "has \(given.isEmpty ? "none" : "more than one") of \(kinds.joined(separator: ", "))"
            throw Unsupported(field: field, why: why)
        }
        try Self.checkInputs(template)
        try Self.checkOutputs(template, kind)
        try Self.check(
            template.json["metadata"]?.object ?? [:], fields: ["annotations", "labels"], at: "\(field).metadata")
        try Self.check(
            template.json["archiveLocation"]?.object ?? [:], fields: ["archiveLogs"], at: "\(field).archiveLocation")
        try Self.checkRetries(template.json["retryStrategy"], at: "\(field).retryStrategy")
        for key in ["sidecars", "initContainers"] {
            for (index, container) in (template.json[key]?.array ?? []).enumerated() {
                try Self.check(container: container.object ?? [:], at: "\(field).\(key)[\(index)]")
            }
        }
        try Self.checkPatch(template.json["podSpecPatch"], at: "\(field).podSpecPatch")
        for key in ["timeout", "pendingTimeout"] { try Self.checkDuration(template.json[key], at: "\(field).\(key)") }
        switch kind {
        case .container, .script:
            try Self.check(container: template.json[kind.rawValue]?.object ?? [:], at: "\(field).\(kind.rawValue)")
        case .http: try Self.check(http: template.json["http"]?.object ?? [:], at: "\(field).http")
        case .suspend:
            let suspend = template.json["suspend"]?.object ?? [:]
            try Self.check(suspend, fields: ["duration"], at: "\(field).suspend")
            try Self.checkDuration(suspend["duration"], at: "\(field).suspend.duration")
        case .steps: try checkSteps(template)
        case .dag: try checkTasks(template)
        }
    }

    /// Refuses what a template can't be, and what it uses that can't be given.
    private func check(_ template: Template, within parent: Template? = nil) throws(Unsupported) {
        try checkShape(template)
        var own = template.json
        var parts: [(value: JSONValue, field: String)] = []
        for call in template.steps.joined() + template.tasks {
            var json = call.json
            if let inline = json["inline"]?.object {
                json["inline"] = nil
                try check(self.template(inline, field: "\(call.field).inline"), within: template)
            }
            parts.append((.object(json), call.field))
        }
        own["steps"] = nil
        own["dag", "tasks"] = nil
        for (value, field) in parts + [(.object(own), template.field)] {
            for reference in Substitution.references(in: value, field: field)
            where !isKnown(reference.name, in: template) && !(parent.map { isKnown(reference.name, in: $0) } ?? false) {
                throw Unsupported(field: reference.field, why: "unsupported variable {{\(reference.name)}}")
            }
        }
        for call in template.steps.joined() + template.tasks {
            for target in [call] + call.hooks.map(\.call) + [call.exitHook].compactMap(\.self) {
                try checkTarget(of: target)
            }
        }
    }

    private static func checkInputs(_ template: Template) throws(Unsupported) {
        guard let inputs = template.json["inputs"]?.object else { return }
        let field = "\(template.field).inputs"
        try check(inputs, fields: ["artifacts", "parameters"], at: field)
        try checkEmpty(inputs["artifacts"], at: "\(field).artifacts")
        try checkParameters(
            inputs["parameters"], sources: ["configMapKeyRef", "default", "supplied"], at: "\(field).parameters")
    }

    private static func checkOutputs(_ template: Template, _ kind: Template.Kind) throws(Unsupported) {
        guard let outputs = template.json["outputs"]?.object else { return }
        let field = "\(template.field).outputs"
        try check(outputs, fields: ["artifacts", "exitCode", "parameters", "result"], at: field)
        try checkEmpty(outputs["artifacts"], at: "\(field).artifacts")
        let sources: Set<String> =
            switch kind {
            case .container, .script: ["default", "path"]
            case .steps, .dag: ["default", "expression", "parameter"]
            case .suspend: ["default", "supplied"]
            case .http: []
            }
        try checkParameters(outputs["parameters"], sources: sources, at: "\(field).parameters")
    }

    private static func check(container: JSONObject, at field: String) throws(Unsupported) {
        for key in ["volumeMounts", "volumeDevices"] {
            try checkEmpty(container[key], at: "\(field).\(key)")
        }
    }

    private static func check(http: JSONObject, at field: String) throws(Unsupported) {
        try check(http, fields: httpFields, at: field)
        guard http["url"]?.string?.isEmpty == false else {
            throw Unsupported(field: "\(field).url", why: "is required")
        }
        for (index, header) in (http["headers"]?.array ?? []).enumerated() {
            try check(header.object ?? [:], fields: ["name", "value"], at: "\(field).headers[\(index)]")
        }
        guard let condition = http["successCondition"]?.string, !condition.contains("{{") else { return }
        do {
            _ = try SuccessCondition(condition)
        } catch {
            throw Unsupported(field: "\(field).successCondition", why: error.description)
        }
    }

    private func checkSteps(_ template: Template) throws(Unsupported) {
        for (index, group) in (template.json["steps"]?.array ?? []).enumerated() where group.array == nil {
            throw Unsupported(field: "\(template.field).steps[\(index)]", why: "is not a list of steps")
        }
        var names: Set<String> = []
        for call in template.steps.joined() {
            try check(call, fields: Self.callFields)
            guard names.insert(call.name).inserted else {
                throw Unsupported(field: call.field, why: "there is another step named \"\(call.name)\"")
            }
        }
    }

    private func checkTasks(_ template: Template) throws(Unsupported) {
        let dag = template.json["dag"]?.object ?? [:]
        try Self.check(dag, fields: ["failFast", "target", "tasks"], at: "\(template.field).dag")
        var names: Set<String> = []
        for call in template.tasks {
            try check(call, fields: Self.taskFields)
            guard names.insert(call.name).inserted else {
                throw Unsupported(field: call.field, why: "there is another task named \"\(call.name)\"")
            }
        }
        do {
            _ = try template.graph()
        } catch {
            throw Unsupported(field: error.field, why: error.why)
        }
    }

    private func check(_ call: Call, fields: Set<String>) throws(Unsupported) {
        try Self.check(call.json, fields: fields, at: call.field)
        guard !call.name.isEmpty else { throw Unsupported(field: call.field, why: "has no name") }
        try Self.checkArguments(call.json["arguments"], at: "\(call.field).arguments")
        try Self.check(
            call.json["continueOn"]?.object ?? [:], fields: ["error", "failed"], at: "\(call.field).continueOn")
        try check(hooksOf: call)
    }

    private func check(hooksOf call: Call) throws(Unsupported) {
        for hook in call.hooks.map(\.call) + [call.exitHook].compactMap(\.self) {
            try Self.check(hook.json, fields: Self.hookFields, at: hook.field)
            try Self.checkArguments(hook.json["arguments"], at: "\(hook.field).arguments")
            let expression = hook.json["expression"]?.string ?? ""
            if expression.isEmpty {
                guard hook.name != "exit" else { continue }
                throw Unsupported(field: "\(hook.field).expression", why: "is required")
            }
            do {
                _ = try Expression(expression)
            } catch {
                throw Unsupported(field: "\(hook.field).expression", why: error.description)
            }
        }
    }

    /// What is called exists, as far as that can be told before a run.
    private func checkTarget(of call: Call) throws(Unsupported) {
        let kinds = ["inline", "template", "templateRef"].filter { key in
            call.json[key].map { $0 != "" && !$0.isNull } ?? false
        }
        guard kinds.count == 1 else {
            let why = kinds.isEmpty ? "names no template" : "has both of \(kinds.joined(separator: " and "))"
            throw Unsupported(field: call.field, why: why)
        }
        if let name = call.json["template"]?.string, !name.isEmpty {
            try checkReference(to: name, at: "\(call.field).template")
        }
        if let reference = call.json["templateRef"]?.object {
            try Self.check(reference, fields: ["clusterScope", "name", "template"], at: "\(call.field).templateRef")
            if reference["clusterScope"] == .bool(true) {
                throw Unsupported(field: "\(call.field).templateRef.clusterScope", why: "is not supported")
            }
        }
    }

    private func checkReference(to name: String, at field: String) throws(Unsupported) {
        guard !name.contains("{{"), templates[name] == nil else { return }
        throw Unsupported(field: field, why: "there is no template named \"\(name)\"")
    }

    private static func checkRetries(
        _ value: JSONValue?, at place: @autoclosure () -> String
    ) throws(Unsupported) {
        guard let strategy = value?.object else { return }
        let field = place()
        try check(strategy, fields: retryFields, at: field)
        if let affinity = strategy["affinity"]?.object {
            // Which node a try runs on makes no difference here.
            try check(affinity, fields: ["nodeAntiAffinity"], at: "\(field).affinity")
        }
        if let policy = strategy["retryPolicy"]?.string, !policy.isEmpty, !policy.contains("{{"),
            RetryPlan.Policy(rawValue: policy) == nil
        {
            throw Unsupported(field: "\(field).retryPolicy", why: "\(policy) is not a valid RetryPolicy")
        }
        guard let backoff = strategy["backoff"]?.object else { return }
        try check(backoff, fields: ["cap", "duration", "factor", "maxDuration"], at: "\(field).backoff")
        for key in ["cap", "duration", "maxDuration"] { try checkDuration(backoff[key], at: "\(field).backoff.\(key)") }
    }

    private static func checkDuration(
        _ value: JSONValue?, at field: @autoclosure () -> String
    ) throws(Unsupported) {
        guard let text = value?.parameterText, !text.isEmpty, !text.contains("{{"), Duration(argo: text) == nil else {
            return
        }
        throw Unsupported(field: field(), why: "unable to parse \(text) as a duration")
    }

    private static func checkPatch(
        _ value: JSONValue?, at field: @autoclosure () -> String
    ) throws(Unsupported) {
        guard let text = value?.string, !text.isEmpty else { return }
        // What a variable stands for can be anything.
        guard !text.contains("{{") else { return }
        do throws(PodPatch.Failure) {
            _ = try PodPatch(text)
        } catch {
            throw Unsupported(field: field(), why: error.description)
        }
    }

    /// - Parameter others: Sources of values beside the usual ones.
    private static func checkArguments(
        _ value: JSONValue?, at place: @autoclosure () -> String, others: Set<String> = []
    ) throws(Unsupported) {
        guard let arguments = value?.object else { return }
        let field = place()
        try check(arguments, fields: ["artifacts", "parameters"], at: field)
        try checkEmpty(arguments["artifacts"], at: "\(field).artifacts")
        try checkParameters(
            arguments["parameters"], sources: others.union(["default", "expression"]), at: "\(field).parameters")
    }

    private static func checkParameters(
        _ value: JSONValue?, sources: Set<String>, at field: String
    ) throws(Unsupported) {
        for (index, parameter) in (value?.array ?? []).enumerated() {
            let json = parameter.object ?? [:]
            let place = "\(field)[\(index)]"
            try check(json, fields: parameterFields, at: place)
            guard json["name"]?.string?.isEmpty == false else { throw Unsupported(field: place, why: "has no name") }
            let source = json["valueFrom"]?.object ?? [:]
            try check(source, fields: sources, at: "\(place).valueFrom")
            if let reference = source["configMapKeyRef"]?.object {
                let field = "\(place).valueFrom.configMapKeyRef"
                try check(reference, fields: ["key", "name"], at: field)
                for key in ["name", "key"] where reference[key]?.string?.isEmpty != false {
                    throw Unsupported(field: "\(field).\(key)", why: "is required")
                }
            }
            if let expression = source["expression"]?.string, !expression.contains("{{") {
                do {
                    _ = try Expression(expression)
                } catch {
                    throw Unsupported(field: "\(place).valueFrom.expression", why: error.description)
                }
            }
        }
    }

    static func check(
        _ json: JSONObject, fields: Set<String>, at place: @autoclosure () -> String
    ) throws(Unsupported) {
        for (key, value) in json where !fields.contains(key) && !value.isNull {
            throw Unsupported(field: "\(place()).\(key)", why: "is not supported")
        }
    }

    private static func checkEmpty(
        _ value: JSONValue?, at field: @autoclosure () -> String
    ) throws(Unsupported) {
        let isEmpty =
            switch value {
            case nil, .null: true
            case .array(let elements): elements.isEmpty
            case .object(let members): members.isEmpty
            default: false
            }
        guard isEmpty else { throw Unsupported(field: field(), why: "is not supported") }
    }
}

extension WorkflowSpecification {
    private static let roots: Set<String> = [
        "inputs", "item", "lastRetry", "outputs", "sprig", "steps", "tasks", "workflow",
    ]
    private static let localVariables: Set<String> = [
        "item", "lastRetry.duration", "lastRetry.exitCode", "lastRetry.message", "lastRetry.status", "node.name",
        "pod.name", "retries", "steps.name", "tasks.name",
    ]
    private static let workflowVariables: Set<String> = [
        "annotations", "annotations.json", "creationTimestamp", "creationTimestamp.RFC3339", "creationTimestamp.s",
        "duration", "failures", "labels", "labels.json", "mainEntrypoint", "name", "namespace", "parameters",
        "parameters.json", "priority", "scheduledTime", "serviceAccountName", "status", "uid",
    ]
    private static let siblingVariables: Set<String> = [
        "exitCode", "finishedAt", "hostNodeName", "id", "ip", "outputs.exitCode", "outputs.parameters",
        "outputs.result", "startedAt", "status",
    ]

    /// Whether a variable that a template uses can be given.
    private func isKnown(_ variable: String, in template: Template) -> Bool {
        // An expression may take what is there of a group, and do without the rest.
        if Self.roots.contains(variable) { return true }
        if Self.localVariables.contains(variable) || variable.hasPrefix("item.") { return true }
        let parts = variable.split(separator: ".", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
        guard parts.count == 2 else { return false }
        switch parts[0] {
        case "workflow":
            return Self.workflowVariables.contains(parts[1])
                || ["annotations.", "creationTimestamp.", "labels.", "outputs.parameters."]
                    .contains { parts[1].hasPrefix($0) }
                || parts[1].dropPrefix("parameters.").map(isArgument) ?? false
        case "inputs":
            if parts[1] == "parameters" { return true }
            guard let name = parts[1].dropPrefix("parameters.") else { return false }
            return template.inputs.contains { $0["name"]?.string == name }
        case "outputs":
            guard let name = parts[1].dropPrefix("parameters.")?.dropSuffix(".path") else { return false }
            return template.outputParameters.contains { $0["name"]?.string == name }
        case "steps": return isKnown(parts[1], of: template.steps.joined().map(\.name))
        case "tasks": return isKnown(parts[1], of: template.tasks.map(\.name))
        default: return false
        }
    }

    private func isArgument(_ name: String) -> Bool {
        arguments[name] != nil
            || (json["arguments", "parameters"]?.array ?? []).compactMap(\.object).contains {
                $0["name"]?.string == name && ConfigMapParameter($0) != nil
            }
    }

    private func isKnown(_ rest: String, of names: [String]) -> Bool {
        names.contains { name in
            guard let member = rest.dropPrefix("\(name).") else { return rest == name }
            return Self.siblingVariables.contains(member) || member == "outputs"
                || member.hasPrefix("outputs.parameters.")
        }
    }
}

extension String {
    func dropPrefix(_ prefix: String) -> String? { hasPrefix(prefix) ? String(dropFirst(prefix.count)) : nil }

    func dropSuffix(_ suffix: String) -> String? { hasSuffix(suffix) ? String(dropLast(suffix.count)) : nil }
}

extension Duration {
    /// Argo's: Go's `1m30s`, or a bare number of seconds.
    init?(argo text: String) {
        if let seconds = Int64(text) {
            self = .seconds(seconds)
        } else {
            self.init(text: text)
        }
    }
}
