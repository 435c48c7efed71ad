/// https://kubernetes.io/docs/reference/kubernetes-api/workload-resources/pod-v1/
package struct Pod: KubernetesObject {
    package static let resource = APIResource.pods
    package var json: JSONObject

    package init(json: JSONObject) { self.json = json }

    package enum Phase: String, Sendable, CaseIterable {
        case pending = "Pending"
        case running = "Running"
        case succeeded = "Succeeded"
        case failed = "Failed"
        case unknown = "Unknown"

        package var isTerminal: Bool { self == .succeeded || self == .failed }
    }

    package var phase: Phase {
        get { json["status", "phase"]?.string.flatMap(Phase.init(rawValue:)) ?? .pending }
        set { json["status", "phase"] = .string(newValue.rawValue) }
    }

    /// Why the pod is in its phase: `Evicted`, say.
    package var statusReason: String? { json["status", "reason"]?.string }

    package var statusMessage: String? { json["status", "message"]?.string }

    package var nodeName: String? {
        get { json["spec", "nodeName"]?.string }
        set { json["spec", "nodeName"] = newValue.map(JSONValue.string) }
    }

    package var containers: [Container] {
        get { (json["spec", "containers"]?.array ?? []).compactMap(\.object).map(Container.init(json:)) }
        set { json["spec", "containers"] = .array(newValue.map { .object($0.json) }) }
    }

    package var containerStatuses: [ContainerStatus] {
        get {
            (json["status", "containerStatuses"]?.array ?? []).compactMap(\.object).map(ContainerStatus.init(json:))
        }
        set { json["status", "containerStatuses"] = .array(newValue.map { .object($0.json) }) }
    }
}

/// One container of a pod's spec, or of a workflow template.
package struct Container: Hashable, Sendable {
    package var json: JSONObject

    package init(json: JSONObject) { self.json = json }

    package var name: String { json["name"]?.string ?? "" }

    package var image: String? { json["image"]?.string }

    package var command: [String] { json["command"]?.strings ?? [] }

    package var args: [String] { json["args"]?.strings ?? [] }
}

/// What became of one container.
package struct ContainerStatus: Hashable, Sendable {
    package var json: JSONObject

    package init(json: JSONObject) { self.json = json }

    package var name: String { json["name"]?.string ?? "" }

    /// The exit code, once the container has terminated.
    package var exitCode: Int64? { json["state", "terminated", "exitCode"]?.integer }
}
