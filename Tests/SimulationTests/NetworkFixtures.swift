import APIMachinery
import Determinism
import Faults
import Kubernetes
import Resilience
import Simulation

/// A server, a network and a client on it, and all that they have told; for one thread, that of its loop.
final class NetworkSetup: @unchecked Sendable {
    let loop = SimulationLoop()
    let server: SimulatedServer
    let network: SimulatedNetwork
    let client: SimulatedClient
    /// Beside the network.
    let direct: InProcessAPI
    private let log: Log

    private final class Log: @unchecked Sendable {
        var exchanges: [Exchange] = []
        var injections: [Injection] = []
        var decisions: [RetryDecision] = []
        var heldBack: [Duration] = []
    }

    /// Messages take 1 ms each way, so that a request takes 2 and the first of a connection 8.
    static let evenly = NetworkModel(
        request: .init(.fixed(.milliseconds(1))), answer: .init(.fixed(.milliseconds(1))))

    /// Watches hear of a change with everybody else.
    static let prompt: SimulatedServer.Limits = {
        var limits = SimulatedServer.Limits()
        limits.watchLag = .fixed(.zero)
        return limits
    }()

    init(
        _ rules: [Rule] = [], model: NetworkModel = NetworkSetup.evenly, seed: UInt64 = 1,
        serviceTimes: ClusterStore.ServiceTimes = .none, limits: SimulatedServer.Limits = NetworkSetup.prompt,
        configure: (inout SimulatedClient.Configuration) -> Void = { _ in }
    ) {
        let log = Log()
        self.log = log
        server = SimulatedServer(
            loop, configuration: ClusterStore.Configuration(seed: seed, serviceTimes: serviceTimes), limits: limits)
        var weather = SimulatedNetwork.Configuration()
        weather.model = model
        weather.plan = Plan(rules: rules)
        weather.seed = seed
        weather.onInjection = { log.injections.append($0) }
        network = SimulatedNetwork(loop, server: server, weather)
        var configuration = SimulatedClient.Configuration()
        configuration.name = "subject"
        configuration.onExchange = { log.exchanges.append($0) }
        configuration.onDecision = { log.decisions.append($0) }
        configuration.onHeldBack = { log.heldBack.append($0) }
        configure(&configuration)
        client = SimulatedClient(network, configuration)
        direct = InProcessAPI(server.core)
    }

    var exchanges: [Exchange] { log.exchanges }
    var injections: [Injection] { log.injections }
    var decisions: [RetryDecision] { log.decisions }
    var heldBack: [Duration] { log.heldBack }
    var clock: TrialClock { loop.clock }

    func run<Success: Sendable>(_ body: @escaping @Sendable (NetworkSetup) async throws -> Success) throws -> Success {
        try loop.run { try await body(self) }
    }

    static let namespace = "default"

    static func create(_ name: String, timeout: Duration? = .seconds(5)) -> APIRequest {
        APIRequest(
            .create, .configMaps, namespace: namespace,
            body: [
                "apiVersion": "v1", "kind": "ConfigMap",
                "metadata": ["name": .string(name), "namespace": .string(namespace)],
            ], timeout: timeout)
    }

    static func get(_ name: String, timeout: Duration? = .seconds(5)) -> APIRequest {
        APIRequest(.get, .configMaps, namespace: namespace, name: name, timeout: timeout)
    }

    static func watch(timeout: Duration? = nil) -> APIRequest {
        APIRequest(.watch, .configMaps, namespace: namespace, timeout: timeout)
    }

    @discardableResult
    func create(_ name: String, timeout: Duration? = .seconds(5)) async throws -> JSONObject {
        try await client.send(Self.create(name, timeout: timeout))
    }

    /// How the request fails; nil where it does not.
    func failure(_ request: APIRequest) async throws -> APIError? {
        do {
            _ = try await client.send(request)
            return nil
        } catch let error as APIError {
            return error
        }
    }

    /// Whether the server has the object.
    func has(_ name: String) async throws -> Bool {
        do {
            _ = try await direct.send(Self.get(name))
            return true
        } catch let error as APIError where error.code == .notFound {
            return false
        }
    }

    /// The names that a watch tells of, until the stream ends or breaks.
    func watchToEnd(_ request: APIRequest = NetworkSetup.watch()) async -> (events: [String], failure: APIError?) {
        let events = Box<[String]>([])
        do {
            try await client.withWatch(request) { stream in
                for try await event in stream {
                    events.value.append("\(event.type) \(event.object["metadata", "name"]?.string ?? "")")
                }
            }
            return (events.value, nil)
        } catch {
            return (events.value, error as? APIError)
        }
    }
}

/// A value that tasks of one loop share.
final class Box<Value>: @unchecked Sendable {
    var value: Value

    init(_ value: Value) { self.value = value }
}

extension Rule {
    /// A rule about creations of objects whose names match.
    static func onCreate(_ name: String, _ fault: Fault, when: Timing = Timing(first: 1)) -> Rule {
        Rule(
            name: "storm", match: RequestMatch(verb: [.create], resource: "configmaps", name: name), when: when,
            fault: fault)
    }
}
