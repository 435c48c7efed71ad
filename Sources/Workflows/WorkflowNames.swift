/// The names, labels and annotations that Argo gives to what it makes.
package enum WorkflowNames {
    package static let phaseLabel = "workflows.argoproj.io/phase"
    package static let completedLabel = "workflows.argoproj.io/completed"
    package static let workflowLabel = "workflows.argoproj.io/workflow"
    package static let componentLabel = "workflows.argoproj.io/component"
    package static let instanceLabel = "workflows.argoproj.io/controller-instanceid"
    package static let nodeNameAnnotation = "workflows.argoproj.io/node-name"
    package static let nodeIDAnnotation = "workflows.argoproj.io/node-id"
    /// On the pods of exit handlers.
    package static let onExitLabel = "workflows.argoproj.io/on-exit"
    /// What was read out of a pod at its end: `{"result": …, "exitCode": …, "parameters": [{"name": …, "value": …}]}`.
    package static let outputsAnnotation = "workflows.argoproj.io/outputs"
    /// Asks for what the main container prints, by the value `result`.
    package static let captureAnnotation = "boreas.dev/capture"
    /// The files to be read at the end, as a JSON object from the name of the parameter to the path.
    package static let outputParametersAnnotation = "boreas.dev/output-parameters"
    /// The values of parameters whose files are not there, as a JSON object.
    package static let outputDefaultsAnnotation = "boreas.dev/output-defaults"
    /// The names under which parameters are known in the whole workflow, as a JSON object.
    static let globalNamesAnnotation = "boreas.dev/output-global-names"
    /// On the pods of daemons.
    static let daemonAnnotation = "boreas.dev/daemon"
    /// The value of ``componentLabel`` on agent pods.
    package static let agentComponent = "agent"
    /// The secret of CA certificates that an agent may mount.
    package static let agentCertificatesSecret = "argo-workflows-agent-ca-certificates"

    /// FNV-1a with 32 bits, Go's `fnv.New32a`.
    package static func fnv32a(_ text: String) -> UInt32 {
        text.utf8.reduce(2_166_136_261) { ($0 ^ UInt32($1)) &* 16_777_619 }
    }

    /// Argo's `NodeID`: the root node is called as its workflow.
    package static func nodeID(workflow: String, nodeName: String) -> String {
        nodeName == workflow ? workflow : "\(workflow)-\(fnv32a(nodeName))"
    }

    /// Argo's pod name, version 2: `<workflow>-<template>-<hash of the node's name>`, cut to 253 characters.
    package static func podName(workflow: String, nodeName: String, template: String) -> String {
        if nodeName == workflow { return workflow }
        // Inline templates have no name.
        let prefix = (template.isEmpty ? workflow : "\(workflow)-\(template)").prefix(253 - 10 - 1)
        return "\(prefix)-\(fnv32a(nodeName))"
    }

    /// The one agent pod of a workflow.
    package static func agentPodName(workflow: String) -> String {
        "\(nodeID(workflow: workflow, nodeName: "agent"))-agent"
    }

    /// The selector of what a controller instance owns; without an instance id, of what no instance owns.
    package static func selector(instanceID: String?) -> String {
        instanceID.map { "\(instanceLabel)=\($0)" } ?? "!\(instanceLabel)"
    }
}
