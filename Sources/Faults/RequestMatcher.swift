package import Kubernetes

/// A ``RequestMatch`` made ready to be asked often.
struct RequestMatcher: Sendable {
    private let verbs: Set<Verb>?
    private let resource: ResourcePattern?
    private let namespace: Glob?
    private let name: Glob?
    private let labels: [(key: String, value: Glob)]
    private let userAgent: Glob?

    init(_ match: RequestMatch) {
        verbs = match.verb.map(Set.init)
        resource = match.resource.map(ResourcePattern.init)
        namespace = match.namespace.map(Glob.init)
        name = match.name.map(Glob.init)
        labels = (match.labels ?? [:]).sorted { $0.key < $1.key }.map { ($0.key, Glob($0.value)) }
        userAgent = match.userAgent.map(Glob.init)
    }

    func matches(_ identity: RequestIdentity, _ facts: RequestFacts) -> Bool {
        matchesButForBody(identity, facts) && name?.matches(identity.name) ?? true
            && labels.allSatisfy { key, value in facts.labels[key].map(value.matches) ?? false }
    }

    /// Whether the request could match if what stands in its body, a name and labels, were right.
    func matchesButForBody(_ identity: RequestIdentity, _ facts: RequestFacts) -> Bool {
        if let userAgent, !userAgent.matches(facts.userAgent) { return false }
        if let verbs, !verbs.contains(identity.verb) { return false }
        if let resource, !resource.matches(identity) { return false }
        if let namespace, !namespace.matches(identity.namespace) { return false }
        return true
    }
}

/// `pods`, `pods/exec`, `workflows.argoproj.io`, `workflows.argoproj.io/status`, or, as in RBAC, `*` for everything.
///
/// Each part may be a glob. Without a group the resource may be of any; without a subresource only the resource itself
/// is meant, as in RBAC.
package struct ResourcePattern: Hashable, Sendable {
    package let resource: String
    let group: String?
    let subresource: String?
    private let resourceGlob: Glob
    private let groupGlob: Glob?
    private let subresourceGlob: Glob?

    /// The group that is meant; nil where it may be any.
    package var groupMeant: String? { group ?? KnownResource.named(resource, group: nil)?.group }

    package init(_ text: String) {
        let parts = text.split(separator: "/", maxSplits: 1, omittingEmptySubsequences: false)
        let type = parts[0].split(separator: ".", maxSplits: 1, omittingEmptySubsequences: false)
        resource = String(type[0])
        group = type.count > 1 ? String(type[1]) : nil
        subresource = parts.count > 1 ? String(parts[1]) : nil
        resourceGlob = Glob(resource)
        groupGlob = group.map(Glob.init)
        subresourceGlob = subresource.map(Glob.init)
    }

    package func matches(_ identity: RequestIdentity) -> Bool {
        if resource == "*", group == nil, subresource == nil { return true }
        guard resourceGlob.matches(identity.resource), groupGlob?.matches(identity.group) ?? true else { return false }
        guard let subresourceGlob else { return identity.subresource.isEmpty }
        return !identity.subresource.isEmpty && subresourceGlob.matches(identity.subresource)
    }
}
