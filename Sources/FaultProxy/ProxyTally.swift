package import Faults
import Kubernetes

/// What has passed through a proxy and what was hit: counted by kind of request and by rule, and of the last requests
/// and faults the particulars. What it keeps is bounded, whatever passes.
package struct ProxyTally: Sendable {
    /// What requests are counted by.
    package struct Kind: Hashable, Comparable, Sendable {
        /// A verb of Kubernetes, or, for a path that names no resource, the method in lower case.
        package var verb: String
        /// `pods`, `pods/exec`, `jobs.batch`; empty for a path that names no resource.
        package var resource: String

        package static let rest = Kind(verb: "other", resource: "other")

        package static func < (left: Kind, right: Kind) -> Bool {
            (left.resource, left.verb) < (right.resource, right.verb)
        }
    }

    /// What is known of the requests of a kind.
    package struct Row: Sendable {
        package var requests = 0
        /// By status; 0 is no answer. A request is counted here when its answer begins, or when it is clear that none comes.
        package var codes: [Int: Int] = [:]
        package var faults = 0
        /// Until the answer was complete, or, for streams, until it began. Requests without an answer are left out.
        package var latency = LatencyHistogram()
        package var bytesReceived = 0
        package var bytesSent = 0
        /// Requests under way, streams included.
        package var open = 0
        /// Watches, followed logs and upgraded connections that are open now.
        package var streams = 0

        package var faultless: Int { requests - faults }

        /// How many answers are of a class, 2 for 200 to 299; 0 for requests without one.
        package func answers(ofClass number: Int) -> Int {
            codes.reduce(0) { $1.key / 100 == number ? $0 + $1.value : $0 }
        }
    }

    /// What a rule has done.
    package struct RuleCount: Sendable {
        package var hits: [Fault.Kind: Int] = [:]
        package var lastHit: Duration?

        package var hit: Int { hits.values.reduce(0, +) }
    }

    /// One request: under way, or over.
    package struct Entry: Sendable {
        package var request: ProxiedRequest
        package var kind: Kind
        package var isStream: Bool
        /// What the client was answered; 0 without an answer.
        package var status = 0
        /// What has hit it.
        package var fault: Fault.Kind?
        package var bytesReceived = 0
        package var bytesSent = 0
    }

    /// One second's traffic.
    package struct Second: Hashable, Sendable {
        package var second: Int
        package var requests = 0
        package var faults = 0
    }

    /// Why a client was turned away before its request was looked at.
    package enum Refusal: String, Hashable, Sendable, CaseIterable {
        case wrongToken, badRequest, headersTooLarge, headersTooSlow, tlsFailure
    }

    /// Kinds beyond so many are counted together: a client can make up resources without end.
    package static let kindsMax = 400
    package static let recentMax = 200
    package static let secondsMax = 120
    /// A longer path is cut.
    package static let uriBytesMax = 2048

    package private(set) var rows: [Kind: Row] = [:]
    package private(set) var rules: [String: RuleCount] = [:]
    package private(set) var requests = RecentItems<Entry>(capacity: recentMax)
    package private(set) var injections = RecentItems<Injection>(capacity: recentMax)
    /// The last seconds in which something happened, oldest first.
    package private(set) var seconds: [Second] = []
    package private(set) var refusals: [Refusal: Int] = [:]
    private var underWay: [Int: Entry] = [:]
    private var ticketLast = 0

    package init() {}

    // MARK: What happens

    /// A request has begun.
    ///
    /// - Parameter isStream: Whether its answer has no end worth waiting for.
    /// - Returns: Its ticket, by which the rest is told.
    package mutating func began(_ request: ProxiedRequest, isStream: Bool) -> Int {
        let kind = known(Kind(request))
        let request = request.shortened(to: Self.uriBytesMax)
        ticketLast += 1
        underWay[ticketLast] = Entry(request: request, kind: kind, isStream: isStream)
        rows[kind, default: Row()].requests += 1
        rows[kind, default: Row()].open += 1
        if isStream { rows[kind, default: Row()].streams += 1 }
        withSecond(of: request.started) { $0.requests += 1 }
        return ticketLast
    }

    /// The client is being answered.
    package mutating func answered(_ ticket: Int, status: Int, after latency: Duration) {
        guard var entry = underWay[ticket], entry.status == 0 else { return }
        entry.status = status
        underWay[ticket] = entry
        rows[entry.kind, default: Row()].codes[status, default: 0] += 1
        if entry.isStream { rows[entry.kind, default: Row()].latency.add(latency) }
    }

    /// A fault has hit the request.
    package mutating func injected(_ injection: Injection, ticket: Int?) {
        injections.append(injection)
        rules[injection.rule, default: RuleCount()].hits[injection.kind, default: 0] += 1
        rules[injection.rule, default: RuleCount()].lastHit = injection.at
        withSecond(of: injection.at) { $0.faults += 1 }
        guard let ticket, let entry = underWay[ticket] else { return }
        if entry.fault == nil { rows[entry.kind, default: Row()].faults += 1 }
        underWay[ticket]?.fault = injection.kind
        underWay[ticket]?.request.rule = injection.rule
    }

    /// A request is over.
    package mutating func ended(_ ticket: Int, _ request: ProxiedRequest, bytesReceived: Int, bytesSent: Int) {
        guard var entry = underWay.removeValue(forKey: ticket) else { return }
        entry.request = request.shortened(to: Self.uriBytesMax)
        entry.bytesReceived = bytesReceived
        entry.bytesSent = bytesSent
        var row = rows.removeValue(forKey: entry.kind) ?? Row()
        row.open -= 1
        if entry.isStream { row.streams -= 1 }
        row.bytesReceived += bytesReceived
        row.bytesSent += bytesSent
        if entry.status == 0 {
            row.codes[0, default: 0] += 1
        } else if !entry.isStream {
            row.latency.add(request.duration)
        }
        rows[entry.kind] = row
        requests.append(entry)
    }

    /// A client was turned away.
    package mutating func refused(_ refusal: Refusal) { refusals[refusal, default: 0] += 1 }

    /// Forgets what rules did that are no longer there.
    package mutating func keep(rules names: Set<String>) { rules = rules.filter { names.contains($0.key) } }

    private func known(_ kind: Kind) -> Kind { rows[kind] != nil || rows.count < Self.kindsMax ? kind : .rest }

    private mutating func withSecond(of time: Duration, _ count: (inout Second) -> Void) {
        let second = Int(time.components.seconds)
        if let index = seconds.lastIndex(where: { $0.second == second }) { return count(&seconds[index]) }
        var fresh = Second(second: second)
        count(&fresh)
        // Clocks are read before the lock is had: a second may come after its successor.
        seconds.insert(fresh, at: seconds.firstIndex { $0.second > second } ?? seconds.count)
        if seconds.count > Self.secondsMax { seconds.removeFirst() }
    }

    // MARK: What it comes to

    /// The requests under way, oldest first.
    package var open: [Entry] { underWay.sorted { $0.key < $1.key }.map(\.value) }

    /// All kinds together.
    package var total: Row {
        rows.values.reduce(into: Row()) { total, row in
            total.requests += row.requests
            total.faults += row.faults
            total.open += row.open
            total.streams += row.streams
            total.bytesReceived += row.bytesReceived
            total.bytesSent += row.bytesSent
            total.codes.merge(row.codes, uniquingKeysWith: +)
        }
    }

    /// The kinds by traffic, the busiest first.
    package var busiest: [(kind: Kind, row: Row)] {
        rows.map { (kind: $0.key, row: $0.value) }
            .sorted { $0.row.requests == $1.row.requests ? $0.kind < $1.kind : $0.row.requests > $1.row.requests }
    }

    /// Requests a second over the last whole seconds before a time.
    package func rate(before now: Duration, over span: Int = 5) -> Double {
        let end = Int(now.components.seconds)
        let count = seconds.reduce(0) { (end - span..<end).contains($1.second) ? $0 + $1.requests : $0 }
        return Double(count) / Double(max(1, min(span, end)))
    }
}

extension ProxyTally.Kind {
    package init(_ request: ProxiedRequest) {
        guard let identity = request.identity else {
            self.init(verb: request.method.lowercased(), resource: "")
            return
        }
        let type = identity.subresource.isEmpty ? identity.resource : "\(identity.resource)/\(identity.subresource)"
        self.init(
            verb: identity.verb.rawValue, resource: identity.group.isEmpty ? type : "\(type).\(identity.group)")
    }
}

extension ProxiedRequest {
    fileprivate func shortened(to bytesMax: Int) -> ProxiedRequest {
        guard uri.utf8.count > bytesMax else { return self }
        var request = self
        request.uri = String(decoding: uri.utf8.prefix(bytesMax), as: UTF8.self) + "…"
        return request
    }
}
