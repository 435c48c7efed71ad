import Kubernetes

/// A resource that rules may name without its group, with the other names that people give it.
struct KnownResource: Hashable, Sendable {
    var plural: String
    var group: String
    var kind: String
    var shortNames: [String]
    var isNamespaced: Bool

    /// The resource of that plural; any group where none is given.
    static func named(_ plural: String, group: String?) -> KnownResource? {
        all.first { $0.plural == plural && (group == nil || group == $0.group) }
    }

    /// What Kubernetes serves itself, and Argo's, by which the controllers under test live.
    /// https://kubernetes.io/docs/reference/kubectl/#resource-types
    static let all: [KnownResource] =
        core("ConfigMap", "cm") + core("Endpoints") + core("Event", "ev") + core("LimitRange", "limits")
        + core("PersistentVolumeClaim", "pvc") + core("Pod", "po") + core("PodTemplate")
        + core("ReplicationController", "rc") + core("ResourceQuota", "quota") + core("Secret")
        + core("Service", "svc") + core("ServiceAccount", "sa")
        + core("Namespace", "ns", isNamespaced: false) + core("Node", "no", isNamespaced: false)
        + core("PersistentVolume", "pv", isNamespaced: false)
        + group("apps", ["Deployment": ["deploy"], "DaemonSet": ["ds"], "ReplicaSet": ["rs"], "StatefulSet": ["sts"]])
        + group("apps", ["ControllerRevision": []])
        + group("batch", ["Job": [], "CronJob": ["cj"]])
        + group("autoscaling", ["HorizontalPodAutoscaler": ["hpa"]])
        + group("coordination.k8s.io", ["Lease": []])
        + group("discovery.k8s.io", ["EndpointSlice": []])
        + group("events.k8s.io", ["Event": ["ev"]])
        + group("networking.k8s.io", ["Ingress": ["ing"], "NetworkPolicy": ["netpol"]])
        + group("policy", ["PodDisruptionBudget": ["pdb"]])
        + group("rbac.authorization.k8s.io", ["Role": [], "RoleBinding": []])
        + group("rbac.authorization.k8s.io", ["ClusterRole": [], "ClusterRoleBinding": []], isNamespaced: false)
        + group("storage.k8s.io", ["StorageClass": ["sc"]], isNamespaced: false)
        + group("apiextensions.k8s.io", ["CustomResourceDefinition": ["crd", "crds"]], isNamespaced: false)
        + group("authentication.k8s.io", ["TokenReview": []], isNamespaced: false)
        + group(
            "authorization.k8s.io", ["SubjectAccessReview": [], "SelfSubjectAccessReview": []], isNamespaced: false)
        + group(
            "argoproj.io",
            [
                "Workflow": ["wf"], "CronWorkflow": ["cwf", "cronwf"], "WorkflowTemplate": ["wftmpl"],
                "WorkflowTaskSet": ["wfts"], "WorkflowTaskResult": [], "WorkflowArtifactGCTask": ["wfat"],
                "WorkflowEventBinding": ["wfeb"],
            ])
        + group("argoproj.io", ["ClusterWorkflowTemplate": ["cwft"]], isNamespaced: false)

    static let subresources = [
        "approval", "attach", "binding", "ephemeralcontainers", "eviction", "exec", "finalize", "log", "portforward",
        "proxy", "resize", "scale", "status", "token",
    ]

    private static func core(
        _ kind: String, _ shortNames: String..., isNamespaced: Bool = true
    ) -> [KnownResource] {
        group("", [kind: shortNames], isNamespaced: isNamespaced)
    }

    private static func group(
        _ group: String, _ kinds: [String: [String]], isNamespaced: Bool = true
    ) -> [KnownResource] {
        kinds.sorted { $0.key < $1.key }.map { kind, shortNames in
            KnownResource(
                plural: plural(of: kind.lowercased()), group: group, kind: kind, shortNames: shortNames,
                isNamespaced: isNamespaced)
        }
    }

    /// The plural by the rules of English that Kubernetes' own tools guess by.
    private static func plural(of singular: String) -> String {
        if singular == "endpoints" { return singular }
        if singular.hasSuffix("s") { return singular + "es" }
        if singular.hasSuffix("y") { return singular.dropLast() + "ies" }
        return singular + "s"
    }
}

extension ResourcePattern {
    /// Why the pattern names no resource, and what may have been meant; nil where it may name one.
    func problem(spelled text: String) -> String? {
        if resource.isEmpty {
            return "\"\(text)\" names no resource; write the plural, as pods or workflows.argoproj.io"
        }
        if let subresource, !Self.isGlob(subresource), !KnownResource.subresources.contains(subresource) {
            let nearest = Self.nearest(to: subresource, in: KnownResource.subresources)
            return "no resource has a subresource \"\(subresource)\"; "
                + (nearest.map { "did you mean \(resource)/\($0)?" } ?? "write pods/exec or jobs/status, say")
        }
        if Self.isGlob(resource) || KnownResource.named(resource, group: group) != nil { return nil }
        let candidates = KnownResource.all.filter { group == nil || group == $0.group }
        if let meant = candidates.first(where: { $0.isAlsoCalled(resource.lowercased()) }) {
            return "\"\(resource)\" is no resource; rules name the plural: \(spelling(of: meant))"
        }
        if let group, !group.isEmpty {
            // A custom resource that nobody here knows may be right; one that is almost another is not.
            guard resource == resource.lowercased() else {
                return "\"\(resource)\" is no resource; rules name the plural in lower case, as workflows.argoproj.io"
            }
            return Self.nearest(to: resource, in: candidates.map(\.plural)).map {
                "\(group) has no resource \"\(resource)\"; did you mean \($0).\(group)?"
            }
        }
        if let nearest = Self.nearest(to: resource.lowercased(), in: candidates.map(\.plural)) {
            return "\"\(resource)\" is no resource; did you mean \(nearest)?"
        }
        return "\"\(resource)\" is no resource of Kubernetes; write a custom resource with its group, "
            + "as workflows.argoproj.io"
    }

    private func spelling(of known: KnownResource) -> String {
        let type = group == nil ? known.plural : "\(known.plural).\(known.group)"
        return subresource.map { "\(type)/\($0)" } ?? type
    }

    private static func isGlob(_ text: String) -> Bool { text.contains("*") || text.contains("?") }

    /// The candidate that is at most two edits away, and the nearest.
    static func nearest(to text: String, in candidates: [String]) -> String? {
        candidates.map { (distance: editDistance(text, $0), word: $0) }
            .filter { $0.distance <= 2 }
            .min { ($0.distance, $0.word) < ($1.distance, $1.word) }?.word
    }

    /// Levenshtein's distance.
    private static func editDistance(_ left: String, _ right: String) -> Int {
        let right = Array(right.utf8)
        var row = Array(0...right.count)
        for (index, byte) in left.utf8.enumerated() {
            var diagonal = row[0]
            row[0] = index + 1
            for column in right.indices {
                let substituted = diagonal + (byte == right[column] ? 0 : 1)
                diagonal = row[column + 1]
                row[column + 1] = min(substituted, diagonal + 1, row[column] + 1)
            }
        }
        return row[right.count]
    }
}

extension KnownResource {
    fileprivate func isAlsoCalled(_ name: String) -> Bool {
        kind.lowercased() == name || shortNames.contains(name) || plural == name
    }
}
