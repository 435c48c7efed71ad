package import Kubernetes

/// What a semaphore or a mutex is called.
package struct LockName: Hashable, Comparable, Sendable, CustomStringConvertible {
    package enum Kind: String, Hashable, Sendable {
        /// A semaphore whose limit stands in a ConfigMap.
        case configMap = "ConfigMap"
        /// A semaphore with the limit 1.
        case mutex = "Mutex"
    }

    package var kind: Kind
    package var namespace: String
    /// The ConfigMap's, or the mutex's.
    package var name: String
    /// The key of the limit in its ConfigMap; empty for a mutex.
    package var key: String

    package init(_ kind: Kind, namespace: String, name: String, key: String = "") {
        self.kind = kind
        self.namespace = namespace
        self.name = name
        self.key = key
    }

    /// Argo's: `<namespace>/ConfigMap/<name>/<key>`, or `<namespace>/Mutex/<name>`.
    package var description: String {
        "\(namespace)/\(kind.rawValue)/\(name)\(kind == .configMap ? "/\(key)" : "")"
    }

    package static func < (left: LockName, right: LockName) -> Bool { left.description < right.description }
}

/// Who holds permits: a workflow, or one of its nodes.
package struct LockHolder: Hashable, Comparable, Sendable, CustomStringConvertible {
    package var workflow: ObjectKey
    /// The workflow's; a namesake that was created later is somebody else.
    package var uid: String
    /// Nil for the workflow itself.
    package var nodeID: String?

    package init(workflow: ObjectKey, uid: String, nodeID: String? = nil) {
        self.workflow = workflow
        self.uid = uid
        self.nodeID = nodeID
    }

    /// Argo's, version 2: `<namespace>/<workflow>`, or `<namespace>/<workflow>/<node id>`.
    package var description: String { nodeID.map { "\(workflow)/\($0)" } ?? "\(workflow)" }

    package static func < (left: LockHolder, right: LockHolder) -> Bool {
        (left.workflow, left.nodeID ?? "", left.uid) < (right.workflow, right.nodeID ?? "", right.uid)
    }
}

/// All the permits that a workflow or a node needs before it begins: it gets all of them or none.
package struct LockRequest: Hashable, Sendable {
    package var holder: LockHolder
    /// Each once, in the order of the spec.
    package var locks: [LockName]
    /// `spec.priority`; the higher goes first.
    package var priority: Int
    /// The workflow's creation; of equal priorities the older goes first.
    package var created: Timestamp

    package init(holder: LockHolder, locks: [LockName], priority: Int, created: Timestamp) {
        self.holder = holder
        self.locks = locks
        self.priority = priority
        self.created = created
    }
}

/// What became of a ``LockRequest``.
package enum LockAnswer: Hashable, Sendable {
    case granted
    /// Not now; the message is Argo's `Waiting for <lock> lock. Lock status: <available>/<limit>`.
    case waiting(on: LockName, message: String)
    /// Never, as far as this workflow is concerned.
    case failed(message: String)
}
