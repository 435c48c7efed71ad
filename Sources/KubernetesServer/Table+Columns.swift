import Determinism
import Kubernetes

extension Table {
    /// The columns of a built-in resource; nil where it has none but Name and Age.
    /// kubernetes/pkg/printers/internalversion/printers.go
    static func builtIn(_ resource: APIResource) -> [Column]? {
        switch (resource.group, resource.name) {
        case ("", "pods"): pods
        case ("", "nodes"): nodes
        case ("", "namespaces"): [.name, text("Status", at: ["status", "phase"]), .age]
        case ("", "configmaps"): [.name, count("Data", of: ["data", "binaryData"]), .age]
        case ("", "secrets"): [.name, text("Type", at: ["type"]), count("Data", of: ["data"]), .age]
        case ("", "resourcequotas"): quotas
        case ("", "events"): events(object: "involvedObject", message: "message")
        case ("events.k8s.io", "events"): events(object: "regarding", message: "note")
        case ("coordination.k8s.io", "leases"): [.name, text("Holder", at: ["spec", "holderIdentity"]), .age]
        case ("batch", "jobs"): jobs
        case ("apiextensions.k8s.io", "customresourcedefinitions"): [.name, .createdAt]
        case ("admissionregistration.k8s.io", "validatingwebhookconfigurations"): [.name, webhookCount, .age]
        default: nil
        }
    }

    private static let webhookCount = Column(name: "Webhooks") { object, _ in
        .integer(Int64(object["webhooks"]?.array?.count ?? 0))
    }

    /// A column of the text at a path, with another text where there is none.
    private static func text(
        _ name: String, at path: [String], else placeholder: String = "", priority: Int64 = 0
    ) -> Column {
        Column(name: name, priority: priority) { object, _ in
            let text = object.value(at: path)?.string ?? ""
            return .string(text.isEmpty ? placeholder : text)
        }
    }

    private static func count(_ name: String, of members: [String]) -> Column {
        Column(name: name) { object, _ in
            .integer(Int64(members.map { object[$0]?.object?.count ?? 0 }.reduce(0, +)))
        }
    }

    private static let nodes: [Column] = [
        .name,
        Column(name: "Status") { object, _ in .string(NodeCells.status(object)) },
        Column(name: "Roles") { object, _ in .string(NodeCells.roles(object)) },
        .age,
        text("Version", at: ["status", "nodeInfo", "kubeletVersion"]),
        Column(name: "Internal-IP", priority: 1) { object, _ in .string(NodeCells.address("InternalIP", object)) },
        Column(name: "External-IP", priority: 1) { object, _ in .string(NodeCells.address("ExternalIP", object)) },
        text("OS-Image", at: ["status", "nodeInfo", "osImage"], else: "<unknown>", priority: 1),
        Column(name: "Kernel-Version", priority: 1) { object, _ in .string(NodeCells.kernel(object)) },
        text(
            "Container-Runtime", at: ["status", "nodeInfo", "containerRuntimeVersion"], else: "<unknown>",
            priority: 1),
    ]

    private static let quotas: [Column] = [
        .name,
        Column(name: "Request") { object, _ in .string(QuotaCells.text(object, areLimits: false)) },
        Column(name: "Limit") { object, _ in .string(QuotaCells.text(object, areLimits: true)) },
        .age,
    ]

    private static let jobs: [Column] = [
        .name,
        Column(name: "Status") { object, _ in .string(JobCells.status(object)) },
        Column(name: "Completions") { object, _ in .string(JobCells.completions(object)) },
        Column(name: "Duration") { object, now in .string(JobCells.duration(object, now)) },
        .age,
        Column(name: "Containers", priority: 1) { object, _ in .string(JobCells.containers(object, "name")) },
        Column(name: "Images", priority: 1) { object, _ in .string(JobCells.containers(object, "image")) },
        Column(name: "Selector", priority: 1) { object, _ in .string(JobCells.selector(object)) },
    ]

