import Kubernetes
import Workflows

/// A workflow read for what the harness judges it by, without the subject's own eyes.
struct WorkflowLook {
    private let workflow: Workflow
    private let nodes: [String: JSONObject]
    private let templates: [String: JSONObject]
    private let namespace: String

    init(_ workflow: Workflow) {
        self.workflow = workflow
        namespace = workflow.metadata.namespace ?? ""
        nodes = Dictionary(
            (workflow.json["status", "nodes"]?.object ?? [:]).compactMap { id, node in
                node.object.map { (id, $0) }
            }, uniquingKeysWith: { first, _ in first })
        let own = workflow.spec["templates"]?.array ?? []
        let referred = workflow.json["status", "storedWorkflowTemplateSpec", "templates"]?.array ?? []
        templates = Dictionary(
            (own + referred).compactMap(\.object).map { ($0["name"]?.string ?? "", $0) },
            uniquingKeysWith: { first, _ in first })
    }

    struct HTTPNode: Hashable {
        var id: String
        var phase: String

        /// Whether the call's answer was judged; an Error is what became of a call that has none.
        var hasResult: Bool { phase == "Succeeded" || phase == "Failed" }
    }

    var httpNodes: [HTTPNode] {
        nodes.filter { $0.value["type"]?.string == "HTTP" }.sorted { $0.key < $1.key }
            .map { HTTPNode(id: $0.key, phase: $0.value["phase"]?.string ?? "") }
    }

    /// Nodes in Failed or Error that have something to say.
    var failedNodes: [(id: String, message: String)] {
        nodes.sorted { $0.key < $1.key }.compactMap { id, node in
            guard let phase = node["phase"]?.string, phase == "Failed" || phase == "Error",
                let message = node["message"]?.string, !message.isEmpty, id != workflow.metadata.name
            else { return nil }
            return (id, message)
        }
    }

    // MARK: Locks

    /// The permits in `status.synchronization`, of one kind: `holding` or `waiting`.
    func permits(_ kind: String) -> Set<Permit> {
        var permits: Set<Permit> = []
        for semaphore in (workflow.json["status", "synchronization", "semaphore", kind]?.array ?? []).compactMap(
            \.object)
        {
            for holder in semaphore["holders"]?.strings ?? [] {
                permits.insert(Permit(lock: semaphore["semaphore"]?.string ?? "", holder: key(of: holder)))
            }
        }
        for mutex in (workflow.json["status", "synchronization", "mutex", kind]?.array ?? []).compactMap(\.object) {
            permits.insert(Permit(lock: mutex["mutex"]?.string ?? "", holder: key(of: mutex["holder"]?.string ?? "")))
        }
        return permits
    }

    /// The whole key of a holder; up to v3.5.10 its last part alone was written down.
    private func key(of holder: String) -> String {
        guard !holder.contains("/") else { return holder }
        let own = "\(workflow.metadata.key)"
        return holder == workflow.metadata.name ? own : "\(own)/\(holder)"
    }

    /// The permits that the workflow, and those of its nodes that there are, ask for by the spec.
    var wishes: [Permit] {
        let own = "\(workflow.metadata.key)"
        let whole = locks(of: specification).map { Permit(lock: $0, holder: own) }
        return whole
            + nodes.sorted { $0.key < $1.key }.flatMap { id, node in
                isHolder(id, node) ? nodeLocks(node).map { Permit(lock: $0, holder: "\(own)/\(id)") } : []
            }
    }

    /// The permits under which a pod works: the workflow's, its node's, and those of the nodes around that.
    func permits(guarding pod: Pod) -> [Permit] {
        let own = "\(workflow.metadata.key)"
        let whole = locks(of: specification).map { Permit(lock: $0, holder: own) }
        var ids: [String] = []
        var next = pod.metadata.annotations[WorkflowNames.nodeIDAnnotation] ?? nodeID(named: pod)
        while let id = next, let node = nodes[id], !ids.contains(id) {
            ids.append(id)
            let retry = nodes.first { $0.value["type"]?.string == "Retry" && children(of: $0.value).contains(id) }?.key
            next = retry ?? node["boundaryID"]?.string
        }
        return whole
            + ids.flatMap { id in
                nodes[id].map { node in
                    isHolder(id, node) ? nodeLocks(node).map { Permit(lock: $0, holder: "\(own)/\(id)") } : []
                } ?? []
            }
    }

    private var specification: JSONObject {
        // A spec that refers to a template has that one's locks, unless it has its own.
        guard workflow.spec["synchronization"] == nil else { return workflow.spec }
        return workflow.json["status", "storedWorkflowTemplateSpec"]?.object ?? workflow.spec
    }

    private func nodeID(named pod: Pod) -> String? {
        let name = pod.metadata.annotations[WorkflowNames.nodeNameAnnotation]
        return nodes.first { $0.value["name"]?.string == name }?.key
    }

    private func children(of node: JSONObject) -> [String] { node["children"]?.strings ?? [] }

    private func nodeLocks(_ node: JSONObject) -> [String] {
        node["templateName"]?.string.flatMap { templates[$0] }.map(locks) ?? []
    }

    /// Attempts of a retried node work under the lock of the whole; a step group is no template of its own.
    private func isHolder(_ id: String, _ node: JSONObject) -> Bool {
        if node["type"]?.string == "StepGroup" || node["type"]?.string == "TaskGroup" { return false }
        return !nodes.contains { $0.value["type"]?.string == "Retry" && children(of: $0.value).contains(id) }
    }

    /// Whatever the form: `semaphore`, `semaphores`, `mutex`, `mutexes`. Names that depend on parameters are left out.
    private func locks(of scope: JSONObject) -> [String] {
        let block = scope["synchronization"]?.object ?? [:]
        func entries(_ one: String, _ many: String) -> [JSONObject] {
            ([block[one]].compactMap(\.self) + (block[many]?.array ?? [])).compactMap(\.object)
        }
        let semaphores = entries("semaphore", "semaphores").compactMap { entry -> LockName? in
            guard let reference = entry["configMapKeyRef"]?.object, let name = reference["name"]?.string,
                let key = reference["key"]?.string
            else { return nil }
            return LockName(.configMap, namespace: entry["namespace"]?.string ?? namespace, name: name, key: key)
        }
        let mutexes = entries("mutex", "mutexes").compactMap { entry -> LockName? in
            guard let name = entry["name"]?.string, entry["database"]?.bool != true else { return nil }
            return LockName(.mutex, namespace: entry["namespace"]?.string ?? namespace, name: name)
        }
        return (semaphores + mutexes).map(\.description).filter { !$0.contains("{{") }
    }
}
