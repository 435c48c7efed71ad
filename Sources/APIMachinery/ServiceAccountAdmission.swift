import Kubernetes

extension ClusterStore {
    /// The ServiceAccount that every namespace has.
    mutating func createDefaultAccount(in namespace: String) {
        var account = DynamicObject(json: ["apiVersion": "v1", "kind": "ServiceAccount"])
        account.metadata.name = "default"
        account.metadata.namespace = namespace
        stamp(&account.json)
        let table = APIResource.serviceAccounts.qualifiedName
        commit(account.json, table: table, key: ObjectTable.key(namespace: namespace, name: "default"))
    }

    /// Gives a pod its account and, unless it does not want it, the account's token.
    mutating func admitServiceAccount(_ pending: inout PendingCreation) throws(Refusal) {
        guard pending.type.kind == .pod, configuration.admitsServiceAccounts,
            var spec = pending.object["spec"]?.object
        else { return }
        let name = spec["serviceAccountName"]?.string.flatMap { $0.isEmpty ? nil : $0 } ?? "default"
        let key = ObjectKey(namespace: pending.namespace, name: name)
        guard let account = object(.serviceAccounts, key) else {
            throw Refusal(
                .forbidden(
                    .pods, name: pending.name,
                    why: "error looking up service account \(key): serviceaccount \"\(name)\" not found"))
        }
        spec["serviceAccountName"] = .string(name)
        spec["serviceAccount"] = .string(name)
        let mounts = spec["automountServiceAccountToken"]?.bool ?? account["automountServiceAccountToken"]?.bool ?? true
        if mounts { mountToken(&spec) }
        pending.object["spec"] = .object(spec)
    }

    private static let tokenPath = "/var/run/secrets/kubernetes.io/serviceaccount"

    private mutating func mountToken(_ spec: inout JSONObject) {
        let name = generateName(from: "kube-api-access-")
        var isMounted = false
        for list in ["initContainers", "containers"] {
            guard let containers = spec[list]?.array else { continue }
            spec[list] = .array(
                containers.map { container in
                    guard var members = container.object else { return container }
                    var mounts = members["volumeMounts"]?.array ?? []
                    let has = mounts.contains { $0.object?["mountPath"]?.string == Self.tokenPath }
                    guard !has else { return container }
                    isMounted = true
                    mounts.append(
                        ["name": .string(name), "readOnly": true, "mountPath": .string(Self.tokenPath)])
                    members["volumeMounts"] = .array(mounts)
                    return .object(members)
                })
        }
        guard isMounted else { return }
        let sources: JSONValue = [
            ["serviceAccountToken": ["expirationSeconds": 3_607, "path": "token"]],
            ["configMap": ["name": "kube-root-ca.crt", "items": [["key": "ca.crt", "path": "ca.crt"]]]],
            [
                "downwardAPI": [
                    "items": [
                        [
                            "path": "namespace",
                            "fieldRef": ["apiVersion": "v1", "fieldPath": "metadata.namespace"],
                        ]
                    ]
                ]
            ],
        ]
        let volume: JSONValue = [
            "name": .string(name), "projected": ["sources": sources, "defaultMode": 420],
        ]
        spec["volumes"] = .array((spec["volumes"]?.array ?? []) + [volume])
    }
}
