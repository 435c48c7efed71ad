import Faults
import Kubernetes
import Testing

/// The words are those that a v1.36 API server was seen to use; controllers classify errors by them.
struct ForgedAnswerTests {
    private let createPod = RequestIdentity(verb: .create, group: "", resource: "pods", namespace: "t", name: "p")
    private let patchWorkflow = RequestIdentity(
        verb: .patch, group: "argoproj.io", resource: "workflows", namespace: "t", name: "w")

    private func body(_ status: Fault.ForgedStatus, _ identity: RequestIdentity) -> String {
        String(decoding: status.answer(for: identity).body, as: UTF8.self)
    }

    private func header(_ name: String, of answer: ForgedAnswer) -> String? {
        answer.headers.first { $0.name == name }?.value
    }

    @Test("a conflict is served with its members in the server's order, and a newline behind")
    func conflict() {
        #expect(
            body(Fault.ForgedStatus(code: 409), patchWorkflow)
                == #"{"kind":"Status","apiVersion":"v1","metadata":{},"status":"Failure","#
                + #""message":"Operation cannot be fulfilled on workflows.argoproj.io \"w\": the object has been "#
                + #"modified; please apply your changes to the latest version and try again","reason":"Conflict","#
                + #""details":{"name":"w","group":"argoproj.io","kind":"workflows"},"code":409}"# + "\n")
    }

    @Test("a 409 to a create is AlreadyExists")
    func collision() {
        let status = Fault.ForgedStatus(code: 409).status(for: createPod)
        #expect(status.reason == "AlreadyExists")
        #expect(status.message == #"pods "p" already exists"#)
        #expect(status.details == ["name": "p", "kind": "pods"])
    }

    @Test("the words of a lost quota race make the answer that a server gives to the pod's creation")
    func quotaConflict() {
        let words =
            #"Operation cannot be fulfilled on resourcequotas "compute": the object has been modified; "#
            + "please apply your changes to the latest version and try again"
        let status = Fault.ForgedStatus(code: 409, message: words).status(for: createPod)
        #expect(status == .conflict(.resourceQuotas, name: "compute"))
        #expect(status.message == words)
    }

    @Test("overload is plain text, with Retry-After where the rule says so")
    func tooManyRequests() {
        let answer = Fault.ForgedStatus(code: 429, retryAfter: .seconds(2)).answer(for: createPod)
        #expect(answer.code == 429)
        #expect(String(decoding: answer.body, as: UTF8.self) == "Too many requests, please try again later.\n")
        #expect(header("Content-Type", of: answer) == "text/plain; charset=utf-8")
        #expect(header("X-Content-Type-Options", of: answer) == "nosniff")
        #expect(header("Retry-After", of: answer) == "2")
        #expect(header("Retry-After", of: Fault.ForgedStatus(code: 429).answer(for: createPod)) == nil)
        #expect(Fault.ForgedStatus(code: 429).status(for: createPod).reason == "TooManyRequests")
    }

    @Test("a 429 with words of its own is a Status")
    func tooManyRequestsStatus() {
        let status = Fault.ForgedStatus(
            code: 429, retryAfter: .seconds(1), message: "storage is (re)initializing")
        #expect(
            body(status, createPod)
                == #"{"kind":"Status","apiVersion":"v1","metadata":{},"status":"Failure","#
                + #""message":"storage is (re)initializing","reason":"TooManyRequests","#
                + #""details":{"retryAfterSeconds":1},"code":429}"# + "\n")
    }

    @Test(
        "each code has the reason and the words that servers use",
        arguments: [
            (401, "Unauthorized", "Unauthorized"),
            (
                403, "Forbidden",
                #"pods is forbidden: User "boreas" cannot create resource "pods" in API group "" in the namespace "t""#
            ),
            (410, "Expired", "The resourceVersion for the provided list is too old."),
            (500, "InternalError", "Internal error occurred: context deadline exceeded"),
            (503, "ServiceUnavailable", "the server is currently unable to handle the request"),
            (
                504, "Timeout",
                "Timeout: request did not complete within requested timeout - context deadline exceeded"
            ),
        ])
    func usualWords(code: Int, reason: String, message: String) {
        let status = Fault.ForgedStatus(code: code).status(for: createPod)
        #expect(status.code == code)
        #expect(status.reason == reason)
        #expect(status.message == message)
    }

    @Test("access control names the object, the subresource and the scope")
    func forbidden() {
        let exec = RequestIdentity(
            verb: .connect, group: "", resource: "pods", subresource: "exec", namespace: "t", name: "p")
        let status = Fault.ForgedStatus(code: 403).status(for: exec)
        #expect(
            status.message == #"pods/exec "p" is forbidden: User "boreas" cannot create resource "pods/exec" "#
                + #"in API group "" in the namespace "t""#)
        #expect(status.details["kind"] == "pods")
        let node = RequestIdentity(verb: .get, group: "", resource: "nodes", namespace: "", name: "n")
        #expect(
            Fault.ForgedStatus(code: 403).status(for: node).message
                == #"nodes "n" is forbidden: User "boreas" cannot get resource "nodes" in API group "" at the cluster scope"#
        )
    }

    @Test("an expired watch begins well and ends with an ERROR event")
    func expiredWatch() {
        let watch = RequestIdentity(verb: .watch, group: "", resource: "pods", namespace: "t", name: "")
        let answer = Fault.ForgedStatus(code: 410).answer(for: watch)
        #expect(answer.code == 200)
        #expect(
            String(decoding: answer.body, as: UTF8.self)
                == #"{"type":"ERROR","object":{"kind":"Status","apiVersion":"v1","metadata":{},"status":"Failure","#
                + #""message":"too old resource version: 1 (2)","reason":"Expired","code":410}}"# + "\n")
    }

    @Test(
        "errors of etcd come raw, without a reason; internal errors carry their cause",
        arguments: ["etcdserver: leader changed", "etcdserver: request timed out", "rpc error: code = Unavailable"])
    func etcd(words: String) {
        let raw = Fault.ForgedStatus(code: 500, message: words).status(for: createPod)
        #expect(raw == Status(code: 500, reason: "", message: words))
        let timeout = "Internal error occurred: resource quota evaluation timed out"
        #expect(
            Fault.ForgedStatus(code: 500, message: timeout).status(for: createPod)
                == .internalError("resource quota evaluation timed out"))
    }

    @Test("Retry-After stands in the header and in the details")
    func retryAfter() {
        let answer = Fault.ForgedStatus(code: 503, retryAfter: .seconds(30)).answer(for: createPod)
        #expect(header("Retry-After", of: answer) == "30")
        #expect(String(decoding: answer.body, as: UTF8.self).contains(#""details":{"retryAfterSeconds":30}"#))
    }

    @Test("the rule's reason wins, and an empty one is left out")
    func reason() {
        #expect(Fault.ForgedStatus(code: 500, reason: "ServerTimeout").status(for: createPod).reason == "ServerTimeout")
        #expect(Fault.ForgedStatus(code: 504, reason: "").status(for: createPod).json["reason"] == nil)
    }

    @Test("a bad gateway is a load balancer's page and no Status")
    func badGateway() {
        let answer = Fault.ForgedStatus(code: 502).answer(for: createPod)
        #expect(header("Content-Type", of: answer) == "text/html")
        #expect(String(decoding: answer.body, as: UTF8.self).contains("<h1>502 Bad Gateway</h1>"))
    }
}
