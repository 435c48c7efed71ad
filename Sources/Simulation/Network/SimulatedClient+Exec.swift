import APIMachinery
import Determinism
package import Kubernetes

extension SimulatedClient {
    /// Runs a command over a connection of its own.
    ///
    /// The request's timeout bounds everything from connecting to the command's end. No transport layer tries again:
    /// a command may have run although no answer came.
    package func exec(_ request: ExecRequest) async throws -> ExecResult {
        let trace = request.trace ?? makeTrace()
        try await awaitTurn(.connect)
        let transfer = SimulatedExec(self, request, trace)
        let end = await withTaskGroup(of: Void.self) { group in
            switch await transfer.begin() {
            case .ended(let end): return end
            case .command:
                group.addTask { await transfer.run() }
                let end = await transfer.end()
                group.cancelAll()
                return end
            }
        }
        if case .cancelled = end {
            report(request, trace, transfer, httpStatus: transfer.stage == .running ? 101 : 0, nil, isCancelled: true)
            throw CancellationError()
        }
        do throws(APIError) {
            let result = try transfer.result(of: end)
            report(request, trace, transfer, httpStatus: 101, nil)
            return result
        } catch {
            report(request, trace, transfer, httpStatus: error.httpStatus, error)
            throw error
        }
    }

    private func report(
        _ request: ExecRequest, _ trace: RequestTrace, _ transfer: SimulatedExec, httpStatus: Int,
        _ failure: APIError?, isCancelled: Bool = false
    ) {
        var exchange = Exchange(
            trace: trace, identity: request.identity, started: transfer.started,
            duration: loop.now - transfer.started, httpStatus: httpStatus)
        if let failure {
            exchange.reason = failure.transport?.kind.rawValue ?? failure.status?.reason ?? ""
            exchange.message = failure.message
        } else if isCancelled {
            exchange.reason = "cancelled"
            exchange.message = "the request was cancelled by its caller"
        }
        configuration.onExchange(exchange)
    }
}

/// One exec, from connecting to the command's end.
///
/// Confined to the loop's thread, and unchecked for that reason.
final class SimulatedExec: @unchecked Sendable {
    /// How far it has come.
    enum Stage: Int, Comparable {
        case connecting, handshake, awaitingHead, running

        static func < (left: Stage, right: Stage) -> Bool { left.rawValue < right.rawValue }
    }

    enum End {
        case result(ExecResult)
        case answer(SimulatedAnswer)
        case failed(TransferEnd)
        case timedOut
        case cancelled
    }

    enum Beginning {
        case ended(End)
        /// The pod's node has the command: ``run()`` is to follow, and ``end()`` to be waited for.
        case command
    }

    let started: Duration
    private let client: SimulatedClient
    private let request: ExecRequest
    private let trace: RequestTrace
    private var stream: SimulatedStream?
    private var deadline: SimulationLoop.Alarm?
    private var isUpgraded = false
    private var hasCommand = false
    private var ending: End?
    private let news = NewsWaiter()

    init(_ client: SimulatedClient, _ request: ExecRequest, _ trace: RequestTrace) {
        self.client = client
        self.request = request
        self.trace = trace
        started = client.loop.now
    }

    var stage: Stage {
        if isUpgraded { return .running }
        guard let stream, let connection = stream.connection else { return .connecting }
        if stream.wasSent { return .awaitingHead }
        return client.loop.now - started >= connection.timings.connect ? .handshake : .connecting
    }

    /// Connects and asks, until the node has the command or there is an end without one.
    func begin() async -> Beginning {
        guard let path = RequestPath(method: "GET", uri: request.uri) else {
            preconditionFailure("an exec's path names a pod (is \(request.uri))")
        }
        let stream = SimulatedStream(
            request.identity, requestID: trace.requestID,
            request: ServerRequest(path: path, userAgent: client.configuration.userAgent),
            length: client.network.length(of: nil, client.network.model.request),
            draws: client.network.draws(operation: trace.operation, attempt: trace.attempt)
        ) { [weak self] in self?.receive($0) }
        stream.onCommand = { [weak self] in
            self?.hasCommand = true
            self?.news.wake()
        }
        self.stream = stream
        if let timeout = request.timeout {
            deadline = client.loop.after(timeout) { self.abandon(.timedOut) }
        }
        client.startAlone(stream)
        while !hasCommand, ending == nil { await wait() }
        return hasCommand ? .command : .ended(ending ?? .cancelled)
    }

