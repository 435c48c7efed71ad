import APIMachinery
import Determinism
import Kubernetes
import Testing

/// Validating webhooks: who is asked what, and what becomes of their answers.
struct WebhookTests {
    static let path = "/apis/admissionregistration.k8s.io/v1/validatingwebhookconfigurations"

    /// A configuration of one webhook.
    static func configuration(
        _ name: String = "guard", operations: JSONValue = ["*"], resources: JSONValue = ["configmaps"],
        with members: [String: JSONValue] = [:]
    ) -> JSONValue {
        var webhook: JSONObject = [
            "name": .string("\(name).boreas.dev"), "clientConfig": ["url": "https://127.0.0.1:9443/review"],
            "rules": [
                ["operations": operations, "apiGroups": ["*"], "apiVersions": ["*"], "resources": resources]
            ], "sideEffects": "None", "admissionReviewVersions": ["v1"],
        ]
        for (key, value) in members.sorted(by: { $0.key < $1.key }) {
            webhook[key] = value.isNull ? nil : value
        }
        return ["metadata": ["name": .string(name)], "webhooks": [.object(webhook)]]
    }

    private static let map: JSONValue = ["metadata": ["name": "a", "labels": ["app": "x"]], "data": ["k": "v"]]

    private func guarded(_ configuration: JSONValue = Self.configuration()) throws -> TestServer {
        var server = try TestServer.withNamespace()
        let created = try server("POST \(Self.path)", configuration)
        try #require(created.code == 201, "\(created.message)")
        return server
    }

    @Test("a configuration is served with its defaults, and listed, watched, changed and deleted")
    func served() throws {
        var server = try TestServer.withNamespace()
        let watch = try server.watch(Self.path)
        let created = try server("POST \(Self.path)", Self.configuration())
        let webhook = try #require(created.body["webhooks"]?.array?.first?.object)
        #expect(webhook["failurePolicy"] == "Fail" && webhook["matchPolicy"] == "Equivalent")
        #expect(webhook["timeoutSeconds"] == 10 && webhook["namespaceSelector"] == [:])
        #expect(webhook["rules"]?.array?.first?.object?["scope"] == "*")
        #expect(created.body["metadata", "generation"] == 1)
        let patched = try server(
            "PATCH \(Self.path)/guard", ["webhooks": [["name": "guard.boreas.dev", "failurePolicy": "Ignore"]]],
            patch: .strategicMerge)
        #expect(patched.body["metadata", "generation"] == 2)
        #expect(patched.body["webhooks"]?.array?.first?.object?["failurePolicy"] == "Ignore")
        #expect(try server("GET \(Self.path)").body["items"]?.array?.count == 1)
        #expect(try server("DELETE \(Self.path)/guard").code == 200)
        #expect(server.takeEvents(watch) == ["ADDED guard", "MODIFIED guard", "DELETED guard"])
    }

    @Test(
        "what this server does not do is refused with its field",
        arguments: [
            ("clientConfig", ["service": ["name": "s", "namespace": "t"]], "webhooks[0].clientConfig.service"),
            ("clientConfig", ["url": "http://127.0.0.1/x"], "webhooks[0].clientConfig.url"),
            ("clientConfig", [:], "webhooks[0].clientConfig.url"),
            ("matchConditions", [["name": "c", "expression": "true"]], "webhooks[0].matchConditions"),
            ("admissionReviewVersions", ["v1beta1"], "webhooks[0].admissionReviewVersions"),
            ("sideEffects", .null, "webhooks[0].sideEffects"), ("timeoutSeconds", 31, "webhooks[0].timeoutSeconds"),
            ("failurePolicy", "Retry", "webhooks[0].failurePolicy"), ("name", "guard", "webhooks[0].name"),
            (
                "rules",
                [["operations": ["CONNECT"], "apiGroups": [""], "apiVersions": ["v1"], "resources": ["pods/exec"]]],
                "webhooks[0].rules[0].operations[0]"
            ),
            (
                "objectSelector", ["matchExpressions": [["key": "a", "operator": "Near"]]],
                "webhooks[0].objectSelector.matchExpressions[0].operator"
            ),
        ] as [(String, JSONValue, String)])
    func refusals(member: String, value: JSONValue, field: String) throws {
        var server = try TestServer.withNamespace()
        let answer = try server("POST \(Self.path)", Self.configuration(operations: ["*"], with: [member: value]))
        #expect(answer.code == 422)
        let fields = (answer.body["details", "causes"]?.array ?? []).compactMap { $0.object?["field"]?.string }
        #expect(fields == [field], "\(answer.message)")
    }

