package import Kubernetes

extension RequestMatch {
    /// Matches the requests of one identity. Collections, and creates that leave their name to the server, have no name
    /// by which others could be kept out.
    package init(exactly identity: RequestIdentity) {
        func given(_ text: String) -> String? { text.isEmpty ? nil : text }
        self.init(
            verb: [identity.verb], resource: given(Self.resource(of: identity)), namespace: given(identity.namespace),
            name: given(identity.name))
    }

    /// `pods`, `pods/exec`, `workflows.argoproj.io/status`.
    private static func resource(of identity: RequestIdentity) -> String {
        let type = identity.group.isEmpty ? identity.resource : "\(identity.resource).\(identity.group)"
        return identity.subresource.isEmpty ? type : "\(type)/\(identity.subresource)"
    }
}
