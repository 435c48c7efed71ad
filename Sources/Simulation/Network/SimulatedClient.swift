import Determinism
package import Kubernetes
package import Resilience

/// An API server reached over a simulated network, with the behaviour of `ClusterClient` over libcurl.
///
/// Every request that goes on the wire is an ``Exchange`` of its own, the retries of the transport layer included.
/// Requests share a connection, as they do over HTTP/2, and what ends the connection ends them all; an exec has a
/// connection of its own. Confined to the loop's thread, and unchecked for that reason.
package final class SimulatedClient: KubernetesAPI, @unchecked Sendable {
    package struct Configuration {
        /// Begins the request ids of requests that carry no trace; no two clients of a trial share it.
        package var name = "client"
        /// As it stands in failures' words.
        package var server = "https://127.0.0.1:6443"
        package var userAgent = "boreas"
        package var transport: Policy.Transport = .none
        package var rateLimit: Policy.RateLimit?
        /// Numbers the requests that the transport layer adds to a caller's own.
        package var attempts = AttemptCounter()
        package var connectTimeout: Duration = .seconds(30)
        /// Runs a command in a container, as the node of a pod does, or throws ``APIError`` where it takes none.
        package var execute: @Sendable (ExecRequest) async throws -> ExecResult = { request in
            let message = "pod \(request.pod.name) does not have a host assigned"
            throw APIError(Status(code: 400, reason: Status.Reason.badRequest, message: message))
        }
        package var onExchange: (Exchange) -> Void = { _ in }
        package var onDecision: (RetryDecision) -> Void = { _ in }
        /// Told how long the client's own rate limit holds a request back, where it does.
        package var onHeldBack: (Duration) -> Void = { _ in }

        package init() {}
    }

    /// libcurl's own bound on the requests that share a connection.
    private static let streamsMax = 100
    /// libcurl uses no connection again that nobody has used for so long.
    private static let idleMax: Duration = .seconds(118)

    let configuration: Configuration
    let network: SimulatedNetwork
    let loop: SimulationLoop
    private let clock: TrialClock
    private var bucket: TokenBucket?
    /// Those that requests may go on; in the order of their opening.
    private var pool: [SimulatedConnection] = []
    private let untracedPrefix: String
    private var untracedCount = 0

    package init(_ network: SimulatedNetwork, _ configuration: Configuration = Configuration()) {
        self.configuration = configuration
        self.network = network
        loop = network.loop
        clock = loop.clock
        bucket = configuration.rateLimit.map { TokenBucket($0, now: network.loop.now) }
        // As the ids of clients over sockets, of process 0.
        untracedPrefix = "\(configuration.name)-0-1"
    }

    package func send(_ request: APIRequest) async throws -> JSONObject {
        let call = SimulatedCall(request, trace: request.trace ?? makeTrace())
        return try await withTransportRetries(call) { trace in
            let started = loop.now
            let transfer = SimulatedTransfer(self, call, trace)
            let outcome = await transfer.perform()
            let result = call.result(of: outcome, server: configuration.server)
            report(call, trace, started: started, outcome, result)
            if case .cancelled = outcome.end { throw CancellationError() }
            return result
        }
    }

    package func withWatch<Result: Sendable>(
        _ request: APIRequest, _ body: (WatchStream) async throws -> Result
    ) async throws -> Result {
        let call = SimulatedCall(request, trace: request.trace ?? makeTrace())
        let watch = try await withTransportRetries(call) { trace in
            let watch = SimulatedWatch(self, call, trace)
            guard let outcome = await watch.open() else { return .success(watch) }
            let result = call.result(of: outcome, server: configuration.server)
            report(call, trace, started: watch.started, outcome, result)
            if case .cancelled = outcome.end { throw CancellationError() }
            guard case .failure(let failure) = result else {
                preconditionFailure("an answer that opens no watch fails")
            }
            return .failure(failure)
        }
        let result: Swift.Result<Result, any Error>
        do {
            result = .success(try await body(WatchStream { try await watch.next() }))
        } catch {
            result = .failure(error)
        }
        let outcome = watch.close()
        report(
            call, watch.trace, started: watch.started, outcome, call.result(of: outcome, server: configuration.server))
        return try result.get()
    }
}

// MARK: - Attempts

