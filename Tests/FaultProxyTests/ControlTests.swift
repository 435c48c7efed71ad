import Faults
import Foundation
import Kubernetes
import Testing

@testable import FaultProxy

/// The control of a running proxy.
@Suite(.timeLimit(.minutes(2)))
struct ControlTests {
    private static let pods = "/api/v1/namespaces/t/pods"

    private func rule(_ name: String, code: Int = 503) -> String {
        #"{"name":"\#(name)","match":{"resource":"pods"},"status":{"code":\#(code)}}"#
    }

    @Test("a rule is added, hits the next request, is changed, goes on counting, and is removed")
    func lifecycle() async throws {
        try await ControlSetup.with { control in
            #expect(try await control.ask("GET", "/v1/rules").rules.isEmpty)
            #expect(try await control.status(Self.pods) == "200")
            #expect(try await control.ask("POST", "/v1/rules", body: rule("a")).code == 201)
            #expect(try await control.status(Self.pods) == "503")
            #expect(try await control.ask("PUT", "/v1/rules/a", body: rule("a", code: 500)).code == 200)
            #expect(try await control.status(Self.pods) == "500")
            let shown = try #require(try await control.ask("GET", "/v1/rules").rules.first)
            #expect(shown["matched"] == 2)
            #expect(shown["hit"] == 2)
            #expect(shown["lastHitSeconds"]?.double ?? -1 > 0)
            #expect(shown["rule"]?.object?["status", "code"] == 500)
            #expect(try await control.ask("DELETE", "/v1/rules/a").code == 200)
            #expect(try await control.status(Self.pods) == "200")
            #expect(try await control.ask("GET", "/v1/rules").rules.isEmpty)
        }
    }

    @Test("a rule can be put before another, and a whole plan in place of all")
    func order() async throws {
        try await ControlSetup.with { control in
            let narrow = #"{"name":"narrow","match":{"resource":"pods","name":"x"},"status":{"code":500}}"#
            #expect(try await control.ask("POST", "/v1/rules", body: rule("wide")).code == 201)
            #expect(try await control.ask("POST", "/v1/rules?before=wide", body: narrow).code == 201)
            let names = try await control.ask("GET", "/v1/rules").rules.map { $0["name"] }
            #expect(names == ["narrow", "wide"])
            #expect(try await control.ask("POST", "/v1/rules?before=nobody", body: rule("c")).code == 404)
            let plan = #"{"rules":[\#(rule("other"))]}"#
            #expect(try await control.ask("PUT", "/v1/plan", body: plan).code == 200)
            #expect(try await control.ask("GET", "/v1/rules").rules.map { $0["name"] } == ["other"])
            #expect(try await control.ask("GET", "/v1/plan").json["rules"]?.array?.count == 1)
        }
    }

