import ArgumentParser
import Determinism
import Foundation
import Harness
import Kubernetes
import KubernetesClient
import Resilience
import Workflows

struct AgentCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "agent",
        abstract: "Makes the HTTP calls of one workflow: what an agent pod runs on a real node.",
        discussion: "Namespace and workflow come from the pod's environment.")

    /// The containers of an agent pod.
    enum Role: String, ExpressibleByArgument, CaseIterable {
        /// Prepares nothing: the pod has an init container because Argo's has one.
        case initialize = "init"
        case main
    }

    @Argument(help: "The container's role.")
    var role: Role

    @Option(help: "The policy of the agent's own calls to the API server.")
    var policy = "boreas"

    func run() async throws {
        guard role == .main else { return }
        let policy = try Policies.preset(named: policy)
        let environment = ProcessInfo.processInfo.environment
        func required(_ name: String) throws -> String {
            guard let value = environment[name], !value.isEmpty else {
                throw CommandFailure(
                    code: .usage, message: "\(name) is not set; an agent runs in the pod that a controller makes for it"
                )
            }
            return value
        }
        let workflow = try required("ARGO_WORKFLOW_NAME")
        let namespace = try required("ARGO_POD_NAMESPACE")
        let connection = try KubeconfigLoader(environment: environment).connection()
        try await interruptible {
            try await StandaloneAgent.run(
                workflow: ObjectKey(namespace: namespace, name: workflow), policy: policy, connection: connection,
                logger: Log.logger)
        }
    }
}
