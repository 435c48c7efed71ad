import Faults
import Kubernetes

/// The faults that a swarm knows, and the requests that a workload brings about.
struct SwarmVocabulary: Hashable, Sendable {
    /// A kind of fault that is on or off as a whole.
    enum Kind: String, Hashable, Sendable, CaseIterable {
        case resetBeforeRequest = "reset-before-request"
        case resetAfterCommit = "reset-after-commit"
        case blackHole = "black-hole"
        case halfOpen = "half-open"
        case refuse
        case latency
        case tooManyRequests = "status-429"
        case internalError = "status-500"
        case unavailable = "status-503"
        case gatewayTimeout = "status-504"
        case quotaConflict = "quota-conflict"
        case crash

        /// Whether one of it costs a whole connection, or as much time as a request may take.
        var isHeavy: Bool {
            switch self {
            case .blackHole, .halfOpen, .refuse: true
            default: false
            }
        }
    }

    let kinds: [Kind]
    /// ResourceQuotas that can be fought over.
    let quotas: [String]
    private let requests: [RequestMatch]
    private let writes: [RequestMatch]

    init(_ variation: Experiment.Variation) {
        let content = ManifestContent(variation)
        let own = variation.plan.rules.compactMap { rule -> String? in
            if case .quotaConflict(let churn) = rule.fault { churn.quota } else { nil }
        }
        quotas = Set(content.quotas + own).sorted()
        let hasQuota = !quotas.isEmpty
        kinds = Kind.allCases.filter { $0 != .quotaConflict || hasQuota }
        writes = content.writes
        requests = content.writes + content.reads
    }

    /// What a fault of the kind may be about, whatever the subject sends among it.
    func matches(for kind: Kind) -> [RequestMatch] {
        // After a read nothing was committed.
        let choice = kind == .resetAfterCommit ? writes : requests
        let all = kind == .resetAfterCommit ? RequestMatch(verb: [.create, .update, .patch, .delete]) : RequestMatch()
        // All requests at once are a case of their own, and as likely as a few.
        return choice + [all, all, all]
    }
}

/// What the controller core asks the API server for because of what stands in the manifests.
private struct ManifestContent {
    private(set) var writes: [RequestMatch] = []
    private(set) var reads: [RequestMatch] = []
    private(set) var quotas: [String] = []

    init(_ variation: Experiment.Variation) {
        let manifests = (variation.workload.map(\.manifest) + variation.objects).compactMap { text in
            try? JSONValue(parsing: Array(text.utf8))
        }
        var keys: Set<String> = []
        for manifest in manifests { Self.collect(manifest, into: &keys) }
        let kinds = Set(manifests.compactMap { $0.object?["kind"]?.string })
        quotas = manifests.compactMap { manifest in
            guard manifest.object?["kind"]?.string == APIResource.resourceQuotas.kind else { return nil }
            return manifest.object?["metadata", "name"]?.string
        }
        let workflows = "workflows.argoproj.io"
        write([.update, .patch], workflows)
        read([.list, .watch], workflows)
        write([.create], "pods")
        write([.delete, .patch], "pods")
        read([.list, .watch], "pods")
        if keys.contains("http") {
            write([.create, .patch], "workflowtasksets.argoproj.io")
            write([.patch], "workflowtasksets.argoproj.io/status")
            read([.list, .watch], "workflowtasksets.argoproj.io")
        }
        if keys.contains("synchronization") {
            read([.get], "configmaps")
            // Where a policy keeps its permits in them.
            write([.create, .update], "leases.coordination.k8s.io")
            write([.delete], "leases.coordination.k8s.io")
            read([.list], "leases.coordination.k8s.io")
        } else if variation.replicas > 1 {
            write([.create, .update], "leases.coordination.k8s.io")
        }
        if kinds.contains(APIResource.cronWorkflows.kind) {
            write([.create], workflows)
            write([.patch], "cronworkflows.argoproj.io")
            read([.list, .watch], "cronworkflows.argoproj.io")
        }
        if kinds.contains(APIResource.workflowTemplates.kind) { read([.get], "workflowtemplates.argoproj.io") }
        if !keys.isDisjoint(with: ["podGC", "activeDeadlineSeconds", "sidecars", "shutdown"]) {
            read([.connect], "pods/exec")
        }
        if keys.contains("ttlStrategy") { write([.delete], workflows) }
    }

    private mutating func write(_ verbs: [Verb], _ resource: String) {
        writes.append(RequestMatch(verb: verbs, resource: resource))
    }

    private mutating func read(_ verbs: [Verb], _ resource: String) {
        reads.append(RequestMatch(verb: verbs, resource: resource))
    }

    private static func collect(_ value: JSONValue, into keys: inout Set<String>) {
        switch value {
        case .object(let members):
            for (key, member) in members {
                keys.insert(key)
                collect(member, into: &keys)
            }
        case .array(let elements): for element in elements { collect(element, into: &keys) }
        default: break
        }
    }
}
