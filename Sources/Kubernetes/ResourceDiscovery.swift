/// What a server serves, as its discovery documents tell it.
/// https://kubernetes.io/docs/concepts/overview/kubernetes-api/#discovery-api
package struct ResourceDiscovery: Hashable, Sendable {
    /// What can be listed and watched, each resource once: in the version that the server prefers.
    package private(set) var watchable: [APIResource]
    /// Groups and versions that are announced and did not answer, with why: of an aggregated server that is down, say.
    package var silent: [String]

    package init(watchable: [APIResource] = [], silent: [String] = []) {
        self.watchable = watchable
        self.silent = silent
    }

    /// Takes in a resource, unless another version of it came before.
    package mutating func add(_ resource: APIResource, verbs: [String]) {
        guard verbs.contains("list"), verbs.contains("watch"),
            !watchable.contains(where: { $0.group == resource.group && $0.name == resource.name })
        else { return }
        watchable.append(resource)
    }

    /// Takes in an APIResourceList: what `/api/v1` or `/apis/batch/v1` answers.
    package mutating func add(_ list: JSONObject, group: String, version: String) {
        for entry in (list["resources"]?.array ?? []).compactMap(\.object) {
            // A subresource has its resource's name before it.
            guard let name = entry["name"]?.string, !name.contains("/"), let kind = entry["kind"]?.string else {
                continue
            }
            let resource = APIResource(
                group: group, version: version, name: name, kind: kind,
                isNamespaced: entry["namespaced"]?.bool ?? false, shortNames: entry["shortNames"]?.strings ?? [])
            add(resource, verbs: entry["verbs"]?.strings ?? [])
        }
    }

    /// The groups and versions of an APIGroupList, what `/apis` answers: of each group the preferred version first.
    package static func versions(in groups: JSONObject) -> [(group: String, version: String)] {
        (groups["groups"]?.array ?? []).compactMap(\.object).flatMap { group -> [(String, String)] in
            guard let name = group["name"]?.string else { return [] }
            let preferred = group["preferredVersion", "version"]?.string
            let others = (group["versions"]?.array ?? []).compactMap { $0.object?["version"]?.string }
            return ([preferred].compactMap { $0 } + others.filter { $0 != preferred }).map { (name, $0) }
        }
    }
}
