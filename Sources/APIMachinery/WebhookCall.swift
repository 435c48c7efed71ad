package import Kubernetes

/// A question of admission that some webhook is to answer: an AdmissionReview, to be sent by POST.
/// https://kubernetes.io/docs/reference/access-authn-authz/extensible-admission-controllers/#webhook-request-and-response
package struct WebhookCall: Hashable, Sendable {
    /// Names the call in its answer.
    package var number: UInt64
    /// With its query.
    package var url: String
    /// The roots to verify the webhook by, in PEM; nil trusts what the machine trusts.
    package var authorityPEM: String?
    /// How long the whole call may take.
    package var timeout: Duration
    package var review: JSONObject
}

/// What came of a ``WebhookCall``.
package enum WebhookAnswer: Hashable, Sendable {
    /// The body of an answer with a status below 300.
    case review(JSONObject)
    /// The webhook could not be asked, in the words of Go's client: `Post "https://…": dial tcp …`.
    case failure(String)
}

/// A write that webhooks may be asked about.
struct AdmissionSubject {
    var operation: ValidatingWebhook.Operation
    var type: ResourceType
    var subresource: String?
    var namespace: String
    var name: String
    /// Nil for a deletion.
    var object: JSONObject?
    /// Nil for a creation.
    var oldObject: JSONObject?
    var isDryRun: Bool
    var user: String

    /// The version that the write goes out from.
    var oldVersion: String { oldObject?["metadata", "resourceVersion"]?.string ?? "" }

    /// As the webhook is asked.
    func review(uid: String) -> JSONObject {
        let resource = type.resource
        let place: JSONValue = [
            "group": .string(resource.group), "version": .string(resource.version), "resource": .string(resource.name),
        ]
        var request: JSONObject = [
            "uid": .string(uid), "kind": kind, "resource": place, "requestKind": kind, "requestResource": place,
            "operation": .string(operation.rawValue),
            "userInfo": ["username": .string(user), "groups": ["system:masters", "system:authenticated"]],
            "object": object.map { .object(type.present($0)) } ?? .null,
            "oldObject": oldObject.map { .object(type.present($0)) } ?? .null, "dryRun": .bool(isDryRun),
            "options": ["kind": .string(optionsKind), "apiVersion": "meta.k8s.io/v1"],
        ]
        if !name.isEmpty { request["name"] = .string(name) }
        if !namespace.isEmpty { request["namespace"] = .string(namespace) }
        if let subresource {
            request["subResource"] = .string(subresource)
            request["requestSubResource"] = .string(subresource)
        }
        return ["kind": "AdmissionReview", "apiVersion": "admission.k8s.io/v1", "request": .object(request)]
    }

    private var optionsKind: String {
        switch operation {
        case .create: "CreateOptions"
        case .update: "UpdateOptions"
        case .delete: "DeleteOptions"
        }
    }

    /// The kind of what is written: of an eviction, not of the pod.
    private var kind: JSONValue {
        let served = type.served.subresources.first { $0.name == subresource }
        let groupVersion = (served?.groupVersion ?? type.resource.groupVersion).split(separator: "/").map(String.init)
        return [
            "group": .string(groupVersion.count > 1 ? groupVersion[0] : ""),
            "version": .string(groupVersion.last ?? ""),
            "kind": .string(served?.kind ?? type.resource.kind),
        ]
    }
}

extension WebhookAnswer {
    /// Why the write is refused; nil where the webhook lets it pass, or is passed by.
    func refusal(by webhook: ValidatingWebhook, uid: String) -> Status? {
        switch self {
        case .failure(let why): return Self.unasked(webhook, "failed to call webhook: \(why)")
        case .review(let review):
            if let flaw = Self.flaw(of: review, uid: uid) {
                return Self.unasked(webhook, "received invalid webhook response: \(flaw)")
            }
            guard review["response", "allowed"]?.bool != true else { return nil }
            return Self.denial(by: webhook, review["response", "status"]?.object ?? JSONObject())
        }
    }

    private static func unasked(_ webhook: ValidatingWebhook, _ why: String) -> Status? {
        webhook.ignoresFailures ? nil : .internalError("failed calling webhook \"\(webhook.name)\": \(why)")
    }

    private static func flaw(of review: JSONObject, uid: String) -> String? {
        let (version, kind) = (review["apiVersion"]?.string ?? "", review["kind"]?.string ?? "")
        guard version == "admission.k8s.io/v1", kind == "AdmissionReview" else {
            return
                "expected webhook response of admission.k8s.io/v1, Kind=AdmissionReview, got \(version), Kind=\(kind)"
        }
        guard let response = review["response"]?.object else { return "webhook response was absent" }
        let answered = response["uid"]?.string ?? ""
        guard answered == uid else {
            return "expected response.uid=\(JSONValue.string(uid).text), got \(JSONValue.string(answered).text)"
        }
        return nil
    }

    /// The webhook's own Status, in which the code and the reason are what it says, and 400 where it says none.
    private static func denial(by webhook: ValidatingWebhook, _ given: JSONObject) -> Status {
        var status = Status(json: given)
        let why = [status.message, status.reason].first { !$0.isEmpty }
        status.json["kind"] = "Status"
        status.json["apiVersion"] = "v1"
        status.json["metadata"] = [:]
        status.json["status"] = "Failure"
        status.json["code"] = .integer(Int64(max(400, status.code)))
        let words = "admission webhook \"\(webhook.name)\" denied the request"
        status.json["message"] = .string(why.map { "\(words): \($0)" } ?? "\(words) without explanation")
        return status
    }
}