    @Test("a creation waits for the webhook, which is shown all of it")
    func creation() throws {
        var server = try guarded()
        let ticket = try server.submit("POST /api/v1/namespaces/t/configmaps", Self.map)
        #expect(server.answers[ticket] == nil)
        #expect(try server("GET /api/v1/namespaces/t/configmaps/a").code == 404)
        let call = try #require(server.store.takeWebhookCalls().first)
        #expect(call.url == "https://127.0.0.1:9443/review?timeout=10s" && call.timeout == .seconds(10))
        let request = try #require(call.review["request"]?.object)
        #expect(call.review["kind"] == "AdmissionReview" && call.review["apiVersion"] == "admission.k8s.io/v1")
        #expect(request["operation"] == "CREATE" && request["name"] == "a" && request["namespace"] == "t")
        #expect(request["kind"] == ["group": "", "version": "v1", "kind": "ConfigMap"])
        #expect(request["resource"] == ["group": "", "version": "v1", "resource": "configmaps"])
        #expect(request["userInfo", "username"] == "kubernetes-admin" && request["dryRun"] == false)
        #expect(request["object", "data", "k"] == "v" && request["object", "kind"] == "ConfigMap")
        #expect(request["oldObject"] == .null)
        server.answer(call, allowed: true)
        #expect(server.answers[ticket]?.code == 201)
        #expect(server.store.takeWebhookCalls().isEmpty)
    }

    @Test(
        "a denial is answered in the webhook's words",
        arguments: [
            (["message": "not today", "code": 403, "reason": "Forbidden"], 403, ": not today"),
            (["message": "not today"], 400, ": not today"), (["reason": "Because"], 400, ": Because"),
            (nil, 400, " without explanation"),
        ] as [(JSONObject?, Int, String)])
    func denial(status: JSONObject?, code: Int, words: String) throws {
        var server = try guarded()
        let ticket = try server.submit("POST /api/v1/namespaces/t/configmaps", Self.map)
        server.answer(try #require(server.store.takeWebhookCalls().first), allowed: false, status: status)
        let answer = try #require(server.answers[ticket])
        #expect(answer.code == code)
        #expect(answer.message == "admission webhook \"guard.boreas.dev\" denied the request" + words)
        #expect(try server("GET /api/v1/namespaces/t/configmaps/a").code == 404)
    }

    @Test("a webhook that fails ends the write or is passed by, as its policy says", arguments: ["Fail", "Ignore"])
    func failure(policy: String) throws {
        var server = try guarded(Self.configuration(with: ["failurePolicy": .string(policy)]))
        let why =
            "Post \"https://127.0.0.1:9443/review?timeout=10s\": dial tcp 127.0.0.1:9443: connect: connection refused"
        let ticket = try server.submit("POST /api/v1/namespaces/t/configmaps", Self.map)
        server.answer(try #require(server.store.takeWebhookCalls().first), .failure(why))
        let answer = try #require(server.answers[ticket])
        #expect(answer.code == (policy == "Fail" ? 500 : 201))
        guard policy == "Fail" else { return }
        #expect(answer.reason == "InternalError")
        #expect(
            answer.message
                == "Internal error occurred: failed calling webhook \"guard.boreas.dev\": failed to call webhook: \(why)"
        )
    }

    @Test("an answer to another question counts as a failure")
    func foreignAnswer() throws {
        var server = try guarded()
        let ticket = try server.submit("POST /api/v1/namespaces/t/configmaps", Self.map)
        let call = try #require(server.store.takeWebhookCalls().first)
        let review: JSONObject = [
            "apiVersion": "admission.k8s.io/v1", "kind": "AdmissionReview",
            "response": ["uid": "other", "allowed": true],
        ]
        server.answer(call, .review(review))
        let answer = try #require(server.answers[ticket])
        #expect(
            answer.code == 500 && answer.message.contains("received invalid webhook response: expected response.uid="))
    }

