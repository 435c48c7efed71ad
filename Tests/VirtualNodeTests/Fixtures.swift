import Kubernetes
import Testing
import VirtualNode

/// 2026-11-21T10:00:00Z.
let epoch = Timestamp(microsecondsSinceEpoch: 1_795_255_200_000_000)

extension NodeConfiguration {
    /// The node of the tests.
    static let test = NodeConfiguration(name: "virtual")
}

extension Pod {
    /// A pod of one container.
    static func make(
        _ name: String = "p", command: [String] = [], annotations: [String: String] = [:],
        restartPolicy: String = "Never", node: String? = nil, uid: String = "u1"
    ) -> Pod {
        make(
            name, containers: [container("main", command)], annotations: annotations, restartPolicy: restartPolicy,
            node: node
        )
        .with(uid: uid)
    }

    static func make(
        _ name: String = "p", containers: [JSONValue], initContainers: [JSONValue] = [],
        annotations: [String: String] = [:], restartPolicy: String = "Never", node: String? = nil
    ) -> Pod {
        var pod = Pod(name: name, namespace: "ns")
        pod.metadata.annotations = annotations
        pod.json["spec"] = [
            "restartPolicy": .string(restartPolicy), "containers": .array(containers),
        ]
        if !initContainers.isEmpty { pod.json["spec", "initContainers"] = .array(initContainers) }
        pod.nodeName = node
        return pod.with(uid: "u1")
    }

    static func container(_ name: String, _ command: [String], restartPolicy: String? = nil) -> JSONValue {
        var container: JSONObject = ["name": .string(name), "image": "busybox"]
        if !command.isEmpty { container["command"] = JSONValue(command) }
        container["restartPolicy"] = restartPolicy.map(JSONValue.string)
        return .object(container)
    }

    func with(uid: String) -> Pod {
        var pod = self
        pod.metadata.uid = uid
        return pod
    }

    func with(_ change: (inout Pod) -> Void) -> Pod {
        var pod = self
        change(&pod)
        return pod
    }

    func deleted(after seconds: Int64 = 30) -> Pod {
        with {
            $0.metadata.deletionTimestamp = epoch + .seconds(seconds)
            $0.metadata.deletionGracePeriodSeconds = seconds
        }
    }
}

extension PodMachine {
    init(_ pod: Pod, settings: NodeConfiguration = .test, isAgent: Bool = false, now: Duration = .zero) {
        self.init(pod, settings: settings, epoch: epoch, isAgent: isAgent, now: now)
    }

    /// Takes the status that is to be written, and acknowledges it.
    mutating func writeStatus(at now: Duration) -> JSONObject? {
        switch takeRequest(at: now) {
        case .writeStatus(let status), .report(let status, _):
            answered(nil, now: now)
            return status
        case .bind, .finalize, nil: return nil
        }
    }

    /// As ``writeStatus(at:)``, where there must be one.
    mutating func requireStatus(at now: Duration) throws -> JSONObject {
        let status = writeStatus(at: now)
        return try #require(status)
    }

    /// Lets time pass until nothing is due any more, or `limit`, acknowledging every status.
    mutating func run(until limit: Duration) -> [(time: Duration, status: JSONObject)] {
        var written: [(Duration, JSONObject)] = []
        var now = Duration.zero
        while true {
            if let status = writeStatus(at: now) { written.append((now, status)) }
            guard let next = nextDeadline, next <= limit else { return written }
            now = max(now, next)
            advance(to: now)
        }
    }
}

extension JSONObject {
    var phase: String? { self["phase"]?.string }

    /// The state of the container at an index.
    func state(_ index: Int = 0, of list: String = "containerStatuses") -> JSONObject {
        container(index, of: list)["state"]?.object ?? [:]
    }

    func container(_ index: Int = 0, of list: String = "containerStatuses") -> JSONObject {
        let statuses = self[list]?.array ?? []
        return index < statuses.count ? statuses[index].object ?? [:] : [:]
    }

    func condition(_ type: String) -> JSONObject? {
        self["conditions"]?.array?.compactMap(\.object).first { $0["type"]?.string == type }
    }
}
