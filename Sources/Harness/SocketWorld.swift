import APIMachinery
package import Determinism
import Experiments
import FaultProxy
import Faults
import Foundation
import Kubernetes
package import KubernetesClient
import KubernetesServer
package import Logging
import Resilience
import Wire
import Workflows

/// A world over real TLS sockets: an API server, and for each trial a fault proxy before it.
package struct SocketWorld: World {
    package let kind: WorldKind
    package let serverVersion: String
    private let connection: ClusterConnection
    private let harness: ClusterClient
    private let responderURL: String
    private let calls: CallRelay
    private let http: HTTPPort
    private let logger: Logger
    /// The server, where it is this process's own.
    private var server: EmbeddedServer?
    /// Whether the subject reaches the server straight, without a proxy on the way: no rule acts on its requests. What
    /// such trials come to is what those with a proxy and no rules must come to.
    package var isDirect = false

    /// Runs `body` against an API server of this process.
    package static func withEmbedded<Result: Sendable>(
        logger: Logger, _ body: @Sendable @escaping (SocketWorld) async throws -> Result
    ) async throws -> Result {
        let token = SecretToken.make()
        let configuration = ServerConfiguration(users: [token: ServerRequest.administrator], logger: logger)
        let core = APIServerCore(configuration: .embedded, clock: .real())
        return try await EmbeddedServer.with(configuration, newCore: core) { server in
            let connection = try ClusterConnection(kubeconfig: server.kubeconfig(token: token))
            return try await with(.embedded, connection, logger: logger) { world in
                var world = world
                world.server = server
                return try await body(world)
            }
        }
    }

    /// Runs `body` against a cluster, as the only run on it; custom resources that it lacks are there meanwhile.
    package static func withCluster<Result: Sendable>(
        _ connection: ClusterConnection, runID: String, logger: Logger,
        _ body: @Sendable @escaping (SocketWorld) async throws -> Result
    ) async throws -> Result {
        try await with(.cluster, connection, logger: logger) { world in
            let clock = TrialClock.real()
            let lease = RunLease(api: world.harness, clock: clock, holder: runID)
            return try await lease.hold {
                let ground = Ground(api: world.harness, clock: clock, runID: runID)
                return try await withCleanup {
                    try await ground.installCustomResources()
                    return try await body(world)
                } cleanup: {
                    try await ground.removeCustomResources()
                }
            }
        }
    }

    private static func with<Result: Sendable>(
        _ kind: WorldKind, _ connection: ClusterConnection, logger: Logger,
        _ body: (SocketWorld) async throws -> Result
    ) async throws -> Result {
        var configuration = ClusterClient.Configuration(connection: connection, clock: .real())
        configuration.name = "harness"
        let harness = ClusterClient(configuration)
        let multiplexer = CurlMultiplexer()
        return try await withCleanup {
            let version = try await version(of: harness, at: connection)
            let calls = CallRelay()
            return try await HTTPResponder.with(onCall: { calls.called($0, $1) }) { url in
                try await body(
                    SocketWorld(
                        kind: kind, serverVersion: version, connection: connection, harness: harness,
                        responderURL: url, calls: calls, http: HTTPPort(multiplexer), logger: logger))
            }
        } cleanup: {
            await harness.shutDown()
            await multiplexer.shutDown()
        }
    }

    private static func version(of client: ClusterClient, at connection: ClusterConnection) async throws -> String {
        do {
            let text = try await client.raw(path: "/version", timeout: .seconds(10))
            let version = try JSONValue(parsing: Array(text.utf8)).object?["gitVersion"]?.string
            return version ?? "unknown"
        } catch is CancellationError {
            throw CancellationError()
        } catch {
            throw HarnessError(
                .unreachable,
                "\(connection.server) does not answer as an API server: \(error); check the context and the network")
        }
    }

    package func withSite<Result: Sendable>(
        _ request: SiteRequest, _ body: (TrialSite) async throws -> Result
    ) async throws -> Result {
        let clock = TrialClock.real()
        if isDirect {
            return try await calls.with(request.observer.onCall) {
                try await withSubject(request, clock, connection, enter: { _ in }, body)
            }
        }
        let access = try await UpstreamAccess(connection, harness)
        var configuration = ReverseProxy.Configuration(
            upstream: access.upstream, plan: request.plan, seed: request.seed, clock: clock,
            onInjection: request.observer.onInjection, logger: logger)
        if let process = request.process {
            configuration.onRequest = { request in ProxiedExchange(request).map(process.onRequest) }
            configuration.onCrash = process.onCrash
            configuration.onRestartWanted = process.onRestartWanted
        }
        return try await access.keepingFresh {
            try await withFaultProxy(configuration) { proxy in
                try await calls.with(request.observer.onCall) {
                    let connection = try ClusterConnection(kubeconfig: proxy.kubeconfig())
                    let process = request.process.map { _ in ProcessAccess(proxy) }
                    return try await withSubject(request, clock, connection, enter: { proxy.enter($0) }) { site in
                        var site = site
                        site.process = process
                        return try await body(site)
                    }
                }
            }
        }
    }

    private func withSubject<Result: Sendable>(
        _ request: SiteRequest, _ clock: TrialClock, _ connection: ClusterConnection,
        enter: @escaping @Sendable (Phase) -> Void, _ body: (TrialSite) async throws -> Result
    ) async throws -> Result {
        var settings = ClusterClient.Configuration(connection: connection, clock: clock)
        settings.name = "subject"
        settings.transport = request.policy.transport
        settings.rateLimit = request.policy.rateLimit
        settings.attempts = request.attempts
        settings.onExchange = request.observer.onExchange
        settings.onDecision = request.observer.onDecision
        let subject = ClusterClient(settings)
        return try await withCleanup {
            try await body(
                TrialSite(
                    clock: clock, harness: harness(for: request.plan, clock), subject: subject, http: http,
                    responderURL: responderURL,
                    enter: enter, nodeAccess: .host("127.0.0.1"), restartServer: restart))
        } cleanup: {
            await subject.shutDown()
        }
    }
}

