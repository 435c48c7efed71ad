import Kubernetes

/// A request as it goes on the wire, before credentials and number.
struct ClusterCall: Sendable {
    var verb: Verb
    var identity: RequestIdentity
    var method: String
    /// Path and query.
    var uri: String
    var body: [UInt8]?
    var contentType: String?
    var accept = "application/json"
    var trace: RequestTrace
    var timeout: Duration?

    init(_ request: APIRequest, trace: RequestTrace) {
        verb = request.verb
        identity = request.identity
        method = request.method
        uri = request.uri
        timeout = request.timeout
        self.trace = trace
        body = Self.body(of: request)?.bytes
        if body != nil {
            contentType = request.verb == .patch ? (request.patchType ?? .merge).rawValue : "application/json"
        }
    }

    /// A read of a path that need not be a resource.
    init(rawPath path: String, trace: RequestTrace, timeout: Duration?) {
        verb = .get
        method = "GET"
        uri = path
        accept = "application/json, */*"
        identity =
            RequestPath(method: "GET", uri: path)?.identity()
            ?? RequestIdentity(
                verb: .get, group: "", resource: RequestPath.split(path).path, namespace: "", name: "")
        self.trace = trace
        self.timeout = timeout
    }

    /// A deletion always has a body, although options alone could stand in the query: what has a body cannot be sent
    /// twice by libcurl (see ``CurlMultiplexer``), and a server that finds a body reads options nowhere else.
    private static func body(of request: APIRequest) -> JSONValue? {
        guard request.body == nil, request.verb == .delete || request.verb == .deleteCollection else {
            return request.body
        }
        let options = request.options
        var body: JSONObject = ["apiVersion": "v1", "kind": "DeleteOptions"]
        if let uid = options.preconditionUID { body["preconditions"] = ["uid": .string(uid)] }
        if let seconds = options.gracePeriodSeconds { body["gracePeriodSeconds"] = .integer(seconds) }
        if let policy = options.propagationPolicy { body["propagationPolicy"] = .string(policy) }
        if options.isDryRun { body["dryRun"] = ["All"] }
        return .object(body)
    }

    func transfer(
        _ trace: RequestTrace, _ credentials: Credentials, connection: ClusterConnection, settings: TransferSettings
    ) -> TransferRequest {
        var headers = ["Accept: \(accept)", "\(RequestTrace.header): \(trace.requestID)"]
        if let contentType { headers.append("Content-Type: \(contentType)") }
        if let authorization = credentials.authorization { headers.append("Authorization: \(authorization)") }
        if let host = connection.hostHeader { headers.append(host) }
        headers += connection.impersonation.headers
        var settings = settings
        if let certificate = credentials.clientCertificate {
            settings.tls.clientCertificate = certificate
            settings.tls.clientKey = credentials.clientKey
        }
        return TransferRequest(
            method: method, url: connection.urlPrefix + uri, headers: headers.map(Self.oneLine), body: body,
            timeout: timeout, settings: settings)
    }

    /// A header line without line breaks: what came behind one would be another header.
    static func oneLine(_ line: String) -> String { String(line.unicodeScalars.filter { $0.value >= 0x20 }) }
}
