package import Kubernetes

/// Who holds which locks and who waits for them: decides on every request, without waiting or talking to anybody.
///
/// Requests stand in line at each of their locks: the higher priority first, then the older workflow, then by name. The
/// order is the same at every lock, so whoever is first of all is first everywhere, and as a request gets all its locks
/// or none, nobody waits for one who waits. Only the first in line, and the other nodes of its workflow (Argo's rule),
/// are served: who is passed over once would be passed over for as long as smaller requests keep coming.
package struct LockTable: Sendable {
    private struct Lock {
        /// Nil until it is known.
        var limit: Int?
        var holders: Set<LockHolder> = []
        /// First come those that are to be served first.
        var waiters: [LockRequest] = []
        /// Why nobody is given this lock any more.
        var poison: String?

        /// Permits left; negative where the limit was lowered below the number of holders.
        var available: Int { (limit ?? 0) - holders.count }
    }

    /// What came of a request, and which workflows could take what is left.
    package struct Decision: Hashable, Sendable {
        package var answer: LockAnswer
        /// The locks that were taken now; those that the holder had already are not among them.
        package var taken: [LockName] = []
        package var wake: [ObjectKey] = []
    }

    /// A lock in figures.
    package struct Count: Hashable, Sendable {
        package var lock: LockName
        package var limit: Int?
        package var holders: Int
        package var waiters: Int
    }

    private var locks: [LockName: Lock] = [:]
    private var held: [LockHolder: [LockName]] = [:]
    private var waiting: [LockHolder: LockRequest] = [:]
    /// Whether of those who could take what is left of a lock only the first is told. It is the first alone who is
    /// served, and then the next is told; who is told sooner comes in vain, and comes again.
    private let wakesInTurn: Bool

    package init(wakesInTurn: Bool = false) { self.wakesInTurn = wakesInTurn }

    package func limit(of lock: LockName) -> Int? { locks[lock]?.limit }

    package func poison(of lock: LockName) -> String? { locks[lock]?.poison }

    /// The holders of a lock, sorted.
    package func holders(of lock: LockName) -> [LockHolder] { locks[lock]?.holders.sorted() ?? [] }

    /// Those in line for a lock, the first first.
    package func waiters(for lock: LockName) -> [LockRequest] { locks[lock]?.waiters ?? [] }

    /// What a holder holds.
    package func locks(heldBy holder: LockHolder) -> [LockName] { held[holder] ?? [] }

    /// Everybody who holds something, sorted.
    package var holders: [LockHolder] { held.keys.sorted() }

    package func isWaiting(_ holder: LockHolder) -> Bool { waiting[holder] != nil }

    /// Everybody who waits, sorted.
    package var waiters: [LockHolder] { waiting.keys.sorted() }

    /// Every lock there has been, sorted.
    package var counts: [Count] {
        locks.keys.sorted().map { name in
            let lock = locks[name] ?? Lock()
            return Count(lock: name, limit: lock.limit, holders: lock.holders.count, waiters: lock.waiters.count)
        }
    }
}

// MARK: - Events

extension LockTable {
    /// A lock's limit was read. A lower one takes nothing from anybody; until enough was given back nobody is served.
    ///
    /// - Returns: The workflows to look at again.
    package mutating func limitKnown(_ limit: Int, of lock: LockName) -> [ObjectKey] {
        let old = locks[lock]?.limit
        locks[lock, default: Lock()].limit = limit
        return limit > old ?? 0 ? available(at: [lock]) : []
    }

