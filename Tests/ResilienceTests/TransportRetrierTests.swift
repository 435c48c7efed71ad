import Kubernetes
import Resilience
import Testing

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
            #expect(retrier.failed(.answer(status: status, retryAfter: header), verb) == wait)
            var none = TransportRetrier(.none)
            #expect(none.failed(.answer(status: status, retryAfter: header), verb) == nil)
        }
    }

    @Test("a broken connection is retried after 1 s for reads, and never for writes")
    func resets() {
        for kind in [TransportFailure.Kind.connectionReset, .connectionClosed] {
            for verb in Verb.allCases where verb != .connect {
                var retrier = TransportRetrier(.clientGo)
                #expect(
                    retrier.failed(.transport(kind.rawValue, message: ""), verb) == (verb.isWrite ? nil : .seconds(1)))
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
        #expect((retrier.failed(.transport(kind.rawValue, message: message), verb) != nil) == isRetried)
    }

    @Test("retries of both sorts count together, up to ten")
    func limit() {
        var retrier = TransportRetrier(.clientGo)
        for index in 0..<10 {
            let failure: TransportRetrier.Failure =
                index % 2 == 0 ? .answer(status: 503, retryAfter: "1") : .transport("connectionReset", message: "")
            #expect(retrier.failed(failure, .get) != nil)
        }
        #expect(retrier.failed(.answer(status: 503, retryAfter: "1"), .get) == nil)
    }
}

extension TransportRetrier {
    fileprivate mutating func failed(_ failure: Failure, _ verb: Verb) -> Duration? {
        failed(failure, isRead: verb.isRead, opensWatch: verb == .watch)
    }
}
