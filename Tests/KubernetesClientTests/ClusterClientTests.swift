import Determinism
import Kubernetes
import KubernetesClient
import NIOConcurrencyHelpers
import NIOHTTP1
import NIOHTTP2
import Resilience
import Testing
import Wire

@Suite(.timeLimit(.minutes(1)))
struct ClusterClientTests {
    @Test("each verb sends its method, path, media type and body")
    func requests() async throws {
        try await TestServer.with { server, address in
            let client = makeClient(address)
            for request in APIRequest.writes("w") { _ = try await client.send(request) }
            let received = server.received
            #expect(received.map(\.method) == ["POST", "PUT", "PATCH", "DELETE", "DELETE"])
            #expect(received.first?.uri == "/api/v1/namespaces/t/configmaps")
            #expect(received.last?.uri == "/api/v1/namespaces/t/configmaps")
            #expect(
                received.map { $0.headers.first(name: "Content-Type") }
                    == [
                        "application/json", "application/json", "application/merge-patch+json", "application/json",
                        "application/json",
                    ])
            #expect(received.first?.body == #"{"data":{"k":"v"},"metadata":{"name":"a"}}"#)
            #expect(received[0].headers.first(name: "Accept") == "application/json")
            #expect(received[0].requestID == "w-create.1")
        }
    }

    @Test("a deletion carries all its options in a body")
    func deletion() async throws {
        try await TestServer.with { server, address in
            var request = APIRequest(.delete, .pods, namespace: "t", name: "p")
            request.options.gracePeriodSeconds = 0
            request.options.propagationPolicy = "Foreground"
            request.options.preconditionUID = "u"
            request.options.isDryRun = true
            _ = try await makeClient(address).send(request)
            let body = try JSONValue(parsing: Array(try #require(server.received.first).body.utf8))
            #expect(
                body == [
                    "apiVersion": "v1", "kind": "DeleteOptions", "gracePeriodSeconds": 0,
                    "propagationPolicy": "Foreground", "preconditions": ["uid": "u"], "dryRun": ["All"],
                ])
        }
    }

    @Test(
        "an error keeps the server's Status",
        arguments: [
            (Status.notFound(.pods, name: "p"), APIError.Code.notFound),
            (.alreadyExists(.pods, name: "p"), .alreadyExists), (.conflict(.pods, name: "p"), .conflict),
            (.forbidden(.pods, name: "p", why: "exceeded quota: rq"), .forbidden),
            (.internalError("etcd"), .serverFailure), (.expired("too old"), .expired),
        ])
    func statuses(status: Status, code: APIError.Code) async throws {
        let body = JSONValue.object(status.json).text
        try await TestServer.with(.always(.answer(status.code, body))) { _, address in
            let log = Log()
            let error = try await apiError { try await makeClient(address, log: log).send(.getConfigMap("g")) }
            #expect(error.code == code)
            #expect(error.status == status)
            #expect(error.message == status.message)
            #expect(log.exchanges.map(\.httpStatus) == [status.code])
            #expect(log.exchanges.map(\.reason) == [status.reason])
        }
    }

    @Test(
        "an answer without a Status gets the one that client-go would make",
        arguments: [
            (
                429, "Too many requests, please try again later.", "TooManyRequests",
                "the server has received too many requests and has asked us to try again later (get configmaps a)"
            ),
            (
                404, "404 page not found", "NotFound",
                "the server could not find the requested resource (get configmaps a)"
            ),
            (
                502, "bad \"gateway\"\n", "InternalError",
                #"an error on the server ("bad \"gateway\"") has prevented the request from succeeding"#
                    + " (get configmaps a)"
            ),
            (
                503, "", "ServiceUnavailable",
                "the server is currently unable to handle the request (get configmaps a)"
            ),
            (
                504, "x", "Timeout",
                "the server was unable to return a response in the time allotted, but may still be processing "
                    + "the request (get configmaps a)"
            ),
            (403, "no", "Forbidden", "no (get configmaps a)"),
            (
                418, "x", "",
                "the server responded with the status code 418 but did not return more information (get configmaps a)"
            ),
        ])
    func unstructured(code: Int, body: String, reason: String, message: String) async throws {
        let headers = ["Content-Type": "text/plain; charset=utf-8", "Retry-After": "3"]
        try await TestServer.with(.always(.answer(code, body, headers))) { _, address in
            let error = try await apiError { try await makeClient(address).send(.getConfigMap("g")) }
            #expect(error.httpStatus == code)
            #expect(error.status?.reason == reason)
            #expect(error.message == message)
            #expect(error.retryAfter == .seconds(3))
        }
    }

    @Test("a Status without code, kind and apiVersion is still a Status")
    func bareStatus() async throws {
        let body = #"{"metadata":{},"status":"Failure","message":"Timeout: x","reason":"Timeout"}"#
        try await TestServer.with(.always(.answer(504, body))) { _, address in
            let error = try await apiError { try await makeClient(address).send(.getConfigMap("g")) }
            #expect(error.code == .serverFailure)
            #expect(error.httpStatus == 504)
            #expect(error.message == "Timeout: x")
        }
    }

    @Test(
        "what no API server answers is malformed",
        arguments: [(200, "<html>", "not JSON"), (200, "[]", "not an object"), (301, "", "redirects to /b")])
    func malformed(status: Int, body: String, words: String) async throws {
        try await TestServer.with(.always(.answer(status, body, ["Location": "/b"]))) { server, address in
            let error = try await apiError { try await makeClient(address).send(.getConfigMap("g")) }
            #expect(error.code == .malformed)
            #expect(error.message.contains(words))
            #expect(server.received.count == 1, "a redirect is not followed")
        }
    }

    @Test("retries on Retry-After are attempts of their own, with decisions and waits")
    func retryAfter() async throws {
        let failures = NIOLockedValueBox(3)
        try await TestServer.with(
            .script { _ in
                let mustFail = failures.withLockedValue { left in
                    left -= 1
                    return left >= 0
                }
                return mustFail ? .answer(429, "slow down", ["Content-Type": "text/plain", "Retry-After": "2"]) : .ok
            }
        ) { server, address in
            let log = Log()
            let time = WaitlessClock()
            let attempts = AttemptCounter()
            let client = makeClient(address, log: log, clock: time.clock) {
                $0.transport = .clientGo
                $0.attempts = attempts
            }
            _ = try await client.send(APIRequest.writes("r")[0])
            let ids = ["r-create.1", "r-create.2", "r-create.3", "r-create.4"]
            #expect(server.received.map(\.requestID) == ids)
            #expect(log.exchanges.map(\.trace.requestID) == ids)
            #expect(log.exchanges.map(\.httpStatus) == [429, 429, 429, 200])
            #expect(log.exchanges.map(\.started) == [.zero, .seconds(2), .seconds(4), .seconds(6)])
            #expect(log.decisions.map(\.requestID) == Array(ids.prefix(3)))
            #expect(log.decisions.allSatisfy { $0.layer == .transport && $0.wait == .seconds(2) })
            #expect(time.waits == [.seconds(2), .seconds(2), .seconds(2)])
            // The caller's second attempt of that operation cannot be number 2 again.
            var again = APIRequest.writes("r")[0]
            again.trace?.attempt = attempts.nextAttempt(of: "r-create")
            _ = try await client.send(again)
            #expect(server.received.last?.requestID == "r-create.5")
        }
    }

    @Test("without the transport layer's retries the first answer stands")
    func noTransportRetries() async throws {
        try await TestServer.with(.always(.answer(503, "x", ["Retry-After": "1"]))) { server, address in
            let log = Log()
            let error = try await apiError { try await makeClient(address, log: log).send(.getConfigMap("g")) }
            #expect(error.retryAfter == .seconds(1))
            #expect(server.received.count == 1)
            #expect(log.decisions.isEmpty)
        }
    }

    @Test("a read whose connection is reset is tried again after 1 s, a write is not")
    func readsOnReset() async throws {
        try await TestServer.with(.script { $0.requestID.hasSuffix(".1") ? .reset : .ok }) { server, address in
            let time = WaitlessClock()
            let client = makeClient(address, clock: time.clock) { $0.transport = .clientGo }
            _ = try await client.send(.getConfigMap("g"))
            #expect(time.waits == [.seconds(1)])
            let error = try await apiError { try await client.send(APIRequest.writes("w")[0]) }
            #expect(error.transport?.kind == .connectionReset)
            #expect(error.mayHaveBeenApplied)
            #expect(server.received.map(\.requestID) == ["g.1", "g.2", "w-create.1"])
        }
    }

    @Test("the rate limit spaces requests in order, and leaves watches alone")
    func rateLimit() async throws {
        try await TestServer.with(.script { $0.uri.contains("watch=true") ? .stream([], ends: true) : .ok }) {
            _, address in
            let log = Log()
            let time = WaitlessClock()
            let client = makeClient(address, log: log, clock: time.clock) {
                $0.rateLimit = Policy.RateLimit(qps: 2, burst: 2)
            }
            for index in 0..<4 { _ = try await client.send(.getConfigMap("g\(index)")) }
            #expect(log.exchanges.map(\.started) == [.zero, .zero, .milliseconds(500), .seconds(1)])
            try await client.withWatch(.watchConfigMaps("w")) { for try await _ in $0 {} }
            #expect(time.waits.filter { $0 > .zero }.count == 2)
        }
    }

    @Test("a failure's words are those of a Go client")
    func words() async throws {
        try await TestServer.withRefusingPort { address in
            let refused = try await apiError { try await makeClient(address).send(APIRequest.writes("w")[0]) }
            #expect(refused.transport == TransportFailure(kind: .connectionRefused, curlCode: 7))
            #expect(refused.message.contains("dial tcp 127.0.0.1:\(address.port): connect: connection refused"))
            #expect(!refused.mayHaveBeenApplied)
        }

        let unknown = ServerAddress(isTLS: false, host: "nowhere.invalid", port: 80)
        let unresolved = try await apiError {
            try await makeClient(unknown) { $0.connection.proxyURL = "" }.send(.getConfigMap("g"))
        }
        #expect(unresolved.transport?.kind == .nameNotResolved)
        #expect(unresolved.message.contains("lookup nowhere.invalid: no such host"))

        let tls = try TestTLS()
        try await TestServer.with(tls.listener) { _, address in
            let error = try await apiError { try await makeClient(address).send(.getConfigMap("g")) }
            #expect(error.transport == TransportFailure(kind: .tls, curlCode: 60))
            #expect(error.message.contains("x509: certificate signed by unknown authority"))
        }
    }

    @Test("an attempt that takes too long is a timeout, and a write may have been applied")
    func timeout() async throws {
        try await TestServer.with(.always(.silence)) { _, address in
            var request = APIRequest.writes("w")[0]
            request.timeout = .milliseconds(100)
            let error = try await apiError { try await makeClient(address).send(request) }
            #expect(error.transport?.kind == .timeout)
            #expect(error.message.contains("context deadline exceeded"))
            #expect(error.mayHaveBeenApplied)
        }
    }

    @Test("an answer cut in its middle is truncated, and a write may have been applied", arguments: [true, false])
    func truncated(overHTTP2: Bool) async throws {
        let tls = try TestTLS(offersHTTP2: overHTTP2)
        try await TestServer.with(tls.listener, .script { _ in .truncated(#"{"kind":"#) }) { _, address in
            let client = makeClient(address) { $0.connection.tls = tls.trust }
            let error = try await apiError { try await client.send(APIRequest.writes("w")[0]) }
            #expect(error.code == .unreachable)
            // Closing an HTTP/2 connection with frames unread makes the system send a reset.
            let kinds: [TransportFailure.Kind] =
                overHTTP2 ? [.truncated, .connectionReset, .connectionClosed] : [.truncated]
            #expect(kinds.contains(try #require(error.transport).kind), "\(error)")
            #expect(error.mayHaveBeenApplied)
        }
    }

    @Test("a stream reset by its HTTP/2 server is told with its code, a GOAWAY as such")
    func http2Failures() async throws {
        let tls = try TestTLS()
        try await TestServer.with(
            tls.listener, .script { $0.requestID.hasPrefix("away") ? .goAway : .resetStream(.internalError) }
        ) { _, address in
            let client = makeClient(address) { $0.connection.tls = tls.trust }
            let reset = try await apiError { try await client.send(.getConfigMap("reset")) }
            #expect(reset.transport?.kind == .http2)
            #expect(reset.message.contains("INTERNAL_ERROR; received from peer"), "\(reset)")
            let away = try await apiError { try await client.send(.getConfigMap("away")) }
            #expect(away.code == .unreachable)
        }
    }

    @Test("a cancelled request is stopped at the server, recorded, and not retried")
    func cancellation() async throws {
        try await TestServer.with(.always(.silence)) { server, address in
            let log = Log()
            let client = makeClient(address, log: log) { $0.transport = .clientGo }
            await withTaskGroup { group in
                group.addTask {
                    await #expect(throws: CancellationError.self) { try await client.send(.getConfigMap("g")) }
                }
                try? await eventually("the request arrives") { server.received.count == 1 }
                group.cancelAll()
            }
            try await eventually("the server sees the end") { server.endedIDs == ["g.1"] }
            #expect(log.exchanges.map(\.reason) == ["cancelled"])
        }
    }

    @Test("credentials and impersonation go into headers")
    func headers() async throws {
        try await TestServer.with { server, address in
            let client = makeClient(address) {
                $0.connection.authentication = .basic(username: "u", password: "pä")
                $0.connection.impersonation.user = "someone"
                $0.connection.impersonation.groups = ["a", "b"]
                $0.userAgent = "agent/1"
            }
            _ = try await client.send(.getConfigMap("g"))
            let headers = try #require(server.received.first).headers
            #expect(headers.first(name: "Authorization") == "Basic dTpww6Q=")
            #expect(headers.first(name: "Impersonate-User") == "someone")
            #expect(headers["Impersonate-Group"] == ["a", "b"])
            #expect(headers.first(name: "User-Agent") == "agent/1")
        }
    }

    @Test("a tlsServerName is asked for and verified in place of the host")
    func tlsServerName() async throws {
        let tls = try TestTLS(names: ["kubernetes.example"])
        try await TestServer.with(tls.listener) { server, address in
            let client = makeClient(address) {
                $0.connection.tls = tls.trust
                $0.connection.tlsServerName = "kubernetes.example"
            }
            _ = try await client.send(.getConfigMap("g"))
            let strict = makeClient(address) { $0.connection.tls = tls.trust }
            let error = try await apiError { try await strict.send(.getConfigMap("g")) }
            #expect(error.message.contains("x509: certificate is valid for other names, not 127.0.0.1"))
        }
    }

    @Test("a client certificate from memory is shown to the server")
    func clientCertificate() async throws {
        let authority = try CertificateAuthority()
        var configuration = HTTPListener.Configuration(identity: try authority.issueServerIdentity())
        configuration.clientAuthorityPEM = authority.certificatePEM
        let identity = try authority.issueClientIdentity(user: "jane", groups: ["devs"])
        try await TestServer.with(configuration) { server, address in
            let client = makeClient(address) {
                $0.connection.tls = TLSMaterial(
                    certificateAuthority: Array(authority.certificatePEM.utf8),
                    clientCertificate: Array(identity.certificatePEM.utf8),
                    clientKey: Array(identity.privateKeyPEM.utf8))
            }
            _ = try await client.send(.getConfigMap("g"))
            #expect(server.received.map(\.user) == ["jane"])
        }
    }

    @Test("a raw path gives its text, and its refusals as errors")
    func raw() async throws {
        try await TestServer.with(
            .script {
                $0.uri == "/readyz"
                    ? .answer(200, "ok", ["Content-Type": "text/plain"])
                    : .answer(404, "404 page not found", ["Content-Type": "text/plain"])
            }
        ) { _, address in
            let log = Log()
            let client = makeClient(address, log: log)
            #expect(try await client.raw(path: "/readyz") == "ok")
            let error = try await apiError { try await client.raw(path: "/api/v1/namespaces/t/pods/p/log") }
            #expect(error.code == .notFound)
            #expect(log.exchanges.map(\.identity.resource) == ["/readyz", "pods"])
            #expect(log.exchanges.last?.identity.subresource == "log")
        }
    }
}
