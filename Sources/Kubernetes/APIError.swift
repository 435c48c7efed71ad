/// Why a request to an API server did not give what was asked for.
package struct APIError: Error, Hashable, Sendable {
    /// What the caller may decide by.
    package enum Code: String, Hashable, Sendable {
        /// The object is not there (404).
        case notFound
        /// An object of that name is there already (409, AlreadyExists).
        case alreadyExists
        /// The object changed since it was read (409, Conflict), or a quota did.
        case conflict
        /// The resourceVersion is too old to list or watch from (410).
        case expired
        /// Not authenticated (401), or not allowed (403).
        case forbidden
        /// The request itself is wrong (400, 405, 406, 413, 415, 422).
        case invalid
        /// The server asks for fewer requests (429).
        case throttled
        /// The server failed (any 5xx).
        case serverFailure
        /// No whole answer came: the connection failed, or ended, or a time limit passed.
        case unreachable
        /// An answer came that no API server gives.
        case malformed
    }

    package var code: Code
    package var message: String
    /// The server's own words, where there was an answer.
    package var status: Status?
    /// How the transport failed, where there was none.
    package var transport: TransportFailure?
    /// What the header Retry-After asked for.
    package var retryAfter: Duration?
    /// Whether the server may have acted on the request although no answer came.
    package var mayHaveBeenApplied: Bool

    package init(
        code: Code, message: String, status: Status? = nil, transport: TransportFailure? = nil,
        retryAfter: Duration? = nil, mayHaveBeenApplied: Bool = false
    ) {
        self.code = code
        self.message = message
        self.status = status
        self.transport = transport
        self.retryAfter = retryAfter
        self.mayHaveBeenApplied = mayHaveBeenApplied
    }

    /// The failure that a server's Status tells of.
    package init(_ status: Status, retryAfter: Duration? = nil) {
        let code: Code =
            switch (status.code, status.reason) {
            case (_, Status.Reason.alreadyExists): .alreadyExists
            case (401, _), (403, _): .forbidden
            case (404, _): .notFound
            case (409, _): .conflict
            case (410, _): .expired
            case (429, _): .throttled
            case (500..., _): .serverFailure
            default: .invalid
            }
        self.init(
            code: code, message: status.message, status: status,
            retryAfter: retryAfter ?? status.retryAfterSeconds.map { .seconds($0) })
    }

    /// 0 where no answer came.
    package var httpStatus: Int { status?.code ?? 0 }
}

/// How a connection failed, in the terms that retry policies and records use.
package struct TransportFailure: Hashable, Sendable {
    package enum Kind: String, Hashable, Sendable, CaseIterable, Codable {
        case nameNotResolved
        case connectionRefused
        case connectionReset
        case connectionClosed
        case timeout
        case tls
        case http2
        case truncated
        case other
    }

    package var kind: Kind
    /// libcurl's CURLcode; 0 where libcurl was not involved.
    package var curlCode: Int

    package init(kind: Kind, curlCode: Int = 0) {
        self.kind = kind
        self.curlCode = curlCode
    }
}

extension APIError: CustomStringConvertible {
    package var description: String {
        var text = "\(code.rawValue): \(message)"
        if let status { text += " (HTTP \(status.code)\(status.reason.isEmpty ? "" : " \(status.reason)"))" }
        if let transport { text += " (\(transport.kind.rawValue), curl \(transport.curlCode))" }
        return text
    }
}
