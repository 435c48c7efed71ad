/// What clients do that are tried by themselves, without a controller: one of the studies of retries.
package enum ClientLoad: Hashable, Sendable {
    /// They write one object, each from what it has read.
    case contend(Contention)
    /// They call one server.
    case call(Calls)

    /// Optimistic concurrency: reads, then writes that are refused where the object has changed since (Brooker,
    /// "Exponential Backoff and Jitter", 2015). All clients begin at once; the server takes no time.
    package struct Contention: Hashable, Sendable, Codable {
        package var clients: Int
        /// Writes that each client must bring through, one after the other.
        package var operations: Int
        package var latency: Latency

        package init(clients: Int, operations: Int = 1, latency: Latency) {
            self.clients = clients
            self.operations = operations
            self.latency = latency
        }
    }

    /// How long a message takes, one way: the magnitude of a normal draw.
    package struct Latency: Hashable, Sendable, Codable {
        package var mean: Duration
        package var deviation: Duration

        package init(mean: Duration, deviation: Duration) {
            self.mean = mean
            self.deviation = deviation
        }
    }

    /// Calls to a server that takes time for each, one after the other.
    package struct Calls: Hashable, Sendable, Codable {
        package var arrivals: Arrivals
        /// Those that share a budget, a breaker and a rate, if the policy has them.
        package var clients: Int
        /// After which an attempt is given up, where the policy does not give it up earlier.
        package var timeout: Duration
        package var server: Server

        package init(arrivals: Arrivals, clients: Int = 1, timeout: Duration, server: Server) {
            self.arrivals = arrivals
            self.clients = clients
            self.timeout = timeout
            self.server = server
        }
    }

    package enum Arrivals: Hashable, Sendable {
        /// Operations begin at random, so many a second, whatever becomes of the earlier ones.
        case open(rate: Double)
        /// Each of so many workers begins an operation, and when it has ended thinks for a random time of this mean.
        case closed(workers: Int, think: Duration)
    }

    /// One queue, served in the order of arrival; a call takes a random time.
    package struct Server: Hashable, Sendable, Codable {
        /// Calls a second when it is whole.
        package var rate: Double
        /// How many may wait; nil is no bound. What comes when so many wait is refused.
        package var queue: Int?
        /// Whether calls are passed over whose caller has given up; else they are served like any other.
        package var dropsStale: Bool
        /// Refusals are 429 with this Retry-After; nil makes them 503 without.
        package var retryAfter: Duration?

        package init(rate: Double, queue: Int? = nil, dropsStale: Bool = false, retryAfter: Duration? = nil) {
            self.rate = rate
            self.queue = queue
            self.dropsStale = dropsStale
            self.retryAfter = retryAfter
        }
    }
}

extension ClientLoad: Codable {
    private enum CodingKeys: String, CodingKey { case contend, call }

    package init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: CodingKeys.self)
        if let contention = try container.decodeIfPresent(Contention.self, forKey: .contend) {
            self = .contend(contention)
        } else {
            self = .call(try container.decode(Calls.self, forKey: .call))
        }
    }

    package func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: CodingKeys.self)
        switch self {
        case .contend(let contention): try container.encode(contention, forKey: .contend)
        case .call(let calls): try container.encode(calls, forKey: .call)
        }
    }
}

extension ClientLoad.Arrivals: Codable {
    private enum CodingKeys: String, CodingKey { case rate, workers, think }

    package init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: CodingKeys.self)
        if let rate = try container.decodeIfPresent(Double.self, forKey: .rate) {
            self = .open(rate: rate)
        } else {
            self = .closed(
                workers: try container.decode(Int.self, forKey: .workers),
                think: try container.decode(Duration.self, forKey: .think))
        }
    }

    package func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: CodingKeys.self)
        switch self {
        case .open(let rate): try container.encode(rate, forKey: .rate)
        case .closed(let workers, let think):
            try container.encode(workers, forKey: .workers)
            try container.encode(think, forKey: .think)
        }
    }
}
