import Determinism
import Kubernetes
import KubernetesClient
import Resilience
import Testing

struct TokenBucketTests {
    @Test("a burst passes at once, and those after it wait in order, each a period longer")
    func waits() {
        var bucket = TokenBucket(Policy.RateLimit(qps: 5, burst: 10), now: .zero)
        let waits = (0..<13).map { _ in bucket.take(now: .zero) }
        #expect(waits.prefix(10).allSatisfy { $0 == .zero })
        #expect(waits.suffix(3) == [.milliseconds(200), .milliseconds(400), .milliseconds(600)])
    }

    @Test("a token comes back with time, up to the burst and no further")
    func refill() {
        var bucket = TokenBucket(Policy.RateLimit(qps: 10, burst: 2), now: .zero)
        _ = bucket.take(now: .zero)
        _ = bucket.take(now: .zero)
        #expect(bucket.take(now: .milliseconds(100)) == .zero)
        #expect(bucket.take(now: .milliseconds(100)) == .milliseconds(100))
        #expect((0..<3).map { _ in bucket.take(now: .seconds(60)) } == [.zero, .zero, .milliseconds(100)])
    }

    @Test("a token that is given back serves the next")
    func givesBack() {
        var bucket = TokenBucket(Policy.RateLimit(qps: 1, burst: 1), now: .zero)
        #expect(bucket.take(now: .zero) == .zero)
        #expect(bucket.take(now: .zero) == .seconds(1))
        bucket.giveBack()
        #expect(bucket.take(now: .zero) == .seconds(1))
    }
}

struct TransportRetrierTests {
    @Test(
        "an answer is retried only with 429 or 5xx and a Retry-After in whole seconds",
        arguments: [
            (429, "1", Duration.seconds(1)), (503, "30", .seconds(30)), (500, "0", .zero), (599, "2", .seconds(2)),
            (429, nil, nil), (503, "Wed, 21 Oct 2026 07:28:00 GMT", nil), (503, "1.5", nil), (503, "-1", nil),
            (409, "1", nil), (404, "1", nil), (200, "1", nil), (600, "1", nil),
        ] as [(Int, String?, Duration?)])
    func retryAfter(status: Int, header: String?, wait: Duration?) {
        for verb in [Verb.get, .create, .delete, .watch] {
            var retrier = TransportRetrier(.clientGo)
            #expect(retrier.failed(.answer(status: status, retryAfter: header), verb: verb) == wait)
            var none = TransportRetrier(.none)
            #expect(none.failed(.answer(status: status, retryAfter: header), verb: verb) == nil)
        }
    }

    @Test("a broken connection is retried after 1 s for reads, and never for writes")
    func resets() {
        for kind in [TransportFailure.Kind.connectionReset, .connectionClosed] {
            for verb in Verb.allCases where verb != .connect {
                var retrier = TransportRetrier(.clientGo)
                #expect(
                    retrier.failed(.transport(kind, message: ""), verb: verb) == (verb.isWrite ? nil : .seconds(1)))
            }
        }
    }

    @Test(
        "what client-go's predicates do not know is not retried",
        arguments: [
            (TransportFailure.Kind.connectionRefused, "connect: connection refused", Verb.get, false),
            (.timeout, "i/o timeout", .get, false), (.timeout, "i/o timeout", .watch, true),
            (.timeout, "http2: client connection lost", .get, true),
            (.http2, "http2: server sent GOAWAY and closed the connection", .list, true),
            (.http2, "stream error: stream ID 1; INTERNAL_ERROR; received from peer", .get, false),
            (.tls, "x509", .get, false), (.truncated, "unexpected EOF", .get, false),
        ])
    func kinds(kind: TransportFailure.Kind, message: String, verb: Verb, isRetried: Bool) {
        var retrier = TransportRetrier(.clientGo)
        #expect((retrier.failed(.transport(kind, message: message), verb: verb) != nil) == isRetried)
    }

    @Test("retries of both sorts count together, up to ten")
    func limit() {
        var retrier = TransportRetrier(.clientGo)
        for index in 0..<10 {
            let failure: TransportRetrier.Failure =
                index % 2 == 0 ? .answer(status: 503, retryAfter: "1") : .transport(.connectionReset, message: "")
            #expect(retrier.failed(failure, verb: .get) != nil)
        }
        #expect(retrier.failed(.answer(status: 503, retryAfter: "1"), verb: .get) == nil)
    }
}

struct ServerAddressTests {
    @Test(
        "an address is read and printed",
        arguments: [
            ("https://10.0.0.1:6443", "https://10.0.0.1:6443"), ("https://a.example", "https://a.example:443"),
            ("HTTP://a.example/k8s/clusters/c-1/", "http://a.example:80/k8s/clusters/c-1"),
            ("https://[::1]:6443/", "https://[::1]:6443"), ("10.0.0.1:8443", "https://10.0.0.1:8443"),
        ])
    func reads(text: String, printed: String) {
        #expect(ServerAddress(text)?.description == printed)
    }

    @Test(
        "what is no http or https URL is refused",
        arguments: [
            "", "https://", "ftp://a", "https://a:0", "https://a:70000", "https://a:b", "https://a?x=1",
            "https://user@a", "https://[::1", "unix:///run/a",
        ])
    func refuses(text: String) {
        #expect(ServerAddress(text) == nil)
    }
}
