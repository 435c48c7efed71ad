import Determinism
import Faults

extension ExperimentDocument {
    struct Clients: Decodable, Hashable, Sendable {}

    struct ContentionDocument: Decodable, Hashable, Sendable {
        struct LatencyDocument: Decodable, Hashable, Sendable {
            var mean: Duration
            var deviation: Duration?
        }

        var clients: Located<Int>
        var operations: Located<Int>?
        var latency: Located<LatencyDocument>
    }

    struct CallDocument: Decodable, Hashable, Sendable {
        struct OpenDocument: Decodable, Hashable, Sendable {
            var rate: Located<Double>
        }

        struct ClosedDocument: Decodable, Hashable, Sendable {
            var workers: Located<Int>
            var think: Located<Duration>
        }

        struct ServerDocument: Decodable, Hashable, Sendable {
            var rate: Located<Double>
            var queue: DocumentNode?
            var dropsStale: Bool?
            var retryAfter: Located<Duration>?
        }

        var open: OpenDocument?
        var closed: ClosedDocument?
        var clients: Located<Int>?
        var timeout: Located<Duration>
        var server: ServerDocument
    }
}

extension ExperimentReader {
    /// What clients do that are the subject themselves: the one entry of their workload.
    func clientLoad(_ spec: ExperimentDocument.Spec) throws(ExperimentError) -> ClientLoad {
        guard let entry = spec.workload.first, spec.workload.count == 1 else {
            throw error(
                "clients do one thing; write one entry, contend or call", at: spec.workload.dropFirst().first?.position,
                "spec.workload")
        }
        let path = "spec.workload[0]"
        let load = entry.value
        guard load.workflow == nil, load.cronWorkflow == nil, load.manifest == nil, load.object == nil,
            load.change == nil
        else {
            throw error(
                "clients know nothing of workflows and objects; write contend or call, or subject: {core: {}}",
                at: entry.position, path)
        }
        switch (load.contend, load.call) {
        case (let contention?, nil):
            let load = try self.contention(contention, "\(path).contend")
            try checkCalmContention(spec)
            return .contend(load)
        case (nil, let call?):
            let load = try calls(call, "\(path).call")
            try checkStorm(spec)
            return .call(load)
        default: throw error("give the clients one of contend and call", at: entry.position, path)
        }
    }

    private func contention(
        _ document: ExperimentDocument.ContentionDocument, _ path: String
    ) throws(ExperimentError) -> ClientLoad.Contention {
        try check(document.clients, 1...Self.clientsMax, "clients", "\(path).clients")
        try check(document.operations, 1...1_000, "operations", "\(path).operations")
        let latency = document.latency
        // As in Brooker's model, so that the mean alone can vary.
        let deviation = latency.value.deviation ?? latency.value.mean / 5
        guard latency.value.mean + deviation > .zero else {
            throw error("with no latency nobody ever meets another; write mean: 10ms", at: latency.position, path)
        }
        return ClientLoad.Contention(
            clients: document.clients.value, operations: document.operations?.value ?? 1,
            latency: ClientLoad.Latency(mean: latency.value.mean, deviation: deviation))
    }

    private func calls(
        _ document: ExperimentDocument.CallDocument, _ path: String
    ) throws(ExperimentError) -> ClientLoad.Calls {
        let arrivals: ClientLoad.Arrivals
        switch (document.open, document.closed) {
        case (let open?, nil):
            try check(open.rate, "operations a second", "\(path).open.rate")
            arrivals = .open(rate: open.rate.value)
        case (nil, let closed?):
            try check(closed.workers, 1...Self.clientsMax, "workers", "\(path).closed.workers")
            arrivals = .closed(workers: closed.workers.value, think: closed.think.value)
        default:
            throw error("give the calls by one of open and closed", at: document.timeout.position, path)
        }
        try check(document.clients, 1...Self.clientsMax, "clients", "\(path).clients")
        guard document.timeout.value > .zero else {
            throw error("with no time no call succeeds; write timeout: 1s", at: document.timeout.position, path)
        }
        return ClientLoad.Calls(
            arrivals: arrivals, clients: document.clients?.value ?? 1, timeout: document.timeout.value,
            server: try server(document.server, "\(path).server"))
    }

    private func server(
        _ document: ExperimentDocument.CallDocument.ServerDocument, _ path: String
    ) throws(ExperimentError) -> ClientLoad.Server {
        try check(document.rate, "calls a second", "\(path).rate")
        var queue: Int?
        if let node = document.queue, node.string != "unbounded" {
            queue = try decoder.decode(Int.self, from: node, path: "\(path).queue")
            guard let queue, (1...1_000_000_000).contains(queue) else {
                throw error(
                    "write how many calls may wait, at least 1, or unbounded", at: node.position, "\(path).queue")
            }
        }
        if let asked = document.retryAfter {
            guard queue != nil else {
                throw error(
                    "a queue without a bound refuses nothing; write queue: 500, say", at: asked.position,
                    "\(path).retryAfter")
            }
            guard asked.value >= .seconds(1), asked.value.components.attoseconds == 0 else {
                throw error(
                    "Retry-After is in whole seconds; write 1s or more, without a fraction", at: asked.position,
                    "\(path).retryAfter")
            }
        }
        return ClientLoad.Server(
            rate: document.rate.value, queue: queue, dropsStale: document.dropsStale ?? false,
            retryAfter: document.retryAfter?.value)
    }

    /// A bound on clients and workers, far above any that a study needs.
    private static let clientsMax = 100_000

    private func check(
        _ number: Located<Int>?, _ range: ClosedRange<Int>, _ what: String, _ path: String
    ) throws(ExperimentError) {
        guard let number, !range.contains(number.value) else { return }
        throw error(
            "\(number.value) \(what); \(range.lowerBound) to \(range.upperBound) are possible", at: number.position,
            path)
    }

    private func check(_ rate: Located<Double>, _ what: String, _ path: String) throws(ExperimentError) {
        guard rate.value > 0, rate.value <= 1_000_000 else {
            throw error(
                "\(rate.value) \(what); write a number above 0 and up to 1000000", at: rate.position, path)
        }
    }

    private func checkCalmContention(_ spec: ExperimentDocument.Spec) throws(ExperimentError) {
        let phases = spec.phases.value
        guard phases.calm == .zero, phases.storm == .zero else {
            throw error(
                "clients that contend begin at once, and are their own weather; write calm: 0s, storm: 0s",
                at: spec.phases.position, "spec.phases")
        }
        if let placed = spec.placedRules.first {
            throw error("no fault acts on clients that contend", at: placed.rule.position, placed.path)
        }
    }

    private func checkStorm(_ spec: ExperimentDocument.Spec) throws(ExperimentError) {
        let phases = spec.phases.value
        guard phases.calm >= .seconds(1), phases.converge >= .seconds(1) else {
            throw error(
                "calm is what the rest is held against, and converge shows what becomes of it; make both at least 1s",
                at: spec.phases.position, "spec.phases")
        }
        for (rule, path) in spec.placedRules {
            guard case .capacity = rule.value.fault else {
                throw error(
                    "\(rule.value.fault.kind.rawValue) does not act on clients by themselves; capacity alone does",
                    at: rule.position, path)
            }
            guard rule.value.during == nil || rule.value.during == .storm else {
                throw error(
                    "the server is slow in the storm alone, or there is no recovery to see; write during: storm",
                    at: rule.position, "\(path).during")
            }
        }
    }
}
