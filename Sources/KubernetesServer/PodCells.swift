import Determinism
import Kubernetes

/// The cells of a pod: how many containers are ready, the one word that tells its state, and its restarts.
/// kubernetes/pkg/printers/internalversion/printers.go, `printPod`
struct PodCells {
    private(set) var reason: String
    private var readyCount = 0
    private var restarts: Int64 = 0
    private var lastRestart: Timestamp?
    private let pod: JSONObject
    private let now: Timestamp

    init(_ pod: JSONObject, _ now: Timestamp) {
        self.pod = pod
        self.now = now
        let status = pod["status"]?.object ?? JSONObject()
        let statusReason = status["reason"]?.string ?? ""
        reason = statusReason.isEmpty ? status["phase"]?.string ?? "" : statusReason
        let isGated = conditions.contains { $0["type"] == "PodScheduled" && $0["reason"] == "SchedulingGated" }
        if isGated { reason = "SchedulingGated" }
        let isInitializing = readInitContainers()
        if !isInitializing || isTrue("Initialized") { readContainers() }
        if pod["metadata", "deletionTimestamp"] != nil {
            if statusReason == "NodeLost" {
                reason = "Unknown"
            } else if !["Succeeded", "Failed"].contains(status["phase"]?.string) {
                reason = "Terminating"
            }
        }
    }

    /// `1/2`.
    var ready: String {
        let total = (pod["spec", "containers"]?.array?.count ?? 0) + sidecars.count
        return "\(readyCount)/\(total)"
    }

    /// `0`, or `3 (5m ago)`.
    var restartText: String {
        guard restarts != 0, let lastRestart else { return String(restarts) }
        return "\(restarts) (\(Age.text(since: lastRestart, now: now)) ago)"
    }

    /// `<none>`, or how many of the gates are open: `0/1`.
    var readinessGates: String {
        let gates = pod["spec", "readinessGates"]?.array?.compactMap { $0.object?["conditionType"]?.string } ?? []
        guard !gates.isEmpty else { return "<none>" }
        return "\(gates.filter(isTrue).count)/\(gates.count)"
    }

    private var conditions: [JSONObject] { pod["status", "conditions"]?.array?.compactMap(\.object) ?? [] }

    private func isTrue(_ type: String) -> Bool {
        conditions.first { $0["type"]?.string == type }?["status"] == "True"
    }

    /// Init containers that go on running beside the others.
    private var sidecars: Set<String> {
        let containers = pod["spec", "initContainers"]?.array?.compactMap(\.object) ?? []
        return Set(containers.filter { $0["restartPolicy"] == "Always" }.compactMap { $0["name"]?.string })
    }

    /// Whether an init container is not done yet.
    private mutating func readInitContainers() -> Bool {
        let statuses = pod["status", "initContainerStatuses"]?.array?.compactMap(\.object) ?? []
        let sidecars = sidecars
        for (index, status) in statuses.enumerated() {
            count(status)
            let terminated = status["state", "terminated"]?.object
            let waiting = status["state", "waiting", "reason"]?.string ?? ""
            if let terminated, terminated["exitCode"]?.integer ?? 0 == 0 { continue }
            if sidecars.contains(status["name"]?.string ?? ""), status["started"] == true {
                if status["ready"] == true { readyCount += 1 }
                continue
            }
            if let terminated {
                reason = "Init:" + Self.end(terminated)
            } else if !waiting.isEmpty, waiting != "PodInitializing" {
                reason = "Init:" + waiting
            } else {
                reason = "Init:\(index)/\(pod["spec", "initContainers"]?.array?.count ?? 0)"
            }
            return true
        }
        return false
    }

    private mutating func readContainers() {
        restarts = 0
        lastRestart = nil
        let initStatuses = pod["status", "initContainerStatuses"]?.array?.compactMap(\.object) ?? []
        for status in initStatuses where sidecars.contains(status["name"]?.string ?? "") { count(status) }
        var isAnyRunning = false
        var errorReason = ""
        for status in (pod["status", "containerStatuses"]?.array?.compactMap(\.object) ?? []).reversed() {
            count(status)
            let waiting = status["state", "waiting", "reason"]?.string ?? ""
            if !waiting.isEmpty {
                reason = waiting
            } else if let terminated = status["state", "terminated"]?.object {
                reason = Self.end(terminated)
                if terminated["exitCode"]?.integer ?? 0 != 0 { errorReason = reason }
            } else if status["ready"] == true, status["state", "running"] != nil {
                isAnyRunning = true
                readyCount += 1
            }
        }
        guard reason == "Completed" else { return }
        if isAnyRunning, isTrue("Ready") {
            reason = "Running"
        } else if !errorReason.isEmpty {
            reason = errorReason
        } else if isAnyRunning {
            reason = "NotReady"
        }
    }

    private mutating func count(_ status: JSONObject) {
        restarts += status["restartCount"]?.integer ?? 0
        let end = status["lastState", "terminated", "finishedAt"]?.string.flatMap(Timestamp.init(rfc3339:))
        if let end { lastRestart = max(lastRestart ?? end, end) }
    }

    /// How a container ended, in a word.
    private static func end(_ terminated: JSONObject) -> String {
        if let reason = terminated["reason"]?.string, !reason.isEmpty { return reason }
        if let signal = terminated["signal"]?.integer, signal != 0 { return "Signal:\(signal)" }
        return "ExitCode:\(terminated["exitCode"]?.integer ?? 0)"
    }
}
