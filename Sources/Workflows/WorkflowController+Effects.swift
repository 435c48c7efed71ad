import Kubernetes
import Logging
import Resilience

extension WorkflowController {
    /// - Throws: ``CallFailed``, `CancellationError`.
    func perform(_ effect: Reconciler.Effect, for workflow: Workflow) async throws {
        switch effect {
        case .createPod(let pod, _): try await create(pod, .podCreate, for: workflow)
        case .writeTaskSet(let taskSet): try await write(taskSet, for: workflow)
        case .createAgentPod(let pod):
            try await readAgentPrerequisites(pod, for: workflow)
            try await create(pod, .agentPodCreate, for: workflow)
        case .deletePod(let key, let uid): try await runner.delete(Pod.resource, key, uid: uid, .podDelete)
        case .pruneTaskSet(let ids):
            // Argo's order (workflow/controller/taskset.go).
            let none = JSONValue.object(JSONObject(uniqueKeysWithValues: ids.map { ($0, .null) }))
            try await patch(["status": ["nodes": none]], subresource: "status", for: workflow)
            try await patch(["spec": ["tasks": none]], for: workflow)
        case .completeTaskSet:
            let label: JSONObject = [WorkflowNames.completedLabel: "true"]
            try await patch(["metadata": ["labels": .object(label)]], for: workflow)
        case .acquireLocks, .releaseLocks, .cleanUp: preconditionFailure("\(effect.key) is not done by one call")
        }
    }

    /// Creates a pod, or finds that it was created before.
    private func create(_ pod: Pod, _ path: CallPath, for workflow: Workflow) async throws {
        let request = APIRequest.create(pod)
        let created = try await runner.perform(path, request.identity) { call in
            try await Self.createOrAdopt(call, request, for: workflow) {
                try await call.send(.get(Pod.resource, pod.metadata.key), handling: [.notFound])
            }
        }
        let observed = Pod(json: created)
        let known = pods[observed.metadata.key]?.metadata.resourceVersion
        pods.observed(observed)
        // One that was there already may have ended, and the watch passes over what is known: nobody else would tell.
        if observed.phase != .pending, observed.metadata.resourceVersion != known { queue.add(workflow.metadata.key) }
    }

    /// Takes in the answer to a write. Results in it that the watch has not brought yet are not brought by it any more.
    private func observed(_ taskSet: WorkflowTaskSet) {
        let key = taskSet.metadata.key
        let known = taskSets[key]?.results ?? [:]
        taskSets.observed(taskSet)
        if taskSet.results.keys.contains(where: { known[$0] == nil }) { queue.add(key) }
    }

    /// Creates an object whose name is fixed; where the name is taken, by an earlier try perhaps whose answer was lost,
    /// `adopt` gives the object that has it.
    ///
    /// - Parameter adopt: May find by ``APIError/Code/notFound`` that the object is gone again.
    private static func createOrAdopt(
        _ call: Call, _ request: APIRequest, for workflow: Workflow, adopt: () async throws -> JSONObject
    ) async throws -> JSONObject {
        let rounds = 3
        var round = 1
        while true {
            do {
                return try await call.send(request, handling: [.alreadyExists])
            } catch let taken as APIError {
                do {
                    let existing = DynamicObject(json: try await adopt())
                    // A leftover of a deleted namesake has to go before this one can come.
                    guard existing.metadata.ownerReferences.contains(where: { $0.uid == workflow.metadata.uid }) else {
                        throw taken
                    }
                    return existing.json
                } catch let error as APIError where error.code == .notFound && round < rounds {
                    round += 1
                }
            }
        }
    }

    /// What Argo reads before it creates an agent pod: a CA certificate to mount, which may be missing, and the service
    /// account whose token it mounts.
    private func readAgentPrerequisites(_ pod: Pod, for workflow: Workflow) async throws {
        let namespace = configuration.namespace
        let account = pod.json["spec", "serviceAccountName"]?.string ?? "default"
        for (resource, name) in [
            (APIResource.secrets, WorkflowNames.agentCertificatesSecret), (APIResource.serviceAccounts, account),
        ] {
            let request = APIRequest.get(resource, ObjectKey(namespace: namespace, name: name))
            try await runner.perform(.agentPodRead, request.identity, for: workflow.metadata.key) { call in
                do {
                    _ = try await call.send(request, handling: [.notFound])
                } catch let error as APIError where error.code == .notFound {
                    return
                }
            }
        }
    }

    private func write(_ taskSet: WorkflowTaskSet, for workflow: Workflow) async throws {
        let request = APIRequest.create(taskSet)
        let written = try await runner.perform(.taskSetWrite, request.identity) { call in
            try await Self.createOrAdopt(call, request, for: workflow) {
                let patch: JSONObject = ["spec": ["tasks": .object(taskSet.tasks)]]
                return try await call.send(
                    .patch(WorkflowTaskSet.resource, taskSet.metadata.key, patch), handling: [.notFound])
            }
        }
        observed(WorkflowTaskSet(json: written))
    }

    /// Patches the workflow's task set, where there is one.
    private func patch(_ patch: JSONObject, subresource: String? = nil, for workflow: Workflow) async throws {
        let request = APIRequest.patch(
            WorkflowTaskSet.resource, workflow.metadata.key, patch, subresource: subresource)
        let patched = try await runner.perform(.taskSetWrite, request.identity) { call -> JSONObject? in
            do {
                return try await call.send(request, handling: [.notFound])
            } catch let error as APIError where error.code == .notFound {
                return nil
            }
        }
        if let patched { observed(WorkflowTaskSet(json: patched)) }
    }

    /// Writes a workflow's status and labels.
    ///
    /// - Returns: The workflow as the server has it now: the one written, or, where somebody else changed its status
    ///   meanwhile, theirs, on which to decide anew. Nil where it is gone.
    func write(_ workflow: Workflow, replacing stored: Workflow) async throws -> Workflow? {
        // Argo's `reapplyUpdate` has as many rounds.
        let rounds = 5
        let request = APIRequest.update(workflow)
        return try await runner.perform(.workflowUpdate, request.identity) { call in
            var candidate = workflow
            var round = 1
            while true {
                do {
                    return Workflow(json: try await call.send(.update(candidate), handling: [.conflict, .notFound]))
                } catch let error as APIError {
                    if error.code == .notFound { return nil }
                    guard round < rounds else { throw error }
                    round += 1
                    let current = Workflow(json: try await call.send(.get(Workflow.resource, workflow.metadata.key)))
                    // The update had been applied, and only its answer was lost; or somebody else decided.
                    guard current.metadata.uid == stored.metadata.uid, current.json["status"] == stored.json["status"]
                    else { return current }
                    candidate = current
                    candidate.json["status"] = workflow.json["status"]
                    candidate.metadata.labels.merge(
                        [WorkflowNames.phaseLabel, WorkflowNames.completedLabel].compactMap { label in
                            workflow.metadata[label: label].map { (label, $0) }
                        }, uniquingKeysWith: { _, own in own })
                }
            }
        }
    }
}
