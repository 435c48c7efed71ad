import Kubernetes

// The pods of container and script templates.

extension Reconciler {
    mutating func startPod(
        _ id: String, _ template: WorkflowSpecification.Template, _ scope: Substitution, _ invocation: Invocation
    ) throws(Halt) {
        guard let node = nodes[id], node.phase == .pending, podsByNode[id] == nil else { return }
        guard mayRun(onExit: invocation.isOnExit) else {
            return mark(id, .failed, message: "workflow shutdown with strategy: \(shutdown ?? "")")
        }
        if let deadline, !invocation.isOnExit, now >= deadline {
            return mark(id, .failed, message: "Step exceeded its deadline")
        }
        if let limit = specification.json["parallelism"]?.integer, activePods >= limit { return }
        activePods += 1
        var pod = makePod(name: podName(node.name, template))
        try addMetadata(to: &pod, template, scope, node, invocation)
        try addOutputs(to: &pod, template, scope, invocation)
        pod.json["spec"] = .object(try podSpec(of: template, scope, node, invocation))
        effects.append(.createPod(pod, nodeID: id))
    }

    private func addMetadata(
        to pod: inout Pod, _ template: WorkflowSpecification.Template, _ scope: Substitution, _ node: WorkflowNode,
        _ invocation: Invocation
    ) throws(Halt) {
        var labels: [String: String] = [:]
        var annotations: [String: String] = [:]
        for (value, field) in [
            (specification.json["podMetadata"], "spec.podMetadata"),
            (template.json["metadata"], "\(template.field).metadata"),
        ] {
            let metadata = try fill(value ?? .object([:]), scope, field: field).object ?? [:]
            labels.merge(metadata["labels"]?.object?.stringMembers ?? [:]) { _, new in new }
            annotations.merge(metadata["annotations"]?.object?.stringMembers ?? [:]) { _, new in new }
        }
        if invocation.isOnExit { labels[WorkflowNames.onExitLabel] = "true" }
        pod.metadata.labels.merge(labels) { own, _ in own }
        annotations[WorkflowNames.nodeNameAnnotation] = node.name
        annotations[WorkflowNames.nodeIDAnnotation] = node.id
        annotations["kubectl.kubernetes.io/default-container"] = "main"
        if template.isDaemon { annotations[WorkflowNames.daemonAnnotation] = "true" }
        pod.metadata.annotations = annotations
    }

    /// Asks the virtual node for what is to be read out of the pod at its end.
    private func addOutputs(
        to pod: inout Pod, _ template: WorkflowSpecification.Template, _ scope: Substitution, _ invocation: Invocation
    ) throws(Halt) {
        let isUsed = invocation.boundary?.resultReferences.contains(invocation.call.name) ?? false
        if isUsed || template.json["outputs", "result"] != nil {
            pod.metadata[annotation: WorkflowNames.captureAnnotation] = "result"
        }
        var paths: [String: String] = [:]
        var defaults: [String: String] = [:]
        var globalNames: [String: String] = [:]
        for output in template.outputParameters {
            guard let name = output["name"]?.string else { continue }
            let field = "\(template.field).outputs.parameters[\(name)]"
            let source = output["valueFrom"]?.object ?? [:]
            guard let path = source["path"]?.string else { continue }
            paths[name] = try fill(path, scope, field: "\(field).valueFrom.path")
            if let text = source["default"]?.parameterText {
                defaults[name] = try fill(text, scope, field: "\(field).valueFrom.default")
            }
            if let text = output["globalName"]?.string, !text.isEmpty {
                globalNames[name] = try fill(text, scope, field: "\(field).globalName")
            }
        }
        for (annotation, values) in [
            (WorkflowNames.outputParametersAnnotation, paths), (WorkflowNames.outputDefaultsAnnotation, defaults),
            (WorkflowNames.globalNamesAnnotation, globalNames),
        ] where !values.isEmpty {
            pod.metadata[annotation: annotation] = JSONValue.object(JSONObject(values)).text
        }
    }

