package import Kubernetes

extension ClusterStore {
    /// From a server's start until its caches of custom resources are filled.
    static let initialization = Duration.milliseconds(100)
    /// Until a built-in controller that does not reach the server tries again.
    private static let controllerPatience = Duration.milliseconds(100)

    /// The server dies: what it had in memory is lost, watches and whatever was under way, and what the storage has is
    /// kept. Until ``start(now:)`` nobody is served, the built-in controllers neither.
    package mutating func stop(now: Timestamp) -> [Action] {
        advance(to: now)
        isDown = true
        inService = [:]
        waitingReads = [:]
        watchers = [:]
        waitingForQuota = []
        quotaAdmission = QuotaAdmission()
        webhookAdmission.reviews = [:]
        webhookAdmission.asked = [:]
        webhookAdmission.calls = []
        station.removeAll(now: now)
        return takeActions()
    }

    /// The server is there again, with caches as of now: a watch from before is answered with 410, and for a moment
    /// custom resources are not to be read at all.
    package mutating func start(now: Timestamp) -> [Action] {
        advance(to: now)
        isDown = false
        forgetHistory()
        let quotas = tables[APIResource.resourceQuotas.qualifiedName]
        for key in quotas?.keys ?? [] { quotaAdmission.cache[key] = quotas?[key] }
        initializedAt = self.now + Self.initialization
        recountQuotas()
        return takeActions()
    }

    /// Whether the server has just been started, and cannot serve everything yet.
    package func isInitializing(at now: Timestamp) -> Bool { initializedAt.map { now < $0 } ?? false }

    /// Reads of custom resources find no cache yet.
    func checkCaches(_ request: ServerRequest, _ type: ResourceType) throws(Refusal) {
        guard let initializedAt, now < initializedAt, type.kind == .custom, request.verb.isRead else { return }
        throw Refusal(
            Status(
                code: 429, reason: Status.Reason.tooManyRequests, message: "storage is (re)initializing",
                details: ["retryAfterSeconds": 1]))
    }

    /// Begins all tables anew, as they stand.
    mutating func forgetHistory() {
        for name in tables.keys {
            var table = ObjectTable(historyLimit: configuration.watchHistoryLimit, floor: revision)
            for key in tables[name]?.keys ?? [] { table.adopt(tables[name]?[key], at: key) }
            tables[name] = table
        }
    }

    /// Puts off what a controller would do, while there is no server to do it on.
    ///
    /// - Returns: Whether it is put off.
    mutating func postpone(_ alarm: Alarm) -> Bool {
        guard isDown, alarm.isOfController else { return false }
        timers.add(alarm, at: now + Self.controllerPatience)
        return true
    }

    /// The answer of a server that does not serve.
    static let unavailable = ServerResponse(
        Status(code: 503, reason: Status.Reason.serviceUnavailable, message: "apiserver is shutting down"))
}

extension ClusterStore.Alarm {
    fileprivate var isOfController: Bool {
        switch self {
        case .quotaRecount, .quotaResync, .collectGarbage, .emptyNamespace, .establish: true
        case .waiterTimeout, .futureRead, .watchEnd, .watchBookmark, .informerWakes: false
        }
    }
}
