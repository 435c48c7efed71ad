import Kubernetes

/// One webhook of a ValidatingWebhookConfiguration, as admission goes by it.
/// https://kubernetes.io/docs/reference/access-authn-authz/extensible-admission-controllers/
struct ValidatingWebhook: Hashable, Sendable {
    /// What a webhook is asked about.
    enum Operation: String, Hashable, Sendable, CaseIterable {
        case create = "CREATE"
        case update = "UPDATE"
        case delete = "DELETE"
    }

    /// Which requests it wants to see; an asterisk is any.
    struct Rule: Hashable, Sendable {
        var operations: [String]
        var groups: [String]
        var versions: [String]
        /// `pods`, `pods/status`, `pods/*`, `*/status`, `*` for all resources without their subresources, `*/*`.
        var resources: [String]
        /// `Cluster`, `Namespaced` or `*`.
        var scope: String

        func matches(_ operation: Operation, _ resource: APIResource, subresource: String?) -> Bool {
            Self.has(operations, operation.rawValue) && Self.has(groups, resource.group)
                && Self.has(versions, resource.version)
                && (scope == "*" || (scope == "Namespaced") == resource.isNamespaced)
                && resources.contains { Self.pattern($0, matches: resource.name, subresource) }
        }

        private static func has(_ list: [String], _ value: String) -> Bool {
            list.contains { $0 == "*" || $0 == value }
        }

        private static func pattern(_ pattern: String, matches name: String, _ subresource: String?) -> Bool {
            let parts = pattern.split(separator: "/", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
            guard parts[0] == "*" || parts[0] == name else { return false }
            // `pods/*` is the pod itself, too.
            if parts.count == 2, parts[1] == "*" { return true }
            return (parts.count == 2 ? parts[1] : "") == subresource ?? ""
        }
    }

    var name: String
    var url: String
    /// The roots to verify it by; nil trusts what the machine trusts.
    var authorityPEM: String?
    var rules: [Rule]
    /// Whether a webhook that cannot be asked is passed by.
    var ignoresFailures: Bool
    var timeout: Duration
    var namespaceSelector: LabelSelector
    var objectSelector: LabelSelector

    /// - Parameter json: An element of `webhooks` that ``WebhookRules`` has passed, with its defaults.
    init(_ json: JSONObject) {
        name = json["name"]?.string ?? ""
        url = json["clientConfig", "url"]?.string ?? ""
        if let bundle = json["clientConfig", "caBundle"]?.string, !bundle.isEmpty {
            authorityPEM = Base64.decode(bundle).map { String(decoding: $0, as: UTF8.self) } ?? ""
        }
        ignoresFailures = json["failurePolicy"] == "Ignore"
        timeout = .seconds(json["timeoutSeconds"]?.integer ?? 10)
        namespaceSelector = LabelSelector(json: json["namespaceSelector"]?.object ?? JSONObject())
        objectSelector = LabelSelector(json: json["objectSelector"]?.object ?? JSONObject())
        rules = (json["rules"]?.array ?? []).compactMap(\.object).map { rule in
            Rule(
                operations: rule["operations"]?.strings ?? [], groups: rule["apiGroups"]?.strings ?? [],
                versions: rule["apiVersions"]?.strings ?? [], resources: rule["resources"]?.strings ?? [],
                scope: rule["scope"]?.string ?? "*")
        }
    }
}

extension LabelSelector {
    /// The selector of `matchLabels` and `matchExpressions`; what cannot be read matches nothing.
    init(json: JSONObject) {
        let labels = (json["matchLabels"]?.object ?? JSONObject()).map { key, value in
            Requirement(key: key, operation: .equal, values: [value.string ?? ""])
        }
        let expressions = (json["matchExpressions"]?.array ?? []).compactMap(\.object).map { expression in
            Requirement(
                key: expression["key"]?.string ?? "",
                operation: Self.operators[expression["operator"]?.string ?? ""] ?? .among,
                values: expression["values"]?.strings ?? [])
        }
        self.init(labels + expressions)
    }

    /// As selectors in objects write them.
    static let operators: [String: Operator] = [
        "In": .among, "NotIn": .notAmong, "Exists": .exists, "DoesNotExist": .absent,
    ]
}
