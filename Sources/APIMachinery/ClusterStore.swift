import Determinism
package import Kubernetes

/// Everything that an API server decides, as one value: each thing that happens gives the actions to perform.
///
/// It has no clock and no source of chance but its seed, so that the same happenings at the same moments give the same
/// answers, in the simulated world and behind sockets. Times given to it never go back.
package struct ClusterStore: Sendable {
    package let configuration: Configuration

    /// The time of what is being decided.
    var now: Timestamp
    /// The resourceVersion of the last change, of whatever resource.
    var revision: UInt64 = 100
    var tables: [String: ObjectTable] = [:]
    /// By group, version and name.
    var types: [TypeKey: ResourceType] = [:]
    var watchers: [String: [Watcher]] = [:]
    var outbox: [Action] = []

    var station: ServiceStation<Work>
    var timers = TimerQueue<Alarm>()
    /// Requests whose work is not done yet.
    var inService: [RequestTicket: ServerRequest] = [:]
    /// Reads that wait for a resourceVersion that is still to come.
    var waitingReads: [RequestTicket: (request: ServerRequest, version: UInt64)] = [:]
    var quotaAdmission = QuotaAdmission()
    /// Requests that quota admission has neither admitted nor refused, and that have not timed out.
    var waitingForQuota: Set<RequestTicket> = []
    var quotaController = QuotaController()
    var garbage = GarbageCollection()
    var webhookAdmission: WebhookAdmission

    /// Whether the server is stopped.
    var isDown = false
    /// When the caches are filled, after a restart.
    var initializedAt: Timestamp?

    var nameGenerator: SplitMix64
    var workGenerator: SplitMix64
    var watchGenerator: SplitMix64

    struct TypeKey: Hashable, Comparable {
        var group: String
        var version: String
        var name: String

        static func < (left: TypeKey, right: TypeKey) -> Bool {
            (left.group, left.version, left.name) < (right.group, right.version, right.name)
        }
    }

    /// What takes the server's processor time.
    enum Work: Sendable {
        case request(RequestTicket)
        /// A round of the storage for an update or deletion, which read the object at a version.
        case round(RequestTicket, read: JSONValue?)
        /// The round of the storage that creates an object.
        case creation(RequestTicket, PendingCreation)
        /// The compare-and-swap of a quota's status by admission.
        case quotaSwap(namespace: String)
        /// The admission's informer takes in what was committed when it began.
        case informerDelivery
        /// The compare-and-swap of a quota's status by the quota controller.
        case quotaRecount(ObjectKey, observed: JSONObject)
    }

    /// What is due at a time.
    enum Alarm: Sendable {
        case waiterTimeout(RequestTicket)
        case futureRead(RequestTicket)
        case watchEnd(RequestTicket)
        case watchBookmark(RequestTicket)
        case informerWakes
        case quotaRecount(ObjectKey)
        case quotaResync
        case collectGarbage
        case emptyNamespace(String)
        case establish(String)
    }

    package init(configuration: Configuration = Configuration(), now: Timestamp) {
        self.configuration = configuration
        self.now = now
        station = ServiceStation(now: now)
        let streams = RandomStreams(seed: configuration.seed)
        nameGenerator = streams.stream("store", "names")
        workGenerator = streams.stream("store", "work")
        watchGenerator = streams.stream("store", "watches")
        webhookAdmission = WebhookAdmission(uids: streams.stream("store", "reviews"))
        for type in ResourceType.builtIn { serve(type) }
        bootstrap()
        outbox = []
    }

    /// Takes a request. Its answer comes now or, if it takes service time or waits for a quota, with a later call.
    ///
    /// A `connect` (exec, attach, portforward) and a read of `pods/log` are answered with the pod itself where they are
    /// in order, and with the Status that a kube-apiserver gives before it dials the node where they are not.
    package mutating func receive(_ request: ServerRequest, id: RequestTicket, now: Timestamp) -> [Action] {
        advance(to: now)
        if isDown {
            outbox.append(.respond(id, Self.unavailable))
        } else if request.verb == .watch {
            openWatch(request, id: id)
        } else {
            inService[id] = request
            begin(.request(id), cost: request.verb.isWrite ? configuration.serviceTimes.write : readTime)
        }
        return takeActions()
    }

    /// The client has left: its watch is closed, or its answer is no longer wanted. What was begun is not undone.
    package mutating func closeWatch(_ id: RequestTicket, now: Timestamp) -> [Action] {
        advance(to: now)
        for table in watchers.keys.sorted() { watchers[table]?.removeAll { $0.ticket == id } }
        waitingReads[id] = nil
        return takeActions()
    }

    /// Does what is due; to be called when ``nextDeadline`` is reached, and harmless at any other time.
    package mutating func timePassed(now: Timestamp) -> [Action] {
        advance(to: now)
        return takeActions()
    }

    /// Changes how much of the processor there is, for what is under way and what is to come: 1 is all of it, and at 0.2
    /// everything takes five times as long as its service time.
    package mutating func setCapacity(_ factor: Double, now: Timestamp) -> [Action] {
        advance(to: now)
        station.setSpeed(factor, now: now)
        return takeActions()
    }

    /// When something will be due, if nothing else happens before.
    package var nextDeadline: Timestamp? {
        switch (timers.nextDue, station.nextCompletion) {
        case (let left?, let right?): min(left, right)
        case (let left, let right): left ?? right
        }
    }

    /// What discovery lists: sorted by group, version and name, the core group first.
    package var servedResources: [ServedResource] {
        types.keys.sorted().compactMap { types[$0]?.served }
    }

    private var readTime: Duration { configuration.serviceTimes.read }

    mutating func takeActions() -> [Action] {
        defer { outbox = [] }
        return outbox
    }
}

