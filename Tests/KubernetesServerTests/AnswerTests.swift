import Kubernetes
import Testing

@testable import KubernetesServer

@Suite("Answers")
struct AnswerTests {
    private func text(_ answer: HTTPAnswer) -> String { String(decoding: answer.body, as: UTF8.self) }

    @Test("A Status has its members in the order of a kube-apiserver")
    func ordersStatus() {
        let compact = HTTPAnswer.failure(.notFound(.pods, name: "none"), isPretty: false)
        #expect(
            text(compact)
                == #"{"kind":"Status","apiVersion":"v1","metadata":{},"status":"Failure","#
                + #""message":"pods \"none\" not found","reason":"NotFound","#
                + #""details":{"kind":"pods","name":"none"},"code":404}"# + "\n")
    }

    @Test("What people read is indented by two spaces")
    func indents() {
        let pretty = HTTPAnswer.json(200, ["kind": "X", "a": [1, ["b": []]], "metadata": [:]], isPretty: true)
        #expect(
            text(pretty) == """
                {
                  "kind": "X",
                  "metadata": {},
                  "a": [
                    1,
                    {
                      "b": []
                    }
                  ]
                }

                """)
    }

    @Test("A Status that asks for patience does so in a header too")
    func addsRetryAfter() {
        var status = Status(code: 429, reason: Status.Reason.tooManyRequests, message: "m", details: [:])
        #expect(HTTPAnswer.failure(status, isPretty: false).headers.isEmpty)
        status.retryAfterSeconds = 7
        #expect(
            HTTPAnswer.failure(status, isPretty: false).headers == [.init(name: "Retry-After", value: "7")])
    }

    @Test("Overload is answered in plain text")
    func answersOverload() {
        let answer = HTTPAnswer.tooManyRequests
        #expect(answer.status == 429)
        #expect(answer.contentType == "text/plain; charset=utf-8")
        #expect(answer.headers.contains(.init(name: "Retry-After", value: "1")))
    }

    @Test("Warnings are quoted strings")
    func quotesWarnings() {
        var answer = HTTPAnswer(status: 200)
        answer.addWarnings([#"unknown field "spec.bogus""#, "a\nb"])
        #expect(answer.headers.map(\.value) == [#"299 - "unknown field \"spec.bogus\"""#, #"299 - "a b""#])
    }

    @Test(
        "Dates are those of HTTP",
        arguments: [(0, "Thu, 01 Jan 1970 00:00:00 GMT"), (1_795_255_440, "Sat, 21 Nov 2026 10:04:00 GMT")])
    func writesDates(seconds: Int64, text: String) {
        #expect(ResponseHeaders.date(microsecondsSinceEpoch: seconds * 1_000_000) == text)
    }

    @Test(
        "Base64 is padded", arguments: [("", ""), ("f", "Zg=="), ("fo", "Zm8="), ("foo", "Zm9v"), ("foob", "Zm9vYg==")])
    func encodesBase64(plain: String, encoded: String) {
        #expect(Base64.encode(plain.utf8) == encoded)
    }

    @Test("A kubeconfig quotes what it is given")
    func quotesKubeconfig() {
        let yaml = Kubeconfig(
            server: "https://[::1]:1", certificateAuthorityPEM: "pem", token: #"a"b\c"#, namespace: "n"
        ).yaml
        #expect(yaml.contains(#"token: "a\"b\\c""#))
        #expect(yaml.contains("certificate-authority-data: cGVt\n"))
        #expect(yaml.contains(#"server: "https://[::1]:1""#))
    }
}
