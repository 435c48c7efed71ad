import Kubernetes
import Synchronization

/// Specs as they were read at an earlier look: a workflow is looked at many times, and its spec stays what it was.
package final class SpecificationCache: Sendable {
    private static let limit = 10_000

    private let specifications = Mutex<[ObjectKey: WorkflowSpecification]>([:])

    package init() {}

    /// The specification of a workflow: what is known of it, or, where its spec is another, what it is now.
    func specification(of workflow: Workflow) -> WorkflowSpecification {
        let json = WorkflowSpecification.source(in: workflow)
        let key = workflow.metadata.key
        return specifications.withLock { specifications in
            if let known = specifications[key], known.json == json { return known }
            let specification = WorkflowSpecification(reading: json)
            if specifications.count >= Self.limit { specifications = [:] }
            specifications[key] = specification
            return specification
        }
    }

    /// The workflow is over, or gone.
    func forget(_ key: ObjectKey) { specifications.withLock { $0[key] = nil } }
}
