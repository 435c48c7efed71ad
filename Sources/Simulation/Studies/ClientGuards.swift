import Determinism
import Resilience

/// What guards the calls of clients, each client's by itself; nothing at all under most policies.
struct ClientGuards {
    enum Admission {
        case admitted
        /// To be asked again after so many nanoseconds.
        case held(Int64)
        case refused
    }

    private struct Client {
        var guards: RetryGuards
        /// For budgets that toss a coin.
        var coins: SplitMix64
        /// Of the attempt under way, where there is one at a time.
        var attempt = Attempt()
    }

    /// What is known of an attempt under way.
    struct Attempt {
        var permit: RetryGuards.Permit?
        /// What the budget took for it; nil for a first one.
        var cost: Int?
    }

    private var clients: [Client]
    /// Whether there is nothing that guards, so that nothing need be asked.
    let isEmpty: Bool

    init(_ policy: Policy, clients count: Int, _ streams: RandomStreams) {
        let guards = RetryGuards(policy, now: .zero)
        isEmpty = guards.isEmpty
        let coins = streams.numbered("clients", "budget")
        clients = isEmpty ? [] : (0..<count).map { Client(guards: guards, coins: coins[$0]) }
    }

    mutating func began(_ client: Int, at time: Int64) {
        if isEmpty { return }
        clients[client].attempt = Attempt()
        clients[client].guards.began(now: .nanoseconds(time))
    }

    /// Admits an attempt of the one operation that the client has at a time.
    mutating func admit(_ client: Int, at time: Int64) -> Admission {
        if isEmpty { return .admitted }
        var attempt = clients[client].attempt
        let admission = admit(client, &attempt, at: time)
        clients[client].attempt = attempt
        return admission
    }

    mutating func answered(_ client: Int, at time: Int64) {
        if isEmpty { return }
        answered(client, clients[client].attempt, at: time)
    }

    mutating func failed(_ client: Int, _ classification: Retryability, at time: Int64) {
        if isEmpty { return }
        failed(client, clients[client].attempt, classification, isThrottling: false, at: time)
    }

    /// - Returns: How long to wait before asking for the retry to be admitted; nil refuses it.
    mutating func grant(_ client: Int, after failure: CallFailure, backoff: Int64, at time: Int64) -> Int64? {
        if isEmpty { return backoff }
        var attempt = clients[client].attempt
        let wait = grant(client, &attempt, after: failure, backoff: backoff, at: time)
        clients[client].attempt = attempt
        return wait
    }

    // Clients with many operations at a time keep what is known of each attempt themselves.

    mutating func admit(_ client: Int, _ attempt: inout Attempt, at time: Int64) -> Admission {
        if isEmpty { return .admitted }
        let now = Duration.nanoseconds(time)
        if let wait = clients[client].guards.take(now: now) { return .held(max(1, wait.wholeNanoseconds)) }
        guard let permit = clients[client].guards.permit(now: now) else { return .refused }
        attempt.permit = permit
        return .admitted
    }

    mutating func answered(_ client: Int, _ attempt: Attempt, at time: Int64) {
        guard !isEmpty, let permit = attempt.permit else { return }
        clients[client].guards.answered(permit, cost: attempt.cost, now: .nanoseconds(time))
    }

    mutating func failed(
        _ client: Int, _ attempt: Attempt, _ classification: Retryability, isThrottling: Bool, at time: Int64
    ) {
        guard !isEmpty, let permit = attempt.permit else { return }
        // The server works, and says no.
        if classification == .permanent { return answered(client, attempt, at: time) }
        clients[client].guards.failed(permit, isThrottling: isThrottling, now: .nanoseconds(time))
    }

    mutating func grant(
        _ client: Int, _ attempt: inout Attempt, after failure: CallFailure, backoff: Int64, at time: Int64
    ) -> Int64? {
        if isEmpty { return backoff }
        var coins = clients[client].coins
        let granted = clients[client].guards.grant(after: failure, now: .nanoseconds(time), using: &coins)
        clients[client].coins = coins
        guard let grant = granted else { return nil }
        attempt = Attempt(permit: nil, cost: grant.cost)
        return backoff + clients[client].guards.wait(at: .nanoseconds(time + backoff)).wholeNanoseconds
    }
}

extension CallFailure {
    /// The object has changed since it was read.
    static let conflict = CallFailure(
        httpStatus: 409, reason: "Conflict",
        message:
            "Operation cannot be fulfilled on configmaps \"contended\": the object has been modified; please apply "
            + "your changes to the latest version and try again")

    /// No answer came in time.
    static let timeout = CallFailure(
        httpStatus: 0, message: "the request was not answered in time", transport: "timeout", mayHaveBeenApplied: true)

    /// Too many calls wait already.
    static func overload(retryAfter: Duration?) -> CallFailure {
        retryAfter.map {
            CallFailure(
                httpStatus: 429, reason: "TooManyRequests",
                message: "Too many requests, please try again later.", retryAfter: $0)
        }
            ?? CallFailure(
                httpStatus: 503, reason: "ServiceUnavailable",
                message: "the server is currently unable to handle the request")
    }
}
