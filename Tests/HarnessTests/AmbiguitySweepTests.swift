import Determinism
import Experiments
import Faults
import Kubernetes
import Testing

@testable import Harness

/// The answer to each write that the core makes is lost once, after the server has done it; over real sockets.
@Suite(.serialized, .timeLimit(.minutes(10)))
struct AmbiguitySweepTests {
    /// A write, as far as trials have it in common: the n-th of a verb on an object.
    struct Write: Hashable, Comparable, CustomStringConvertible {
        var verb: Verb
        var resource: String
        /// A glob, where the name tells of a time.
        var name: String
        /// From 1.
        var ordinal: Int

        var description: String { "\(verb.rawValue) \(resource) \(name) \(ordinal)" }

        static func < (left: Write, right: Write) -> Bool { left.description < right.description }

        var rule: Rule {
            Rule(
                name: SweepWorkload.rule, match: RequestMatch(verb: [verb], resource: resource, name: name),
                when: Timing(first: ordinal, after: ordinal - 1), fault: .reset(.init(at: .afterCommit)))
        }

        /// The writes of a trial that were done.
        static func all(of record: TrialRecord) -> Set<Write> {
            var counts: [RequestIdentity: Int] = [:]
            var writes: Set<Write> = []
            for attempt in record.attempts where attempt.exchange.identity.verb.isWrite {
                let identity = attempt.exchange.identity
                counts[identity, default: 0] += 1
                guard attempt.exchange.isSuccess else { continue }
                let group = identity.group.isEmpty ? "" : ".\(identity.group)"
                let part = identity.subresource.isEmpty ? "" : "/\(identity.subresource)"
                writes.insert(
                    Write(
                        verb: identity.verb, resource: "\(identity.resource)\(group)\(part)",
                        name: identity.name.hasPrefix("tick-") ? "tick-*" : identity.name,
                        ordinal: counts[identity, default: 1]))
            }
            return writes
        }
    }

    @Test("an answer that is lost after the write was done makes nothing come twice, whichever write it was")
    func everyWrite() async throws {
        let calm = try await SweepWorkload.fly(Array(repeating: SweepWorkload.trial("calm", []), count: 3))
        for record in calm { SweepWorkload.expectConverged(record) }
        // What only some of them write depends on which thread was first.
        let writes = calm.map { Write.all(of: $0) }.reduce(Write.all(of: calm[0])) { $0.intersection($1) }.sorted()
        #expect(
            Set(writes.map(\.resource)).isSuperset(of: [
                "pods", "workflows.argoproj.io", "workflowtasksets.argoproj.io", "cronworkflows.argoproj.io",
                "workflowtasksets.argoproj.io/status",
            ]), "\(writes)")
        let records = try await SweepWorkload.fly(writes.map { try SweepWorkload.trial("\($0)", [$0.rule]) })
        for record in records { SweepWorkload.expectConverged(record) }
        // Even what all calm trials have written need not be written in every other.
        let hit = records.count { record in record.injections.contains { $0.kind == .reset } }
        #expect(hit * 10 >= writes.count * 9, "\(hit) of \(writes.count) answers were lost")
    }
}
