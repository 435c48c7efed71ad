package import Faults
import Kubernetes
import Resilience

extension AttemptJoin {
    /// Puts together what the proxy saw of a subject that records nothing itself.
    package init(proxied evidence: TrialEvidence, plan: Plan) {
        let join = ProxyJoin(evidence.proxied)
        var attempts = join.attempts
        var injections = evidence.injections
        let places = join.places(of: injections)
        for (index, place) in places.enumerated() {
            guard let place else { continue }
            // Of several that hit one request, the first is the one that the subject saw.
            attempts[place].injection = attempts[place].injection ?? index
            injections[index].requestID = attempts[place].exchange.trace.requestID
        }
        let conflicts = Self.quotaConflicts(in: attempts.map(\.exchange), plan: plan)
        for conflict in conflicts {
            injections.append(conflict)
            if let place = attempts.firstIndex(where: { $0.exchange.trace.requestID == conflict.requestID }) {
                attempts[place].injection = attempts[place].injection ?? injections.count - 1
            }
        }
        self.init(attempts: attempts, operations: join.operations(ended: evidence.ended), injections: injections)
    }
}

/// Tells from outside which requests of a subject belong together: what it wanted from the API, and how often it tried.
///
/// An operation begins with a request that is no repetition. The same request again, soon after one that had not
/// succeeded as the client saw it, is the next attempt: the same verb, object, body and sender. So a write that meets a
/// conflict and comes back with another body is another operation, as is a watch that goes on after a proper end.
struct ProxyJoin {
    /// In the order of their start.
    private let exchanges: [ProxiedExchange]
    /// The attempts of each operation, as places in ``exchanges``, by the start of the first.
    private let operations: [[Int]]

    /// What the subject does later than this after a failure is not taken for another try.
    static let waitMax = Duration.seconds(60)
    /// A client that gives up a connection may send again before the proxy knows of it.
    private static let overlapMax = Duration.seconds(1)

    /// What two attempts of an operation have in common.
    private struct Key: Hashable {
        let identity: RequestIdentity
        let bodyHash: UInt64
        let userAgent: String
        /// Of a list or a watch: which objects it asks for.
        let selectors: [String?]

        init(_ exchange: ProxiedExchange) {
            identity = exchange.identity
            bodyHash = exchange.bodyHash
            userAgent = exchange.userAgent
            guard identity.verb == .list || identity.verb == .watch else {
                selectors = []
                return
            }
            let query = RequestPath.split(exchange.uri).query
            selectors = [query["labelSelector"]?.last, query["fieldSelector"]?.last]
        }
    }

    init(_ proxied: [ProxiedExchange]) {
        let exchanges = proxied.enumerated()
            .sorted { ($0.element.started, $0.offset) < ($1.element.started, $1.offset) }.map(\.element)
        var operations: [[Int]] = []
        // Operations whose last attempt failed.
        var open: [Key: [Int]] = [:]
        for (index, exchange) in exchanges.enumerated() {
            let key = Key(exchange)
            var candidates = (open[key] ?? []).filter { operation in
                operations[operation].last.map { exchange.started - exchanges[$0].finished <= Self.waitMax } ?? false
            }
            let earlier = candidates.firstIndex { operation in
                operations[operation].last.map { exchanges[$0].finished <= exchange.started + Self.overlapMax } ?? false
            }
            if let earlier {
                operations[candidates[earlier]].append(index)
                if exchange.isSuccess { candidates.remove(at: earlier) }
            } else {
                operations.append([index])
                if !exchange.isSuccess { candidates.append(operations.count - 1) }
            }
            open[key] = candidates
        }
        self.exchanges = exchanges
        self.operations = operations
    }

    /// By start.
    var attempts: [AttemptRecord] {
        var attempts: [Int: AttemptRecord] = [:]
        for (operation, places) in operations.enumerated() {
            for (turn, place) in places.enumerated() {
                let trace = Self.trace(operation, attempt: turn + 1)
                var decision: RetryDecision?
                if turn + 1 < places.count {
                    // That it came again is all that is known of what the subject made of the failure.
                    decision = RetryDecision(
                        requestID: trace.requestID, classification: .transient, layer: .subject,
                        wait: max(.zero, exchanges[places[turn + 1]].started - exchanges[place].finished))
                }
                attempts[place] = AttemptRecord(
                    exchange: exchanges[place].exchange(trace), decision: decision, seen: exchanges[place].seen)
            }
        }
        return exchanges.indices.compactMap { attempts[$0] }
    }

    func operations(ended: Duration) -> [OperationRecord] {
        operations.enumerated().compactMap { operation, places in
            guard let first = places.first.map({ exchanges[$0] }), let last = places.last.map({ exchanges[$0] })
            else { return nil }
            let trace = Self.trace(operation, attempt: 1)
            return OperationRecord(
                id: trace.operation, path: trace.path, identity: first.identity, started: first.started,
                finished: last.finished, outcome: last.outcome(ended: ended))
        }
    }

    private static func trace(_ operation: Int, attempt: Int) -> RequestTrace {
        RequestTrace(operation: "p\(operation + 1)", attempt: attempt, path: "process")
    }

    /// The request that each injection hit: by its id, or, where the subject sends none, by what it was and which of
    /// those that the rule hit.
    func places(of injections: [Injection]) -> [Int?] {
        var byID: [String: Int] = [:]
        var byHit: [Hit: [Int]] = [:]
        for (index, exchange) in exchanges.enumerated() {
            if let id = exchange.requestID { byID[id] = byID[id] ?? index }
            if let rule = exchange.rule {
                byHit[Hit(rule: rule, identity: exchange.identity), default: []].append(index)
            }
        }
        var turns: [Hit: Int] = [:]
        return injections.map { injection in
            if let id = injection.requestID { return byID[id] }
            let hit = Hit(rule: injection.rule, identity: injection.identity)
            defer { turns[hit, default: 0] += 1 }
            return byHit[hit]?.dropFirst(turns[hit] ?? 0).first
        }
    }

    /// What a rule hit, as far as it can be told without the request's id.
    private struct Hit: Hashable {
        var rule: String
        var identity: RequestIdentity
    }
}

extension ProxiedExchange {
    var finished: Duration { started + duration }

    /// Whether the client got what it had asked for, or was told that it is not there.
    var isSuccess: Bool {
        if identity.verb == .get, httpStatus == 404 { return true }
        return (100..<400).contains(httpStatus) && failureReason.isEmpty
    }

    fileprivate var seen: AttemptRecord.Seen {
        AttemptRecord.Seen(
            userAgent: userAgent, fieldManager: fieldManager, upstreamStatus: upstreamStatus, isChange: isChange,
            objectName: objectName)
    }

    fileprivate func exchange(_ trace: RequestTrace) -> Exchange {
        var timings = TransferTimings()
        timings.total = duration
        // No libcurl was here to say what it thinks of an answer that broke off; this is what it would have said.
        let isBroken = (100..<400).contains(httpStatus) && !failureReason.isEmpty
        return Exchange(
            trace: trace, identity: identity, started: started, duration: duration, timings: timings,
            httpStatus: httpStatus, curlCode: isBroken ? TransportFailure.CurlCode.partialFile : 0,
            reason: failureReason,
            message: failureMessage)
    }

    fileprivate func outcome(ended: Duration) -> OperationRecord.Outcome {
        if isSuccess { return .succeeded }
        return httpStatus == 0 && finished >= ended ? .unfinished : .failed
    }
}
