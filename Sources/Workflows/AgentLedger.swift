package import Kubernetes

/// What an agent has taken on, and which results are still to be handed in.
///
/// A result is kept as long as the agent lives: a task that comes back without it, or never got it written, has its result
/// handed in again, and its call is not made twice.
package struct AgentLedger: Sendable {
    private enum Entry: Hashable, Sendable {
        /// Being done. Can move to `finished`.
        case taken(JSONObject)
        /// Done, and its result to be written, until a write is known to have been done. Can move to `handedIn` or to `givenUp`.
        case finished(JSONObject)
        /// In the task set, or so it was. Can move back to `finished`.
        case handedIn(JSONObject)
        /// Its result is lost for good.
        case givenUp
    }

    /// What a look at the task set asks for.
    package struct Change: Hashable, Sendable {
        /// The ids of the tasks to start, in their order.
        package var started: [String]
        /// Whether results that were handed in before are not there any more.
        package var hasLostResults: Bool

        package init(started: [String] = [], hasLostResults: Bool = false) {
            self.started = started
            self.hasLostResults = hasLostResults
        }
    }

    private let refusesConsidered: Bool
    private var entries: [String: Entry] = [:]

    /// - Parameter refusesConsidered: Whether a task that was taken on once is never looked at again, as with Argo's
    ///   `consideredTasks`: a result that the controller lost is lost.
    package init(refusesConsidered: Bool = false) { self.refusesConsidered = refusesConsidered }

    /// The task set as it stands: what is new in it is taken on, unless its result is there already, from an earlier
    /// life of the agent.
    package mutating func changed(_ taskSet: WorkflowTaskSet) -> Change {
        let done = taskSet.results
        var change = Change()
        for (id, template) in taskSet.tasks where done[id] == nil {
            switch entries[id] {
            case nil:
                entries[id] = .taken(template.object ?? [:])
                change.started.append(id)
            case .handedIn(let result) where !refusesConsidered:
                entries[id] = .finished(result)
                change.hasLostResults = true
            case .taken, .finished, .handedIn, .givenUp: break
            }
        }
        return change
    }

    package func template(of id: String) -> JSONObject? {
        if case .taken(let template) = entries[id] { template } else { nil }
    }

    package mutating func finished(_ id: String, _ result: JSONObject) { entries[id] = .finished(result) }

    /// The results to hand in, by task id.
    package var pending: JSONObject {
        var results = JSONObject()
        for (id, entry) in entries {
            if case .finished(let result) = entry { results[id] = .object(result) }
        }
        return results
    }

    /// These results were written into the task set.
    package mutating func settled(_ written: JSONObject) { move(written) { .handedIn($0) } }

    /// These results will never be handed in.
    package mutating func gaveUp(_ lost: JSONObject) { move(lost) { _ in .givenUp } }

    private mutating func move(_ results: JSONObject, to entry: (JSONObject) -> Entry) {
        for (id, result) in results {
            guard let result = result.object, entries[id] == .finished(result) else { continue }
            entries[id] = entry(result)
        }
    }
}