    @Test("updates, patches, deletions, of collections too, and evictions wait for the webhook")
    func otherWrites() throws {
        var server = try TestServer.withNamespace()
        for name in ["a", "b"] {
            try server("POST /api/v1/namespaces/t/configmaps", ["metadata": ["name": .string(name)]])
        }
        try server("POST /api/v1/namespaces/t/pods", pod("p"))
        try server("POST \(Self.path)", Self.configuration(resources: ["configmaps", "pods/eviction"]))
        let writes: [(line: String, body: JSONValue?, operations: [String], code: Int)] = [
            (
                "PUT /api/v1/namespaces/t/configmaps/a", ["metadata": ["name": "a"], "data": ["k": "1"]], ["UPDATE"],
                200
            ),
            ("PATCH /api/v1/namespaces/t/configmaps/a", ["data": ["k": "2"]], ["UPDATE"], 200),
            ("DELETE /api/v1/namespaces/t/configmaps/a", nil, ["DELETE"], 200),
            ("POST /api/v1/namespaces/t/pods/p/eviction", ["metadata": ["name": "p"]], ["CREATE"], 201),
            ("DELETE /api/v1/namespaces/t/configmaps", nil, ["DELETE"], 200),
        ]
        for write in writes {
            let before = server.store.servedResources.count
            let ticket = try server.submit(write.line, write.body, patch: .merge)
            #expect(server.answers[ticket] == nil, "\(write.line)")
            let calls = server.store.takeWebhookCalls()
            #expect(calls.map { $0.review["request", "operation"]?.string ?? "" } == write.operations, "\(write.line)")
            for call in calls { server.answer(call, allowed: true) }
            #expect(
                server.answers[ticket]?.code == write.code, "\(write.line): \(server.answers[ticket]?.message ?? "")")
            #expect(server.store.servedResources.count == before)
        }
        #expect(try server("GET /api/v1/namespaces/t/configmaps").body["items"]?.array?.isEmpty == true)
        #expect(try server("GET /api/v1/namespaces/t/pods/p").code == 404)
    }

    @Test("a deletion that is denied deletes nothing")
    func deniedDeletion() throws {
        var server = try TestServer.withNamespace()
        try server("POST /api/v1/namespaces/t/configmaps", Self.map)
        try server("POST \(Self.path)", Self.configuration(operations: ["DELETE"]))
        let ticket = try server.submit("DELETE /api/v1/namespaces/t/configmaps/a")
        let call = try #require(server.store.takeWebhookCalls().first)
        #expect(call.review["request", "object"] == .null && call.review["request", "oldObject", "data", "k"] == "v")
        server.answer(call, allowed: false)
        #expect(server.answers[ticket]?.code == 400)
        #expect(try server("GET /api/v1/namespaces/t/configmaps/a").code == 200)
    }

    @Test("a write to an object that changed meanwhile is asked about anew, or conflicts where it names a version")
    func changedMeanwhile() throws {
        var server = try TestServer.withNamespace()
        let created = try server("POST /api/v1/namespaces/t/configmaps", Self.map)
        try server("POST \(Self.path)", Self.configuration(operations: ["UPDATE"]))
        let path = "/api/v1/namespaces/t/configmaps/a"
        let patch = try server.submit("PATCH \(path)", ["data": ["mine": "1"]], patch: .merge)
        let first = try #require(server.store.takeWebhookCalls().first)
        let put = try server.submit(
            "PUT \(path)", ["metadata": ["name": "a", "resourceVersion": .string(created.version)]])
        let second = try #require(server.store.takeWebhookCalls().first)
        let other = try server.submit("PATCH \(path)", ["data": ["other": "1"]], patch: .merge)
        server.answer(try #require(server.store.takeWebhookCalls().first), allowed: true)
        #expect(server.answers[other]?.code == 200)
        server.answer(first, allowed: true)
        #expect(server.answers[patch] == nil)
        let again = try #require(server.store.takeWebhookCalls().first)
        #expect(again.review["request", "oldObject", "data", "other"] == "1")
        server.answer(again, allowed: true)
        #expect(server.answers[patch]?.body["data"] == ["k": "v", "mine": "1", "other": "1"])
        server.answer(second, allowed: true)
        #expect(server.answers[put]?.code == 409)
    }

    @Test(
        "rules and selectors say who is asked",
        arguments: [
            (["resources": ["pods"]], false), (["resources": ["*"]], true), (["resources": ["*/*"]], true),
            (["resources": ["configmaps/status"]], false), (["operations": ["DELETE"]], false),
            (["apiGroups": ["apps"]], false), (["apiVersions": ["v1"]], true), (["scope": "Cluster"], false),
            (["scope": "Namespaced"], true),
        ] as [(JSONObject, Bool)])
    func rules(members: JSONObject, isAsked: Bool) throws {
        var rule: JSONObject = [
            "operations": ["CREATE"], "apiGroups": [""], "apiVersions": ["*"], "resources": ["configmaps"],
        ]
        for (key, value) in members { rule[key] = value }
        var server = try guarded(Self.configuration(with: ["rules": [.object(rule)]]))
        _ = try server.submit("POST /api/v1/namespaces/t/configmaps", Self.map)
        #expect(server.store.takeWebhookCalls().isEmpty == !isAsked)
    }

    @Test(
        "selectors say where and of what",
        arguments: [
            ("namespaceSelector", ["matchLabels": ["kubernetes.io/metadata.name": "t"]], true),
            ("namespaceSelector", ["matchLabels": ["kubernetes.io/metadata.name": "u"]], false),
            ("objectSelector", ["matchLabels": ["app": "x"]], true),
            ("objectSelector", ["matchExpressions": [["key": "app", "operator": "DoesNotExist"]]], false),
            ("objectSelector", ["matchExpressions": [["key": "app", "operator": "In", "values": ["x"]]]], true),
        ] as [(String, JSONValue, Bool)])
    func selectors(member: String, selector: JSONValue, isAsked: Bool) throws {
        var server = try guarded(Self.configuration(with: [member: selector]))
        _ = try server.submit("POST /api/v1/namespaces/t/configmaps", Self.map)
        #expect(server.store.takeWebhookCalls().isEmpty == !isAsked)
    }

    @Test("nobody is asked about webhook configurations")
    func exemption() throws {
        var server = try guarded(Self.configuration(resources: ["*/*"]))
        #expect(try server("DELETE \(Self.path)/guard").code == 200)
        #expect(try server("POST /api/v1/namespaces/t/configmaps", Self.map).code == 201)
    }

    @Test("two webhooks are both asked, and one denial is enough")
    func two() throws {
        var server = try guarded()
        try server("POST \(Self.path)", Self.configuration("other"))
        let ticket = try server.submit("POST /api/v1/namespaces/t/configmaps", Self.map)
        let calls = server.store.takeWebhookCalls()
        try #require(calls.count == 2)
        server.answer(calls[1], allowed: false)
        #expect(server.answers[ticket] == nil)
        server.answer(calls[0], allowed: true)
        #expect(
            server.answers[ticket]?.message
                == "admission webhook \"other.boreas.dev\" denied the request without explanation")
    }

    @Test("a dry run is asked about as one")
    func dryRun() throws {
        var server = try guarded()
        let ticket = try server.submit("POST /api/v1/namespaces/t/configmaps?dryRun=All", Self.map)
        let call = try #require(server.store.takeWebhookCalls().first)
        #expect(call.review["request", "dryRun"] == true)
        server.answer(call, allowed: true)
        #expect(server.answers[ticket]?.code == 201)
        #expect(try server("GET /api/v1/namespaces/t/configmaps/a").code == 404)
    }
}

