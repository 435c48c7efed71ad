import Foundation
import Kubernetes
import KubernetesServer
import Synchronization
import Testing
import Wire

/// Webhooks that are really called over HTTPS.
@Suite(.timeLimit(.minutes(3))) struct WebhookTests {
    /// A webhook that lets ConfigMaps pass whose data is `ok`, and remembers what it was asked.
    private static func withWebhook(
        _ body: (_ url: String, _ caBundle: String, _ asked: @Sendable () -> [JSONObject]) async throws -> Void
    ) async throws {
        let authority = try CertificateAuthority(name: "webhook")
        let asked = AskedReviews()
        let answer: AsyncResponder.Answering = { request in
            guard let review = try? JSONValue(parsing: request.body).object else {
                return .init(status: 400, body: "no review")
            }
            asked.append(review)
            let isAllowed = review["request", "object", "data", "ok"] == "yes"
            let response: JSONObject = [
                "apiVersion": "admission.k8s.io/v1", "kind": "AdmissionReview",
                "response": [
                    "uid": review["request", "uid"] ?? "", "allowed": .bool(isAllowed),
                    "status": ["code": 403, "reason": "Forbidden", "message": "it is not ok"],
                ],
            ]
            return .init(contentType: "application/json", body: JSONValue.object(response).text)
        }
        try await AsyncResponder.with(identity: try authority.issueServerIdentity(), answer: answer) { url in
            try await body(url, Data(authority.certificatePEM.utf8).base64EncodedString()) { asked.all }
        }
    }

    private static func manifest(url: String, caBundle: String, policy: String = "Fail") -> String {
        """
        apiVersion: admissionregistration.k8s.io/v1
        kind: ValidatingWebhookConfiguration
        metadata: {name: guard}
        webhooks:
        - name: guard.boreas.dev
          clientConfig: {url: "\(url)/review", caBundle: \(caBundle)}
          rules: [{operations: [CREATE], apiGroups: [""], apiVersions: [v1], resources: [configmaps]}]
          failurePolicy: \(policy)
          sideEffects: None
          timeoutSeconds: 1
          admissionReviewVersions: [v1]
        """
    }

    private static func configure(_ test: TestServer, _ manifest: String) async throws {
        let created = try await test.kubectl("create", "-f", "-", input: manifest)
        try #require(created.status == 0, "\(created)")
    }

    @Test(
        "kubectl sees the configuration, and what the webhook lets pass and what it denies",
        .enabled(if: Command.isInstalled("kubectl"), "kubectl is not in PATH"))
    func denial() async throws {
        try await TestServer.run { test in
            try await Self.withWebhook { url, caBundle, asked in
                try await Self.configure(test, Self.manifest(url: url, caBundle: caBundle))
                let table = try await test.kubectl("get", "validatingwebhookconfigurations")
                #expect(table.output.hasPrefix("NAME    WEBHOOKS   AGE\nguard   1 "), "\(table)")
                let allowed = try await test.kubectl("create", "configmap", "good", "--from-literal=ok=yes")
                #expect(allowed.status == 0, "\(allowed)")
                let denied = try await test.kubectl("create", "configmap", "bad", "--from-literal=ok=no")
                #expect(denied.status == 1)
                #expect(
                    denied.errors.contains("admission webhook \"guard.boreas.dev\" denied the request: it is not ok"))
                #expect(asked().map { $0["request", "name"]?.string ?? "" } == ["good", "bad"])
                #expect(asked().first?["request", "userInfo", "username"] == "tester")
                let removed = try await test.kubectl("delete", "validatingwebhookconfiguration", "guard")
                #expect(removed.status == 0, "\(removed)")
                let free = try await test.kubectl("create", "configmap", "bad", "--from-literal=ok=no")
                #expect(free.status == 0, "\(free)")
            }
        }
    }

    @Test(
        "a webhook that nobody vouches for, that is not there or does not answer is a failure in Go's words",
        .enabled(if: Command.isInstalled("kubectl"), "kubectl is not in PATH"))
    func failures() async throws {
        try await TestServer.run { test in
            try await Self.withWebhook { url, _, asked in
                let stranger = Data(try CertificateAuthority(name: "stranger").certificatePEM.utf8)
                    .base64EncodedString()
                try await Self.configure(test, Self.manifest(url: url, caBundle: stranger))
                let untrusted = try await test.kubectl("create", "configmap", "a", "--from-literal=ok=yes")
                #expect(
                    untrusted.errors.contains("failed calling webhook \"guard.boreas.dev\": failed to call webhook: "))
                #expect(
                    untrusted.errors.contains("Post \"\(url)/review?timeout=1s\": tls: failed to verify certificate"))
                #expect(asked().isEmpty)
            }
            // The port is nobody's now.
            let refused = try await test.kubectl("create", "configmap", "a", "--from-literal=ok=yes")
            #expect(refused.errors.contains("connect: connection refused"), "\(refused)")
            let ignoring = #"[{"op": "replace", "path": "/webhooks/0/failurePolicy", "value": "Ignore"}]"#
            _ = try await test.kubectl(
                "patch", "validatingwebhookconfiguration", "guard", "--type=json", "-p", ignoring)
            let passed = try await test.kubectl("create", "configmap", "a", "--from-literal=ok=yes")
            #expect(passed.status == 0, "\(passed)")
        }
    }

    @Test(
        "a webhook that never answers is given up after its timeout",
        .enabled(if: Command.isInstalled("kubectl"), "kubectl is not in PATH"))
    func silence() async throws {
        let authority = try CertificateAuthority(name: "webhook")
        try await TestServer.run { test in
            let answer: AsyncResponder.Answering = { _ in
                // Until the client leaves.
                try? await Task.sleep(for: .seconds(60))
                return .init(body: "")
            }
            try await AsyncResponder.with(identity: try authority.issueServerIdentity(), answer: answer) { url in
                let bundle = Data(authority.certificatePEM.utf8).base64EncodedString()
                try await Self.configure(test, Self.manifest(url: url, caBundle: bundle))
                let late = try await test.kubectl("create", "configmap", "a", "--from-literal=ok=yes")
                #expect(late.errors.contains("\(url)/review?timeout=1s\": context deadline exceeded"), "\(late)")
            }
        }
    }

    @Test(
        "kubectl evicts a pod", .enabled(if: Command.isInstalled("kubectl"), "kubectl is not in PATH"))
    func eviction() async throws {
        try await TestServer.run { test in
            let pod =
                "{\"apiVersion\": \"v1\", \"kind\": \"Pod\", \"metadata\": {\"name\": \"web\"}, "
                + "\"spec\": {\"containers\": [{\"name\": \"c\", \"image\": \"i\"}]}}"
            _ = try await test.kubectl("create", "-f", "-", input: pod)
            let eviction = "{\"apiVersion\": \"policy/v1\", \"kind\": \"Eviction\", \"metadata\": {\"name\": \"web\"}}"
            let evicted = try await test.kubectl(
                "create", "--raw", "/api/v1/namespaces/default/pods/web/eviction", "-f", "-", input: eviction)
            #expect(evicted.status == 0, "\(evicted)")
            let gone = try await test.kubectl("get", "pod", "web")
            #expect(gone.errors.contains("NotFound"))
        }
    }
}

/// What a webhook was asked.
private final class AskedReviews: Sendable {
    private let reviews = Mutex<[JSONObject]>([])

    var all: [JSONObject] { reviews.withLock { $0 } }

    func append(_ review: JSONObject) { reviews.withLock { $0.append(review) } }
}
