import Foundation

/// The contention study by itself, as one would write it that needs nothing else: one generator, the formula of the
/// policy in the loop, no policy, no record. What the study proper is measured against.
struct BareContention {
    enum Formula: CaseIterable {
        case none, exponential, equal, full, decorrelated
    }

    private struct Event {
        var time: Double
        /// Twice the client's number, and 1 more for a write.
        var key: Int
    }

    private struct Client {
        var version = 0
        var attempt = 0
        var previous = 5.0
    }

    /// Milliseconds.
    private static let cap = 2_000.0

    private var random: UInt64
    private var spare: Double?
    private var heap: [Event] = []
    private var clients: [Client]

    init(clients count: Int, seed: UInt64) {
        random = seed
        clients = Array(repeating: Client(), count: count)
    }

    /// - Returns: The writes that were sent, and when the last was answered.
    mutating func run(_ formula: Formula) -> (writes: Int, milliseconds: Double) {
        var (writes, end, version) = (0, 0.0, 0)
        for client in clients.indices { push(Event(time: delay(), key: 2 * client)) }
        while let event = pop() {
            let client = event.key >> 1
            if event.key & 1 == 0 {
                clients[client].version = version
                push(Event(time: event.time + delay() + delay(), key: event.key + 1))
                continue
            }
            writes += 1
            if clients[client].version == version {
                version += 1
                end = max(end, event.time + delay())
            } else {
                clients[client].attempt += 1
                let wait = backoff(formula, client)
                push(Event(time: event.time + delay() + wait + delay(), key: event.key - 1))
            }
        }
        return (writes, end)
    }

    private mutating func backoff(_ formula: Formula, _ client: Int) -> Double {
        let envelope = min(Self.cap, 5 * Double(1 << min(clients[client].attempt, 20)))
        switch formula {
        case .none: return 0
        case .exponential: return envelope
        case .equal: return envelope / 2 + uniform() * envelope / 2
        case .full: return uniform() * envelope
        case .decorrelated:
            let wait = min(Self.cap, 5 + uniform() * (clients[client].previous * 3 - 5))
            clients[client].previous = wait
            return wait
        }
    }

    private mutating func uniform() -> Double {
        random &+= 0x9E37_79B9_7F4A_7C15
        var z = random
        z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
        z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
        return Double((z ^ (z >> 31)) >> 11) * 0x1p-53
    }

    private mutating func delay() -> Double { abs(10 + 2 * normal()) }

    private mutating func normal() -> Double {
        if let value = spare {
            spare = nil
            return value
        }
        while true {
            let x = 2 * uniform() - 1
            let y = 2 * uniform() - 1
            let square = x * x + y * y
            guard square < 1, square > 0 else { continue }
            let scale = (-2 * log(square) / square).squareRoot()
            spare = y * scale
            return x * scale
        }
    }

    private mutating func push(_ event: Event) {
        heap.append(event)
        var hole = heap.count - 1
        while hole > 0, event.time < heap[(hole - 1) / 2].time {
            heap[hole] = heap[(hole - 1) / 2]
            hole = (hole - 1) / 2
        }
        heap[hole] = event
    }

    private mutating func pop() -> Event? {
        guard let last = heap.popLast() else { return nil }
        guard let first = heap.first else { return last }
        var hole = 0
        while true {
            var child = 2 * hole + 1
            guard child < heap.count else { break }
            if child + 1 < heap.count, heap[child + 1].time < heap[child].time { child += 1 }
            guard heap[child].time < last.time else { break }
            heap[hole] = heap[child]
            hole = child
        }
        heap[hole] = last
        return first
    }
}
