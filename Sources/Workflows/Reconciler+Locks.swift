import Kubernetes

// Semaphores and mutexes, of the workflow and of its nodes.

extension Reconciler {
    /// How a request for permits stands.
    private enum Permit {
        case granted
        /// Granted or asked for, but work may not begin in this look.
        case notYet
        case waiting(LockName, String)
        case failed(String)
    }

    /// - Returns: Whether the workflow may go on.
    mutating func acquireWorkflowLocks() -> Bool {
        let locks: [LockName]
        do throws(Halt) {
            var scope = Substitution(variables: globals, globals: givenGlobals)
            scope.now = now
            locks = try lockNames(in: specification.json["synchronization"], scope, field: "spec.synchronization")
        } catch {
            finish(.failed, message: "Failed to acquire the synchronization lock. \(error.message)")
            return false
        }
        guard !locks.isEmpty else { return true }
        if let shutdown, workflow.phase != .running {
            finish(.failed, message: "Stopped with strategy '\(shutdown)'")
            return false
        }
        switch permit(for: workflow.lockHolder(), locks) {
        case .granted: return true
        case .notYet:
            if workflow.phase == .unknown {
                workflow.phase = .pending
                Self.label(&workflow, .pending)
            }
            return false
        case .waiting(_, let message):
            if workflow.phase == .unknown {
                workflow.phase = .pending
                Self.label(&workflow, .pending)
            }
            if isNews(message, after: workflow.message) { workflow.message = message }
            return false
        case .failed(let message):
            finish(.failed, message: "Failed to acquire the synchronization lock. \(message)")
            return false
        }
    }

    /// Gets a node the permits that its template asks for.
    ///
    /// - Returns: Whether its work may go on.
    mutating func acquireLocks(
        _ id: String, _ template: WorkflowSpecification.Template, _ scope: Substitution, _ invocation: Invocation
    ) throws(Halt) -> Bool {
        guard let value = template.json["synchronization"], !value.isNull, let kind = template.kind else { return true }
        let locks = try lockNames(in: value, scope, field: "\(template.field).synchronization")
        guard !locks.isEmpty else { return true }
        func pend() {
            guard nodes[id] == nil else { return }
            let isRetried = template.json["retryStrategy"] != nil || specification.json["retryStrategy"] != nil
            initialize(
                invocation.nodeName, isRetried ? .retry : kind.nodeKind, .pending, call: invocation.call,
                base: invocation.base, boundary: invocation.boundary)
            flag(id, invocation)
            record(inputs: scope, of: template, id)
        }
        switch permit(for: workflow.lockHolder(nodeID: id), locks) {
        case .granted:
            if nodes[id]?.json["synchronizationStatus"] != nil {
                change(id) { node in
                    node.waitingLock = nil
                    node.message = nil
                }
            }
            return true
        case .notYet:
            pend()
            return false
        case .waiting(let lock, let message):
            pend()
            guard nodes[id]?.phase == .pending else { return false }
            let isNews = isNews(message, after: nodes[id]?.message)
            change(id) { node in
                node.waitingLock = lock.description
                if isNews { node.message = message }
            }
            return false
        case .failed(let message): throw Halt(message)
        }
    }

    /// Whether who waits is to be told; what it was told before differs perhaps only in how many permits are left.
    private func isNews(_ message: String, after old: String?) -> Bool {
        guard !settings.tellsPermitsLeft, let old, let place = message.firstRange(of: LockTable.statusWords) else {
            return true
        }
        return !old.hasPrefix(message[..<place.upperBound])
    }

    private func lockNames(
        in value: JSONValue?, _ scope: Substitution, field: String
    ) throws(Halt) -> [LockName] {
        guard let value, !value.isNull else { return [] }
        let filled = try fill(value, scope, field: field)
        do throws(SynchronizationError) {
            return try SynchronizationSpec.locks(
                in: filled, field: field, namespace: workflow.metadata.namespace ?? "",
                forms: settings.synchronizationForms)
        } catch {
            throw Halt(error.message)
        }
    }

    private mutating func permit(for holder: LockHolder, _ locks: [LockName]) -> Permit {
        guard let answer = observation.locks[holder] else {
            effects.append(
                .acquireLocks(
                    LockRequest(
                        holder: holder, locks: locks, priority: Int(specification.json["priority"]?.integer ?? 0),
                        created: workflow.metadata.creationTimestamp ?? now)))
            return .notYet
        }
        switch answer {
        case .granted:
            var status = workflow.synchronization
            status.holding(holder, locks)
            if status != workflow.synchronization { workflow.synchronization = status }
            guard settings.isWriteAhead else { return .granted }
            let recorded = observation.workflow.synchronization.heldKeys
            let isRecorded = locks.allSatisfy { lock in
                recorded.contains { $0.lock == lock.description && $0.holder == holder.description }
            }
            return isRecorded ? .granted : .notYet
        case .waiting(let lock, let message):
            var status = workflow.synchronization
            status.waiting(locks, heldBy: { _ in [] })
            if status != workflow.synchronization { workflow.synchronization = status }
            return .waiting(lock, message)
        case .failed(let message): return .failed(message)
        }
    }

    /// Gives back what belongs to work that is over.
    mutating func releaseLocks() {
        let recorded = workflow.synchronization
        guard !observation.locks.isEmpty || !recorded.isEmpty else { return }
        let held = SynchronizationStatus.holders(in: workflow).map(\.holder)
        // With write-ahead the end of the work stands in the status before its permits are somebody else's.
        let stored = settings.isWriteAhead ? observation.workflow : nil
        var status = recorded
        for holder in Set(held + observation.locks.keys).sorted() {
            guard holder.workflow == workflow.metadata.key, holder.uid == workflow.metadata.uid ?? "" else { continue }
            let isWorkflowOver = (stored?.phase ?? workflow.phase).isTerminal
            let node = holder.nodeID.flatMap { id in stored.map { $0.node(id) } ?? nodes[id] }
            guard isWorkflowOver || node?.phase.isTerminal == true else { continue }
            status.released(holder)
            effects.append(.releaseLocks(holder))
        }
        let released = Set(effects.compactMap { if case .releaseLocks(let holder) = $0 { holder } else { nil } })
        let isAnybodyWaiting = observation.locks.contains { holder, answer in
            if case .waiting = answer { !released.contains(holder) } else { false }
        }
        if !isAnybodyWaiting {
            status.released(
                workflow.lockHolder(nodeID: ""), noLongerWaitingFor: status.waitingKeys.compactMap(LockName.init))
        }
        if status != recorded { workflow.synchronization = status }
    }
}
