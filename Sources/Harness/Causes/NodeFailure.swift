import Determinism
import Faults
import Kubernetes

/// Takes the virtual node away for a while, and says so on its Node, as a cluster's node lifecycle controller does.
struct NodeFailure: ClusterCause {
    let rule: Rule
    let node: NodePower
    let ground: CauseGround

    /// https://kubernetes.io/docs/reference/labels-annotations-taints/#node-kubernetes-io-unreachable
    private static let taint = "node.kubernetes.io/unreachable"

    func act() async throws {
        guard let name = node.turnOff() else { return ground.note(rule, "the trial has no virtual node") }
        try await withCleanup {
            let node = try await ground.api.send(.get(.nodes, key(name), timeout: CauseGround.timeout))
            try await patch(name, status: lost(node))
            try await taint(name, isLost: true)
            ground.injected(
                rule,
                RequestIdentity(
                    verb: .patch, group: "", resource: APIResource.nodes.name, subresource: "status", namespace: "",
                    name: name))
            // Until the phase is over.
            while true { try await ground.clock.sleep(for: .seconds(3600)) }
        } cleanup: {
            // The node itself says first that it is there again.
            node.turnOn()
            try await ground.insist { try await taint(name, isLost: false) }
        }
    }

    private func key(_ name: String) -> ObjectKey { ObjectKey(namespace: "", name: name) }

    /// Nothing is known of any of its conditions.
    private func lost(_ node: JSONObject) -> JSONObject {
        let now = JSONValue.string(ground.now.rfc3339)
        let conditions = (node["status", "conditions"]?.array ?? []).compactMap(\.object).map {
            condition -> JSONValue in
            [
                "type": condition["type"] ?? "", "status": "Unknown", "reason": "NodeStatusUnknown",
                "message": "Kubelet stopped posting node status.", "lastTransitionTime": now,
            ]
        }
        return ["conditions": .array(conditions)]
    }

    private func patch(_ name: String, status: JSONObject) async throws {
        _ = try await ground.api.send(
            APIRequest(
                .patch, .nodes, name: name, subresource: "status", body: ["status": .object(status)],
                patchType: .strategicMerge, timeout: CauseGround.timeout))
    }

    private func taint(_ name: String, isLost: Bool) async throws {
        let node = try await ground.api.send(.get(.nodes, key(name), timeout: CauseGround.timeout))
        var taints = (node["spec", "taints"]?.array ?? []).filter { $0.object?["key"]?.string != Self.taint }
        if isLost {
            taints += ["NoSchedule", "NoExecute"].map {
                ["key": .string(Self.taint), "effect": .string($0), "timeAdded": .string(ground.now.rfc3339)]
            }
        }
        _ = try await ground.api.send(
            APIRequest(
                .patch, .nodes, name: name, body: ["spec": ["taints": .array(taints)]], patchType: .merge,
                timeout: CauseGround.timeout))
    }
}
