import Kubernetes

/// Quota admission's memory: what its informer has seen, what it wrote itself, and who waits.
///
/// Requests of one namespace are evaluated together, a batch at a time, so that inside one server they never conflict with
/// each other; they do with everyone else who writes the quota between the read of the cache and the compare-and-swap.
struct QuotaAdmission: Sendable {
    /// Initial try and three more (`resourcequota/controller.go`).
    static let retries = 3
    /// Quotas whose last own write is remembered.
    static let writtenLimit = 100
    /// Namespaces that are evaluated at the same time.
    static let workers = 5

    /// One request that waits to be evaluated.
    struct Waiter: Sendable {
        var ticket: RequestTicket
        var creation: PendingCreation
        var verdict: Verdict = .undecided
    }

    enum Verdict: Sendable {
        case undecided
        case admitted
        case refused(Status)

        var isUndecided: Bool { if case .undecided = self { true } else { false } }
    }

    /// The requests of one namespace under evaluation, and how far it is.
    struct Batch: Sendable {
        var waiters: [Waiter]
        var remainingRetries = QuotaAdmission.retries
        /// The changed quotas that are still to be swapped in, each with the version it was read at.
        var swaps: [JSONObject] = []
        var failed: Set<String> = []
        var lastFailure: Status?
    }

    /// Quotas as the informer has them, by key.
    var cache: [String: JSONObject] = [:]
    /// What was committed and not told to the informer yet.
    var undelivered: [ObjectTable.Change] = []
    /// How many of them the delivery in progress takes in; nil while none is.
    var delivering: Int?
    /// Own writes, the latest last.
    var written: [(key: String, quota: JSONObject)] = []
    var batches: [String: Batch] = [:]
    var queued: [String: [Waiter]] = [:]
    /// Namespaces that wait for a worker, first come first served.
    var line: [String] = []

    func hasQuotas(in namespace: String) -> Bool {
        let prefix = "\(namespace)/"
        return cache.keys.contains { $0.hasPrefix(prefix) } || written.contains { $0.key.hasPrefix(prefix) }
    }

    /// The quotas of a namespace by name: what the informer has or, if that is newer, what was written.
    mutating func quotas(in namespace: String) -> [JSONObject] {
        let prefix = "\(namespace)/"
        return cache.keys.filter { $0.hasPrefix(prefix) }.sorted().compactMap { key in
            guard let cached = cache[key] else { return nil }
            guard let index = written.firstIndex(where: { $0.key == key }) else { return cached }
            if Self.version(written[index].quota) > Self.version(cached) { return written[index].quota }
            written.remove(at: index)
            return cached
        }
    }

    mutating func remember(_ quota: JSONObject, key: String) {
        written.removeAll { $0.key == key }
        written.append((key, quota))
        if written.count > Self.writtenLimit { written.removeFirst() }
    }

    static func version(_ object: JSONObject) -> UInt64 {
        object["metadata", "resourceVersion"]?.string.flatMap { UInt64($0) } ?? 0
    }
}

extension ClusterStore {
    /// Tells the informer of a change of a quota, after the time that takes.
    mutating func quotaChanged(_ change: ObjectTable.Change) {
        quotaAdmission.undelivered.append(change)
        beginInformerDelivery()
    }

    private mutating func beginInformerDelivery() {
        guard quotaAdmission.delivering == nil, !quotaAdmission.undelivered.isEmpty else { return }
        // An informer reads whatever is in its channel when it gets the processor.
        quotaAdmission.delivering = quotaAdmission.undelivered.count
        let latency = configuration.serviceTimes.informerLatency
        if latency > .zero { timers.add(.informerWakes, at: now + latency) } else { informerWakes() }
    }

    mutating func informerWakes() {
        begin(.informerDelivery, cost: configuration.serviceTimes.informerDelivery)
    }

    mutating func finishInformerDelivery() {
        let count = quotaAdmission.delivering ?? 0
        for change in quotaAdmission.undelivered.prefix(count) { quotaAdmission.cache[change.key] = change.new }
        quotaAdmission.undelivered.removeFirst(count)
        quotaAdmission.delivering = nil
        beginInformerDelivery()
    }

    /// Lets a creation wait for the quotas of its namespace.
    mutating func enqueue(_ creation: PendingCreation, id: RequestTicket) {
        let namespace = creation.namespace
        waitingForQuota.insert(id)
        quotaAdmission.queued[namespace, default: []].append(.init(ticket: id, creation: creation))
        timers.add(.waiterTimeout(id), at: now + configuration.quotaTimings.waiterTimeout)
        if quotaAdmission.batches[namespace] == nil, !quotaAdmission.line.contains(namespace) {
            quotaAdmission.line.append(namespace)
        }
        evaluateQuotas()
    }

    /// Gives the next namespaces in line to free workers.
    private mutating func evaluateQuotas() {
        while quotaAdmission.batches.count < QuotaAdmission.workers, !quotaAdmission.line.isEmpty {
            let namespace = quotaAdmission.line.removeFirst()
            guard let waiters = quotaAdmission.queued.removeValue(forKey: namespace) else { continue }
            quotaAdmission.batches[namespace] = QuotaAdmission.Batch(waiters: waiters)
            check(namespace, quotaAdmission.quotas(in: namespace))
        }
    }

