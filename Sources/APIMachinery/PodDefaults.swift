import Kubernetes

/// What `SetDefaults_Pod` and the admission of tolerations and priority give a pod that does not say otherwise.
enum PodDefaults {
    static func apply(to object: inout JSONObject) {
        guard var spec = object["spec"]?.object else { return }
        let constants: [(String, JSONValue)] = [
            ("restartPolicy", "Always"), ("dnsPolicy", "ClusterFirst"), ("terminationGracePeriodSeconds", 30),
            ("schedulerName", "default-scheduler"), ("securityContext", [:]), ("enableServiceLinks", true),
            ("priority", 0), ("preemptionPolicy", "PreemptLowerPriority"),
        ]
        for (name, value) in constants where spec[name] == nil { spec[name] = value }
        if let account = spec["serviceAccountName"] ?? spec["serviceAccount"] {
            spec["serviceAccountName"] = account
            spec["serviceAccount"] = account
        }
        for list in ["containers", "initContainers", "ephemeralContainers"] {
            map(&spec, list) { completeContainer(&$0) }
        }
        map(&spec, "volumes") { completeVolume(&$0) }
        tolerate(&spec)
        object["spec"] = .object(spec)
    }

    private static func map(_ object: inout JSONObject, _ name: String, _ body: (inout JSONObject) -> Void) {
        guard let elements = object[name]?.array else { return }
        object[name] = .array(
            elements.map { element in
                guard var members = element.object else { return element }
                body(&members)
                return .object(members)
            })
    }

    private static func completeContainer(_ container: inout JSONObject) {
        if container["terminationMessagePath"] == nil { container["terminationMessagePath"] = "/dev/termination-log" }
        if container["terminationMessagePolicy"] == nil { container["terminationMessagePolicy"] = "File" }
        if container["imagePullPolicy"] == nil {
            container["imagePullPolicy"] = isLatest(container["image"]?.string ?? "") ? "Always" : "IfNotPresent"
        }
        map(&container, "ports") { if $0["protocol"] == nil { $0["protocol"] = "TCP" } }
        map(&container, "env") { variable in
            if variable["valueFrom", "fieldRef"] != nil, variable["valueFrom", "fieldRef", "apiVersion"] == nil {
                variable["valueFrom", "fieldRef", "apiVersion"] = "v1"
            }
        }
        for name in ["livenessProbe", "readinessProbe", "startupProbe"] {
            if var probe = container[name]?.object {
                completeProbe(&probe)
                container[name] = .object(probe)
            }
        }
        // A limit without a request asks for as much as it allows.
        guard let limits = container["resources", "limits"]?.object else { return }
        for (name, amount) in limits where container["resources", "requests", name] == nil {
            container["resources", "requests", name] = amount
        }
    }

    private static func completeProbe(_ probe: inout JSONObject) {
        let constants: [(String, JSONValue)] = [
            ("timeoutSeconds", 1), ("periodSeconds", 10), ("successThreshold", 1), ("failureThreshold", 3),
        ]
        for (name, value) in constants where probe[name] == nil { probe[name] = value }
        guard probe["httpGet"] != nil else { return }
        if probe["httpGet", "path"] == nil { probe["httpGet", "path"] = "/" }
        if probe["httpGet", "scheme"] == nil { probe["httpGet", "scheme"] = "HTTP" }
    }

    /// `:latest`, or no tag and no digest.
    private static func isLatest(_ image: String) -> Bool {
        guard !image.contains("@") else { return false }
        let name = image.split(separator: "/", omittingEmptySubsequences: false).last ?? ""
        guard let colon = name.firstIndex(of: ":") else { return true }
        return name[name.index(after: colon)...] == "latest"
    }

    private static func completeVolume(_ volume: inout JSONObject) {
        if volume.keys.allSatisfy({ $0 == "name" }) { volume["emptyDir"] = [:] }
        for source in ["secret", "configMap", "downwardAPI", "projected"] where volume[source] != nil {
            if volume[source, "defaultMode"] == nil { volume[source, "defaultMode"] = 420 }
        }
        if volume["hostPath"] != nil, volume["hostPath", "type"] == nil { volume["hostPath", "type"] = "" }
        guard var projected = volume["projected"]?.object else { return }
        map(&projected, "sources") { source in
            if source["serviceAccountToken"] != nil, source["serviceAccountToken", "expirationSeconds"] == nil {
                source["serviceAccountToken", "expirationSeconds"] = 3_600
            }
        }
        volume["projected"] = .object(projected)
    }

    /// Five minutes on a node that fails, unless the pod says itself.
    private static func tolerate(_ spec: inout JSONObject) {
        var tolerations = spec["tolerations"]?.array ?? []
        for state in ["not-ready", "unreachable"] {
            let key = JSONValue.string("node.kubernetes.io/\(state)")
            let isTolerated = tolerations.contains { toleration in
                let given = toleration.object?["key"]
                let effect = toleration.object?["effect"]?.string ?? ""
                return (given == key || given == nil) && (effect == "NoExecute" || effect.isEmpty)
            }
            if !isTolerated {
                tolerations.append(
                    ["key": key, "operator": "Exists", "effect": "NoExecute", "tolerationSeconds": 300])
            }
        }
        spec["tolerations"] = .array(tolerations)
    }
}
