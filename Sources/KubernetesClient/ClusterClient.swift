package import Determinism
import Glibc
package import Kubernetes
package import Resilience

/// An API server reached over HTTP, with libcurl.
///
/// Every request that goes on the wire is an ``Exchange`` of its own with a request id of its own, the retries of the
/// transport layer included: an ``AttemptCounter`` that is shared with the caller numbers them all.
package final class ClusterClient: KubernetesAPI {
    package struct Configuration: Sendable {
        package var connection: ClusterConnection
        package var clock: TrialClock
        /// Begins the request ids of requests that carry no trace.
        package var name = "client"
        package var userAgent = "boreas"
        package var transport: Policy.Transport = .none
        package var rateLimit: Policy.RateLimit?
        /// Numbers the requests that the transport layer adds to a caller's own.
        package var attempts = AttemptCounter()
        package var connectTimeout: Duration = .seconds(30)
        /// Ends a watch in which no byte came for so long; nil leaves it open, as client-go does with a connection
        /// whose HTTP/2 pings are answered.
        package var watchIdleLimit: Duration?
        package var onExchange: @Sendable (Exchange) -> Void = { _ in }
        package var onDecision: @Sendable (RetryDecision) -> Void = { _ in }
        /// Told how long the client's own rate limit holds a request back, where it does.
        package var onHeldBack: @Sendable (Duration) -> Void = { _ in }

        package init(connection: ClusterConnection, clock: TrialClock) {
            self.connection = connection
            self.clock = clock
        }
    }

    let configuration: Configuration
    private let multiplexer = CurlMultiplexer()
    private let settings: TransferSettings
    let authenticator: Authenticator
    private let bucket: PosixLock<TokenBucket>?
    /// What the operations of untraced requests are called: unique among the processes and clients of a machine.
    private let untracedPrefix: String
    private let untracedCount = PosixLock(0)
    private static let clientCount = PosixLock(0)

    package init(_ configuration: Configuration) {
        self.configuration = configuration
        var settings = configuration.connection.transferSettings
        settings.userAgent = configuration.userAgent
        settings.connectTimeout = configuration.connectTimeout
        self.settings = settings
        authenticator = Authenticator(configuration.connection.authentication)
        let now = configuration.clock.now
        bucket = configuration.rateLimit.map { PosixLock(TokenBucket($0, now: now)) }
        untracedPrefix = "\(configuration.name)-\(getpid())-\(Self.clientCount.increment())"
    }

    /// Stops what is under way and closes every connection. A client that is let go does this by itself.
    package func shutDown() async { await multiplexer.shutDown() }

    package func send(_ request: APIRequest) async throws -> JSONObject {
        let call = ClusterCall(request, trace: request.trace ?? makeTrace())
        return try await withTransportRetries(call) { trace in
            try await exchange(call, trace) { outcome throws(AttemptFailure) in
                try call.object(in: outcome, from: configuration.connection.server)
            }
        }
    }

    /// Reads a path that need not be a resource's (`/version`, `/readyz`), or a text (a pod's log), as UTF-8.
    package func raw(path: String, trace: RequestTrace? = nil, timeout: Duration? = nil) async throws -> String {
        let call = ClusterCall(rawPath: path, trace: trace ?? makeTrace(), timeout: timeout)
        let bytes = try await withTransportRetries(call) { trace in
            try await exchange(call, trace) { outcome throws(AttemptFailure) in
                try call.content(of: outcome, from: configuration.connection.server)
            }
        }
        return String(decoding: bytes, as: UTF8.self)
    }

    package func withWatch<Result: Sendable>(
        _ request: APIRequest, _ body: (WatchStream) async throws -> Result
    ) async throws -> Result {
        let call = ClusterCall(request, trace: request.trace ?? makeTrace())
        let watch = try await withTransportRetries(call) { trace in try await open(call, trace) }
        let server = configuration.connection.server
        let reader = WatchReader(stream: watch.stream) { call.unanswered($0, server).error }
        let result: Swift.Result<Result, any Error>
        do {
            result = .success(try await body(WatchStream { try await reader.next() }))
        } catch {
            result = .failure(error)
        }
        let outcome = await watch.stream.close()
        // A stream that its reader closed was cut off, but did not fail.
        let failure = outcome.curlCode == 0 ? nil : call.unanswered(outcome, server).error
        report(call, watch.trace, started: watch.started, outcome, failure)
        return try result.get()
    }
}

// MARK: - Attempts

extension ClusterClient {
    private struct OpenWatch {
        var stream: TransferStream
        var trace: RequestTrace
        var started: Duration
    }

