import Determinism
package import Kubernetes

/// What an object had come to when a trial ended, without what always differs between trials.
package struct EndState: Hashable, Sendable {
    /// `websites.example.com/web`.
    package let key: String
    package let json: JSONObject

    /// - Parameter object: As the server has it.
    package init(_ key: String, of object: JSONObject) {
        self.key = key
        json = Self.normalised(object)
    }

    /// What was observed; nil where that is no end state.
    init?(_ observation: Observation) {
        guard observation.kind == .endState,
            let json = try? JSONValue(parsing: Array(observation.message.utf8)).object
        else { return nil }
        key = observation.subject
        self.json = json
    }

    /// Whether the server drew a part of the name.
    var isGenerated: Bool { !(json["metadata", "generateName"]?.string ?? "").isEmpty }

    package func observation(at time: Duration) -> Observation {
        Observation(.endState, key, message: JSONValue.object(json).text, at: time)
    }
}

// MARK: - What always differs

extension EndState {
    private static let passingMetadata = [
        "creationTimestamp", "deletionGracePeriodSeconds", "generation", "managedFields", "namespace",
        "resourceVersion", "selfLink", "uid",
    ]

    private static func normalised(_ object: JSONObject) -> JSONObject {
        var result = object
        var metadata = object["metadata"]?.object ?? JSONObject()
        for member in passingMetadata { metadata[member] = nil }
        // When is by chance; whether is not.
        if metadata["deletionTimestamp"] != nil { metadata["deletionTimestamp"] = "set" }
        for member in ["annotations", "labels"] {
            guard let own = metadata[member]?.object else { continue }
            let rest = JSONObject(
                uniqueKeysWithValues: own.filter { !$0.key.hasPrefix("boreas.dev/") }.map { ($0.key, $0.value) })
            metadata[member] = rest.isEmpty ? nil : .object(rest)
        }
        if let owners = metadata["ownerReferences"]?.array {
            metadata["ownerReferences"] = .array(owners.map { $0.without { $0 == "uid" } })
        }
        result["metadata"] = .object(metadata)
        if let status = result["status"] { result["status"] = status.without(isPassing).withoutTimes }
        switch (object["apiVersion"]?.string, object["kind"]?.string) {
        case ("v1", "Pod"): normalisePod(&result)
        case ("v1", "Service"): normaliseService(&result)
        case ("v1", "Secret"): hideSecrets(&result)
        // Who holds a lease since when changes whenever a process starts.
        case ("coordination.k8s.io/v1", "Lease"): result["spec"] = nil
        default: break
        }
        return JSONValue.object(result).shortened(to: textMax).object ?? result
    }

    /// Members of a status that count changes or tell the time.
    private static func isPassing(_ member: String) -> Bool {
        member.hasSuffix("Time") || member.hasSuffix("Timestamp") || member == "observedGeneration"
    }

    /// What a node gives a pod.
    private static func normalisePod(_ pod: inout JSONObject) {
        let given: Set = ["containerID", "hostIP", "hostIPs", "imageID", "podIP", "podIPs"]
        pod["status"] = pod["status"]?.without { given.contains($0) }
    }

    /// What the server draws for a service.
    private static func normaliseService(_ service: inout JSONObject) {
        if service["spec", "clusterIP"]?.string != "None" {
            service["spec", "clusterIP"] = nil
            service["spec", "clusterIPs"] = nil
        }
        service["spec"] = service["spec"]?.without { $0 == "nodePort" || $0 == "healthCheckNodePort" }
    }

    /// Secrets can be compared without being kept.
    private static func hideSecrets(_ secret: inout JSONObject) {
        for member in ["data", "stringData"] { secret[member] = secret[member]?.digested }
        secret["metadata", "annotations"] = secret["metadata", "annotations"]?.digested
    }

    /// Characters of a text that are kept; of longer ones a digest is, too.
    private static let textMax = 2_000
}

extension JSONValue {
    /// Without the members of such names, however deep.
    fileprivate func without(_ isLeftOut: (String) -> Bool) -> JSONValue {
        switch self {
        case .object(let members):
            let kept = members.filter { !isLeftOut($0.key) }.map { ($0.key, $0.value.without(isLeftOut)) }
            return .object(JSONObject(uniqueKeysWithValues: kept))
        case .array(let elements): return .array(elements.map { $0.without(isLeftOut) })
        default: return self
        }
    }

    /// Without members that are moments, however deep.
    fileprivate var withoutTimes: JSONValue {
        switch self {
        case .object(let members):
            let kept = members.filter { $0.value.string.flatMap(Timestamp.init(rfc3339:)) == nil }
            return .object(JSONObject(uniqueKeysWithValues: kept.map { ($0.key, $0.value.withoutTimes) }))
        case .array(let elements): return .array(elements.map(\.withoutTimes))
        default: return self
        }
    }

    /// The members, with a digest of each value in its place.
    fileprivate var digested: JSONValue {
        guard case .object(let members) = self else { return self }
        return .object(JSONObject(uniqueKeysWithValues: members.map { ($0.key, .string("digest \($0.value.digest)")) }))
    }

    private var digest: String {
        var hash = StableHash()
        hash.combine(text)
        return hash.hexadecimal
    }

    fileprivate func shortened(to limit: Int) -> JSONValue {
        switch self {
        case .object(let members):
            return .object(
                JSONObject(uniqueKeysWithValues: members.map { ($0.key, $0.value.shortened(to: limit)) }))
        case .array(let elements): return .array(elements.map { $0.shortened(to: limit) })
        case .string(let text) where text.utf8.count > limit:
            return .string("\(text.prefix(limit / 10))… (\(text.count) characters, digest \(digest))")
        default: return self
        }
    }
}
