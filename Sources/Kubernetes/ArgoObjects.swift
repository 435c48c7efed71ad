/// https://argo-workflows.readthedocs.io/en/latest/fields/#workflow
package struct Workflow: KubernetesObject {
    package static let resource = APIResource.workflows
    package var json: JSONObject

    package init(json: JSONObject) { self.json = json }

    /// Argo's `WorkflowPhase`; a workflow that no controller has seen has an empty phase.
    package enum Phase: String, Sendable, CaseIterable {
        case unknown = ""
        case pending = "Pending"
        case running = "Running"
        case succeeded = "Succeeded"
        case failed = "Failed"
        case error = "Error"

        package var isTerminal: Bool { self == .succeeded || self == .failed || self == .error }
    }

    package var phase: Phase {
        get { json["status", "phase"]?.string.flatMap(Phase.init(rawValue:)) ?? .unknown }
        set { json["status", "phase"] = .string(newValue.rawValue) }
    }

    package var message: String? {
        get { json["status", "message"]?.string }
        set { json["status", "message"] = newValue.map(JSONValue.string) }
    }

    package var spec: JSONObject { json["spec"]?.object ?? JSONObject() }

    package var startedAt: Timestamp? {
        get { json["status", "startedAt"]?.string.flatMap(Timestamp.init(rfc3339:)) }
        set { json["status", "startedAt"] = newValue.map { .string($0.rfc3339) } }
    }

    package var finishedAt: Timestamp? {
        get { json["status", "finishedAt"]?.string.flatMap(Timestamp.init(rfc3339:)) }
        set { json["status", "finishedAt"] = newValue.map { .string($0.rfc3339) } }
    }
}

/// https://argo-workflows.readthedocs.io/en/latest/fields/#cronworkflow
package struct CronWorkflow: KubernetesObject {
    package static let resource = APIResource.cronWorkflows
    package var json: JSONObject

    package init(json: JSONObject) { self.json = json }
}

/// https://argo-workflows.readthedocs.io/en/latest/fields/#workflowtemplate
package struct WorkflowTemplate: KubernetesObject {
    package static let resource = APIResource.workflowTemplates
    package var json: JSONObject

    package init(json: JSONObject) { self.json = json }
}

/// The HTTP tasks of one workflow on their way to its agent, and their results on the way back. Named as the workflow.
package struct WorkflowTaskSet: KubernetesObject {
    package static let resource = APIResource.workflowTaskSets
    package var json: JSONObject

    package init(json: JSONObject) { self.json = json }

    /// `spec.tasks`: the template of each task, by node id.
    package var tasks: JSONObject {
        get { json["spec", "tasks"]?.object ?? JSONObject() }
        set { json["spec", "tasks"] = .object(newValue) }
    }

    /// `status.nodes`: the result of each finished task, by node id.
    package var results: JSONObject {
        get { json["status", "nodes"]?.object ?? JSONObject() }
        set { json["status", "nodes"] = .object(newValue) }
    }
}
