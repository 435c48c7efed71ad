import Determinism
import Kubernetes
import KubernetesClient
import NIOConcurrencyHelpers
import Resilience
import Testing
import Wire

/// Waits until a condition holds, or records that it never did.
func eventually(
    _ what: Comment, within limit: Duration = .seconds(10), sourceLocation: SourceLocation = #_sourceLocation,
    _ condition: () -> Bool
) async throws {
    let start = ContinuousClock.now
    while !condition() {
        try #require(ContinuousClock.now - start < limit, what, sourceLocation: sourceLocation)
        try await Task.sleep(for: .milliseconds(2))
    }
}

/// Runs an operation that must fail with an ``APIError``, and gives it.
func apiError(
    sourceLocation: SourceLocation = #_sourceLocation, _ operation: () async throws -> some Any
) async throws -> APIError {
    do {
        let value = try await operation()
        Issue.record("\(value) came in place of an error", sourceLocation: sourceLocation)
        throw CancellationError()
    } catch let error as APIError {
        return error
    }
}

/// A clock whose waits end at once and are remembered.
final class WaitlessClock: Sendable {
    private struct State {
        var now: Duration = .zero
        var waits: [Duration] = []
    }

    private let state = NIOLockedValueBox(State())

    var waits: [Duration] { state.withLockedValue { $0.waits } }

    var clock: TrialClock {
        TrialClock(startEpochMicroseconds: 0) { [state] in
            state.withLockedValue { $0.now }
        } pause: { [state] duration in
            state.withLockedValue {
                $0.now += duration
                $0.waits.append(duration)
            }
        }
    }
}

/// What a client told its observers.
final class Log: Sendable {
    private struct State {
        var exchanges: [Exchange] = []
        var decisions: [RetryDecision] = []
    }

    private let state = NIOLockedValueBox(State())

    var exchanges: [Exchange] { state.withLockedValue { $0.exchanges } }

    var decisions: [RetryDecision] { state.withLockedValue { $0.decisions } }

    func add(_ exchange: Exchange) { state.withLockedValue { $0.exchanges.append(exchange) } }

    func add(_ decision: RetryDecision) { state.withLockedValue { $0.decisions.append(decision) } }
}

/// A client of the server at an address, observed by a log.
func makeClient(
    _ server: ServerAddress, log: Log = Log(),
    clock: TrialClock = TrialClock(ContinuousClock(), startEpochMicroseconds: 0),
    _ change: (inout ClusterClient.Configuration) -> Void = { _ in }
) -> ClusterClient {
    var configuration = ClusterClient.Configuration(
        connection: ClusterConnection(server: server), clock: clock)
    configuration.onExchange = { log.add($0) }
    configuration.onDecision = { log.add($0) }
    change(&configuration)
    return ClusterClient(configuration)
}

/// A listener's configuration for TLS, and what its clients trust.
struct TestTLS {
    let listener: HTTPListener.Configuration
    let trust: TLSMaterial

    init(names: [String] = ["localhost", "127.0.0.1"], offersHTTP2: Bool = true) throws {
        let authority = try CertificateAuthority()
        listener = HTTPListener.Configuration(
            identity: try authority.issueServerIdentity(names: names), offersHTTP2: offersHTTP2)
        trust = TLSMaterial(certificateAuthority: Array(authority.certificatePEM.utf8))
    }
}

extension APIRequest {
    /// A write of each kind, each with an operation of its own.
    static func writes(_ prefix: String) -> [APIRequest] {
        let body: JSONValue = ["metadata": ["name": "a"], "data": ["k": "v"]]
        return [
            APIRequest(.create, .configMaps, namespace: "t", body: body, trace: .first("\(prefix)-create")),
            APIRequest(.update, .configMaps, namespace: "t", name: "a", body: body, trace: .first("\(prefix)-update")),
            APIRequest(
                .patch, .configMaps, namespace: "t", name: "a", body: body, patchType: .merge,
                trace: .first("\(prefix)-patch")),
            APIRequest(.delete, .configMaps, namespace: "t", name: "a", trace: .first("\(prefix)-delete")),
            APIRequest(.deleteCollection, .configMaps, namespace: "t", trace: .first("\(prefix)-deletecollection")),
        ]
    }

    static func getConfigMap(_ operation: String, timeout: Duration? = nil) -> APIRequest {
        APIRequest(.get, .configMaps, namespace: "t", name: "a", trace: .first(operation), timeout: timeout)
    }

    static func watchConfigMaps(_ operation: String) -> APIRequest {
        APIRequest(.watch, .configMaps, namespace: "t", trace: .first(operation))
    }
}

extension RequestTrace {
    static func first(_ operation: String) -> RequestTrace {
        RequestTrace(operation: operation, attempt: 1, path: "test")
    }
}
