import Foundation
import Kubernetes
import Testing

/// The incidents in the simulated and in the embedded world: the same verdicts, decisions and, within bounds, numbers.
///
/// The trials on sockets take real time, of which most is waiting: they share the cores, each with a server of its own.
@Suite(.serialized, .timeLimit(.minutes(20)))
struct ParityTests {
    /// What a trial came to in one world.
    private struct Outcome: Sendable {
        var verdicts: [String: String]
        /// By policy and variation.
        var cells: [String: JSONObject]
        /// By policy and variation: rule, request, and which of the requests of its kind was hit.
        var hits: [String: Set<Hit>]
        var text: String
    }

    private struct Hit: Hashable, CustomStringConvertible {
        var rule: String
        var request: String
        var ordinal: Int

        var description: String { "\(rule) \(request) \(ordinal)" }

        /// Whether the object is named after the second of its making, which is another in each world.
        var tellsOfATime: Bool { request.firstMatch(of: /-[0-9]{10}$/) != nil }
    }

    /// The file and the policies of each incident; the trials of the others need the cores to themselves.
    private static let light = [
        ("semaphore-configmap-outage", ["argo-v3.6.0", "argo-v4.1.2", "boreas"]),
        ("cron-create-timeout", ["argo-v3.6.0", "argo-v4.1.2", "boreas"]),
        ("semaphore-form-by-version", ["argo-v3.5.8", "argo-v3.6.0", "argo-v4.1.2", "boreas"]),
        ("exec-signal-hang", ["argo-v3.5.8", "argo-v3.6.0", "boreas"]),
    ]
    private static let heavy = [("agent-pod-quota-conflict", ["argo-v3.4.17", "argo-v3.6.0", "boreas"])]

    @Test("the four incidents of waiting end in the same verdicts, by the same decisions and about the same numbers")
    func incidents() async throws {
        let cells = Self.light.flatMap { name, policies in policies.map { (name, $0) } }
        try await withThrowingTaskGroup(of: Void.self) { group in
            for (index, (name, policy)) in cells.enumerated() {
                // Beside each other they wait more than they work.
                if index >= 6 { try await group.next() }
                group.addTask { try await compare(name, policy, bounds: .waiting) }
            }
            try await group.waitForAll()
        }
    }

    @Test("the quota conflict ends in the same verdicts, and in about as many conflicts")
    func quotaConflict() async throws {
        for (name, policies) in Self.heavy {
            for policy in policies { try await compare(name, policy, bounds: .racing) }
        }
    }

    /// How far the numbers of two worlds may be apart.
    private struct Bounds {
        /// Requests a trial, as a share of the larger number.
        var attempts: Double
        /// Attempts an operation.
        var amplification: Double
        /// The share of workflows that succeed.
        var success: Double
        /// The median completion, as a share of the longer one, and in seconds on top.
        var completion: Double
        var completionSeconds = 1.0
        /// Whether faults are decided request by request.
        var hasDecisions: Bool

        static let waiting = Bounds(
            attempts: 0.35, amplification: 0.15, success: 0.15, completion: 0.2, hasDecisions: true)
        /// A debug build on few cores makes fewer rewrites of a quota than a server that has a processor for itself.
        static let racing = Bounds(
            attempts: 0.5, amplification: 0.5, success: 0.4, completion: 0.5, hasDecisions: false)
    }

    private func compare(_ name: String, _ policy: String, bounds: Bounds) async throws {
        let simulated = try await outcome(name, policy, world: "simulated")
        var embedded = try await outcome(name, policy, world: "embedded")
        // On a busy machine a trial on sockets may come too late to show anything.
        for _ in 0..<3 where embedded.verdicts.values.contains("inconclusive") {
            embedded = try await outcome(name, policy, world: "embedded")
        }
        #expect(simulated.verdicts == embedded.verdicts, "\(name) \(policy)\n\(simulated.text)\n\(embedded.text)")
        for (cell, one) in simulated.cells {
            let two = try #require(embedded.cells[cell])
            compare(one, two, bounds, "\(name) \(cell)")
        }
        guard bounds.hasDecisions else { return }
        for (cell, hits) in simulated.hits { try compare(cell, hits, simulated, embedded, name) }
    }

