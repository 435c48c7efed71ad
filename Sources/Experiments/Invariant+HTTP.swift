import Determinism

extension Invariant {
    func lostResults(_ history: History) -> [Violation] {
        let answered = Dictionary(
            grouping: history.observations(.httpCallReturned).filter { $0.message.hasPrefix("2") }, by: \.subject)
        let finished = Dictionary(grouping: history.observations(.httpNodeFinished), by: \.subject)
        let unfinished = Dictionary(grouping: history.observations(.httpNodeUnfinished), by: \.subject)
        return unfinished.sorted { $0.key < $1.key }.flatMap { workflow, nodes in
            // Nodes may share a URL, so that this many results at least were there.
            let results = Set(answered[workflow, default: []].map(\.detail)).count
            let taken = Set(finished[workflow, default: []].map(\.detail)).count
            return nodes.prefix(max(0, results - taken)).map { node in
                Violation(
                    self, workflow, at: node.at,
                    evidence: "\(results) of its calls were answered and \(taken) of its nodes have a result; "
                        + "\(node.detail) is \(node.message.isEmpty ? "without a phase" : node.message)")
            }
        }
    }

    /// How long before a call a result must have been recorded to make the call one too many.
    private static let callLag = Duration.milliseconds(250)

    func repeatedCalls(_ history: History) -> [Violation] {
        let calls = Dictionary(grouping: history.observations(.httpCallReturned), by: \.subject)
        let kinds: Set<Observation.Kind> = [.httpResultRecorded, .httpNodeFinished, .httpNodeUnfinished]
        let nodes = Dictionary(grouping: history.observations.filter { kinds.contains($0.kind) }, by: \.subject)
        return calls.sorted { $0.key < $1.key }.compactMap { workflow, calls in
            let own = nodes[workflow, default: []]
            let count = Set(own.map(\.detail)).count
            let repeated = calls.first { call in
                let recorded = own.filter { $0.kind != .httpNodeUnfinished && $0.at < call.at - Self.callLag }
                return count > 0 && Set(recorded.map(\.detail)).count == count
            }
            return repeated.map { call in
                Violation(
                    self, workflow, at: call.at,
                    evidence: "called \(call.detail) when the results of all its \(count) calls were recorded")
            }
        }
    }
}
