import Kubernetes

/// What a ValidatingWebhookConfiguration has to be, and what of it this server does not do.
enum WebhookRules {
    /// What a decoded webhook gets before anything looks at it.
    static func setDefaults(_ object: inout JSONObject) {
        guard let webhooks = object["webhooks"]?.array else { return }
        object["webhooks"] = .array(
            webhooks.map { value in
                guard var webhook = value.object else { return value }
                if webhook["failurePolicy"] == nil { webhook["failurePolicy"] = "Fail" }
                if webhook["matchPolicy"] == nil { webhook["matchPolicy"] = "Equivalent" }
                if webhook["namespaceSelector"] == nil { webhook["namespaceSelector"] = [:] }
                if webhook["objectSelector"] == nil { webhook["objectSelector"] = [:] }
                if webhook["timeoutSeconds"] == nil { webhook["timeoutSeconds"] = 10 }
                if let rules = webhook["rules"]?.array {
                    webhook["rules"] = .array(rules.map(Self.withScope))
                }
                return .object(webhook)
            })
    }

    private static func withScope(_ value: JSONValue) -> JSONValue {
        guard var rule = value.object, rule["scope"] == nil else { return value }
        rule["scope"] = "*"
        return .object(rule)
    }

    static func errors(of object: JSONObject) -> [FieldError] {
        let webhooks = (object["webhooks"]?.array ?? []).compactMap(\.object)
        var errors: [FieldError] = []
        var names: Set<String> = []
        for (index, webhook) in webhooks.enumerated() {
            let field = "webhooks[\(index)]"
            let name = webhook["name"]?.string ?? ""
            if !names.insert(name).inserted { errors.append(.duplicate("\(field).name", .string(name))) }
            errors += nameErrors(name, "\(field).name")
            errors += clientErrors(webhook["clientConfig"]?.object ?? JSONObject(), "\(field).clientConfig")
            for (number, rule) in (webhook["rules"]?.array ?? []).compactMap(\.object).enumerated() {
                errors += ruleErrors(rule, "\(field).rules[\(number)]")
            }
            errors += choiceErrors(webhook, field)
            for member in ["namespaceSelector", "objectSelector"] {
                errors += selectorErrors(webhook[member]?.object ?? JSONObject(), "\(field).\(member)")
            }
        }
        return errors
    }

    private static func nameErrors(_ name: String, _ field: String) -> [FieldError] {
        guard !name.isEmpty else { return [.required(field)] }
        var errors: [FieldError] = ObjectName.subdomainErrors(name).map { .invalid(field, .string(name), $0) }
        if name.split(separator: ".").count < 3 {
            let why = "should be a domain with at least three segments separated by dots"
            errors.append(.invalid(field, .string(name), why))
        }
        return errors
    }

    private static func clientErrors(_ client: JSONObject, _ field: String) -> [FieldError] {
        if client["service"] != nil {
            return [.forbidden("\(field).service", "this server reaches webhooks by their url alone")]
        }
        guard let url = client["url"]?.string, !url.isEmpty else {
            return [.required("\(field).url", "exactly one of url or service is required")]
        }
        let value = JSONValue.string(url)
        guard let rest = url.removing(prefix: "https://") else {
            return [
                .invalid(
                    "\(field).url", value,
                    "'https' is the only allowed URL scheme; desired format: "
                        + "https://host[/path]")
            ]
        }
        var errors: [FieldError] = []
        if rest.prefix(while: { $0 != "/" }).isEmpty {
            errors.append(
                .invalid("\(field).url", value, "host must be specified; desired format: https://host[/path]"))
        }
        for (mark, what) in [("@", "user information"), ("?", "query parameters"), ("#", "fragments")]
        where rest.contains(mark) {
            errors.append(.invalid("\(field).url", value, "\(what) is not permitted in the URL"))
        }
        return errors
    }

    private static func ruleErrors(_ rule: JSONObject, _ field: String) -> [FieldError] {
        var errors: [FieldError] = []
        for member in ["operations", "apiGroups", "apiVersions", "resources"]
        where rule[member]?.strings?.isEmpty ?? true {
            errors.append(.required("\(field).\(member)"))
        }
        let known = ValidatingWebhook.Operation.allCases.map(\.rawValue) + ["*"]
        for (index, operation) in (rule["operations"]?.strings ?? []).enumerated() where !known.contains(operation) {
            let path = "\(field).operations[\(index)]"
            errors.append(
                operation == "CONNECT"
                    ? .forbidden(path, "this server asks no webhook about connections")
                    : .notSupported(path, .string(operation), known))
        }
        let scopes = ["*", "Cluster", "Namespaced"]
        if let scope = rule["scope"]?.string, !scopes.contains(scope) {
            errors.append(.notSupported("\(field).scope", .string(scope), scopes))
        }
        return errors
    }

    private static func choiceErrors(_ webhook: JSONObject, _ field: String) -> [FieldError] {
        var errors: [FieldError] = []
        for (member, choices) in [("failurePolicy", ["Fail", "Ignore"]), ("matchPolicy", ["Equivalent", "Exact"])] {
            guard let value = webhook[member]?.string, !choices.contains(value) else { continue }
            errors.append(.notSupported("\(field).\(member)", .string(value), choices))
        }
        let effects = ["None", "NoneOnDryRun"]
        switch webhook["sideEffects"]?.string {
        case nil: errors.append(.required("\(field).sideEffects", "must specify one of None, NoneOnDryRun"))
        case let effect? where !effects.contains(effect):
            errors.append(.notSupported("\(field).sideEffects", .string(effect), effects))
        default: break
        }
        if let seconds = webhook["timeoutSeconds"], !(1...30).contains(seconds.integer ?? 0) {
            let why = "the timeout value must be between 1 and 30 seconds"
            errors.append(.invalid("\(field).timeoutSeconds", seconds, why))
        }
        let versions = webhook["admissionReviewVersions"]?.strings ?? []
        if versions.isEmpty {
            errors.append(
                .required("\(field).admissionReviewVersions", "must specify one of v1, v1beta1"))
        } else if !versions.contains("v1") {
            let why = "must include v1, the only version that this server speaks"
            errors.append(.invalid("\(field).admissionReviewVersions", JSONValue(versions), why))
        }
        if let conditions = webhook["matchConditions"]?.array, !conditions.isEmpty {
            errors.append(.forbidden("\(field).matchConditions", "this server evaluates no CEL"))
        }
        return errors
    }

    private static func selectorErrors(_ selector: JSONObject, _ field: String) -> [FieldError] {
        var errors: [FieldError] = []
        for (index, expression) in (selector["matchExpressions"]?.array ?? []).compactMap(\.object).enumerated() {
            let path = "\(field).matchExpressions[\(index)]"
            let values = expression["values"]?.array ?? []
            switch LabelSelector.operators[expression["operator"]?.string ?? ""] {
            case .among, .notAmong:
                guard values.isEmpty else { continue }
                errors.append(
                    .required("\(path).values", "must be specified when `operator` is 'In' or 'NotIn'"))
            case nil:
                let why = "not a valid selector operator"
                errors.append(.invalid("\(path).operator", expression["operator"] ?? "", why))
            default:
                guard !values.isEmpty else { continue }
                errors.append(
                    .forbidden(
                        "\(path).values", "may not be specified when `operator` is 'Exists' or 'DoesNotExist'"))
            }
        }
        return errors
    }
}

extension String {
    fileprivate func removing(prefix: String) -> String? { hasPrefix(prefix) ? String(dropFirst(prefix.count)) : nil }
}
