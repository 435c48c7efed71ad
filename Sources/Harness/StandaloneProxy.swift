import Determinism
package import Experiments
import FaultProxy
package import Faults
import Kubernetes
package import KubernetesClient
package import Logging
import Wire

/// The fault proxy by itself, for clients that are no part of a trial, with its control.
package struct StandaloneProxy: Sendable {
    package struct Configuration: Sendable {
        package var plan: Plan
        package var seed: UInt64
        /// 0 is any free port.
        package var port: Int
        /// The control's; 0 is any free port.
        package var controlPort: Int
        /// Reads the text of a rule or plan that the control is given; throws ``ExperimentError``. By default it is JSON.
        package var readText: @Sendable (_ text: String, _ name: String) throws -> DocumentNode
        package var onInjection: @Sendable (Injection) -> Void
        package var logger: Logger

        package init(
            plan: Plan, seed: UInt64, port: Int = 0, controlPort: Int = 0,
            readText: @escaping @Sendable (_ text: String, _ name: String) throws -> DocumentNode = { text, _ in
                DocumentNode(json: try JSONValue(parsing: Array(text.utf8)))
            },
            onInjection: @escaping @Sendable (Injection) -> Void = { _ in }, logger: Logger
        ) {
            self.plan = plan
            self.seed = seed
            self.port = port
            self.controlPort = controlPort
            self.readText = readText
            self.onInjection = onInjection
            self.logger = logger
        }
    }

    private let proxy: ReverseProxy
    private let control: ControlServer
    /// Leads any client through the proxy.
    package let kubeconfig: String

    package var url: String { proxy.server }

    package var controlURL: String { control.url }

    /// Where a browser shows the proxy at work; it holds the token.
    package var pageURL: String { control.pageURL }

    /// The token of the proxy and of its control.
    package var token: String { proxy.token }

    /// What passes and what is hit, as lines for a terminal.
    package func table(columns: Int, rows: Int, isColoured: Bool) -> [String] {
        ProxyTable(columns: columns, rows: rows, isColoured: isColoured).lines(of: proxy.overview)
    }

    /// Runs a proxy before the server of a connection while `body` runs.
    package static func with<Result: Sendable>(
        _ connection: ClusterConnection, _ configuration: Configuration,
        _ body: (StandaloneProxy) async throws -> Result
    ) async throws -> Result {
        // Each watch takes a connection to the server, and perhaps one from its client.
        OpenFileLimit.raise()
        let clock = TrialClock.real()
        var settings = ClusterClient.Configuration(connection: connection, clock: clock)
        settings.name = "proxy"
        let client = ClusterClient(settings)
        return try await withCleanup {
            let access = try await UpstreamAccess(connection, client)
            var proxying = ReverseProxy.Configuration(
                upstream: access.upstream, plan: configuration.plan, seed: configuration.seed, phase: .storm,
                port: configuration.port, clock: clock, onInjection: configuration.onInjection,
                logger: configuration.logger)
            proxying.keepsTally = true
            return try await access.keepingFresh {
                try await translatingErrors {
                    try await withFaultProxy(proxying) { proxy in
                        let control = try await ControlServer(
                            of: proxy, port: configuration.controlPort, format: PlanFormat(configuration))
                        return try await withCleanup {
                            try await body(
                                StandaloneProxy(
                                    proxy: proxy, control: control,
                                    kubeconfig: proxy.kubeconfig(namespace: connection.namespace)))
                        } cleanup: {
                            await control.shutDown()
                        }
                    }
                }
            }
        } cleanup: {
            await client.shutDown()
        }
    }

    /// Why the proxy by itself cannot do what a rule asks for; nil where it can.
    package static func problem(of rule: Rule) -> String? {
        let kind = rule.fault.kind
        guard !kind.actsOnRequests || kind.needsSimulation else { return nil }
        let place = kind.needsSimulation ? "the simulated world alone can" : "it is done beside a proxy, in a run"
        return "the proxy cannot bring about \(kind.rawValue), which \(rule.name) asks for; \(place)"
    }
}

extension PlanFormat {
    /// The format of plan files, for bodies of requests; what is refused is worded as `boreas validate` words it.
    fileprivate init(_ configuration: StandaloneProxy.Configuration) {
        let (read, seed, name) = (configuration.readText, configuration.seed, "body")
        let reader = ExperimentReader(file: name, presets: []) { path in
            throw ExperimentError(file: name, position: nil, path: "", message: "\(path) cannot be read from here")
        }
        @Sendable func check(_ rule: Rule, at position: DocumentNode.Position?) throws {
            guard let problem = StandaloneProxy.problem(of: rule) else { return }
            throw ExperimentError(file: name, position: position, path: rule.fault.kind.rawValue, message: problem)
        }
        self.init(
            readRule: { text in
                let root = try read(text, name)
                let rule = try reader.rule(from: root)
                try check(rule, at: root.position)
                let place = root.position.map { "\(name):\($0.line):\($0.column)" } ?? name
                return Draft(rule: rule, place: place)
            },
            readPlan: { text in
                let root = try read(text, name)
                let (plan, planSeed) = try reader.plan(from: root)
                for rule in plan.rules { try check(rule, at: root["spec"]?["faults"]?.position) }
                if let place = root["spec"]?["seed"], planSeed != seed {
                    throw ExperimentError(
                        file: name, position: place.position, path: "spec.seed",
                        message: "the seed is \(seed) for as long as the proxy runs; leave seed out")
                }
                return plan
            },
            write: { Self.json($0) },
            writePlan: { plan in
                [
                    "apiVersion": .string(ExperimentReader.apiVersion), "kind": "Plan",
                    "spec": ["seed": .integer(Int64(clamping: seed)), "faults": .array(plan.rules.map(Self.json))],
                ]
            })
    }

    /// The rule without conditions that are empty.
    private static func json(_ rule: Rule) -> JSONValue {
        // None of the parts of a rule throws.
        guard var object = (try? DocumentEncoder().encode(rule))?.object else { return .null }
        for key in ["match", "when"] where object[key]?.object?.isEmpty == true { object[key] = nil }
        return .object(object)
    }
}
