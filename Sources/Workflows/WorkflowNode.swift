package import Kubernetes

/// The status of one node of a workflow, as Argo writes it.
/// https://argo-workflows.readthedocs.io/en/latest/fields/#nodestatus
package struct WorkflowNode: Hashable, Sendable {
    package var json: JSONObject

    package init(json: JSONObject) { self.json = json }

    package enum Kind: String, Sendable {
        case pod = "Pod"
        case http = "HTTP"
        case steps = "Steps"
        case stepGroup = "StepGroup"
        case dag = "DAG"
        /// A dag's task that a loop makes many of.
        case taskGroup = "TaskGroup"
        /// The tries of one template.
        case retry = "Retry"
        case suspend = "Suspend"
        /// What never came to run: by its condition, or by an error before it had a type.
        case skipped = "Skipped"
    }

    package enum Phase: String, Sendable, CaseIterable {
        case pending = "Pending"
        case running = "Running"
        case succeeded = "Succeeded"
        case failed = "Failed"
        case error = "Error"
        /// Its condition did not hold.
        case skipped = "Skipped"
        /// What it depends on did not end as it wants.
        case omitted = "Omitted"

        package var isTerminal: Bool { self != .pending && self != .running }

        /// Whether work was done, and ended.
        package var isCompleted: Bool { self == .succeeded || isFailure }

        package var isFailure: Bool { self == .failed || self == .error }
    }

    package init(
        id: String, name: String, displayName: String, kind: Kind, phase: Phase, templateName: String?,
        boundaryID: String?, startedAt: Timestamp
    ) {
        json = [
            "id": .string(id), "name": .string(name), "displayName": .string(displayName),
            "type": .string(kind.rawValue), "phase": .string(phase.rawValue),
            "startedAt": .string(startedAt.rfc3339),
        ]
        json["templateName"] = templateName.map(JSONValue.string)
        json["boundaryID"] = boundaryID.map(JSONValue.string)
    }

    package var id: String { json["id"]?.string ?? "" }

    package var name: String { json["name"]?.string ?? "" }

    package var displayName: String { json["displayName"]?.string ?? "" }

    package var kind: Kind? { json["type"]?.string.flatMap(Kind.init(rawValue:)) }

    package var templateName: String? { json["templateName"]?.string }

    package var boundaryID: String? { json["boundaryID"]?.string }

    package var phase: Phase { json["phase"]?.string.flatMap(Phase.init(rawValue:)) ?? .pending }

    package var message: String? {
        get { json["message"]?.string }
        set { json["message"] = newValue.map(JSONValue.string) }
    }

    package var startedAt: Timestamp? { json["startedAt"]?.string.flatMap(Timestamp.init(rfc3339:)) }

    package var finishedAt: Timestamp? { json["finishedAt"]?.string.flatMap(Timestamp.init(rfc3339:)) }

    package var children: [String] {
        get { json["children"]?.strings ?? [] }
        set { json["children"] = newValue.isEmpty ? nil : JSONValue(newValue) }
    }

    /// The last nodes within this one: those that what follows hangs from.
    package var outboundNodes: [String] {
        get { json["outboundNodes"]?.strings ?? [] }
        set { json["outboundNodes"] = newValue.isEmpty ? nil : JSONValue(newValue) }
    }

    package var result: String? { json["outputs", "result"]?.string }

    package var exitCode: String? {
        get { json["outputs", "exitCode"]?.string }
        set { json["outputs", "exitCode"] = newValue.map(JSONValue.string) }
    }

    /// `outputs.parameters` that have a value.
    package var outputParameters: [(name: String, value: String)] {
        (json["outputs", "parameters"]?.array ?? []).compactMap(\.object).compactMap { parameter in
            guard let name = parameter["name"]?.string, let value = parameter["value"]?.parameterText else {
                return nil
            }
            return (name, value)
        }
    }

    /// Whether it runs on in the background while what follows it is done.
    package var isDaemoned: Bool { json["daemoned"] == .bool(true) }

    /// Whether what follows it may begin.
    package var isFulfilled: Bool { phase.isTerminal || (isDaemoned && phase != .pending) }

    /// Whether it was made by a hook.
    package var isHooked: Bool { json["nodeFlag", "hooked"] == .bool(true) }

    /// Whether it is one of the tries of a ``Kind/retry`` node.
    package var isRetried: Bool { json["nodeFlag", "retried"] == .bool(true) }

    /// Moves on to a phase; a terminal one stamps the node's end.
    package mutating func mark(_ phase: Phase, message: String? = nil, at now: Timestamp) {
        json["phase"] = .string(phase.rawValue)
        if let message { self.message = message.isEmpty ? nil : message }
        if phase.isTerminal, json["finishedAt"] == nil { json["finishedAt"] = .string(now.rfc3339) }
    }
}

extension Workflow {
    /// `status.nodes`, by id.
    package func node(_ id: String) -> WorkflowNode? {
        json["status", "nodes", id]?.object.map(WorkflowNode.init(json:))
    }

    /// In the order of their ids.
    package var nodes: [WorkflowNode] {
        (json["status", "nodes"]?.object ?? JSONObject()).compactMap { $0.value.object.map(WorkflowNode.init(json:)) }
    }

    package mutating func setNode(_ node: WorkflowNode) { json["status", "nodes", node.id] = .object(node.json) }
}