    /// - Parameters:
    ///   - object: The member that refers to what the event is about.
    ///   - message: The member that says what happened.
    private static func events(object target: String, message: String) -> [Column] {
        [
            Column(name: "Last Seen") { object, now in .string(EventCells.lastSeen(object, now)) },
            text("Type", at: ["type"]),
            text("Reason", at: ["reason"]),
            Column(name: "Object") { object, _ in .string(EventCells.target(object[target]?.object)) },
            text("Subobject", at: [target, "fieldPath"], priority: 1),
            Column(name: "Source", priority: 1) { object, _ in .string(EventCells.source(object)) },
            Column(name: "Message") { object, _ in .string(EventCells.trimmed(object[message]?.string ?? "")) },
            Column(name: "First Seen", priority: 1) { object, now in .string(EventCells.firstSeen(object, now)) },
            Column(name: "Count", priority: 1) { object, _ in .integer(EventCells.count(object)) },
            Column(name: "Name", format: "name", priority: 1, cell: Column.name.cell),
        ]
    }

    private static let pods: [Column] = [
        .name,
        Column(name: "Ready", description: "The aggregate readiness state of this pod for accepting traffic.") {
            .string(PodCells($0, $1).ready)
        },
        Column(name: "Status", description: "The aggregate status of the containers in this pod.") {
            .string(PodCells($0, $1).reason)
        },
        Column(name: "Restarts", description: "The number of times the containers in this pod have been restarted.") {
            .string(PodCells($0, $1).restartText)
        },
        .age,
        Column(name: "IP", priority: 1) { object, _ in
            .string(object["status", "podIPs"]?.array?.first?.object?["ip"]?.string ?? "<none>")
        },
        text("Node", at: ["spec", "nodeName"], else: "<none>", priority: 1),
        text("Nominated Node", at: ["status", "nominatedNodeName"], else: "<none>", priority: 1),
        Column(name: "Readiness Gates", priority: 1) { .string(PodCells($0, $1).readinessGates) },
    ]
}

/// The cells of a node.
private enum NodeCells {
    static func status(_ node: JSONObject) -> String {
        let conditions = node["status", "conditions"]?.array?.compactMap(\.object) ?? []
        var words: [String] = []
        if let ready = conditions.last(where: { $0["type"] == "Ready" }) {
            words.append(ready["status"] == "True" ? "Ready" : "NotReady")
        }
        if words.isEmpty { words.append("Unknown") }
        if node["spec", "unschedulable"] == true { words.append("SchedulingDisabled") }
        return words.joined(separator: ",")
    }

    static func roles(_ node: JSONObject) -> String {
        let labels = node["metadata", "labels"]?.object?.stringMembers ?? [:]
        var roles: Set<String> = []
        for (key, value) in labels {
            if key.hasPrefix("node-role.kubernetes.io/") {
                roles.insert(String(key.dropFirst("node-role.kubernetes.io/".count)))
            } else if key == "kubernetes.io/role" {
                roles.insert(value)
            }
        }
        let sorted = roles.filter { !$0.isEmpty }.sorted()
        return sorted.isEmpty ? "<none>" : sorted.joined(separator: ",")
    }

    static func address(_ type: String, _ node: JSONObject) -> String {
        let addresses = node["status", "addresses"]?.array?.compactMap(\.object) ?? []
        return addresses.first { $0["type"]?.string == type }?["address"]?.string ?? "<none>"
    }

    static func kernel(_ node: JSONObject) -> String {
        let kernel = node["status", "nodeInfo", "kernelVersion"]?.string ?? ""
        let architecture = node["status", "nodeInfo", "architecture"]?.string ?? ""
        return (kernel.isEmpty ? "<unknown>" : kernel) + (architecture.isEmpty ? "" : " (\(architecture))")
    }
}

/// The cells of a quota.
private enum QuotaCells {
    static func text(_ quota: JSONObject, areLimits: Bool) -> String {
        let hard = quota["status", "hard"]?.object ?? JSONObject()
        let used = quota["status", "used"]?.object ?? JSONObject()
        return hard.filter { $0.key.hasPrefix("limits.") == areLimits }
            .map { "\($0.key): \(used[$0.key]?.string ?? "0")/\($0.value.string ?? "")" }
            .joined(separator: ", ")
    }
}