extension ClusterStore {
    /// Does everything that was due before `now`, each at its own time, however late the call.
    mutating func advance(to now: Timestamp) {
        while let due = nextDeadline, due <= now {
            self.now = max(self.now, due)
            if let completion = station.nextCompletion, completion <= (timers.nextDue ?? completion) {
                if let work = station.completed(now: self.now) { perform(work) }
            } else if let alarm = timers.popDue(now: self.now) {
                ring(alarm)
            }
        }
        self.now = max(self.now, now)
    }

    /// Gives work to the processor; work that costs nothing is done at once.
    mutating func begin(_ work: Work, cost: Duration) {
        guard cost > .zero else {
            perform(work)
            return
        }
        station.begin(work, cost: Double(cost.microseconds) * workGenerator.exponential(), now: now)
    }

    private mutating func perform(_ work: Work) {
        switch work {
        case .request(let id): beginStorage(id)
        case .round(let id, let read): finishRound(id, read: read)
        case .creation(let id, let creation): finishCreation(creation, id: id)
        case .quotaSwap(let namespace): swapQuota(namespace: namespace)
        case .informerDelivery: finishInformerDelivery()
        case .quotaRecount(let key, let observed): finishRecount(key, observed: observed)
        }
    }

    private mutating func ring(_ alarm: Alarm) {
        if postpone(alarm) { return }
        switch alarm {
        case .waiterTimeout(let id): quotaWaiterTimedOut(id)
        case .futureRead(let id): giveUpFutureRead(id)
        case .watchEnd(let id): endWatch(id)
        case .watchBookmark(let id): bookmark(id)
        case .informerWakes: informerWakes()
        case .quotaRecount(let key): beginRecount(key)
        case .quotaResync: resyncQuotas()
        case .collectGarbage: collectGarbage()
        case .emptyNamespace(let name): emptyNamespace(name)
        case .establish(let name): establishDefinition(name)
        }
    }

    /// Sends an update or a deletion to the storage; everything else is answered, or waits, without.
    private mutating func beginStorage(_ id: RequestTicket) {
        guard let request = inService[id] else { return }
        switch request.verb {
        case .update, .patch, .delete:
            begin(.round(id, read: storedVersion(request)), cost: configuration.serviceTimes.storage)
        case .get, .list, .watch, .create, .deleteCollection, .connect:
            inService[id] = nil
            answer(request, id: id)
        }
    }

    /// A write that names no version begins anew where the object changed since it was read
    /// (`GuaranteedUpdate` of `k8s.io/apiserver/pkg/storage`); one that does is refused by its own rules.
    private mutating func finishRound(_ id: RequestTicket, read: JSONValue?) {
        guard let request = inService[id] else { return }
        let current = storedVersion(request)
        let namesVersion = request.body?.object?["metadata", "resourceVersion"] != nil
        if current != read, !namesVersion {
            begin(.round(id, read: current), cost: configuration.serviceTimes.storage)
            return
        }
        inService[id] = nil
        answer(request, id: id)
    }

    private func storedVersion(_ request: ServerRequest) -> JSONValue? {
        guard let type = type(request.group, request.version, request.resource) else { return nil }
        return tables[type.table]?[key(request, type)]?["metadata", "resourceVersion"]
    }

    func type(_ group: String, _ version: String, _ name: String) -> ResourceType? {
        types[TypeKey(group: group, version: version, name: name)]
    }

    func type(of resource: APIResource) -> ResourceType? { type(resource.group, resource.version, resource.name) }

    mutating func serve(_ type: ResourceType) {
        let resource = type.resource
        types[TypeKey(group: resource.group, version: resource.version, name: resource.name)] = type
        if tables[type.table] == nil {
            tables[type.table] = ObjectTable(historyLimit: configuration.watchHistoryLimit, floor: revision)
        }
    }

    func object(_ resource: APIResource, _ key: ObjectKey) -> JSONObject? {
        tables[resource.qualifiedName]?[ObjectTable.key(namespace: key.namespace, name: key.name)]
    }
}
