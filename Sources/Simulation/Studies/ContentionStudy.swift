import Determinism
import Experiments
import Resilience

/// One trial of clients that contend for one object, event by event.
///
/// Each try of a client is a read and a write, four messages; two of them are events, the read's arrival at the server,
/// which fixes the version, and the write's, which is compared with it. What happens at the clients follows from those.
struct ContentionStudy {
    /// Those that a client has no longer any use for are never scheduled.
    private enum Event {
        /// The client begins an attempt, if what guards its calls lets it.
        case attempt(Int32)
        /// The client's read reaches the server.
        case read(Int32)
        /// The client's write reaches the server.
        case write(Int32)
        /// The client's last wait is over, and it gives up.
        case giveUp(Int32)
    }

    private struct Client {
        var latency: SplitMix64
        var jitter: SplitMix64
        var progress = RetryRule.Progress()
        /// The object's, as the client read it.
        var version = 0
        var began: Int64 = 0
        var attemptBegan: Int64 = 0
        var attempts: Int32 = 0
        var operations: Int32 = 0

        mutating func failed(
            _ rule: borrowing RetryRule, _ classification: Retryability, elapsed: Int64
        ) -> RetryRule.Decision {
            rule.failed(&progress, classification, elapsed: elapsed, using: &jitter)
        }
    }

    /// One attempt that is told.
    struct Attempt {
        var client: Int
        /// Which operation of the client's, from 1, and which attempt at it.
        var operation: Int
        var number: Int
        var began: Int64
        var ended: Int64
        var isConflict: Bool
        /// Until the next attempt; nil where there is none.
        var wait: Int64?
    }

    /// What the trial came to.
    struct Outcome {
        var operations = 0
        var succeeded = 0
        var unfinished = 0
        var writes = 0
        var conflicts = 0
        /// When the last client was done.
        var makespan: Int64 = 0
        var digest = EventDigest()
        var attempts: [Attempt] = []
    }

    /// What changes as the trial goes on.
    private struct State {
        var clients: [Client]
        /// By client.
        var guards: ClientGuards
        var queue = EventQueue<Event>()
        /// The object's.
        var version = 0
        var outcome = Outcome()
    }

    private let load: ClientLoad.Contention
    private let policy: Policy
    private let rule: RetryRule
    private let classification: Retryability
    private let horizon: Int64
    private let streams: RandomStreams
    private let isTold: Bool
    private let isGuarded: Bool
    private let mean: Double
    private let deviation: Double

    /// - Parameter isTold: Whether the outcome lists the attempts.
    init(_ load: ClientLoad.Contention, _ policy: Policy, horizon: Duration, seed: UInt64, isTold: Bool) {
        self.load = load
        self.policy = policy
        rule = RetryRule(policy.call)
        classification = policy.classifier.classify(.conflict)
        self.horizon = horizon.wholeNanoseconds
        streams = RandomStreams(seed: seed)
        self.isTold = isTold
        isGuarded = !RetryGuards(policy, now: .zero).isEmpty
        mean = Double(load.latency.mean.wholeNanoseconds)
        deviation = Double(load.latency.deviation.wholeNanoseconds)
    }

    func run() -> Outcome {
        // What the network does to a client's n-th message is the same under every policy.
        let (latency, jitter) = (streams.numbered("contention", "latency"), streams.numbered("contention", "jitter"))
        var state = State(
            clients: (0..<load.clients).map { Client(latency: latency[$0], jitter: jitter[$0]) },
            guards: ClientGuards(policy, clients: load.clients, streams))
        state.queue.reserveCapacity(load.clients + 1)
        for index in 0..<load.clients { begin(Int32(index), at: 0, &state) }
        while let (time, event) = state.queue.pop(), time <= horizon {
            switch event {
            case .read(let client): readArrived(client, at: time, &state)
            case .write(let client): writeArrived(client, at: time, &state)
            case .attempt(let client): attempt(client, at: time, &state)
            case .giveUp(let client): end(client, isSuccess: false, at: time, &state)
            }
        }
        state.outcome.operations = load.clients * load.operations
        state.outcome.unfinished = state.clients.reduce(0) { $0 + load.operations - Int($1.operations) }
        return state.outcome
    }

    private func delay(_ draw: Double) -> Int64 { Int64(abs(mean + deviation * draw)) }