/// The cells of a job.
private enum JobCells {
    static func status(_ job: JSONObject) -> String {
        let conditions = job["status", "conditions"]?.array?.compactMap(\.object) ?? []
        func has(_ type: String) -> Bool {
            conditions.contains { $0["type"]?.string == type && $0["status"] == "True" }
        }
        if has("Complete") { return "Complete" }
        if has("Failed") { return "Failed" }
        if job["metadata", "deletionTimestamp"] != nil { return "Terminating" }
        return ["Suspended", "FailureTarget", "SuccessCriteriaMet"].first(where: has) ?? "Running"
    }

    static func completions(_ job: JSONObject) -> String {
        let succeeded = job["status", "succeeded"]?.integer ?? 0
        if let wanted = job["spec", "completions"]?.integer { return "\(succeeded)/\(wanted)" }
        let parallelism = job["spec", "parallelism"]?.integer ?? 0
        return parallelism > 1 ? "\(succeeded)/1 of \(parallelism)" : "\(succeeded)/1"
    }

    static func duration(_ job: JSONObject, _ now: Timestamp) -> String {
        func time(_ name: String) -> Timestamp? { job["status", name]?.string.flatMap(Timestamp.init(rfc3339:)) }
        guard let start = time("startTime") else { return "" }
        return Age.text((time("completionTime") ?? now) - start)
    }

    static func containers(_ job: JSONObject, _ member: String) -> String {
        let containers = job["spec", "template", "spec", "containers"]?.array?.compactMap(\.object) ?? []
        return containers.map { $0[member]?.string ?? "" }.joined(separator: ",")
    }

    static func selector(_ job: JSONObject) -> String {
        let labels = job["spec", "selector", "matchLabels"]?.object ?? JSONObject()
        guard !labels.isEmpty else { return "<none>" }
        return labels.map { "\($0.key)=\($0.value.string ?? "")" }.joined(separator: ",")
    }
}

/// The cells of an event, of the core group and of events.k8s.io, which names some members otherwise.
private enum EventCells {
    static func firstSeen(_ event: JSONObject, _ now: Timestamp) -> String {
        let first = event["firstTimestamp"]?.string ?? event["deprecatedFirstTimestamp"]?.string
        return Table.Column.since(first.map(JSONValue.string) ?? event["eventTime"], now)
    }

    static func lastSeen(_ event: JSONObject, _ now: Timestamp) -> String {
        if let series = event["series"]?.object { return Table.Column.since(series["lastObservedTime"], now) }
        guard let last = event["lastTimestamp"]?.string ?? event["deprecatedLastTimestamp"]?.string else {
            return firstSeen(event, now)
        }
        return Table.Column.since(.string(last), now)
    }

    static func count(_ event: JSONObject) -> Int64 {
        if let series = event["series"]?.object { return series["count"]?.integer ?? 0 }
        let count = event["count"]?.integer ?? event["deprecatedCount"]?.integer ?? 0
        return count == 0 ? 1 : count
    }

    static func target(_ reference: JSONObject?) -> String {
        let kind = (reference?["kind"]?.string ?? "").lowercased()
        let name = reference?["name"]?.string ?? ""
        return name.isEmpty ? kind : "\(kind)/\(name)"
    }

    static func source(_ event: JSONObject) -> String {
        let source = event["source"]?.object ?? event["deprecatedSource"]?.object
        let controller = event["reportingComponent"]?.string ?? event["reportingController"]?.string ?? ""
        let component = source?["component"]?.string ?? ""
        let host = source?["host"]?.string ?? event["reportingInstance"]?.string ?? ""
        return [component.isEmpty ? controller : component, host].filter { !$0.isEmpty }.joined(separator: ", ")
    }

    static func trimmed(_ text: String) -> String {
        var text = text[...]
        while let last = text.last, last.isWhitespace { text.removeLast() }
        while let first = text.first, first.isWhitespace { text.removeFirst() }
        return String(text)
    }
}