/// The server's own write of a quota's status, which a webhook makes lose.
struct QuotaWebhookTests {
    private static let quota = "/api/v1/namespaces/t/resourcequotas/rq"

    private func server(_ times: ClusterStore.ServiceTimes) throws -> TestServer {
        var server = TestServer(.init(definitionDelay: .zero, serviceTimes: times))
        let writes: [(String, JSONValue)] = [
            ("POST /api/v1/namespaces", ["metadata": ["name": "t"]]),
            (
                "POST /api/v1/namespaces/t/resourcequotas",
                ["metadata": ["name": "rq"], "spec": ["hard": ["pods": "100"]]]
            ),
            (
                "POST \(WebhookTests.path)",
                WebhookTests.configuration(operations: ["UPDATE"], resources: ["resourcequotas/status"])
            ),
        ]
        for (line, body) in writes {
            let ticket = try server.submit(line, body)
            server.pass(.seconds(1))
            try #require(server.answers[ticket]?.code == 201)
        }
        return server
    }

    @Test(
        "a webhook that moves the quota k times makes admission try k + 1 times, and fail at four",
        arguments: [0, 1, 2, 3, 4], [ClusterStore.ServiceTimes.none, .measured])
    func attempts(k: Int, times: ClusterStore.ServiceTimes) throws {
        var server = try server(times)
        for round in 1...5 {
            let ticket = try server.submit("POST /api/v1/namespaces/t/pods", pod("p\(round)"))
            var calls = 0
            for _ in 0..<100 where server.answers[ticket] == nil {
                server.pass(.milliseconds(10))
                for call in server.store.takeWebhookCalls() {
                    calls += 1
                    let request = try #require(call.review["request"]?.object)
                    #expect(request["userInfo", "username"] == "system:apiserver")
                    #expect(request["subResource"] == "status" && request["operation"] == "UPDATE")
                    if calls <= k {
                        _ = try server.submit(
                            "PATCH \(Self.quota)", ["metadata": ["annotations": ["n": .string("\(round)-\(calls)")]]],
                            patch: .merge)
                        server.pass(.milliseconds(20))
                    }
                    server.answer(call, allowed: true)
                }
            }
            let answer = try #require(server.answers[ticket])
            #expect(calls == min(k + 1, 4))
            #expect(answer.code == (k < 4 ? 201 : 409), "\(answer.message)")
            guard k == 4 else { continue }
            #expect(
                answer.message
                    == "Operation cannot be fulfilled on resourcequotas \"rq\": the object has been modified; please apply "
                    + "your changes to the latest version and try again")
            #expect(answer.body["details", "kind"] == "resourcequotas")
        }
        server.pass(.seconds(1))
        let read = try server.submit("GET \(Self.quota)")
        server.pass(.seconds(1))
        #expect(server.answers[read]?.body["status", "used", "pods"] == (k < 4 ? "5" : "0"))
    }

    @Test("a webhook that denies the quota's status takes all four attempts, and is what the client hears")
    func denial() throws {
        var server = try server(.none)
        let ticket = try server.submit("POST /api/v1/namespaces/t/pods", pod("p"))
        var calls = 0
        while let call = server.store.takeWebhookCalls().first {
            calls += 1
            server.answer(call, allowed: false, status: ["message": "no"])
        }
        #expect(calls == 4)
        #expect(server.answers[ticket]?.message == "admission webhook \"guard.boreas.dev\" denied the request: no")
    }

    @Test("the client hears after ten seconds that the evaluation timed out, however long the webhook takes")
    func timeout() throws {
        var server = try server(.none)
        let ticket = try server.submit("POST /api/v1/namespaces/t/pods", pod("p"))
        server.pass(.seconds(11))
        #expect(server.answers[ticket]?.message == "Internal error occurred: resource quota evaluation timed out")
    }
}
