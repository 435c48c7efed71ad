import ArgumentParser
import Determinism
import Faults
import Foundation
import Harness
import KubernetesClient

struct Proxy: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Runs the fault proxy before a cluster, for any client, until it is interrupted.",
        discussion: """
            Each fault that hits a request is printed. Rules that are bound to a phase are awake in the storm, which is \
            all that this command knows.
            """)

    @Argument(help: ArgumentHelp("A file of kind Plan; without one nothing goes wrong.", valueName: "plan"))
    var plan: String?

    @OptionGroup var listener: ListenerOptions

    @Option(help: "The seed of the fault decisions, instead of the plan's.")
    var seed: UInt64?

    @OptionGroup var cluster: ClusterOptions

    func validate() throws {
        if cluster.context == nil { throw ValidationError("--context names the cluster to put the proxy before") }
    }

    func run() async throws {
        let (plan, fileSeed) = try plan.map { try ExperimentFile.plan(at: $0) } ?? (Plan(), 1)
        if let rule = plan.rules.first(where: \.fault.kind.needsSimulation) {
            throw CommandFailure(
                code: .invalidExperiment,
                message:
                    "the proxy cannot bring about \(rule.fault.kind.rawValue), which \(rule.name) asks for; the simulated "
                    + "world alone can")
        }
        let loader = KubeconfigLoader(
            explicitPath: cluster.kubeconfig, environment: ProcessInfo.processInfo.environment)
        let connection = try loader.connection(context: cluster.context)
        let (port, out, seed) = (listener.port, listener.kubeconfigOut, seed ?? fileSeed)
        try await interruptible {
            try await StandaloneProxy.with(
                connection, plan: plan, seed: seed, port: port, logger: Log.logger,
                onInjection: { Terminal.result(Self.line(about: $0)) }
            ) { kubeconfig, url in
                try Handout.deliver(kubeconfig, to: out)
                Terminal.error("boreas: seed \(seed); proxy on \(url) before \(connection.server); Ctrl-C ends it")
                try await Task.sleep(for: .seconds(3600 * 24 * 365))
            }
        }
    }

    private static func line(about injection: Injection) -> String {
        let time = String(format: "%9.3fs", injection.at.seconds)
        return "\(time)  \(injection.rule): \(injection.kind.rawValue) hit \(injection.identity)"
    }
}