    private func compare(_ one: JSONObject, _ two: JSONObject, _ bounds: Bounds, _ what: String) {
        func number(_ object: JSONObject, _ path: String...) -> Double? {
            guard let value = object.value(at: path) else { return nil }
            switch value {
            case .number(let number): return number
            case .integer(let number): return Double(number)
            default: return nil
            }
        }
        func areClose(_ left: Double?, _ right: Double?, share: Double, margin: Double) -> Bool {
            guard let left, let right else { return left == nil && right == nil }
            return abs(left - right) <= share * max(abs(left), abs(right)) + margin
        }
        let attempts = (number(one, "attempts"), number(two, "attempts"))
        #expect(areClose(attempts.0, attempts.1, share: bounds.attempts, margin: 8), "\(what): attempts \(attempts)")
        let spread = (number(one, "amplification"), number(two, "amplification"))
        #expect(
            areClose(spread.0, spread.1, share: 0, margin: bounds.amplification), "\(what): amplification \(spread)")
        let success = (number(one, "successRate") ?? 0, number(two, "successRate") ?? 0)
        #expect(abs(success.0 - success.1) <= bounds.success, "\(what): success \(success)")
        // Where about half of the workflows fail, a median is a matter of one more or one fewer.
        guard min(success.0, success.1) > 0.7 else { return }
        let median = (number(one, "completionSeconds", "p50"), number(two, "completionSeconds", "p50"))
        #expect(
            areClose(median.0, median.1, share: bounds.completion, margin: bounds.completionSeconds),
            "\(what): median completion \(median)")
    }

    /// Requests of one identity that both worlds have sent must have met the same decisions.
    private func compare(
        _ cell: String, _ hits: Set<Hit>, _ simulated: Outcome, _ embedded: Outcome, _ name: String
    ) throws {
        let others = try #require(embedded.hits[cell])
        #expect(hits.isEmpty == others.isEmpty, "\(name) \(cell)")
        for hit in hits.symmetricDifference(others) where !hit.tellsOfATime {
            // A request that the other world has not sent could not be hit there.
            let last = (hits.contains(hit) ? others : hits).filter { $0.request == hit.request && $0.rule == hit.rule }
                .map(\.ordinal).max()
            #expect(hit.ordinal > last ?? 0, "\(name) \(cell): \(hit) was decided otherwise in the other world")
        }
    }

    private func outcome(_ name: String, _ policy: String, world: String) async throws -> Outcome {
        let path = Executable.package.appending(path: "experiments/\(name).yaml").path
        var found: Outcome?
        try await Executable.withFolder { boreas in
            let run = try await boreas("run", path, "--world", world, "--policy", policy, "-o", "json")
            let json = try run.json()
            func key(_ object: JSONObject) -> String {
                "\(object["policy"]?.string ?? "") \(object["variation"]?.string ?? "")"
            }
            let trials = (json["trials"]?.array ?? []).compactMap(\.object)
            var outcome = Outcome(verdicts: [:], cells: [:], hits: [:], text: run.description)
            for cell in (json["cells"]?.array ?? []).compactMap(\.object) { outcome.cells[key(cell)] = cell }
            for trial in trials {
                outcome.verdicts[key(trial)] = trial["outcome"]?.string ?? ""
                let show = try await boreas("show", "latest/\(trial["number"]?.integer ?? 1)", "-o", "json")
                let faults = try show.json()["faults"]?.array ?? []
                outcome.hits[key(trial)] = Set(faults.compactMap { $0.object.flatMap(Self.hit) })
            }
            found = outcome
        }
        return try #require(found)
    }

    private static func hit(_ fault: JSONObject) -> Hit? {
        guard let rule = fault["rule"]?.string, let request = fault["request"]?.string,
            let ordinal = fault["ordinal"]?.integer
        else { return nil }
        return Hit(rule: rule, request: request, ordinal: Int(ordinal))
    }
}
