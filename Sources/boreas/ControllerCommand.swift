import ArgumentParser
import Foundation
import Harness
import KubernetesClient
import Resilience

struct ControllerCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "controller",
        abstract: "Runs the workflow controller by itself, under a policy, until it is interrupted.",
        discussion: """
            It works on the workflows of one namespace. Those that carry a controller instance id are left alone, unless \
            it is the one given.
            """)

    @Option(name: .shortAndLong, help: "The namespace to work in.")
    var namespace: String

    @Option(help: ArgumentHelp("The policy; boreas policies lists them.", valueName: "name"))
    var policy = "boreas"

    @Option(help: ArgumentHelp("Work on what carries this controller instance id.", valueName: "id"))
    var instanceID: String?

    @Option(help: ArgumentHelp("Lead by this Lease before working; for several controllers.", valueName: "lease"))
    var leaderElect: String?

    @Option(help: "Serve Prometheus metrics on this port of 127.0.0.1; 0 takes a free one.")
    var metricsPort: Int?

    @Option(help: ArgumentHelp("Where a policy with permits in SQLite keeps them.", valueName: "file"))
    var permits: String?

    @OptionGroup var cluster: ClusterOptions

    func validate() throws {
        if let metricsPort, !(0...65_535).contains(metricsPort) {
            throw ValidationError("--metrics-port is 0 to 65535 (is \(metricsPort))")
        }
    }

    func run() async throws {
        let policy = try Policies.preset(named: policy)
        if policy.locks.store == .sqlite, permits == nil {
            throw CommandFailure(
                code: .usage, message: "the policy \(policy.name) keeps permits in SQLite; name the file by --permits")
        }
        let loader = KubeconfigLoader(
            explicitPath: cluster.kubeconfig, environment: ProcessInfo.processInfo.environment)
        let connection = try loader.connection(context: cluster.context)
        let configuration = StandaloneController.Configuration(
            version: Boreas.version, namespace: namespace, instanceID: instanceID, policy: policy,
            leaderLease: leaderElect, metricsPort: metricsPort, permits: permits)
        try await interruptible {
            try await StandaloneController.run(configuration, connection: connection, logger: Log.logger) { url in
                Terminal.error("boreas: metrics on \(url)")
            }
        }
    }
}
