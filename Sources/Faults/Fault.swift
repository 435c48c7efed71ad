/// What goes wrong.
///
/// Each kind is one small value with its parameters, in a file of its own under `Kinds`, where it also says what is wrong
/// with them and what there is to know about it: ``FaultPage``.
package enum Fault: Hashable, Sendable {
    // Connections.
    case refuse(Refusal)
    case reset(Reset)
    case blackHole(BlackHole)
    case halfOpen(HalfOpen)
    case latency(Latency)
    case bandwidth(Bandwidth)
    case truncate(Truncation)
    case tlsFailure(TLSFailure)
    case goAway(GoAway)
    case streamReset(StreamReset)
    case unresolved(NameFailure)

    // Answers and writes.
    case status(ForgedStatus)
    case applyTwice(DoubleApplication)
    case interlope(Interloper)

    // Watches.
    case cutWatch(WatchCut)
    case expireWatch(WatchExpiry)
    case stallWatch(WatchStall)
    case withholdBookmarks(BookmarkLoss)
    case duplicateEvents(EventDuplication)
    case compactEvents(EventCompaction)

    // Views.
    case staleView(StaleView)
    case unobserved(UnobservedState)

    // Commands in containers.
    case dropExecStatus(LostExecStatus)

    // The cluster.
    case quotaConflict(QuotaChurn)
    case quotaExhaustion(QuotaExhaustion)
    case stealLease(LeaseTheft)
    case evictPod(Eviction)
    case killPod(PodKill)
    case nodeNotReady(NodeLoss)
    case serverRestart(ServerRestart)
    case capacity(Capacity)

    // The subject itself.
    case crash(Crash)

    /// The key under which a rule names the fault.
    package enum Kind: String, Hashable, Sendable, Codable, CaseIterable {
        case refuse, reset, blackHole, halfOpen, latency, bandwidth, truncate, tlsFailure, goAway, streamReset
        case unresolved
        case status, applyTwice, interlope
        case cutWatch, expireWatch, stallWatch, withholdBookmarks, duplicateEvents, compactEvents
        case staleView, unobserved
        case dropExecStatus
        case quotaConflict, quotaExhaustion, stealLease, evictPod, killPod, nodeNotReady, serverRestart, capacity
        case crash
    }

    /// Who could be to blame for the fault outside a test.
    package enum Validity: String, Hashable, Sendable, Codable, CaseIterable {
        /// A correct API server on a correct network may do this.
        case conformant
        /// A server may do this when it is overloaded or half broken.
        case degraded
        /// Only a bug does this.
        case byzantine
    }

    /// Where a fault is carried out.
    package enum Realm: String, Hashable, Sendable, Codable, CaseIterable {
        /// On the way of requests, one by one, or of all of a kind.
        case path
        /// On the cluster, beside the fault path.
        case cluster
        /// On the subject, which dies.
        case subject
    }
}

extension Fault {
    /// The fault's own value.
    package var parameters: any FaultParameters {
        switch self {
        case .refuse(let value): value
        case .reset(let value): value
        case .blackHole(let value): value
        case .halfOpen(let value): value
        case .latency(let value): value
        case .bandwidth(let value): value
        case .truncate(let value): value
        case .tlsFailure(let value): value
        case .goAway(let value): value
        case .streamReset(let value): value
        case .unresolved(let value): value
        case .status(let value): value
        case .applyTwice(let value): value
        case .interlope(let value): value
        case .cutWatch(let value): value
        case .expireWatch(let value): value
        case .stallWatch(let value): value
        case .withholdBookmarks(let value): value
        case .duplicateEvents(let value): value
        case .compactEvents(let value): value
        case .staleView(let value): value
        case .unobserved(let value): value
        case .dropExecStatus(let value): value
        case .quotaConflict(let value): value
        case .quotaExhaustion(let value): value
        case .stealLease(let value): value
        case .evictPod(let value): value
        case .killPod(let value): value
        case .nodeNotReady(let value): value
        case .serverRestart(let value): value
        case .capacity(let value): value
        case .crash(let value): value
        }
    }

    package var kind: Kind { type(of: parameters).kind }
}

extension Fault.Kind {
    /// The type of the kind's value.
    package var parameters: any FaultParameters.Type {
        switch self {
        case .refuse: Fault.Refusal.self
        case .reset: Fault.Reset.self
        case .blackHole: Fault.BlackHole.self
        case .halfOpen: Fault.HalfOpen.self
        case .latency: Fault.Latency.self
        case .bandwidth: Fault.Bandwidth.self
        case .truncate: Fault.Truncation.self
        case .tlsFailure: Fault.TLSFailure.self
        case .goAway: Fault.GoAway.self
        case .streamReset: Fault.StreamReset.self
        case .unresolved: Fault.NameFailure.self
        case .status: Fault.ForgedStatus.self
        case .applyTwice: Fault.DoubleApplication.self
        case .interlope: Fault.Interloper.self
        case .cutWatch: Fault.WatchCut.self
        case .expireWatch: Fault.WatchExpiry.self
        case .stallWatch: Fault.WatchStall.self
        case .withholdBookmarks: Fault.BookmarkLoss.self
        case .duplicateEvents: Fault.EventDuplication.self
        case .compactEvents: Fault.EventCompaction.self
        case .staleView: Fault.StaleView.self
        case .unobserved: Fault.UnobservedState.self
        case .dropExecStatus: Fault.LostExecStatus.self
        case .quotaConflict: Fault.QuotaChurn.self
        case .quotaExhaustion: Fault.QuotaExhaustion.self
        case .stealLease: Fault.LeaseTheft.self
        case .evictPod: Fault.Eviction.self
        case .killPod: Fault.PodKill.self
        case .nodeNotReady: Fault.NodeLoss.self
        case .serverRestart: Fault.ServerRestart.self
        case .capacity: Fault.Capacity.self
        case .crash: Fault.Crash.self
        }
    }

    /// What there is to know about the kind.
    package var page: FaultPage { parameters.page }

    package var validity: Fault.Validity { page.validity }

    package var realm: Fault.Realm {
        switch self {
        case .quotaConflict, .quotaExhaustion, .stealLease, .evictPod, .killPod, .nodeNotReady, .serverRestart,
            .capacity:
            .cluster
        case .crash: .subject
        default: .path
        }
    }

    /// Whether the fault path carries it out; the others the harness does beside it.
    package var actsOnRequests: Bool { realm == .path }

    /// Whether one request is decided about by itself; a view is that of a resource, and told apart by its events.
    package var actsOnSingleRequests: Bool { realm == .path && self != .staleView && self != .unobserved }

    /// Whether it is about the stream of a watch.
    package var actsOnWatches: Bool {
        switch self {
        case .cutWatch, .expireWatch, .stallWatch, .withholdBookmarks, .duplicateEvents, .compactEvents: true
        default: false
        }
    }

    /// Whether it takes a server and a network that are Boreas's own: those of the simulated world.
    package var needsSimulation: Bool { self == .capacity || self == .unresolved }

    /// Whether it takes a server and a network that are real: the simulated world does not have it.
    package var needsSockets: Bool {
        switch self {
        case .bandwidth, .goAway, .interlope, .withholdBookmarks, .compactEvents, .staleView, .unobserved,
            .dropExecStatus, .nodeNotReady, .serverRestart:
            true
        default: false
        }
    }
}
