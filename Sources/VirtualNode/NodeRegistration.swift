import Kubernetes

/// The objects that make a cluster believe in a node.
struct NodeRegistration: Sendable {
    let settings: NodeConfiguration
    /// Where the node serves exec and logs; nil where it does not.
    var endpoint: NodeEndpoint?

    /// Keeps the pods of others away: those a scheduler might send, and those of DaemonSets that tolerate everything,
    /// because they select `kubernetes.io/os`, a label that this node does not have.
    static let taint = "boreas.dev/virtual-node"

    /// The Lease namespace of nodes; absent from servers that never had a real one.
    static let leaseNamespace = "kube-node-lease"

    /// How long the cluster believes in a node that does not renew its Lease; the kubelet's 40 s.
    static let leaseDurationSeconds: Int64 = 40

    var nodeKey: ObjectKey { ObjectKey(namespace: "", name: settings.name) }

    var leaseKey: ObjectKey { ObjectKey(namespace: Self.leaseNamespace, name: settings.name) }

    func creation(at now: Timestamp) -> APIRequest {
        var labels = [
            Self.taint: "true", "kubernetes.io/hostname": settings.name, "app.kubernetes.io/managed-by": "boreas",
            "node.kubernetes.io/exclude-from-external-load-balancers": "true",
        ]
        labels.merge(settings.labels, uniquingKeysWith: { _, given in given })
        let node: JSONObject = [
            "apiVersion": "v1", "kind": "Node",
            "metadata": ["name": .string(settings.name), "labels": .object(JSONObject(labels))],
            "spec": ["taints": [["key": .string(Self.taint), "value": "true", "effect": "NoSchedule"]]],
            "status": .object(status(at: now, isNew: true)),
        ]
        return APIRequest(.create, .nodes, body: .object(node), timeout: settings.requestTimeout)
    }

    func heartbeat(at now: Timestamp) -> APIRequest {
        APIRequest(
            .patch, .nodes, name: settings.name, subresource: "status",
            body: ["status": .object(status(at: now))], patchType: .strategicMerge,
            timeout: settings.requestTimeout)
    }

    func removal() -> APIRequest {
        .delete(
            .nodes, nodeKey, options: RequestOptions(gracePeriodSeconds: 0), timeout: settings.requestTimeout)
    }

    /// - Parameter isNew: Whether the conditions begin now; a later patch leaves their beginning as it is.
    private func status(at now: Timestamp, isNew: Bool = false) -> JSONObject {
        let room: JSONValue = [
            "cpu": "1000", "memory": "4Ti", "ephemeral-storage": "4Ti", "pods": .string(String(settings.podCapacity)),
        ]
        let healthy: [(String, String)] = [
            ("MemoryPressure", "False"), ("DiskPressure", "False"), ("PIDPressure", "False"), ("Ready", "True"),
        ]
        var status: JSONObject = [
            "capacity": room, "allocatable": room,
            "addresses": [["type": "Hostname", "address": .string(settings.name)]],
            "conditions": .array(
                healthy.map { type, status in
                    var condition: JSONObject = [
                        "type": .string(type), "status": .string(status), "lastHeartbeatTime": .string(now.rfc3339),
                        "reason": "VirtualNode", "message": "played by Boreas",
                    ]
                    if isNew { condition["lastTransitionTime"] = condition["lastHeartbeatTime"] }
                    return .object(condition)
                }),
            "nodeInfo": [
                "architecture": "virtual", "bootID": "", "containerRuntimeVersion": "boreas://1",
                "kernelVersion": "", "kubeProxyVersion": "", "kubeletVersion": "v1.36.2", "machineID": "",
                "operatingSystem": "virtual", "osImage": "Boreas virtual node", "systemUUID": "",
            ],
        ]
        guard let endpoint else { return status }
        // Servers differ in which of the two they prefer; both lead to the endpoint.
        status["addresses"] = .array(
            ["Hostname", "InternalIP"].map { ["type": .string($0), "address": .string(endpoint.host)] })
        status["daemonEndpoints"] = ["kubeletEndpoint": ["Port": .integer(Int64(endpoint.port))]]
        // From 1.36 on, servers pass a v5 WebSocket on to a node that says so; others make SPDY of it.
        status["declaredFeatures"] = ["ExtendWebSocketsToKubelet"]
        return status
    }

    func leaseRenewal(at now: Timestamp) -> APIRequest {
        let patch: JSONObject = ["spec": ["renewTime": .string(now.rfc3339Micro)]]
        return .patch(.leases, leaseKey, patch, timeout: settings.requestTimeout)
    }

    func leaseCreation(at now: Timestamp) -> APIRequest {
        var lease = Lease(name: settings.name, namespace: Self.leaseNamespace)
        lease.holderIdentity = settings.name
        lease.leaseDurationSeconds = Self.leaseDurationSeconds
        lease.renewTime = now
        return .create(lease, timeout: settings.requestTimeout)
    }

    func leaseRemoval() -> APIRequest {
        .delete(.leases, leaseKey, timeout: settings.requestTimeout)
    }
}

extension PodMachine.Request {
    /// The request as it is sent for one pod.
    func apiRequest(for pod: NodeState.PodIdentity, settings: NodeConfiguration) -> APIRequest {
        switch self {
        case .bind:
            APIRequest(
                .create, .pods, namespace: pod.key.namespace, name: pod.key.name, subresource: "binding",
                body: [
                    "apiVersion": "v1", "kind": "Binding",
                    "metadata": [
                        "name": .string(pod.key.name), "namespace": .string(pod.key.namespace),
                        "uid": .string(pod.uid),
                    ],
                    "target": ["apiVersion": "v1", "kind": "Node", "name": .string(settings.name)],
                ], timeout: settings.requestTimeout)
        case .writeStatus(let status): Self.status(status, of: pod, annotations: [:], settings)
        case .report(let status, let outputs):
            Self.status(
                status, of: pod,
                annotations: [ContainerOutputs.reportAnnotation: .string(JSONValue.object(outputs).text)], settings)
        case .finalize:
            .delete(
                .pods, pod.key, options: RequestOptions(gracePeriodSeconds: 0, preconditionUID: pod.uid),
                timeout: settings.requestTimeout)
        }
    }

    private static func status(
        _ status: JSONObject, of pod: NodeState.PodIdentity, annotations: JSONObject, _ settings: NodeConfiguration
    ) -> APIRequest {
        // The uid keeps the status of a pod that is gone away from one that has its name.
        var metadata: JSONObject = ["uid": .string(pod.uid)]
        if !annotations.isEmpty { metadata["annotations"] = .object(annotations) }
        return APIRequest(
            .patch, .pods, namespace: pod.key.namespace, name: pod.key.name, subresource: "status",
            body: ["metadata": .object(metadata), "status": .object(status)], patchType: .strategicMerge,
            timeout: settings.requestTimeout)
    }
}

/// Where a virtual node serves what API servers ask of kubelets.
struct NodeEndpoint: Hashable, Sendable {
    var host: String
    var port: Int
}