    /// Evaluates a batch against quotas as they were read, and starts to write those that change.
    private mutating func check(_ namespace: String, _ quotas: [JSONObject]) {
        guard var batch = quotaAdmission.batches[namespace] else { return }
        var running = quotas
        for index in batch.waiters.indices {
            let creation = batch.waiters[index].creation
            let demand = QuotaEvaluation.Demand(type: creation.type, object: creation.object, now: now)
            do throws(Refusal) {
                let charged = try QuotaEvaluation.admit(demand, by: running)
                if creation.isDryRun {
                    batch.waiters[index].verdict = .admitted
                } else {
                    batch.waiters[index].verdict = charged == running ? .admitted : .undecided
                    running = charged
                }
            } catch {
                batch.waiters[index].verdict = .refused(error.status)
            }
        }
        batch.swaps = zip(running, quotas).filter { $0 != $1 }.map(\.0)
        batch.failed = []
        quotaAdmission.batches[namespace] = batch
        beginSwap(namespace)
    }

    private mutating func beginSwap(_ namespace: String) {
        guard let batch = quotaAdmission.batches[namespace] else { return }
        if batch.swaps.isEmpty {
            finishRound(namespace)
        } else {
            let times = configuration.serviceTimes
            begin(.quotaSwap(namespace: namespace), cost: times.write + times.storage)
        }
    }

    /// The compare-and-swap of one quota's status, as a PUT of the server to itself.
    mutating func swapQuota(namespace: String) {
        guard let quota = quotaAdmission.batches[namespace]?.swaps.first else { return }
        if hasWebhooks {
            let key = ObjectKey(namespace: namespace, name: quota["metadata", "name"]?.string ?? "")
            // A write that is too late already is refused before any webhook hears of it.
            if let current = object(.resourceQuotas, key), let type = type(of: .resourceQuotas),
                QuotaAdmission.version(current) == QuotaAdmission.version(quota)
            {
                let subject = AdmissionSubject(
                    operation: .update, type: type, subresource: "status", namespace: namespace, name: key.name,
                    object: quota, oldObject: current, isDryRun: false, user: Self.ownUser)
                if awaitsWebhooks(about: [subject], .quotaSwap(namespace: namespace)) { return }
            }
        }
        finishSwap(namespace: namespace)
    }

    /// - Parameter refusal: What a webhook has against the write. Any failure counts as a lost attempt.
    mutating func finishSwap(namespace: String, refusal: Status? = nil) {
        guard var batch = quotaAdmission.batches[namespace], !batch.swaps.isEmpty else { return }
        let quota = batch.swaps.removeFirst()
        let name = quota["metadata", "name"]?.string ?? ""
        let key = ObjectTable.key(namespace: namespace, name: name)
        let table = APIResource.resourceQuotas.qualifiedName
        if let refusal {
            batch.failed.insert(name)
            batch.lastFailure = refusal
        } else if let current = tables[table]?[key] {
            if QuotaAdmission.version(current) == QuotaAdmission.version(quota) {
                var next = current
                next["status", "used"] = quota["status", "used"]
                quotaAdmission.remember(commit(next, table: table, key: key), key: key)
            } else {
                batch.failed.insert(name)
                batch.lastFailure = .conflict(.resourceQuotas, name: name)
            }
        } else {
            batch.failed.insert(name)
            batch.lastFailure = .notFound(.resourceQuotas, name: name)
        }
        quotaAdmission.batches[namespace] = batch
        beginSwap(namespace)
    }

    /// All writes of a round are done: it is over, or the quotas that failed are read from the cache again.
    private mutating func finishRound(_ namespace: String) {
        guard var batch = quotaAdmission.batches[namespace] else { return }
        if !batch.failed.isEmpty, batch.remainingRetries > 0 {
            batch.remainingRetries -= 1
            let failed = batch.failed
            quotaAdmission.batches[namespace] = batch
            // Not live: if the informer has not caught up, this try is lost already.
            let quotas = quotaAdmission.quotas(in: namespace).filter {
                failed.contains($0["metadata", "name"]?.string ?? "")
            }
            check(namespace, quotas)
            return
        }
        let failure = batch.failed.isEmpty ? nil : batch.lastFailure
        quotaAdmission.batches[namespace] = nil
        if quotaAdmission.queued[namespace] != nil { quotaAdmission.line.append(namespace) }
        for waiter in batch.waiters { conclude(waiter, failure: failure) }
        evaluateQuotas()
    }

    private mutating func conclude(_ waiter: QuotaAdmission.Waiter, failure: Status?) {
        guard waitingForQuota.remove(waiter.ticket) != nil else { return }
        let verdict: QuotaAdmission.Verdict =
            waiter.verdict.isUndecided ? failure.map { .refused($0) } ?? .admitted : waiter.verdict
        switch verdict {
        case .refused(let status): outbox.append(.respond(waiter.ticket, ServerResponse(status)))
        case .admitted, .undecided:
            begin(.creation(waiter.ticket, waiter.creation), cost: configuration.serviceTimes.storage)
        }
    }

    /// The client is told that the evaluation timed out; the evaluation itself goes on, and may still charge the quota.
    mutating func quotaWaiterTimedOut(_ id: RequestTicket) {
        guard waitingForQuota.remove(id) != nil else { return }
        outbox.append(.respond(id, ServerResponse(.internalError("resource quota evaluation timed out"))))
    }
}
