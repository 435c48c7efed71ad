import ArgumentParser
import Determinism
import Faults
import Foundation
import Harness
import Kubernetes
import KubernetesClient
import Logging

struct Proxy: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Runs the fault proxy before a cluster, for any client, until it is interrupted.",
        discussion: """
            A kubeconfig that leads any client through the proxy goes to stdout, or to --kubeconfig-out. What passes and \
            what is hit is shown on stderr, where that is a terminal; else each fault that hits a request is a line on \
            stdout, with -o json one JSON object.

            Rules come and go while the proxy runs: stderr says where the page is that shows traffic, faults and \
            latencies in a browser, and the control API beside it. Requests to that carry the token, as in \
            `curl -H "Authorization: Bearer TOKEN" CONTROL/v1/rules`. A removed rule lets go of all that it held, and a \
            new one is about the next request.

              GET    /v1/rules            the rules, with what they matched and hit
              POST   /v1/rules            add a rule of the body, YAML or JSON, at the end or ?before=NAME
              PUT    /v1/rules/NAME       change a rule, which goes on counting
              DELETE /v1/rules/NAME       remove a rule
              GET    /v1/plan             the plan as a file; PUT takes another one over
              POST   /v1/pause            let no rule act, until POST /v1/resume
              PUT    /v1/phase            calm, storm or converge; it begins in the storm
              GET    /v1/stats            what has passed, by kind of request
              GET    /v1/requests         the last requests, or ?since=SEQUENCE; /v1/faults likewise
              GET    /v1/events           both as they happen (server-sent events)
              GET    /metrics             for Prometheus
            """)

    @Argument(help: ArgumentHelp("A file of kind Plan; without one nothing goes wrong.", valueName: "plan"))
    var plan: String?

    @OptionGroup var listener: ListenerOptions

    @Option(help: "The control's port on 127.0.0.1; 0 takes a free one.")
    var controlPort = 0

    @Option(help: "The seed of the fault decisions, instead of the plan's.")
    var seed: UInt64?

    @OptionGroup var output: OutputOptions

    @OptionGroup var cluster: ClusterOptions

    func validate() throws {
        if cluster.context == nil { throw ValidationError("--context names the cluster to put the proxy before") }
        guard (0...65_535).contains(controlPort) else {
            throw ValidationError("--control-port is 0 to 65535 (is \(controlPort))")
        }
        if output.format == .json, listener.kubeconfigOut == nil {
            throw ValidationError("with -o json stdout is for the faults; name a file with --kubeconfig-out")
        }
    }

    func run() async throws {
        let (plan, fileSeed) = try plan.map { try ExperimentFile.plan(at: $0) } ?? (Plan(), 1)
        if let problem = plan.rules.lazy.compactMap({ StandaloneProxy.problem(of: $0) }).first {
            throw CommandFailure(code: .invalidExperiment, message: problem)
        }
        let loader = KubeconfigLoader(
            explicitPath: cluster.kubeconfig, environment: ProcessInfo.processInfo.environment)
        let connection = try loader.connection(context: cluster.context)
        let (out, format, seed) = (listener.kubeconfigOut, output.format, seed ?? fileSeed)
        let screen = Terminal.isInteractive ? LiveScreen() : nil
        let configuration = StandaloneProxy.Configuration(
            plan: plan, seed: seed, port: listener.port, controlPort: controlPort,
            readText: { try YAMLDocument.node(parsing: $0, file: $1) },
            onInjection: { injection in
                switch format {
                case .json: Terminal.result(JSONValue.object(injection.json).text)
                case .text: if screen == nil { Terminal.result(Self.line(about: injection)) }
                }
            },
            logger: Self.logger(on: screen))
        try await interruptible {
            try await StandaloneProxy.with(connection, configuration) { proxy in
                try Handout.deliver(proxy.kubeconfig, to: out)
                Terminal.error(
                    "boreas: seed \(seed); proxy on \(proxy.url) before \(connection.server); Ctrl-C ends it")
                Terminal.error("boreas: page at \(proxy.pageURL)")
                Terminal.error("boreas: control at \(proxy.controlURL), token \(proxy.token)")
                while true {
                    if let screen {
                        let (columns, rows) = LiveScreen.size
                        screen.draw(proxy.table(columns: columns, rows: rows, isColoured: Terminal.isErrorColoured))
                    }
                    try await Task.sleep(for: screen == nil ? .seconds(3600) : .milliseconds(500))
                }
            }
        }
    }

    /// Clients that are turned away are worth a notice, which other commands do not print.
    private static func logger(on screen: LiveScreen?) -> Logger {
        var logger =
            screen.map { screen in
                Logger(label: "boreas") { LiveScreenLogHandler(screen: screen, label: $0) }
            } ?? Log.logger
        logger.logLevel = min(Log.logger.logLevel, .notice)
        return logger
    }

    private static func line(about injection: Injection) -> String {
        let time = String(format: "%9.3fs", injection.at.seconds)
        return "\(time)  \(injection.rule): \(injection.kind.rawValue) hit \(injection.identity)"
    }
}
