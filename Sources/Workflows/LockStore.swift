package import Kubernetes

/// Where it is recorded who holds permits, so that it outlives the controller.
///
/// Who is served next is the ``LockTable``'s to decide; a store records it, and refuses where somebody else who
/// records there was faster.
package protocol LockStore: Sendable {
    /// How often permits are to be renewed; nil where they last until they are given back.
    var renewalInterval: Duration? { get }

    /// Records one permit of each lock for a holder, or none. What the holder has already stays as it is.
    ///
    /// - Parameter limits: Of each of the locks.
    /// - Throws: ``CallFailed``, ``LockStoreError``, `CancellationError`; nothing that was recorded is left behind, as
    ///   far as it is known.
    func acquire(
        _ locks: [LockName], for holder: LockHolder, limits: [LockName: Int]
    ) async throws -> LockStoreAnswer

    /// Gives permits back; those that the holder does not have are no failure.
    func release(_ locks: [LockName], of holder: LockHolder) async throws

    /// Renews permits.
    ///
    /// - Returns: Those that the holder has no more.
    func renew(_ locks: [LockName], of holder: LockHolder) async throws -> [LockName]

    /// The permits that workflows and their nodes have, sorted by workflow and holder.
    func permits(of workflows: [Workflow]) async throws -> [LockPermits]
}

/// What became of a try to record permits.
package enum LockStoreAnswer: Hashable, Sendable {
    case recorded
    /// So many permits of a lock are taken, by others than this controller knows of perhaps.
    case occupied(LockName, holders: Int)
}

/// The permits of one holder.
package struct LockPermits: Hashable, Sendable {
    package var holder: LockHolder
    package var locks: [LockName]

    package init(holder: LockHolder, locks: [LockName]) {
        self.holder = holder
        self.locks = locks
    }
}

/// A store without an API server failed, for now.
package struct LockStoreError: Error, Hashable, Sendable, CustomStringConvertible {
    package var message: String

    package init(_ message: String) { self.message = message }

    package var description: String { message }
}

/// Permits in the status of the workflows that hold them, as in Argo: they are recorded by the write of that status,
/// and so the store itself has nothing to do but to read them.
package struct WorkflowStatusLockStore: LockStore {
    package init() {}

    package var renewalInterval: Duration? { nil }

    package func acquire(
        _ locks: [LockName], for holder: LockHolder, limits: [LockName: Int]
    ) async throws -> LockStoreAnswer { .recorded }

    package func release(_ locks: [LockName], of holder: LockHolder) async throws {}

    package func renew(_ locks: [LockName], of holder: LockHolder) async throws -> [LockName] { [] }

    package func permits(of workflows: [Workflow]) async throws -> [LockPermits] {
        workflows.flatMap { workflow in
            SynchronizationStatus.holders(in: workflow).map { LockPermits(holder: $0.holder, locks: $0.locks) }
        }
    }
}

extension LockHolder {
    /// What a permit is recorded under: the holder's key, and the uid that tells namesakes apart.
    package var permitKey: String { "\(self)#\(uid)" }

    /// Reads what ``permitKey`` prints.
    package init?(permitKey: String) {
        let parts = permitKey.split(separator: "#", maxSplits: 1, omittingEmptySubsequences: false)
        guard parts.count == 2 else { return nil }
        let key = parts[0].split(separator: "/", omittingEmptySubsequences: false).map(String.init)
        guard (2...3).contains(key.count) else { return nil }
        self.init(
            workflow: ObjectKey(namespace: key[0], name: key[1]), uid: String(parts[1]),
            nodeID: key.count == 3 ? key[2] : nil)
    }
}
