import APIMachinery
import Determinism
import Kubernetes

/// What a server says of itself: groups, versions, resources, and the version that it plays.
/// https://kubernetes.io/docs/concepts/overview/kubernetes-api/#discovery-api
struct Discovery {
    /// Sorted by group, version and name, the core group first.
    let resources: [ServedResource]

    /// The version whose behaviour the server follows.
    static let gitVersion = "v1.36.2"

    static let aggregatedContentType = "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList"

    static let version: JSONObject = [
        "major": "1", "minor": "36", "emulationMajor": "1", "emulationMinor": "36", "minCompatibilityMajor": "1",
        "minCompatibilityMinor": "35", "gitVersion": .string(gitVersion), "gitCommit": "", "gitTreeState": "clean",
        "buildDate": "1970-01-01T00:00:00Z", "goVersion": "", "compiler": "boreas", "platform": "linux/amd64",
    ]

    /// `/api`, in the form of before aggregation.
    func legacyVersions(serverAddress: String) -> JSONObject {
        [
            "kind": "APIVersions", "versions": ["v1"],
            "serverAddressByClientCIDRs": [
                ["clientCIDR": "0.0.0.0/0", "serverAddress": .string(serverAddress)]
            ],
        ]
    }

    /// `/apis`.
    var groupList: JSONObject {
        ["kind": "APIGroupList", "apiVersion": "v1", "groups": .array(groupNames.map { .object(groupEntry($0)) })]
    }

    /// `/apis/batch`; nil for a group that is not served.
    func group(_ name: String) -> JSONObject? {
        guard groupNames.contains(name) else { return nil }
        var group = groupEntry(name)
        group["kind"] = "APIGroup"
        group["apiVersion"] = "v1"
        return group
    }

    /// `/api/v1` or `/apis/batch/v1`; nil for a version that is not served.
    func resourceList(group: String, version: String) -> JSONObject? {
        let served = resources.filter { $0.resource.group == group && $0.resource.version == version }
        guard let first = served.first else { return nil }
        return [
            "kind": "APIResourceList", "apiVersion": "v1", "groupVersion": .string(first.resource.groupVersion),
            "resources": .array(served.flatMap(Self.entries)),
        ]
    }

    /// Whether a group and version is served at all.
    func serves(group: String, version: String) -> Bool {
        resources.contains { $0.resource.group == group && $0.resource.version == version }
    }

    func resource(group: String, version: String, name: String) -> ServedResource? {
        resources.first { $0.resource.group == group && $0.resource.version == version && $0.resource.name == name }
    }

    /// All groups but the core group, in their order.
    private var groupNames: [String] {
        resources.map(\.resource.group).reduce(into: []) { names, name in
            if !name.isEmpty, names.last != name { names.append(name) }
        }
    }

    private func versions(of group: String) -> [String] {
        resources.filter { $0.resource.group == group }.map(\.resource.version).reduce(into: []) { versions, version in
            if !versions.contains(version) { versions.append(version) }
        }
    }

    private func groupEntry(_ name: String) -> JSONObject {
        let versions: [JSONValue] = versions(of: name).map {
            ["groupVersion": .string("\(name)/\($0)"), "version": .string($0)]
        }
        return ["name": .string(name), "versions": .array(versions), "preferredVersion": versions.first ?? .null]
    }

    private static func entries(_ served: ServedResource) -> [JSONValue] {
        let resource = served.resource
        var entry: JSONObject = [
            "name": .string(resource.name), "singularName": .string(served.singularName),
            "namespaced": .bool(resource.isNamespaced), "kind": .string(resource.kind),
            "verbs": JSONValue(served.verbs),
        ]
        if !resource.shortNames.isEmpty { entry["shortNames"] = JSONValue(resource.shortNames) }
        if !served.categories.isEmpty { entry["categories"] = JSONValue(served.categories) }
        let subresources: [JSONValue] = served.subresources.map { subresource in
            var entry: JSONObject = [
                "name": .string("\(resource.name)/\(subresource.name)"), "singularName": "",
                "namespaced": .bool(resource.isNamespaced), "kind": .string(subresource.kind),
                "verbs": JSONValue(subresource.verbs),
            ]
            if let groupVersion = subresource.groupVersion {
                let (group, version) = split(groupVersion)
                entry["group"] = .string(group)
                entry["version"] = .string(version)
            }
            return .object(entry)
        }
        return [.object(entry)] + subresources
    }

    private static func split(_ groupVersion: String) -> (group: String, version: String) {
        let parts = groupVersion.split(separator: "/").map(String.init)
        return parts.count == 2 ? (parts[0], parts[1]) : ("", groupVersion)
    }
}

extension Discovery {
    /// `/api` or `/apis` in the aggregated form, which holds everything in one document.
    func aggregated(isCore: Bool) -> JSONObject {
        let items: [JSONValue] = (isCore ? [""] : groupNames).map { group in
            let versions: [JSONValue] = versions(of: group).map { version in
                let served = resources.filter { $0.resource.group == group && $0.resource.version == version }
                return [
                    "version": .string(version), "freshness": "Current",
                    "resources": .array(served.map(Self.aggregatedEntry)),
                ]
            }
            let metadata: JSONValue = group.isEmpty ? [:] : ["name": .string(group)]
            return ["metadata": metadata, "versions": .array(versions)]
        }
        return [
            "kind": "APIGroupDiscoveryList", "apiVersion": "apidiscovery.k8s.io/v2", "metadata": [:],
            "items": .array(items),
        ]
    }

    private static func aggregatedEntry(_ served: ServedResource) -> JSONValue {
        let resource = served.resource
        var entry: JSONObject = [
            "resource": .string(resource.name), "responseKind": kind(resource.group, resource.version, resource.kind),
            "scope": .string(resource.isNamespaced ? "Namespaced" : "Cluster"),
            "singularResource": .string(served.singularName), "verbs": JSONValue(served.verbs),
        ]
        if !resource.shortNames.isEmpty { entry["shortNames"] = JSONValue(resource.shortNames) }
        if !served.categories.isEmpty { entry["categories"] = JSONValue(served.categories) }
        let subresources: [JSONValue] = served.subresources.map { subresource in
            let (group, version) = split(subresource.groupVersion ?? resource.groupVersion)
            return [
                "subresource": .string(subresource.name), "responseKind": kind(group, version, subresource.kind),
                "verbs": JSONValue(subresource.verbs),
            ]
        }
        if !subresources.isEmpty { entry["subresources"] = .array(subresources) }
        return .object(entry)
    }

    private static func kind(_ group: String, _ version: String, _ kind: String) -> JSONValue {
        ["group": .string(group), "version": .string(version), "kind": .string(kind)]
    }

    /// A strong validator for a document (RFC 9110 §8.8.3), the same for equal bytes everywhere.
    static func etag(_ bytes: [UInt8]) -> String { "\"\(hash(bytes))\"" }

    static func hash(_ bytes: [UInt8]) -> String {
        var hash = StableHash()
        hash.combine(String(decoding: bytes, as: UTF8.self))
        return String(hash.value, radix: 16, uppercase: true)
    }
}