extension ProcessAccess {
    init(_ proxy: ReverseProxy) {
        self.init(
            kubeconfig: { proxy.kubeconfig(namespace: $0) }, activity: { proxy.activity },
            endBarrier: { await proxy.endBarrier() }, restarted: { proxy.restarted() })
    }
}

extension ProxiedExchange {
    /// Nil for a path that names no resource: it is about no object.
    init?(_ request: ProxiedRequest) {
        guard let identity = request.identity else { return nil }
        self.init(
            method: request.method, uri: request.uri, identity: identity, requestID: request.requestID,
            started: request.started, duration: request.duration, httpStatus: request.clientStatus,
            upstreamStatus: request.upstreamStatus, bodyHash: request.bodyHash, failureReason: request.reason,
            failureMessage: request.message, rule: request.rule, userAgent: request.userAgent,
            fieldManager: request.fieldManager, isChange: request.isChange, objectName: request.objectName)
    }
}

extension SocketWorld {
    /// Ends the server, and starts it again.
    private var restart: ClusterWeather.RestartServer? {
        guard let server else { return nil }
        return { try await server.restart(downtime: $0) }
    }

    /// The harness's own way to the server, which outlasts the restarts of a plan.
    private func harness(for plan: Plan, _ clock: TrialClock) -> any KubernetesAPI {
        let downtimes = plan.rules.compactMap { rule -> Duration? in
            guard case .serverRestart(let restart) = rule.fault else { return nil }
            return restart.downtime
        }
        guard let longest = downtimes.max() else { return harness }
        return PatientAPI(api: harness, clock: clock, patience: longest * downtimes.count + .seconds(10))
    }
}

extension TrialClock {
    /// A clock that starts now and runs as the machine's own.
    package static func real() -> TrialClock {
        TrialClock(ContinuousClock(), startEpochMicroseconds: Int64(Date().timeIntervalSince1970 * 1e6))
    }
}

extension ClusterConnection {
    /// The connection that a kubeconfig of our own making describes.
    init(kubeconfig text: String) throws {
        self = try Kubeconfig(yaml: text, file: "kubeconfig").connection(readFile: KubeconfigLoader.readFromDisk)
    }
}
