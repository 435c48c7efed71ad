import Kubernetes

extension Reconciler {
    /// How long a pod that is not to be seen may still be on its way into the informer (Argo's
    /// `RECENTLY_STARTED_POD_DURATION`).
    private static let recentlyStarted = Duration.seconds(10)

    /// Brings the nodes of pods in step with their pods.
    mutating func assessPods() {
        for id in podsByNode.keys.sorted() {
            guard let pod = podsByNode[id], let node = nodes[id], node.kind == .pod, !node.phase.isTerminal else {
                continue
            }
            assess(pod, node)
        }
        for id in nodes.keys.sorted() {
            guard let node = nodes[id] else { continue }
            if node.kind == .suspend { settle(node) }
            // A pending node's pod is created again; one that ran is gone for good.
            guard node.kind == .pod, node.phase == .running, podsByNode[id] == nil, let started = node.startedAt else {
                continue
            }
            guard now - started > Self.recentlyStarted else {
                look(at: started + Self.recentlyStarted + .seconds(1))
                continue
            }
            change(id) { $0.json["daemoned"] = nil }
            mark(id, .error, message: "pod deleted")
        }
    }

    private mutating func assess(_ pod: Pod, _ node: WorkflowNode) {
        let isDaemon = pod.metadata[annotation: WorkflowNames.daemonAnnotation] == "true"
        switch pod.phase {
        case .pending, .unknown: return
        case .running:
            // A daemon is there for others once all of it is ready.
            let isReady = pod.containerStatuses.allSatisfy { $0.json["ready"] != .bool(false) }
            guard node.phase == .pending || isDaemon && !node.isDaemoned, !isDaemon || isReady else { return }
            change(node.id) { [now] node in
                node.mark(.running, at: now)
                node.message = nil
                if isDaemon {
                    node.json["daemoned"] = true
                    node.json["podIP"] = pod.json["status", "podIP"]
                }
            }
        case .succeeded:
            let missing = takeOutputs(of: pod, node)
            change(node.id) { [now] node in
                node.exitCode = "0"
                node.message = nil
                node.json["daemoned"] = nil
                if let missing {
                    node.mark(.error, message: missing, at: now)
                } else {
                    // What is to run on and on has no good end.
                    node.mark(isDaemon ? .failed : .succeeded, at: now)
                }
            }
        case .failed:
            _ = takeOutputs(of: pod, node)
            let status = pod.containerStatuses.first { ($0.exitCode ?? 0) != 0 }
            let message = Self.failureMessage(of: pod, status)
            change(node.id) { [now] node in
                node.exitCode = status?.exitCode.map { String($0) }
                node.json["daemoned"] = nil
                node.mark(.failed, message: message, at: now)
            }
        }
        if let host = pod.nodeName, nodes[node.id]?.json["hostNodeName"] == nil {
            change(node.id) { $0.json["hostNodeName"] = .string(host) }
        }
    }

    static func failureMessage(of pod: Pod, _ status: ContainerStatus?) -> String {
        if let message = pod.statusMessage, !message.isEmpty { return message }
        if let code = status?.exitCode {
            let reason = status?.json["state", "terminated", "reason"]?.string ?? ""
            return "\(reason.isEmpty ? "Error" : reason) (exit code \(code))"
        }
        return pod.statusReason ?? "pod failed for unknown reason"
    }

    /// Takes over what the virtual node has read out of a pod at its end.
    ///
    /// - Returns: What is wrong with it.
    private mutating func takeOutputs(of pod: Pod, _ node: WorkflowNode) -> String? {
        let annotations = pod.metadata.annotations
        let reported = annotations[WorkflowNames.outputsAnnotation].flatMap(JSONObject.init(text:)) ?? [:]
        if let result = reported["result"]?.parameterText {
            change(node.id) { $0.json["outputs", "result"] = .string(result) }
        }
        guard let wanted = annotations[WorkflowNames.outputParametersAnnotation].flatMap(JSONObject.init(text:)) else {
            return nil
        }
        let globalNames = annotations[WorkflowNames.globalNamesAnnotation].flatMap(JSONObject.init(text:)) ?? [:]
        let defaults = annotations[WorkflowNames.outputDefaultsAnnotation].flatMap(JSONObject.init(text:)) ?? [:]
        var values = defaults.stringMembers
        for parameter in (reported["parameters"]?.array ?? []).compactMap(\.object) {
            guard let name = parameter["name"]?.string, let value = parameter["value"]?.parameterText else { continue }
            values[name] = value
        }
        var list: [JSONValue] = []
        for (name, path) in wanted {
            guard let value = values[name] else {
                return
                    "failed to read the output parameter \"\(name)\": \(path.string ?? ""): no such file or directory"
            }
            var parameter: JSONObject = ["name": .string(name), "value": .string(value)]
            parameter["globalName"] = globalNames[name]
            list.append(.object(parameter))
            if let global = globalNames[name]?.string { exportGlobally(global, value) }
        }
        change(node.id) { $0.json["outputs", "parameters"] = .array(list) }
        return nil
    }

    /// A pod of this workflow, without its spec.
    func makePod(name: String) -> Pod {
        var pod = Pod(name: name, namespace: workflow.metadata.namespace)
        pod.metadata.labels = ownedLabels
        pod.metadata.ownerReferences = [OwnerReference(to: workflow)]
        return pod
    }

    /// What marks an object as this workflow's, for the informers.
    var ownedLabels: [String: String] {
        var labels = [WorkflowNames.workflowLabel: workflow.metadata.name]
        labels[WorkflowNames.instanceLabel] = settings.instanceID
        return labels
    }

    func podName(_ nodeName: String, _ template: WorkflowSpecification.Template) -> String {
        WorkflowNames.podName(workflow: workflow.metadata.name, nodeName: nodeName, template: template.name)
    }
}

extension JSONObject {
    /// The object that a text is.
    fileprivate init?(text: String) {
        guard let object = try? JSONValue(parsing: Array(text.utf8)).object else { return nil }
        self = object
    }
}
