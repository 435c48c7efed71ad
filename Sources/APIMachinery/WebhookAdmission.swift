import Determinism
package import Kubernetes

/// The webhooks that are to be asked about writes, and the writes that wait for them.
struct WebhookAdmission: Sendable {
    /// What goes on when all webhooks of a review have let it.
    enum Waiting: Sendable {
        case creation(RequestTicket, PendingCreation)
        /// Any other write, which is decided about anew.
        case request(RequestTicket, ServerRequest)
        /// Quota admission's own write of a quota's status.
        case quotaSwap(namespace: String)
    }

    struct Review: Sendable {
        var waiting: Waiting
        /// The versions of the objects that were shown.
        var versions: [String]
        var outstanding: Int
        /// The first that came.
        var refusal: Status?
    }

    /// A webhook that has been asked.
    struct Asked: Sendable {
        var review: UInt64
        var webhook: ValidatingWebhook
        var uid: String
    }

    /// A request that the webhooks have let pass, while it is carried out: for objects as they were shown alone.
    struct Pass: Sendable {
        var ticket: RequestTicket
        var versions: [String]
    }

    /// Of all configurations, by their names.
    var webhooks: [ValidatingWebhook] = []
    var reviews: [UInt64: Review] = [:]
    var asked: [UInt64: Asked] = [:]
    var pass: Pass?
    /// Calls that the shell has not taken yet.
    var calls: [WebhookCall] = []
    var lastNumber: UInt64 = 0
    var uids: SplitMix64

    init(uids: SplitMix64) { self.uids = uids }
}

extension ClusterStore {
    static let webhookTable = APIResource.validatingWebhookConfigurations.qualifiedName

    /// The user of what the server does itself.
    static let ownUser = "system:apiserver"

    /// What webhooks are to be asked: to be looked at after every call, like its actions. Each is to be answered, by
    /// ``webhookAnswered(_:_:now:)``.
    package mutating func takeWebhookCalls() -> [WebhookCall] {
        guard !webhookAdmission.calls.isEmpty else { return [] }
        defer { webhookAdmission.calls = [] }
        return webhookAdmission.calls
    }

    /// A webhook has answered, or could not be asked.
    package mutating func webhookAnswered(_ number: UInt64, _ answer: WebhookAnswer, now: Timestamp) -> [Action] {
        advance(to: now)
        if let asked = webhookAdmission.asked.removeValue(forKey: number),
            var review = webhookAdmission.reviews[asked.review]
        {
            review.outstanding -= 1
            review.refusal = review.refusal ?? answer.refusal(by: asked.webhook, uid: asked.uid)
            webhookAdmission.reviews[asked.review] = review.outstanding > 0 ? review : nil
            if review.outstanding == 0 { resume(review) }
        }
        return takeActions()
    }

    /// The configurations have changed.
    mutating func reloadWebhooks() {
        let table = tables[Self.webhookTable]
        webhookAdmission.webhooks = (table?.keys ?? []).flatMap { key in
            (table?[key]?["webhooks"]?.array ?? []).compactMap(\.object).map(ValidatingWebhook.init)
        }
    }

    /// Whether any webhook is configured: where none is, none of this costs anything.
    var hasWebhooks: Bool { !webhookAdmission.webhooks.isEmpty }

    /// Whether a write has to wait for webhooks; it is decided about anew when they have let it.
    mutating func awaitsWebhooks(
        about subjects: [AdmissionSubject], of request: ServerRequest, id: RequestTicket
    ) -> Bool {
        if let pass = webhookAdmission.pass, pass.ticket == id, pass.versions == subjects.map(\.oldVersion) {
            return false
        }
        return awaitsWebhooks(about: subjects, .request(id, request))
    }

    /// Asks the webhooks that want to know of a write.
    ///
    /// - Returns: Whether there are any.
    mutating func awaitsWebhooks(
        about subjects: [AdmissionSubject], _ waiting: WebhookAdmission.Waiting
    ) -> Bool {
        webhookAdmission.lastNumber += 1
        let number = webhookAdmission.lastNumber
        var count = 0
        for subject in subjects where !Self.isExempt(subject.type) {
            for webhook in webhookAdmission.webhooks where isConcerned(webhook, by: subject) {
                ask(webhook, about: subject, review: number)
                count += 1
            }
        }
        guard count > 0 else { return false }
        webhookAdmission.reviews[number] = .init(
            waiting: waiting, versions: subjects.map(\.oldVersion), outstanding: count)
        return true
    }

    /// Webhooks have no say about webhooks: somebody must be able to take a broken one away.
    private static func isExempt(_ type: ResourceType) -> Bool { type.kind == .webhookConfiguration }

    private func isConcerned(_ webhook: ValidatingWebhook, by subject: AdmissionSubject) -> Bool {
        let resource = subject.type.resource
        guard
            webhook.rules.contains(where: {
                $0.matches(subject.operation, resource, subresource: subject.subresource)
            }),
            webhook.namespaceSelector.requirements.isEmpty
                || webhook.namespaceSelector.matchesNamespace(of: subject, self)
        else { return false }
        return webhook.objectSelector.requirements.isEmpty
            || [subject.object, subject.oldObject].compactMap { $0?["metadata"]?.object }
                .contains { webhook.objectSelector.matches(metadata: $0) }
    }

    private mutating func ask(_ webhook: ValidatingWebhook, about subject: AdmissionSubject, review: UInt64) {
        webhookAdmission.lastNumber += 1
        let number = webhookAdmission.lastNumber
        let uid = Self.makeUID(using: &webhookAdmission.uids)
        webhookAdmission.asked[number] = .init(review: review, webhook: webhook, uid: uid)
        webhookAdmission.calls.append(
            WebhookCall(
                number: number, url: "\(webhook.url)?timeout=\(webhook.timeout.components.seconds)s",
                authorityPEM: webhook.authorityPEM, timeout: webhook.timeout, review: subject.review(uid: uid)))
    }

    private mutating func resume(_ review: WebhookAdmission.Review) {
        switch review.waiting {
        case .creation(let id, let creation):
            if let refusal = review.refusal { return outbox.append(.respond(id, ServerResponse(refusal))) }
            admitToQuotas(creation, id: id)
        case .request(let id, let request):
            if let refusal = review.refusal { return outbox.append(.respond(id, ServerResponse(refusal))) }
            webhookAdmission.pass = .init(ticket: id, versions: review.versions)
            answer(request, id: id)
            webhookAdmission.pass = nil
        case .quotaSwap(let namespace): finishSwap(namespace: namespace, refusal: review.refusal)
        }
    }
}

extension LabelSelector {
    /// Whether the write is in a namespace that is selected: of a namespace, its own labels count; what is in none is
    /// always selected.
    fileprivate func matchesNamespace(of subject: AdmissionSubject, _ store: ClusterStore) -> Bool {
        let namespace: JSONObject?
        if subject.type.kind == .namespace {
            namespace = subject.object ?? subject.oldObject
        } else if subject.type.resource.isNamespaced {
            namespace = store.object(.namespaces, ObjectKey(namespace: "", name: subject.namespace))
        } else {
            return true
        }
        return matches(metadata: namespace?["metadata"]?.object)
    }
}
