import Determinism
import Experiments
import Faults
import Resilience

/// One trial of clients that call a server with a queue, event by event. Messages take no time.
struct OverloadStudy {
    private enum Event {
        /// An operation begins that nobody waits for.
        case arrival
        /// A worker has thought, and begins an operation.
        case wake(Int32)
        /// The operation in a slot makes its next attempt, if what guards its client's calls lets it.
        case attempt(Int32)
        /// An attempt that was refused learns of it.
        case refused(slot: Int32, ticket: UInt32)
        /// The time of an attempt is over.
        case timeout(slot: Int32, ticket: UInt32)
        /// The operation's last wait is over, and it is given up.
        case giveUp(Int32)
        /// The server is done with what it serves.
        case served
        /// The capacity changes, as the fault with this number says.
        case capacity(Int32, isLow: Bool)
        /// A tenth of a second is over.
        case tenth
    }

    private struct Operation {
        var began: Int64
        /// The attempt that waits for an answer; 0 is none.
        var ticket: UInt32 = 0
        var client: Int32
        /// Whose work it is, where somebody waits for it.
        var worker: Int32
        var progress = RetryRule.Progress()
        var guarded = ClientGuards.Attempt()
    }

    /// A fault that makes the server slow.
    struct Slowdown {
        var rule: String
        var factor: Double
        var begins: Int64
        var ends: Int64
    }

    struct Outcome {
        var operations = 0
        var succeeded = 0
        var attempts = 0
        /// Calls that the server was done with, and those of them whose caller had given up.
        var served = 0
        var wasted = 0
        var series: LoadSeries
        /// The faults that met a call, each with the time of the first.
        var hits: [(rule: String, at: Int64)] = []
        var digest = EventDigest()
    }

    private let load: ClientLoad.Calls
    private let rule: RetryRule
    private let deadline: Int64
    private let timeout: Int64
    private let timeoutClass: Retryability
    private let refusal: CallFailure
    private let refusalClass: Retryability
    private let refusalAsks: Int64?
    private let slowdowns: [Slowdown]
    private let horizon: Int64

    private var arrivals: SplitMix64
    private var services: SplitMix64
    private let jitters: NumberedStreams
    private var jitterStreams: [SplitMix64]
    private var thoughts: [SplitMix64]

    private var guards: ClientGuards
    private var operations: [Operation] = []
    private var free: [Int32] = []
    private var queue = EventQueue<Event>()
    private var waiting = CallQueue()
    private var serving: CallQueue.Entry?
    private var lastTicket: UInt32 = 0
    private var low: [Int] = []
    private var outcome: Outcome

    /// How long it takes until a refusal is known: there is no client so fast that it is refused without end at one
    /// instant.
    private static let refusalSpan: Int64 = 1_000_000

    init(
        _ load: ClientLoad.Calls, _ policy: Policy, slowdowns: [Slowdown], phases: Experiment.Phases, seed: UInt64
    ) {
        self.load = load
        self.slowdowns = slowdowns
        horizon = (phases.calm + phases.storm + phases.converge).wholeNanoseconds
        rule = RetryRule(policy.call)
        deadline = policy.call.deadline?.wholeNanoseconds ?? .max
        timeout = min(load.timeout, policy.call.attemptTimeout ?? load.timeout).wholeNanoseconds
        timeoutClass = policy.classifier.classify(.timeout)
        refusal = .overload(retryAfter: load.server.retryAfter)
        refusalClass = policy.classifier.classify(refusal)
        refusalAsks = refusal.retryAfter?.wholeNanoseconds
        // The same operations meet the same server under every policy.
        let streams = RandomStreams(seed: seed)
        arrivals = streams.stream("calls", "arrivals")
        services = streams.stream("calls", "services")
        jitters = streams.numbered("calls", "jitter")
        jitterStreams = []
        thoughts = []
        if case .closed(let workers, _) = load.arrivals {
            let numbered = streams.numbered("calls", "thoughts")
            thoughts = (0..<workers).map { numbered[$0] }
            jitterStreams = (0..<workers).map { [jitters] in jitters[$0] }
        } else {
            jitterStreams = (0..<load.clients).map { [jitters] in jitters[$0] }
        }
        guards = ClientGuards(policy, clients: load.clients)
        outcome = Outcome(series: LoadSeries(phases, horizon: horizon))
    }

    consuming func run() -> Outcome {
        switch load.arrivals {
        case .open: queue.schedule(at: nextArrival(after: 0), .arrival)
        case .closed(let workers, _): for worker in 0..<workers { think(Int32(worker), at: 0) }
        }
        for (index, slowdown) in slowdowns.enumerated() {
            queue.schedule(at: slowdown.begins, .capacity(Int32(index), isLow: true))
            queue.schedule(at: slowdown.ends, .capacity(Int32(index), isLow: false))
        }
        queue.schedule(at: LoadSeries.tenth, .tenth)
        while let (time, event) = queue.pop(), time < horizon { act(on: event, at: time) }
        return outcome
    }

    private mutating func act(on event: Event, at time: Int64) {
        switch event {
        case .arrival:
            queue.schedule(at: nextArrival(after: time), .arrival)
            begin(client: outcome.operations % load.clients, worker: -1, at: time)
        case .wake(let worker): begin(client: Int(worker) % load.clients, worker: worker, at: time)
        case .attempt(let slot): attempt(slot, at: time)
        case .timeout(let slot, let ticket) where operations[Int(slot)].ticket == ticket:
            operations[Int(slot)].ticket = 0
            failed(slot, .timeout, timeoutClass, asked: nil, at: time)
        case .refused(let slot, let ticket) where operations[Int(slot)].ticket == ticket:
            operations[Int(slot)].ticket = 0
            failed(slot, refusal, refusalClass, asked: refusalAsks, at: time)
        case .timeout, .refused: break
        case .giveUp(let slot): end(slot, isSuccess: false, at: time)
        case .served: served(at: time)
        case .capacity(let index, true): low.append(Int(index))
        case .capacity(let index, false): low.removeAll { $0 == Int(index) }
        case .tenth:
            outcome.series.sampled(outstanding: waiting.count + (serving == nil ? 0 : 1))
            queue.schedule(at: time + LoadSeries.tenth, .tenth)
        }
    }

