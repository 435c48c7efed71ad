import Determinism
import Experiments
import Kubernetes
import Workflows

/// What was seen of one pod.
struct PodSighting: Sendable {
    /// The last that was seen.
    var pod: Pod
    var ran: Duration?
    var ended: Duration?
    /// When its label said that it is done with.
    var labelled: Duration?
    /// When its deletion began.
    var deleted: Duration?

    var name: String { pod.metadata.name }
    var workflow: String { pod.metadata.labels[WorkflowNames.workflowLabel] ?? "" }
    /// The UID of its workflow.
    var owner: String { pod.metadata.ownerReferences.first { $0.kind == Workflow.resource.kind }?.uid ?? "" }
    var isAgent: Bool { pod.metadata.labels[WorkflowNames.componentLabel] == WorkflowNames.agentComponent }
}

extension TrialWitness {
    mutating func saw(_ pod: Pod, isGone: Bool = false, at time: Duration) -> [Observation] {
        let uid = pod.metadata.uid ?? ""
        var facts: [Observation] = []
        var sighting = pods[uid] ?? PodSighting(pod: pod)
        let name = sighting.name
        if pods[uid] == nil {
            podUIDs[name, default: []].append(uid)
            facts.append(Observation(.podAppeared, name, detail: sighting.workflow, at: time))
        }
        sighting.pod = pod
        if sighting.ran == nil, pod.phase == .running { sighting.ran = time }
        if sighting.ended == nil, pod.phase.isTerminal {
            sighting.ended = time
            let message = pod.statusReason ?? ""
            facts.append(Observation(.podFinished, name, detail: pod.phase.rawValue, message: message, at: time))
        }
        if sighting.labelled == nil, pod.metadata.labels[WorkflowNames.completedLabel] == "true" {
            sighting.labelled = time
        }
        if sighting.deleted == nil, isGone || pod.metadata.deletionTimestamp != nil {
            sighting.deleted = time
            facts += newerDeleted(sighting, uid, at: time)
        }
        if isGone {
            if sighting.ended == nil { sighting.ended = time }
            facts.append(Observation(.podGone, name, at: time))
        }
        pods[uid] = sighting
        return facts
    }

    /// A pod that took the place of another one, and went while its workflow needed it.
    private func newerDeleted(_ sighting: PodSighting, _ uid: String, at time: Duration) -> [Observation] {
        guard podUIDs[sighting.name, default: []].count > 1, !sighting.pod.phase.isTerminal,
            let workflow = everyWorkflow[sighting.owner], !workflow.phase.isTerminal,
            workflow.spec["shutdown"] == nil, workflows[workflow.metadata.name]?.metadata.uid == sighting.owner
        else { return [] }
        return [
            Observation(.newerPodDeleted, sighting.name, detail: sighting.workflow, message: uid, at: time)
        ]
    }

    // MARK: The end

    /// When which pod worked under which lock, now that the nodes are known.
    var guardedWork: [Observation] {
        pods.values.sorted { ($0.name, $0.ran ?? .zero) < ($1.name, $1.ran ?? .zero) }.flatMap { sighting in
            guard let began = sighting.ran, let workflow = everyWorkflow[sighting.owner] else { return [Observation]() }
            return WorkflowLook(workflow).permits(guarding: sighting.pod).flatMap { permit in
                let name = sighting.name
                let start = permit.observation(.guardedWorkBegan, message: name, at: began)
                guard let ended = sighting.ended else { return [start] }
                return [start, permit.observation(.guardedWorkEnded, message: name, at: ended)]
            }
        }
    }

    /// What was done with each pod, and how long after it was due.
    var cleanups: [Observation] {
        pods.values.sorted { ($0.name, $0.ended ?? .zero) < ($1.name, $1.ended ?? .zero) }.compactMap { sighting in
            guard let due = cleanup(of: sighting) else { return nil }
            let done = due.action == .delete ? sighting.deleted : sighting.labelled ?? sighting.deleted
            guard let done else { return nil }
            let age = max(.zero, done - due.since)
            return Observation(
                .podCleaned, sighting.name, detail: "\(age.microseconds / 1_000)", message: due.action.rawValue,
                at: done)
        }
    }

    func remainingPods(at time: Duration) -> [Observation] {
        pods.values.sorted { $0.name < $1.name }.compactMap { sighting in
            guard let due = cleanup(of: sighting), sighting.deleted == nil,
                due.action == .delete || sighting.labelled == nil
            else { return nil }
            return Observation(
                .podUncleaned, sighting.name, detail: sighting.workflow, message: due.action.rawValue, at: time)
        }
    }

    private enum CleanupAction: String {
        case label = "the label \"completed\""
        case delete = "the deletion"
    }

    /// What the workflow's podGC asks to be done with a pod, and since when; nil as long as nothing is due. Where a
    /// labelSelector decides, the label is enough.
    private func cleanup(of sighting: PodSighting) -> (action: CleanupAction, since: Duration)? {
        guard !sighting.isAgent, let ended = sighting.ended, let workflow = everyWorkflow[sighting.owner],
            workflows[workflow.metadata.name]?.metadata.uid == sighting.owner || sighting.deleted != nil
        else { return nil }
        let policy = workflow.spec["podGC"]?.object ?? [:]
        let isSelected = policy["labelSelector"] == nil
        let hasSucceeded = sighting.pod.phase == .succeeded
        let finished = finishedAt[sighting.owner]
        switch policy["strategy"]?.string {
        case "OnPodCompletion" where isSelected, "OnPodSuccess" where isSelected && hasSucceeded:
            return (.delete, ended)
        case "OnWorkflowCompletion" where isSelected,
            "OnWorkflowSuccess" where isSelected && workflow.phase == .succeeded:
            return finished.map { (.delete, max(ended, $0)) }
        default:
            // A pod that its controller took away is done with.
            return sighting.deleted == nil || sighting.labelled != nil ? (.label, ended) : nil
        }
    }
}
