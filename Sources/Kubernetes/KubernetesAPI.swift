/// The port through which everything reaches an API server.
///
/// One call is one attempt, as far as the conformer controls it: retries belong to the caller's policy, and those that
/// a transport adds (as client-go does) are attempts of their own in the record.
package protocol KubernetesAPI: Sendable {
    /// Sends one request and returns the object, list or Status that answers it.
    ///
    /// - Throws: ``APIError`` for every answer but success and for none; `CancellationError` where the task was
    ///   cancelled, after the transfer has really been stopped.
    func send(_ request: APIRequest) async throws -> JSONObject

    /// Opens a watch and hands its events to `body`; the stream is closed when `body` returns or throws.
    ///
    /// - Throws: as ``send(_:)``, where the watch could not be opened, and whatever `body` throws.
    func withWatch<Result: Sendable>(
        _ request: APIRequest, _ body: (WatchStream) async throws -> Result
    ) async throws -> Result

    /// Runs a command in a container to its end.
    ///
    /// - Throws: as ``send(_:)``; a command that ran and failed is a result, with its exit code.
    func exec(_ request: ExecRequest) async throws -> ExecResult

    /// Asks the server what it serves.
    ///
    /// - Throws: as ``send(_:)``; `invalid` where the conformer has nobody to ask.
    func discover(timeout: Duration) async throws -> ResourceDiscovery
}

extension KubernetesAPI {
    package func discover(timeout: Duration) async throws -> ResourceDiscovery {
        throw APIError(code: .invalid, message: "this client does not ask what its server serves")
    }
}

/// One change that a watch tells of.
package enum WatchEvent: Hashable, Sendable {
    case added(JSONObject)
    case modified(JSONObject)
    case deleted(JSONObject)
    /// No change, only a newer resourceVersion; and, annotated, the end of the initial events.
    case bookmark(JSONObject)
    /// The server ends the stream: most often 410, because its history no longer reaches back far enough.
    case error(Status)

    package var type: String {
        switch self {
        case .added: "ADDED"
        case .modified: "MODIFIED"
        case .deleted: "DELETED"
        case .bookmark: "BOOKMARK"
        case .error: "ERROR"
        }
    }

    package var object: JSONObject {
        switch self {
        case .added(let object), .modified(let object), .deleted(let object), .bookmark(let object): object
        case .error(let status): status.json
        }
    }

    /// The event that a line of a watch's body holds; nil for a type that no server sends.
    package init?(json: JSONObject) {
        guard let object = json["object"]?.object else { return nil }
        switch json["type"]?.string {
        case "ADDED": self = .added(object)
        case "MODIFIED": self = .modified(object)
        case "DELETED": self = .deleted(object)
        case "BOOKMARK": self = .bookmark(object)
        case "ERROR": self = .error(Status(json: object))
        default: return nil
        }
    }

    package var json: JSONObject { ["type": .string(type), "object": .object(object)] }
}

/// The events of one watch, for one reader; the sequence ends where the server ended the stream.
package struct WatchStream: AsyncSequence, Sendable {
    package typealias Element = WatchEvent
    private let nextEvent: @Sendable () async throws -> WatchEvent?

    /// - Parameter next: Gives the next event, nil at the stream's end, and throws ``APIError`` where it broke.
    package init(next: @escaping @Sendable () async throws -> WatchEvent?) { nextEvent = next }

    package struct AsyncIterator: AsyncIteratorProtocol {
        fileprivate let nextEvent: @Sendable () async throws -> WatchEvent?

        package func next() async throws -> WatchEvent? { try await nextEvent() }
    }

    package func makeAsyncIterator() -> AsyncIterator { AsyncIterator(nextEvent: nextEvent) }
}

/// One request and what came of it, as the client saw it.
package struct Exchange: Hashable, Sendable {
    package var trace: RequestTrace
    package var identity: RequestIdentity
    /// On the trial's clock.
    package var started: Duration
    package var duration: Duration
    package var timings: TransferTimings
    /// 0 where no answer came.
    package var httpStatus: Int
    /// libcurl's CURLcode; 0 is success.
    package var curlCode: Int
    /// The Status reason, or the transport failure's kind; empty on success.
    package var reason: String
    /// The server's or the transport's words; empty on success.
    package var message: String

    package init(
        trace: RequestTrace, identity: RequestIdentity, started: Duration, duration: Duration,
        timings: TransferTimings = TransferTimings(), httpStatus: Int, curlCode: Int = 0, reason: String = "",
        message: String = ""
    ) {
        self.trace = trace
        self.identity = identity
        self.started = started
        self.duration = duration
        self.timings = timings
        self.httpStatus = httpStatus
        self.curlCode = curlCode
        self.reason = reason
        self.message = message
    }
}

/// When the stages of a transfer were done, each since its start (libcurl's `CURLINFO_*_TIME_T`); zero for a stage
/// that did not happen, as connecting on a reused connection.
package struct TransferTimings: Hashable, Sendable {
    package var nameLookup: Duration = .zero
    package var connect: Duration = .zero
    package var tlsHandshake: Duration = .zero
    package var firstByte: Duration = .zero
    package var total: Duration = .zero

    package init() {}
}
