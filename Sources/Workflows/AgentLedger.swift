package import Kubernetes

/// What an agent has taken on, and which results are still to be handed in.
package struct AgentLedger: Sendable {
    private var considered: Set<String> = []
    private var templates: [String: JSONObject] = [:]
    private var results = JSONObject()

    package init() {}

    /// The task set as it stands: what is new in it is taken on, unless its result is there already, from an earlier
    /// life of the agent.
    ///
    /// - Returns: The ids of the tasks to start, in their order.
    package mutating func changed(_ taskSet: WorkflowTaskSet) -> [String] {
        let done = taskSet.results
        var started: [String] = []
        for (id, template) in taskSet.tasks where done[id] == nil && considered.insert(id).inserted {
            templates[id] = template.object
            started.append(id)
        }
        return started
    }

    package func template(of id: String) -> JSONObject? { templates[id] }

    package mutating func finished(_ id: String, _ result: JSONObject) {
        templates[id] = nil
        results[id] = .object(result)
    }

    /// The results to hand in, by task id.
    package var pending: JSONObject { results }

    /// These results were handed in, or are given up.
    package mutating func settled(_ handedIn: JSONObject) {
        for (id, result) in handedIn where results[id] == result { results[id] = nil }
    }
}
