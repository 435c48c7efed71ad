package import Kubernetes

/// Something to be done about a pod whose work is over, or is to be.
package struct PodCleanup: Hashable, Comparable, Sendable, CustomStringConvertible {
    /// Argo's actions (workflow/controller/pod/common.go).
    package enum Action: String, Hashable, Sendable {
        /// SIGTERM to every container that runs, and ``killContainers`` after the grace period.
        case terminateContainers
        /// SIGKILL to every container that runs.
        case killContainers
        case labelPodCompleted
        case deletePod
    }

    package var pod: ObjectKey
    package var uid: String
    package var action: Action

    package init(pod: ObjectKey, uid: String, action: Action) {
        self.pod = pod
        self.uid = uid
        self.action = action
    }

    package var description: String { "\(pod)/\(action.rawValue)" }

    package static func < (left: PodCleanup, right: PodCleanup) -> Bool {
        (left.description, left.uid) < (right.description, right.uid)
    }
}