extension SimulatedClient {
    /// Makes attempts, each in its turn and with its number, until one succeeds or the transport layer gives up.
    private func withTransportRetries<Value>(
        _ call: SimulatedCall, _ attempt: (RequestTrace) async throws -> Result<Value, SimulatedFailure>
    ) async throws -> Value {
        var retrier = TransportRetrier(configuration.transport)
        var trace = call.trace
        while true {
            try await awaitTurn(call.verb)
            switch try await attempt(trace) {
            case .success(let value): return value
            case .failure(let failure):
                guard
                    let wait = retrier.failed(failure.cause, isRead: call.verb.isRead, opensWatch: call.verb == .watch)
                else { throw failure.error }
                configuration.onDecision(
                    RetryDecision(
                        requestID: trace.requestID, classification: .transient, layer: .transport, wait: wait))
                try await clock.sleep(for: wait)
                trace.attempt = next(after: trace)
            }
        }
    }

    /// The number of a retry. An operation of the client's own making is known to nobody else, and counts by itself.
    private func next(after trace: RequestTrace) -> Int {
        trace.operation.hasPrefix(untracedPrefix)
            ? trace.attempt + 1 : configuration.attempts.nextAttempt(of: trace.operation, after: trace.attempt)
    }

    /// Waits for the client's own rate limit, which watches are free of, as in client-go.
    func awaitTurn(_ verb: Verb) async throws {
        guard bucket != nil, verb != .watch else { return try Task.checkCancellation() }
        let wait = bucket?.take(now: loop.now) ?? .zero
        if wait > .zero { configuration.onHeldBack(wait) }
        do {
            try await clock.sleep(for: wait)
        } catch {
            bucket?.giveBack()
            throw error
        }
    }

    private func report(
        _ call: SimulatedCall, _ trace: RequestTrace, started: Duration, _ outcome: SimulatedOutcome,
        _ result: Result<JSONObject, SimulatedFailure>
    ) {
        var exchange = Exchange(
            trace: trace, identity: call.identity, started: started, duration: loop.now - started,
            timings: outcome.timings, httpStatus: outcome.httpStatus)
        exchange.timings.total = exchange.duration
        if case .cancelled = outcome.end {
            // A stream that its reader closed was cut off, but did not fail.
            if call.verb != .watch || outcome.httpStatus == 0 {
                exchange.reason = "cancelled"
                exchange.message = "the request was cancelled by its caller"
            }
        } else if case .failure(let failure) = result {
            exchange.curlCode = failure.error.transport?.curlCode ?? 0
            exchange.reason = failure.error.transport?.kind.rawValue ?? failure.error.status?.reason ?? ""
            exchange.message = failure.error.message
        }
        configuration.onExchange(exchange)
    }

    func makeTrace() -> RequestTrace {
        untracedCount += 1
        return RequestTrace(operation: "\(untracedPrefix)-\(untracedCount)", attempt: 1, path: "")
    }
}

// MARK: - Connections

extension SimulatedClient {
    /// Puts a request on a connection that there is, or on a new one.
    func start(_ stream: SimulatedStream) {
        if let connection = usableConnection() {
            connection.isReused = true
            connection.add(stream)
            if connection.state == .open { network.send(stream) }
        } else {
            let connection = network.open(isShared: true, within: configuration.connectTimeout)
            pool.append(connection)
            stream.opensConnection = true
            connection.add(stream)
        }
    }

    /// Puts a request on a connection of its own.
    func startAlone(_ stream: SimulatedStream) {
        stream.opensConnection = true
        network.open(isShared: false, within: configuration.connectTimeout).add(stream)
    }

    private func usableConnection() -> SimulatedConnection? {
        var found: SimulatedConnection?
        var mustTidy = false
        for connection in pool {
            let isStale =
                connection.state == .closed
                || (connection.state == .open && connection.streams.isEmpty
                    && loop.now - connection.idleSince > Self.idleMax)
            if isStale {
                mustTidy = true
            } else if connection.streams.count < Self.streamsMax {
                found = connection
                break
            }
        }
        if mustTidy {
            pool.removeAll { connection in
                let isStale = connection.streams.isEmpty && loop.now - connection.idleSince > Self.idleMax
                if isStale, connection.state == .open { network.close(connection) }
                return connection.state == .closed
            }
        }
        return found
    }

    /// The client has a request's answer, or learns that there will be none.
    func finish(_ stream: SimulatedStream) {
        stream.isOver = true
        guard let connection = stream.connection else { return }
        connection.remove(stream)
        if connection.streams.isEmpty { connection.idleSince = loop.now }
    }

    /// The client waits no longer for a request's answer. As with libcurl, the request's connection is closed where it was
    /// alone on it; where it was not, the server learns that its stream is over, and the connection lives on.
    func abandon(_ stream: SimulatedStream) {
        finish(stream)
        network.leave(stream, isLast: stream.connection?.streams.isEmpty ?? true)
    }
}