    /// Somebody asks for locks, or asks again.
    package mutating func requested(_ request: LockRequest) -> Decision {
        var request = request
        let own = held[request.holder] ?? []
        request.locks.removeAll(where: own.contains)
        let left = (waiting[request.holder]?.locks ?? []).filter { !request.locks.contains($0) }
        leaveLine(request.holder)
        guard !request.locks.isEmpty else { return Decision(answer: .granted, wake: available(at: left)) }
        standInLine(request)
        if let (lock, message) = obstacle(to: request) {
            let wake = overdue(before: request) + available(at: left)
            return Decision(answer: .waiting(on: lock, message: message), wake: wake)
        }
        leaveLine(request.holder)
        for lock in request.locks { locks[lock, default: Lock()].holders.insert(request.holder) }
        held[request.holder] = own + request.locks
        return Decision(answer: .granted, taken: request.locks, wake: available(at: request.locks + left))
    }

    /// Somebody asks for locks who can't be given any yet.
    package mutating func stoodInLine(_ request: LockRequest) {
        var request = request
        request.locks.removeAll(where: (held[request.holder] ?? []).contains)
        leaveLine(request.holder)
        if !request.locks.isEmpty { standInLine(request) }
    }

    /// What was granted could not be recorded: the holder stands in line again, in its old place.
    ///
    /// - Returns: Other workflows to look at again, that came before it meanwhile.
    package mutating func withdrawn(_ request: LockRequest, taken: [LockName]) -> [ObjectKey] {
        guard let own = held[request.holder] else { return [] }
        let rest = own.filter { !taken.contains($0) }
        held[request.holder] = rest.isEmpty ? nil : rest
        for lock in taken { locks[lock]?.holders.remove(request.holder) }
        var request = request
        request.locks = taken
        standInLine(request)
        return available(at: taken).filter { $0 != request.holder.workflow }
    }

    /// A holder gives everything back, and wants nothing any more.
    ///
    /// - Returns: The workflows to look at again.
    package mutating func released(_ holder: LockHolder) -> [ObjectKey] {
        let waited = waiting[holder]?.locks ?? []
        leaveLine(holder)
        let locks = held.removeValue(forKey: holder) ?? []
        for lock in locks { self.locks[lock]?.holders.remove(holder) }
        return available(at: locks + waited)
    }

    /// A workflow is no more.
    ///
    /// - Parameter uid: The one that is gone; a namesake keeps what it has.
    /// - Returns: What it held, and the workflows to look at again.
    package mutating func workflowGone(
        _ workflow: ObjectKey, uid: String
    ) -> (held: [(holder: LockHolder, locks: [LockName])], wake: [ObjectKey]) {
        func isGone(_ holder: LockHolder) -> Bool { holder.workflow == workflow && holder.uid == uid }
        let gone = Set(held.keys.filter(isGone)).union(waiting.keys.filter(isGone)).sorted()
        var lost: [(LockHolder, [LockName])] = []
        var wake: [ObjectKey] = []
        for holder in gone {
            if let locks = held[holder] { lost.append((holder, locks)) }
            for workflow in released(holder) where !wake.contains(workflow) { wake.append(workflow) }
        }
        wake.removeAll { $0 == workflow }
        return (lost, wake)
    }

    /// A workflow is over: neither it nor its nodes wait for anything any more.
    ///
    /// - Parameter uid: The one that is over; a namesake stays where it is.
    /// - Returns: The workflows to look at again.
    package mutating func leftLine(_ workflow: ObjectKey, uid: String) -> [ObjectKey] {
        var left: [LockName] = []
        for holder in waiting.keys.filter({ $0.workflow == workflow && $0.uid == uid }).sorted() {
            left += waiting[holder]?.locks ?? []
            leaveLine(holder)
        }
        return available(at: left)
    }

    /// Somebody is known to hold locks since before this table was; the limits are not asked.
    package mutating func reestablished(_ holder: LockHolder, _ names: [LockName]) {
        var own = held[holder] ?? []
        for name in names where !own.contains(name) {
            own.append(name)
            locks[name, default: Lock()].holders.insert(holder)
        }
        if !own.isEmpty { held[holder] = own }
    }

    /// Nobody is given this lock any more.
    package mutating func poisoned(_ lock: LockName, because reason: String) {
        locks[lock, default: Lock()].poison = reason
    }
}