    /// Makes attempts, each in its turn and with its number, until one succeeds or the transport layer gives up.
    private func withTransportRetries<Value>(
        _ call: ClusterCall, _ attempt: (RequestTrace) async throws -> Swift.Result<Value, AttemptFailure>
    ) async throws -> Value {
        var retrier = TransportRetrier(configuration.transport)
        var trace = call.trace
        while true {
            try await awaitTurn(call.verb)
            switch try await attempt(trace) {
            case .success(let value): return value
            case .failure(let failure):
                guard
                    let wait = retrier.failed(
                        failure.cause, isRead: call.verb.isRead, opensWatch: call.verb == .watch)
                else { throw failure.error }
                configuration.onDecision(
                    RetryDecision(
                        requestID: trace.requestID, classification: .transient, layer: .transport, wait: wait))
                try await configuration.clock.sleep(for: wait)
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
        guard let bucket, verb != .watch else { return try Task.checkCancellation() }
        let now = configuration.clock.now
        let wait = bucket.withLock { $0.take(now: now) }
        if wait > .zero { configuration.onHeldBack(wait) }
        do {
            try await configuration.clock.sleep(for: wait)
        } catch {
            bucket.withLock { $0.giveBack() }
            throw error
        }
    }

    /// Performs one attempt whose answer is collected, and reports it.
    private func exchange<Value>(
        _ call: ClusterCall, _ trace: RequestTrace,
        reading: (TransferOutcome) throws(AttemptFailure) -> Value
    ) async throws -> Swift.Result<Value, AttemptFailure> {
        let credentials = try await credentials()
        let started = configuration.clock.now
        let outcome = await multiplexer.perform(transfer(call, trace, credentials))
        if outcome.isCancelled {
            report(call, trace, started: started, outcome, nil)
            throw CancellationError()
        }
        let duration = configuration.clock.now - started
        let result = Swift.Result { () throws(AttemptFailure) in try reading(outcome) }
        report(call, trace, started: started, duration: duration, outcome, result.failure?.error)
        if outcome.head?.status == 401 { await authenticator.rejected(credentials) }
        return result
    }

    /// Opens a watch; what is open is reported when it ends.
    private func open(
        _ call: ClusterCall, _ trace: RequestTrace
    ) async throws -> Swift.Result<OpenWatch, AttemptFailure> {
        let credentials = try await credentials()
        let started = configuration.clock.now
        var request = transfer(call, trace, credentials)
        request.idleLimit = configuration.watchIdleLimit
        let stream = multiplexer.open(request)
        let head = await stream.head()
        if let head, (200..<300).contains(head.status) {
            return .success(OpenWatch(stream: stream, trace: trace, started: started))
        }
        let outcome = await stream.collect(bytesMax: Self.errorBytesMax)
        if outcome.isCancelled {
            report(call, trace, started: started, outcome, nil)
            throw CancellationError()
        }
        if head?.status == 401 { await authenticator.rejected(credentials) }
        do throws(AttemptFailure) {
            _ = try call.object(in: outcome, from: configuration.connection.server)
            preconditionFailure("an answer that is no success fails (is \(head?.status ?? 0))")
        } catch {
            report(call, trace, started: started, outcome, error.error)
            return .failure(error)
        }
    }

    /// The longest body of a refusal that is read.
    private static let errorBytesMax = 1 << 20

    /// What the connection's credentials are now: for whoever reaches the same server by other means.
    ///
    /// - Throws: ``APIError`` where there are none to be had.
    package func credentials() async throws -> Credentials {
        let now = Timestamp(microsecondsSinceEpoch: configuration.clock.epochMicrosecondsNow)
        do {
            return try await authenticator.credentials(now: now)
        } catch let error as CredentialError {
            throw APIError(code: .forbidden, message: "getting credentials: \(error)")
        }
    }

    private func transfer(_ call: ClusterCall, _ trace: RequestTrace, _ credentials: Credentials) -> TransferRequest {
        call.transfer(trace, credentials, connection: configuration.connection, settings: settings)
    }

    private func report(
        _ call: ClusterCall, _ trace: RequestTrace, started: Duration, duration: Duration? = nil,
        _ outcome: TransferOutcome, _ failure: APIError?
    ) {
        var exchange = Exchange(
            trace: trace, identity: call.identity, started: started,
            duration: duration ?? configuration.clock.now - started, timings: outcome.timings,
            httpStatus: outcome.head?.status ?? 0, curlCode: outcome.curlCode)
        if let failure {
            exchange.reason = failure.transport?.kind.rawValue ?? failure.status?.reason ?? ""
            exchange.message = failure.message
        } else if outcome.isCancelled, call.verb != .watch || outcome.head == nil {
            exchange.reason = "cancelled"
            exchange.message = "the request was cancelled by its caller"
        }
        configuration.onExchange(exchange)
    }

    func makeTrace() -> RequestTrace {
        RequestTrace(operation: "\(untracedPrefix)-\(untracedCount.increment())", attempt: 1, path: "")
    }
}

extension PosixLock<Int> {
    fileprivate func increment() -> Int {
        withLock { count in
            count += 1
            return count
        }
    }
}

extension Result {
    fileprivate var failure: Failure? { if case .failure(let failure) = self { failure } else { nil } }
}