    // The load.

    private mutating func nextArrival(after time: Int64) -> Int64 {
        guard case .open(let rate) = load.arrivals else { return .max }
        return time + Int64(arrivals.exponential() / rate * 1e9)
    }

    private mutating func think(_ worker: Int32, at time: Int64) {
        guard case .closed(_, let mean) = load.arrivals else { return }
        let span = Double(mean.wholeNanoseconds) * thoughts[Int(worker)].exponential()
        queue.schedule(at: time + Int64(span), .wake(worker))
    }

    private mutating func begin(client: Int, worker: Int32, at time: Int64) {
        let operation = Operation(began: time, client: Int32(client), worker: worker)
        let slot: Int32
        if let last = free.popLast() {
            slot = last
            operations[Int(slot)] = operation
        } else {
            slot = Int32(operations.count)
            operations.append(operation)
        }
        outcome.operations += 1
        outcome.series.began(at: time)
        guards.began(client, at: time)
        attempt(slot, at: time)
    }

    private mutating func end(_ slot: Int32, isSuccess: Bool, at time: Int64) {
        let operation = operations[Int(slot)]
        operations[Int(slot)].ticket = 0
        free.append(slot)
        if isSuccess {
            outcome.succeeded += 1
            outcome.series.succeeded(at: time, began: operation.began)
        } else {
            outcome.series.failed(at: time)
        }
        outcome.digest.combine(time, UInt64(UInt32(bitPattern: slot)) << 1 | (isSuccess ? 1 : 0))
        if operation.worker >= 0 { think(operation.worker, at: time) }
    }

    // The client.

    private mutating func attempt(_ slot: Int32, at time: Int64) {
        let index = Int(slot)
        let elapsed = time - operations[index].began
        switch guards.admit(Int(operations[index].client), &operations[index].guarded, at: time) {
        case .admitted: send(slot, elapsed, at: time)
        case .held(let wait) where rule.allows(wait, elapsed: elapsed):
            queue.schedule(at: time + wait, .attempt(slot))
        case .held, .refused: end(slot, isSuccess: false, at: time)
        }
    }

    private mutating func send(_ slot: Int32, _ elapsed: Int64, at time: Int64) {
        lastTicket += 1
        operations[Int(slot)].ticket = lastTicket
        outcome.attempts += 1
        outcome.series.attempted(at: time)
        if let bound = load.server.queue, waiting.count >= bound {
            queue.schedule(at: time + Self.refusalSpan, .refused(slot: slot, ticket: lastTicket))
            return
        }
        queue.schedule(at: time + min(timeout, deadline - elapsed), .timeout(slot: slot, ticket: lastTicket))
        let entry = CallQueue.Entry(slot: slot, ticket: lastTicket)
        if serving == nil { serve(entry, at: time) } else { waiting.append(entry) }
    }

    private mutating func failed(
        _ slot: Int32, _ failure: CallFailure, _ classification: Retryability, asked: Int64?, at time: Int64
    ) {
        let index = Int(slot)
        let (client, elapsed) = (Int(operations[index].client), time - operations[index].began)
        let stream = operations[index].worker >= 0 ? Int(operations[index].worker) : client
        let isThrottling = failure.isThrottling
        let decision = rule.failed(
            &operations[index].progress, classification, isThrottling: isThrottling, asked: asked, elapsed: elapsed,
            using: &jitterStreams[stream])
        guards.failed(client, operations[index].guarded, classification, isThrottling: isThrottling, at: time)
        switch decision {
        case .retry(let backoff):
            let wait = guards.grant(client, &operations[index].guarded, after: failure, backoff: backoff, at: time)
            guard let wait, rule.allows(wait, elapsed: elapsed) else { return end(slot, isSuccess: false, at: time) }
            if wait > 0 { queue.schedule(at: time + wait, .attempt(slot)) } else { attempt(slot, at: time) }
        case .giveUp: end(slot, isSuccess: false, at: time)
        case .waitAndGiveUp(let wait): queue.schedule(at: time + wait, .giveUp(slot))
        }
    }

    // The server.

    private mutating func serve(_ entry: CallQueue.Entry, at time: Int64) {
        serving = entry
        var rate = load.server.rate
        for index in low {
            rate *= slowdowns[index].factor
            if !outcome.hits.contains(where: { $0.rule == slowdowns[index].rule }) {
                outcome.hits.append((slowdowns[index].rule, time))
            }
        }
        queue.schedule(at: time + Int64(services.exponential() / rate * 1e9), .served)
    }

    private mutating func served(at time: Int64) {
        if let entry = serving {
            outcome.served += 1
            let index = Int(entry.slot)
            if operations[index].ticket == entry.ticket {
                guards.answered(Int(operations[index].client), operations[index].guarded, at: time)
                end(entry.slot, isSuccess: true, at: time)
            } else {
                outcome.wasted += 1
            }
        }
        serving = nil
        while let next = waiting.popFirst() {
            if load.server.dropsStale, operations[Int(next.slot)].ticket != next.ticket { continue }
            return serve(next, at: time)
        }
    }
}