    /// Runs the command as the node does.
    func run() async {
        guard let stream else { return }
        do {
            client.network.commandEnded(stream, try await client.configuration.execute(request))
        } catch let error as APIError {
            let status = error.status ?? .internalError(error.message)
            client.network.commandRefused(stream, .failure(status, retryAfter: status.retryAfterSeconds))
        } catch {
            // The client has left, and with it the command's task.
        }
    }

    func end() async -> End {
        while true {
            if let ending { return ending }
            await wait()
        }
    }

    private func receive(_ part: SimulatedStream.Part) {
        switch part {
        case .head: isUpgraded = true
        case .result(let result): finish(.result(result))
        case .answer(let answer): finish(.answer(answer))
        case .failed(let end): finish(.failed(end))
        case .event, .end: break
        }
    }

    private func finish(_ end: End) {
        guard ending == nil, let stream else { return }
        client.finish(stream)
        if let connection = stream.connection, connection.state == .open { client.network.close(connection) }
        conclude(end)
    }

    private func abandon(_ end: End) {
        guard ending == nil, let stream else { return }
        client.abandon(stream)
        conclude(end)
    }

    private func conclude(_ end: End) {
        ending = end
        if let deadline { client.loop.cancel(deadline) }
        news.wake()
    }

    private func wait() async {
        await news.wait(unless: { ending != nil }, onCancel: { abandon(.cancelled) })
    }

    // MARK: What the end means

    private typealias Words = TransportFailure.Words

    func result(of end: End) throws(APIError) -> ExecResult {
        switch end {
        case .result(let result): return result
        case .answer(let answer): throw refusal(answer)
        case .timedOut: throw lost(.timeout, timeOutWords)
        case .failed(let failure):
            switch failure {
            case .unresolved: throw lost(.nameNotResolved, Words.notFound(TransferEnd.host(of: authority)))
            case .refused: throw lost(.connectionRefused, Words.refused(authority))
            // An exec's connection is HTTP/1.1, and has no streams.
            case .reset, .resetOnReuse, .streamCut, .streamReset: throw lost(.connectionReset, Words.reset)
            case .closed, .handshakeCut:
                throw lost(.connectionClosed, stage == .running ? Words.commandCut : Words.end)
            case .notConnected(let isTCPConnected):
                throw lost(.timeout, isTCPConnected ? Words.handshakeTimedOut : Words.connectTimedOut(authority))
            }
        case .cancelled: preconditionFailure("a cancelled exec has no result")
        }
    }

    private func refusal(_ answer: SimulatedAnswer) -> APIError {
        switch answer {
        case .failure(let status, let retryAfter):
            return SimulatedCall.refused(status, retryAfter: retryAfter).error
        case .forged(let forged):
            return SimulatedCall.refused(forged, method: "GET", identity: request.identity).error
        case .object:
            return APIError(code: .malformed, message: "the server answered 200 and did not upgrade")
        }
    }

    private var authority: String { SimulatedClient.authority(of: client.configuration.server) }

    private var timeOutWords: String {
        switch stage {
        case .connecting: Words.connectTimedOut(authority)
        case .handshake: Words.handshakeTimedOut
        case .awaitingHead: Words.timedOut(hasHead: false)
        case .running: Words.commandTimedOut
        }
    }

    private func lost(_ kind: TransportFailure.Kind, _ words: String) -> APIError {
        APIError(
            code: .unreachable,
            message: TransportFailure.message(
                method: "GET", server: client.configuration.server, path: request.uri, words: words),
            transport: TransportFailure(kind: kind), mayHaveBeenApplied: stage >= .awaitingHead)
    }
}

extension SimulatedClient {
    /// `host:port` of a server's URL.
    static func authority(of server: String) -> String {
        let parts = server.split(separator: "/", omittingEmptySubsequences: true)
        return parts.count > 1 ? String(parts[1]) : server
    }
}