// MARK: - The line

extension LockTable {
    private static func precedes(_ left: LockRequest, _ right: LockRequest) -> Bool {
        if left.priority != right.priority { return left.priority > right.priority }
        return (left.created, left.holder) < (right.created, right.holder)
    }

    private mutating func standInLine(_ request: LockRequest) {
        waiting[request.holder] = request
        for name in request.locks {
            let place = place(of: request, at: name)
            locks[name, default: Lock()].waiters.insert(request, at: place)
        }
    }

    /// Where a request stands in line, or would stand.
    private func place(of request: LockRequest, at name: LockName) -> Int {
        let waiters = locks[name]?.waiters ?? []
        var (low, high) = (0, waiters.count)
        while low < high {
            let middle = (low + high) / 2
            if Self.precedes(waiters[middle], request) { low = middle + 1 } else { high = middle }
        }
        return low
    }

    private mutating func leaveLine(_ holder: LockHolder) {
        guard let request = waiting.removeValue(forKey: holder) else { return }
        for name in request.locks {
            let place = place(of: request, at: name)
            if waiters(for: name).dropFirst(place).first?.holder == holder {
                locks[name]?.waiters.remove(at: place)
            } else {
                locks[name]?.waiters.removeAll { $0.holder == holder }
            }
        }
    }

    /// The first lock that a request in line can't have now, and Argo's words for it.
    private func obstacle(to request: LockRequest) -> (LockName, String)? {
        for name in request.locks {
            let lock = locks[name] ?? Lock()
            if let reason = lock.poison {
                return (name, "lock \(name) is in a poisoned state: \(reason); manual intervention required")
            }
            guard let limit = lock.limit else { return (name, "Failed to get semaphore limit for \(name)") }
            let isFirst = lock.waiters.first.map { Self.isSameWorkflow($0.holder, request.holder) } ?? true
            guard isFirst, lock.available > 0 else {
                return (name, Self.waitingMessage(for: name, available: lock.available, limit: limit))
            }
        }
        return nil
    }

    package static func waitingMessage(for lock: LockName, available: Int, limit: Int) -> String {
        "Waiting for \(lock) lock. \(statusWords)\(available)/\(limit)"
    }

    /// What the permits left stand behind.
    static let statusWords = "Lock status: "

    private static func isSameWorkflow(_ left: LockHolder, _ right: LockHolder) -> Bool {
        left.workflow == right.workflow && left.uid == right.uid
    }

    /// Those who stand before a request in line, could be served, and have not asked since.
    private func overdue(before request: LockRequest) -> [ObjectKey] {
        var wake: [ObjectKey] = []
        for name in request.locks {
            guard let first = locks[name]?.waiters.first, !Self.isSameWorkflow(first.holder, request.holder),
                !wake.contains(first.holder.workflow), obstacle(to: first) == nil
            else { continue }
            wake.append(first.holder.workflow)
        }
        return wake
    }

    /// The workflows that could take what is left of locks: one a permit, or the first.
    package func available(at names: [LockName]) -> [ObjectKey] {
        var wake: [ObjectKey] = []
        for name in Set(names).sorted() {
            guard let lock = locks[name], lock.poison == nil else { continue }
            var rest = lock.available
            var blocked: LockHolder?
            for waiter in lock.waiters {
                guard rest > 0 else { break }
                // Nobody overtakes one who waits for another lock as well, but for the nodes of the same workflow.
                if let blocked, !Self.isSameWorkflow(blocked, waiter.holder) { break }
                guard waiter.locks.allSatisfy({ (locks[$0]?.available ?? 0) > 0 }) else {
                    blocked = waiter.holder
                    continue
                }
                rest -= 1
                if !wake.contains(waiter.holder.workflow) { wake.append(waiter.holder.workflow) }
                if wakesInTurn { break }
            }
        }
        return wake
    }
}