    @Test(
        "what makes no sense is refused with its reason, and nothing is changed",
        arguments: [
            ("POST", "/v1/rules", "", 422), ("POST", "/v1/rules", "{", 422),
            ("POST", "/v1/rules", #"{"name":"b"}"#, 422),
            ("POST", "/v1/rules", #"{"name":"b","status":{"code":99}}"#, 422),
            ("POST", "/v1/rules", #"{"name":"a","status":{"code":500}}"#, 422),
            // It would hide the rule that is there.
            ("POST", "/v1/rules?before=a", #"{"name":"b","status":{"code":500}}"#, 422),
            ("PUT", "/v1/rules/a", #"{"name":"b","status":{"code":500}}"#, 422),
            ("PUT", "/v1/rules/b", #"{"name":"b","match":{"resource":"jobs"},"status":{"code":500}}"#, 404),
            ("DELETE", "/v1/rules/b", "", 404), ("PUT", "/v1/phase", "tempest", 422), ("PATCH", "/v1/rules", "", 405),
            ("GET", "/v1/nothing", "", 404), ("GET", "/v1/requests?since=x", "", 400), ("POST", "/metrics", "", 405),
        ])
    func refusals(method: String, path: String, body: String, code: Int) async throws {
        let first = Rule(
            name: "a", match: RequestMatch(resource: "pods"), fault: .status(Fault.ForgedStatus(code: 503)))
        try await ControlSetup.with(first) { control in
            let before = control.setup.proxy.core.rulesView.plan
            let answer = try await control.ask(method, path, body: body.isEmpty ? nil : body)
            #expect(answer.code == code)
            #expect(try answer.message?.isEmpty == false)
            #expect(control.setup.proxy.core.rulesView.plan == before)
        }
    }

    @Test("while all rules are paused none acts")
    func pause() async throws {
        let first = Rule(name: "a", fault: .status(Fault.ForgedStatus(code: 503)))
        try await ControlSetup.with(first) { (control) async throws in
            #expect(try await control.status(Self.pods) == "503")
            #expect(try await control.ask("POST", "/v1/pause").json["isPaused"] == true)
            #expect(try await control.status(Self.pods) == "200")
            #expect(try await control.ask("POST", "/v1/resume").json["isPaused"] == false)
            #expect(try await control.status(Self.pods) == "503")
            #expect(try await control.ask("GET", "/v1/rules").rules.first?["hit"] == 2)
        }
    }

    @Test("the phase is told and changed")
    func phase() async throws {
        let storm = Rule(name: "a", during: .storm, fault: .status(Fault.ForgedStatus(code: 503)))
        try await ControlSetup.with(storm) { (control) async throws in
            #expect(try await control.ask("GET", "/v1/phase").json["phase"] == "calm")
            #expect(try await control.status(Self.pods) == "200")
            #expect(try await control.ask("PUT", "/v1/phase", body: #"{"phase":"storm"}"#).code == 200)
            #expect(try await control.status(Self.pods) == "503")
            #expect(try await control.ask("PUT", "/v1/phase", body: "converge").code == 200)
            #expect(try await control.status(Self.pods) == "200")
        }
    }

    @Test("a watch is seen while it is open, and counted once it is over")
    func openWatch() async throws {
        try await ControlSetup.with { control in
            let setup = control.setup
            async let watch = setup.curl(Self.pods + "?watch=true", version: "2")
            try await eventually("the watch has reached the server") { setup.server.streamCount == 1 }
            try await eventually("its answer has begun") { setup.proxy.tally?.open.first?.status == 200 }
            let open = try await control.ask("GET", "/v1/requests").json
            #expect(open["open"]?.array?.first?.object?["verb"] == "watch")
            #expect(open["requests"]?.array?.isEmpty == true)
            #expect(try await control.ask("GET", "/v1/stats").json["streams"] == 1)
            setup.server.push("line")
            setup.server.push(nil)
            _ = try await watch
            try await eventually("the watch is over") { setup.proxy.tally?.total.streams == 0 }
            let over = try #require(try await control.ask("GET", "/v1/requests").json["requests"]?.array?.first?.object)
            #expect(over["status"] == 200)
            #expect(over["bytesSent"] == 5)
        }
    }

    @Test("requests and faults come with numbers, to be followed")
    func following() async throws {
        let first = Rule(
            name: "odd \"one\"", match: RequestMatch(resource: "pods"), when: Timing(first: 1),
            fault: .status(Fault.ForgedStatus(code: 503)))
        try await ControlSetup.with(first) { control in
            for _ in 0..<3 { _ = try await control.status(Self.pods) }
            _ = try await control.status("/version")
            try await eventually("all are over") { control.setup.proxy.tally?.requests.sequence == 4 }
            let all = try await control.ask("GET", "/v1/requests").json
            #expect(all["requests"]?.array?.compactMap { $0.object?["status"]?.integer } == [503, 200, 200, 200])
            #expect(all["requests"]?.array?.first?.object?["fault"] == "status")
            let last = try await control.ask("GET", "/v1/requests?since=3").json
            #expect(last["requests"]?.array?.compactMap { $0.object?["uri"] } == ["/version"])
            let faults = try await control.ask("GET", "/v1/faults").json
            #expect(faults["faults"]?.array?.compactMap { $0.object?["rule"] } == [.string(first.name)])
            let metrics = try await control.ask("GET", "/metrics").text
            #expect(metrics.contains(#"boreas_proxy_requests_total{verb="list",resource="pods",code="503"} 1"#))
            #expect(metrics.contains(#"boreas_proxy_requests_total{verb="list",resource="pods",code="200"} 2"#))
            #expect(metrics.contains(#"boreas_proxy_faults_total{rule="odd \"one\"",kind="status"} 1"#))
            #expect(metrics.contains(#"boreas_proxy_request_duration_seconds_count{verb="list",resource="pods"} 3"#))
        }
    }

    @Test("events tell at once how things stand")
    func events() async throws {
        try await ControlSetup.with { control in
            _ = try await control.status(Self.pods)
            let answer = try await control.ask("GET", "/v1/events", "--max-time", "2")
            #expect(answer.code == 200)
            #expect(answer.text.hasPrefix("event: stats\ndata: {"))
            #expect(answer.text.components(separatedBy: "event: requests\n").count > 2)
            // Each request is told of once.
            #expect(answer.text.components(separatedBy: #""uri":"\#(Self.pods)""#).count == 2)
        }
    }

    @Test("a body without end is refused before it is read")
    func longBody() async throws {
        try await ControlSetup.with { control in
            // Sent as it is read, without a length.
            let answer = try await control.ask("POST", "/v1/rules", "--upload-file", "/dev/zero")
            #expect(answer.code == 413)
            #expect(try await control.ask("GET", "/v1/rules").code == 200)
        }
    }

    @Test("the page runs only its own script, and shows nothing as markup")
    func page() async throws {
        try await ControlSetup.with { control in
            let answer = try await control.send(["-i"], "/?token=\(control.setup.proxy.token)")
            #expect(answer.code == 200)
            let nonce = try #require(answer.text.firstMatch(of: /<script nonce="(\w+)">/)?.1)
            #expect(answer.text.contains("script-src 'nonce-\(nonce)'"))
            #expect(answer.text.contains("default-src 'none'"))
            #expect(!answer.text.contains(control.setup.proxy.token))
            let page = ControlPage()
            #expect(page.html.firstMatch(of: /\son\w+=/) == nil)
            for sink in ["innerHTML", "outerHTML", "insertAdjacentHTML", "document.write", "eval(", "style="] {
                #expect(!page.html.contains(sink))
            }
            #expect(ControlPage().html != page.html)
        }
    }

    @Test("the control is let in by the token alone, and the proxy's kubeconfig says nothing of it")
    func access() async throws {
        try await ControlSetup.with { (control) async throws in
            let token = control.setup.proxy.token
            #expect(try await control.send([], "/v1/rules").code == 401)
            #expect(try await control.send(["-H", "Authorization: Bearer \(token)x"], "/v1/rules").code == 401)
            #expect(try await control.send([], "/v1/rules?token=\(token)").code == 200)
            #expect(try await control.send(["-X", "POST"], "/v1/pause?token=\(token)").code == 401)
            #expect(try await control.ask("GET", "/v1/rules", "-H", "Host: evil.example").code == 403)
            #expect(try await control.ask("OPTIONS", "/v1/rules").code == 405)
            #expect(!control.setup.proxy.kubeconfig().contains(control.control.url))
        }
    }
}

/// Whom the control lets in, without a socket.
struct ControlGuardTests {
    private static let token = "0123456789abcdef"

    struct Case: CustomStringConvertible, Sendable {
        var what: String
        var method = "GET"
        var uri = "/v1/rules"
        var headers: [String: String] = [:]
        var code: Int?

        var description: String { what }
    }

    private static let right = ["authorization": "Bearer \(token)"]

    static let cases = [
        Case(what: "the right token", headers: right, code: nil),
        Case(what: "a wrong token", headers: ["authorization": "Bearer 0123456789abcdeF"], code: 401),
        Case(what: "a shorter token", headers: ["authorization": "Bearer 0123"], code: 401),
        Case(what: "another scheme", headers: ["authorization": token], code: 401),
        Case(
            what: "a wrong token beside the right query", uri: "/v1/rules?token=\(token)",
            headers: ["authorization": "x"], code: 401),
        Case(what: "a query to read", uri: "/metrics?token=\(token)", code: nil),
        Case(what: "a query to write", method: "POST", uri: "/v1/pause?token=\(token)", code: 401),
        Case(what: "the page without a token", uri: "/", code: nil),
        Case(what: "localhost", headers: right.merging(["host": "LOCALHOST:8080"]) { $1 }, code: nil),
        Case(what: "IPv6", headers: right.merging(["host": "[::1]:8080"]) { $1 }, code: nil),
        Case(what: "a rebound name", headers: right.merging(["host": "evil.example:8080"]) { $1 }, code: 403),
        Case(
            what: "a name that begins well", headers: right.merging(["host": "127.0.0.1.evil.example"]) { $1 },
            code: 403),
        Case(
            what: "a host with a user", headers: right.merging(["host": "localhost:1@evil.example"]) { $1 }, code: 403),
        Case(what: "a rebound name, at the page", uri: "/", headers: ["host": "evil.example"], code: 403),
        Case(what: "its own origin", headers: right.merging(["origin": "http://127.0.0.1:8080"]) { $1 }, code: nil),
        Case(what: "another origin", headers: right.merging(["origin": "http://localhost:1"]) { $1 }, code: 403),
        Case(what: "no origin at all", headers: right.merging(["origin": "null"]) { $1 }, code: 403),
        Case(
            what: "a request from another site", headers: right.merging(["sec-fetch-site": "cross-site"]) { $1 },
            code: 403),
        Case(
            what: "a request from the page", headers: right.merging(["sec-fetch-site": "same-origin"]) { $1 }, code: nil
        ),
        Case(
            what: "a link to the page", uri: "/",
            headers: ["sec-fetch-site": "cross-site", "sec-fetch-mode": "navigate"], code: nil),
        Case(what: "OPTIONS", method: "OPTIONS", headers: right, code: 405),
    ]

    @Test("lets in who it should, and nobody else", arguments: cases)
    func refusal(of item: Case) {
        var headers = ["host": "127.0.0.1:8080"]
        headers.merge(item.headers) { $1 }
        let gate = ControlGuard(token: Self.token)
        let refusal = gate.refusal(of: ControlRequest(method: item.method, uri: item.uri)) { headers[$0] }
        var code: Int?
        if case .json(let number, let body) = refusal {
            code = number
            #expect(body.object?["message"]?.string?.isEmpty == false)
        }
        #expect(code == item.code)
    }

    @Test("a request without a Host is refused")
    func noHost() {
        let gate = ControlGuard(token: Self.token)
        #expect(gate.refusal(of: ControlRequest(method: "GET", uri: "/")) { _ in nil } != nil)
    }
}