    private func podSpec(
        of template: WorkflowSpecification.Template, _ scope: Substitution, _ node: WorkflowNode,
        _ invocation: Invocation
    ) throws(Halt) -> JSONObject {
        let own = JSONValue.object(specification.podMembers)
        var spec = try fill(own, scope, field: "spec").object ?? [:]
        for key in WorkflowSpecification.templatePodMembers.sorted() {
            guard let value = template.json[key], !value.isNull else { continue }
            spec[key] = try fill(value, scope, field: "\(template.field).\(key)")
        }
        if spec["priorityClassName"] == nil { spec["priorityClassName"] = specification.json["podPriorityClassName"] }
        if spec["serviceAccountName"] == nil {
            spec["serviceAccountName"] = specification.serviceAccountName.map(JSONValue.string)
        }
        for (value, field) in [
            (template.json["podResources"], "\(template.field).podResources"),
            (specification.json["podResources"], "spec.podResources"),
        ] where spec["resources"] == nil {
            spec["resources"] = try value.map { value throws(Halt) in try fill(value, scope, field: field) }
        }
        spec["containers"] = [.object(try mainContainer(of: template, scope))]
        let initializers = try containers("initContainers", template, scope)
        // Argo's executor stops sidecars once the main container has ended; without one, Kubernetes does so for init
        // containers that are restarted always.
        let sidecars = try containers("sidecars", template, scope).map { value -> JSONValue in
            var container = value.object ?? [:]
            container["restartPolicy"] = "Always"
            return .object(container)
        }
        if !(initializers + sidecars).isEmpty { spec["initContainers"] = .array(initializers + sidecars) }
        spec["restartPolicy"] = "Never"
        if let seconds = try activeSeconds(of: template, scope, node, invocation) {
            spec["activeDeadlineSeconds"] = .integer(seconds)
        }
        for (patch, field) in [
            (specification.json["podSpecPatch"], "spec.podSpecPatch"),
            (template.json["podSpecPatch"], "\(template.field).podSpecPatch"),
        ] {
            guard let text = patch?.string, !text.isEmpty else { continue }
            try apply(try fill(text, scope, field: field), to: &spec, field: field)
        }
        return spec
    }

    private func apply(_ patch: String, to spec: inout JSONObject, field: String) throws(Halt) {
        do throws(PodPatch.Failure) {
            spec = try PodPatch(patch).applied(to: spec)
        } catch {
            throw Halt("\(field): \(error)")
        }
    }

    private func containers(
        _ key: String, _ template: WorkflowSpecification.Template, _ scope: Substitution
    ) throws(Halt) -> [JSONValue] {
        guard let list = template.json[key], !list.isNull else { return [] }
        var containers = try fill(list, scope, field: "\(template.field).\(key)").array ?? []
        for index in containers.indices {
            // Argo's own field, of which pods know nothing.
            guard var container = containers[index].object else { continue }
            container["mirrorVolumeMounts"] = nil
            containers[index] = .object(container)
        }
        return containers
    }

    private func mainContainer(
        of template: WorkflowSpecification.Template, _ scope: Substitution
    ) throws(Halt) -> JSONObject {
        let kind = template.kind == .script ? "script" : "container"
        let field = "\(template.field).\(kind)"
        var main = try fill(template.json[kind] ?? .object([:]), scope, field: field).object ?? [:]
        main["name"] = "main"
        guard kind == "script" else { return main }
        let source = main["source"]?.string ?? ""
        main["source"] = nil
        guard !source.isEmpty else { return main }
        // Argo mounts a file with the source, and passes its path; here there is nobody to write it, so that the source
        // itself is passed, to an interpreter in the way that it takes one, and to anything else as it is.
        let command = main["command"]?.strings ?? []
        let args = main["args"]?.strings ?? []
        var flag: [String] = []
        if let own = Self.sourceFlag(of: command), !(command + args).contains(own) { flag = [own] }
        main["args"] = JSONValue(args + flag + [source])
        return main
    }

    /// How an interpreter is told that its source follows.
    private static func sourceFlag(of command: [String]) -> String? {
        let program = command.first?.split(separator: "/").last.map(String.init) ?? ""
        switch program {
        case "ash", "bash", "dash", "ksh", "sh", "zsh", "python", "python2", "python3": return "-c"
        case "node", "perl", "ruby": return "-e"
        default: return nil
        }
    }

    /// How long a pod may run: what its template, its timeout and the workflow's deadline leave of it.
    private func activeSeconds(
        of template: WorkflowSpecification.Template, _ scope: Substitution, _ node: WorkflowNode,
        _ invocation: Invocation
    ) throws(Halt) -> Int64? {
        var limits: [Int64] = []
        if let text = template.json["activeDeadlineSeconds"]?.parameterText {
            let field = "\(template.field).activeDeadlineSeconds"
            guard let seconds = Int64(try fill(text, scope, field: field)) else {
                throw Halt("\(field): must be a number of seconds (is \"\(text)\")")
            }
            limits.append(seconds)
        }
        if let deadline, !invocation.isOnExit { limits.append((deadline - now).components.seconds) }
        let timeout = try duration(template.json["timeout"], scope, field: "\(template.field).timeout")
        if let timeout, let started = node.startedAt { limits.append((started + timeout - now).components.seconds) }
        return limits.min().map { max($0, 1) }
    }
}