    private func begin(_ client: Int32, at time: Int64, _ state: inout State) {
        let index = Int(client)
        state.clients[index].began = time
        state.clients[index].progress = RetryRule.Progress()
        state.clients[index].attempts = 0
        if isGuarded { state.guards.began(index, at: time) }
        attempt(client, at: time, &state)
    }

    /// The first attempt at an operation, or one that had to be asked for.
    private func attempt(_ client: Int32, at time: Int64, _ state: inout State) {
        let index = Int(client)
        switch isGuarded ? state.guards.admit(index, at: time) : .admitted {
        case .admitted:
            state.clients[index].attemptBegan = time
            let read = delay(state.clients[index].latency.normalPair().0)
            state.queue.schedule(at: time + read, .read(client))
        case .held(let wait):
            guard rule.allows(wait, elapsed: time - state.clients[index].began) else {
                return end(client, isSuccess: false, at: time, &state)
            }
            state.queue.schedule(at: time + wait, .attempt(client))
        case .refused: end(client, isSuccess: false, at: time, &state)
        }
    }

    private func readArrived(_ client: Int32, at time: Int64, _ state: inout State) {
        let index = Int(client)
        state.clients[index].version = state.version
        // The answer, and the write that follows it.
        let (answer, write) = state.clients[index].latency.normalPair()
        state.queue.schedule(at: time + delay(answer) + delay(write), .write(client))
    }

    private func writeArrived(_ client: Int32, at time: Int64, _ state: inout State) {
        let index = Int(client)
        // The answer, and the read that may follow it.
        let (answer, read) = state.clients[index].latency.normalPair()
        let answered = time + delay(answer)
        let isConflict = state.clients[index].version != state.version
        state.outcome.writes += 1
        state.clients[index].attempts += 1
        state.outcome.digest.combine(time, UInt64(UInt32(client)) << 1 | (isConflict ? 1 : 0))
        guard isConflict else {
            state.version += 1
            if isGuarded { state.guards.answered(index, at: answered) }
            tell(client, answered, isConflict: false, wait: nil, &state)
            return end(client, isSuccess: true, at: answered, &state)
        }
        state.outcome.conflicts += 1
        let elapsed = answered - state.clients[index].began
        let decision = state.clients[index].failed(rule, classification, elapsed: elapsed)
        if isGuarded { state.guards.failed(index, classification, at: answered) }
        switch decision {
        case .retry(let backoff) where !isGuarded:
            tell(client, answered, isConflict: true, wait: backoff, &state)
            state.clients[index].attemptBegan = answered + backoff
            state.queue.schedule(at: answered + backoff + delay(read), .read(client))
        case .retry(let backoff):
            let wait = state.guards.grant(index, after: .conflict, backoff: backoff, at: answered)
            guard let wait, rule.allows(wait, elapsed: elapsed) else {
                tell(client, answered, isConflict: true, wait: nil, &state)
                return end(client, isSuccess: false, at: answered, &state)
            }
            tell(client, answered, isConflict: true, wait: wait, &state)
            state.queue.schedule(at: answered + wait, .attempt(client))
        case .giveUp:
            tell(client, answered, isConflict: true, wait: nil, &state)
            end(client, isSuccess: false, at: answered, &state)
        case .waitAndGiveUp(let wait):
            tell(client, answered, isConflict: true, wait: nil, &state)
            state.queue.schedule(at: answered + wait, .giveUp(client))
        }
    }

    private func end(_ client: Int32, isSuccess: Bool, at time: Int64, _ state: inout State) {
        guard time <= horizon else { return }
        let index = Int(client)
        state.clients[index].operations += 1
        if isSuccess { state.outcome.succeeded += 1 }
        state.outcome.makespan = max(state.outcome.makespan, time)
        if state.clients[index].operations < load.operations { begin(client, at: time, &state) }
    }

    private func tell(_ client: Int32, _ ended: Int64, isConflict: Bool, wait: Int64?, _ state: inout State) {
        guard isTold else { return }
        let known = state.clients[Int(client)]
        state.outcome.attempts.append(
            Attempt(
                client: Int(client), operation: Int(known.operations) + 1, number: Int(known.attempts),
                began: known.attemptBegan, ended: ended, isConflict: isConflict, wait: wait))
    }
}
