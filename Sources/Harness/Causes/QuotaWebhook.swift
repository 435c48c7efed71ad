import Determinism
import Faults
import Foundation
import Kubernetes
import Synchronization
import Wire

/// Makes quota admission lose its compare-and-swap at the exact moment: a validating webhook on the quota's status, which
/// moves the quota whenever the API server itself is about to write it, and then lets the write go and fail.
///
/// It listens on the loopback, and so only an API server on this machine can reach it; its failurePolicy is Ignore.
struct QuotaWebhook: ClusterCause {
    let rule: Rule
    let churn: Fault.QuotaChurn
    let ground: CauseGround

    /// The user as whom API servers write quotas' status.
    private static let server = "system:apiserver"
    private static let path = "/quota"
    /// From the move to the answer: by then the server's informer has heard of the move, so that the next attempt is not
    /// lost before it has begun, and attempts can be counted here.
    private static let pause = Duration.milliseconds(10)

    private var limit: Int { churn.attempts ?? Fault.QuotaChurn.attemptsMax }

    private static func configurationName(_ quota: String) -> String { "boreas-quota-conflict-\(quota)" }

    func act() async throws {
        let authority = try CertificateAuthority(name: "boreas webhook")
        let identity = try authority.issueServerIdentity()
        let tally = InterferenceTally(limit: limit)
        let answer: AsyncResponder.Answering = { await self.answer($0, tally) }
        try await AsyncResponder.with(identity: identity, answer: answer) { url in
            try await withCleanup {
                let configuration = configuration(url: url, authorityPEM: authority.certificatePEM)
                _ = try await ground.api.send(
                    APIRequest(
                        .create, .validatingWebhookConfigurations, body: .object(configuration),
                        timeout: CauseGround.timeout))
                // Until the phase is over.
                while true { try await ground.clock.sleep(for: .seconds(3600)) }
            } cleanup: {
                try await Self.removeConfiguration(churn.quota, ground)
                if tally.calls == 0 {
                    let why = "the webhook was never called: the API server must reach \(url), and creates must count"
                    ground.note(rule, why)
                }
            }
        }
    }

    /// Takes the webhook away, where it is there.
    static func removeConfiguration(_ quota: String, _ ground: CauseGround) async throws {
        let key = ObjectKey(namespace: "", name: configurationName(quota))
        do {
            try await ground.insist {
                _ = try await ground.api.send(
                    .delete(.validatingWebhookConfigurations, key, timeout: CauseGround.timeout))
            }
        } catch let error as APIError where error.code == .notFound {
            // It has gone already.
        }
    }

    /// Limited to the trial's namespace by the label that every namespace has.
    private func configuration(url: String, authorityPEM: String) -> JSONObject {
        let webhook: JSONValue = [
            "name": "quota-conflict.boreas.dev",
            "clientConfig": [
                "url": .string(url + Self.path),
                "caBundle": .string(Data(authorityPEM.utf8).base64EncodedString()),
            ],
            "rules": [
                [
                    "operations": ["UPDATE"], "apiGroups": [""], "apiVersions": ["v1"],
                    "resources": ["resourcequotas/status"], "scope": "Namespaced",
                ]
            ],
            "namespaceSelector": ["matchLabels": ["kubernetes.io/metadata.name": .string(ground.namespace)]],
            "failurePolicy": "Ignore", "matchPolicy": "Exact", "sideEffects": "NoneOnDryRun", "timeoutSeconds": 5,
            "admissionReviewVersions": ["v1"],
        ]
        return [
            "apiVersion": "admissionregistration.k8s.io/v1", "kind": "ValidatingWebhookConfiguration",
            "metadata": [
                "name": .string(Self.configurationName(churn.quota)), "labels": [Ground.managerLabel: "boreas"],
                "annotations": [Ground.ttlAnnotation: "1h"],
            ],
            "webhooks": [webhook],
        ]
    }

    private func answer(_ request: AsyncResponder.Request, _ tally: InterferenceTally) async -> HTTPResponder.Answer {
        guard let review = try? JSONValue(parsing: request.body).object, let asked = review["request"]?.object else {
            return HTTPResponder.Answer(status: 400, body: "this is no AdmissionReview\n")
        }
        let isOurs =
            asked["name"]?.string == churn.quota && asked["userInfo", "username"]?.string == Self.server
            && asked["dryRun"]?.bool != true
        if isOurs { await interfere(tally) }
        let response: JSONObject = [
            "apiVersion": "admission.k8s.io/v1", "kind": "AdmissionReview",
            "response": ["uid": asked["uid"] ?? "", "allowed": true],
        ]
        return HTTPResponder.Answer(contentType: "application/json", body: JSONValue.object(response).text)
    }

    /// Moves the quota, if it is an attempt that is to lose.
    private func interfere(_ tally: InterferenceTally) async {
        let (number, loses) = tally.attempted()
        // Of a webhook that is to let everything pass, the call is the effect.
        guard loses || limit == 0 else { return }
        do {
            if loses {
                let patch: JSONObject = [
                    "metadata": ["annotations": .object([QuotaChurner.annotation: .string("webhook-\(number)")])]
                ]
                _ = try await ground.api.patch(
                    ResourceQuota.self, ground.key(churn.quota), patch, timeout: .seconds(3))
                try await ground.clock.sleep(for: Self.pause)
            }
        } catch {
            return
        }
        ground.injected(
            rule,
            RequestIdentity(
                verb: .update, group: "", resource: APIResource.resourceQuotas.name, subresource: "status",
                namespace: ground.namespace, name: churn.quota), ordinal: number)
    }
}

/// Counts the attempts of quota admission, of which so many in a row are to lose.
final class InterferenceTally: Sendable {
    private struct Counts {
        var calls = 0
        var lostInARow = 0
    }

    private let counts = Mutex(Counts())
    private let limit: Int

    init(limit: Int) { self.limit = limit }

    /// Attempts so far.
    var calls: Int { counts.withLock { $0.calls } }

    /// Counts one attempt.
    ///
    /// - Returns: Its number, and whether it is to lose. With all four lost, admission begins again with the next create.
    func attempted() -> (number: Int, loses: Bool) {
        counts.withLock { counts in
            counts.calls += 1
            let loses = limit >= Fault.QuotaChurn.attemptsMax || counts.lostInARow < limit
            counts.lostInARow = loses ? counts.lostInARow + 1 : 0
            return (counts.calls, loses)
        }
    }
}
