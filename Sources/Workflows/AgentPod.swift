import Kubernetes

/// How agent pods are made.
package struct AgentPod: Hashable, Sendable {
    package var image: String
    /// The executable and what comes before Argo's `agent init` and `agent main`.
    package var command: [String]
    package var cpuRequest: String
    package var memoryRequest: String
    package var cpuLimit: String
    package var memoryLimit: String

    /// - Parameters: The requests and limits of each container are Argo's (workflow/controller/agent.go).
    package init(
        image: String = "boreas:latest", command: [String] = ["boreas"], cpuRequest: String = "10m",
        memoryRequest: String = "64M", cpuLimit: String = "100m", memoryLimit: String = "256M"
    ) {
        self.image = image
        self.command = command
        self.cpuRequest = cpuRequest
        self.memoryRequest = memoryRequest
        self.cpuLimit = cpuLimit
        self.memoryLimit = memoryLimit
    }

    /// The pod's spec, with an init and a main container as Argo has them.
    func spec(workflow: Workflow, specification: WorkflowSpecification) -> JSONObject {
        let resources: JSONValue = [
            "requests": ["cpu": .string(cpuRequest), "memory": .string(memoryRequest)],
            "limits": ["cpu": .string(cpuLimit), "memory": .string(memoryLimit)],
        ]
        let environment: JSONValue = [
            ["name": "ARGO_WORKFLOW_NAME", "value": .string(workflow.metadata.name)],
            ["name": "ARGO_WORKFLOW_UID", "value": .string(workflow.metadata.uid ?? "")],
            ["name": "ARGO_POD_NAME", "valueFrom": ["fieldRef": ["fieldPath": "metadata.name"]]],
            ["name": "ARGO_POD_NAMESPACE", "valueFrom": ["fieldRef": ["fieldPath": "metadata.namespace"]]],
        ]
        func container(_ name: String) -> JSONValue {
            [
                "name": .string(name), "image": .string(image), "command": JSONValue(command),
                "args": ["agent", .string(name)], "env": environment, "resources": resources,
            ]
        }
        var spec = specification.podMembers
        spec["initContainers"] = [container("init")]
        spec["containers"] = [container("main")]
        spec["restartPolicy"] = "OnFailure"
        spec["serviceAccountName"] = specification.serviceAccountName.map(JSONValue.string)
        return spec
    }
}
