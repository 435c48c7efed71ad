import Determinism
import Experiments
import Kubernetes
import Workflows

/// What the harness has seen of a trial's objects: takes each as it stands, and gives the facts that are new.
///
/// It knows nothing of what the subject means by them: locks are read from specs and statuses, runs from labels, results
/// from task sets.
struct TrialWitness: Sendable {
    /// By name; the last of its name, until it is deleted.
    var workflows: [String: Workflow] = [:]
    /// The last that was seen of every workflow, by UID.
    var everyWorkflow: [String: Workflow] = [:]
    var finishedAt: [String: Duration] = [:]
    var pods: [String: PodSighting] = [:]
    /// The names of pods with the UIDs that had them.
    var podUIDs: [String: [String]] = [:]
    var crons: [String: CronSighting] = [:]
    private var permits: [String: Permits] = [:]
    private var askers: Set<[String]> = []
    private var limits: [String: String] = [:]
    private var finishedHTTPNodes: Set<[String]> = []
    private var recordedResults: Set<[String]> = []

    /// The permits of one workflow, by its status.
    private struct Permits {
        var held: Set<Permit> = []
        var awaited: Set<Permit> = []
    }

    // MARK: Workflows

    mutating func saw(_ workflow: Workflow, at time: Duration) -> [Observation] {
        let name = workflow.metadata.name
        let uid = workflow.metadata.uid ?? ""
        var facts: [Observation] = []
        if everyWorkflow[uid] == nil { facts += firstSight(of: workflow, at: time) }
        workflows[name] = workflow
        everyWorkflow[uid] = workflow
        facts += wishes(of: workflow, at: time)
        facts += changedPermits(of: workflow, at: time)
        facts += httpNodes(of: workflow, at: time)
        if workflow.phase.isTerminal, finishedAt[uid] == nil {
            finishedAt[uid] = time
            facts += WorkflowLook(workflow).failedNodes.map { node in
                Observation(.nodeFailed, name, detail: node.id, message: node.message, at: time)
            }
        }
        return facts
    }

    mutating func sawDeletion(of workflow: Workflow, at time: Duration) -> [Observation] {
        let name = workflow.metadata.name
        if workflows[name]?.metadata.uid == workflow.metadata.uid { workflows[name] = nil }
        guard let permits = permits.removeValue(forKey: workflow.metadata.uid ?? "") else { return [] }
        return permits.held.sorted().map { $0.observation(.permitReleased, at: time) }
    }

    /// A CronWorkflow's run is submitted by nobody but its controller.
    private func firstSight(of workflow: Workflow, at time: Duration) -> [Observation] {
        guard let run = CronRun(workflow) else { return [] }
        let name = workflow.metadata.name
        return [
            Observation(.workflowSubmitted, name, at: time),
            Observation(.cronRunCreated, run.cron, detail: run.scheduled, message: name, at: time),
        ]
    }

    private mutating func wishes(of workflow: Workflow, at time: Duration) -> [Observation] {
        WorkflowLook(workflow).wishes.compactMap { wish in
            guard askers.insert([wish.lock, wish.holder]).inserted else { return nil }
            return Observation(
                .lockAsked, workflow.metadata.name, detail: wish.lock, message: wish.holder, at: time)
        }
    }

    private mutating func changedPermits(of workflow: Workflow, at time: Duration) -> [Observation] {
        let look = WorkflowLook(workflow)
        let uid = workflow.metadata.uid ?? ""
        let before = permits[uid] ?? Permits()
        let now = Permits(held: look.permits("holding"), awaited: look.permits("waiting"))
        permits[uid] = now
        return before.held.subtracting(now.held).sorted().map { $0.observation(.permitReleased, at: time) }
            + now.awaited.subtracting(before.awaited).sorted().map { $0.observation(.permitAwaited, at: time) }
            + now.held.subtracting(before.held).sorted().map { $0.observation(.permitHeld, at: time) }
    }

    private mutating func httpNodes(of workflow: Workflow, at time: Duration) -> [Observation] {
        let name = workflow.metadata.name
        return WorkflowLook(workflow).httpNodes.compactMap { node in
            guard node.hasResult, finishedHTTPNodes.insert([name, node.id]).inserted else { return nil }
            return Observation(.httpNodeFinished, name, detail: node.id, message: node.phase, at: time)
        }
    }

    // MARK: Other objects

    mutating func saw(_ taskSet: WorkflowTaskSet, at time: Duration) -> [Observation] {
        let name = taskSet.metadata.name
        return taskSet.results.compactMap { id, result in
            guard recordedResults.insert([name, id]).inserted else { return nil }
            return Observation(
                .httpResultRecorded, name, detail: id, message: result.object?["phase"]?.string ?? "", at: time)
        }
    }

    mutating func saw(_ map: ConfigMap, isDeleted: Bool = false, at time: Duration) -> [Observation] {
        let prefix = LockName(.configMap, namespace: map.metadata.namespace ?? "", name: map.metadata.name).description
        let data = isDeleted ? [:] : map.data
        var facts: [Observation] = []
        for key in Set(data.keys).union(limits.keys.compactMap { $0.lock(in: prefix) }).sorted() {
            let lock = prefix + key
            let value = data[key].flatMap { Int($0) }.map(String.init) ?? ""
            guard limits[lock] ?? "" != value else { continue }
            limits[lock] = value
            facts.append(Observation(.limitChanged, lock, detail: value, at: time))
        }
        return facts
    }

    mutating func saw(_ cron: CronWorkflow, at time: Duration) {
        crons[cron.metadata.name, default: CronSighting(firstSeen: time)].saw(cron, at: time)
    }

    mutating func sawDeletion(of cron: CronWorkflow, at time: Duration) {
        crons[cron.metadata.name]?.inactive(at: time)
    }

    // MARK: The end

    /// What was not to be there any more when the harness looked for the last time.
    func remains(leases: [Lease], at time: Duration) -> [Observation] {
        remainingPods(at: time) + remainingPermits(leases, at: time)
    }

    /// HTTP nodes without a result.
    func unfinishedHTTPNodes(at time: Duration) -> [Observation] {
        workflows.sorted { $0.key < $1.key }.flatMap { name, workflow in
            WorkflowLook(workflow).httpNodes.filter { !$0.hasResult }.map { node in
                Observation(.httpNodeUnfinished, name, detail: node.id, message: node.phase, at: time)
            }
        }
    }

    /// Whether a lease is that of a workflow, or of a node, whose work is over. The holder is named by Argo's key, and may
    /// have the workflow's UID behind it: `n/wf/node#uid`.
    private func isOver(_ holder: String, _ finished: [(key: String, value: Workflow)]) -> Bool {
        let parts = holder.split(separator: "#", maxSplits: 1).map(String.init)
        if parts.count == 2 { return finishedAt[parts[1]] != nil }
        return finished.contains { _, workflow in
            let key = "\(workflow.metadata.key)"
            return holder == key || holder.hasPrefix("\(key)/")
        }
    }

    private func remainingPermits(_ leases: [Lease], at time: Duration) -> [Observation] {
        let finished = workflows.filter { $0.value.phase.isTerminal }.sorted { $0.key < $1.key }
        let recorded = finished.flatMap { name, workflow in
            WorkflowLook(workflow).permits("holding").sorted().map { permit in
                permit.observation(.permitRemained, message: "the status of the workflow \(name)", at: time)
            }
        }
        let leased = leases.sorted { $0.metadata.name < $1.metadata.name }.compactMap { lease -> Observation? in
            guard let holder = lease.holderIdentity, isOver(holder, finished) else { return nil }
            return Observation(
                .permitRemained, lease.metadata.name, detail: holder, message: "the lease \(lease.metadata.name)",
                at: time
            )
        }
        return recorded + leased
    }
}

/// One permit by the status of a workflow.
struct Permit: Hashable, Sendable, Comparable {
    var lock: String
    var holder: String

    static func < (left: Permit, right: Permit) -> Bool { (left.lock, left.holder) < (right.lock, right.holder) }

    func observation(_ kind: Observation.Kind, message: String = "", at time: Duration) -> Observation {
        Observation(kind, lock, detail: holder, message: message, at: time)
    }
}

/// Which tick of which CronWorkflow a workflow was made for.
struct CronRun: Hashable, Sendable {
    var cron: String
    /// RFC 3339, to the second.
    var scheduled: String

    /// Nil for a workflow that no CronWorkflow made.
    init?(_ workflow: Workflow) {
        let metadata = workflow.metadata
        guard let cron = metadata.labels["workflows.argoproj.io/cron-workflow"] else { return nil }
        self.cron = cron
        let annotated = metadata.annotations["workflows.argoproj.io/scheduled-time"].flatMap(Timestamp.init(rfc3339:))
        // Argo ends the name with the seconds since 1970.
        let named = metadata.name.split(separator: "-").last.flatMap { Int64($0) }
            .map { Timestamp(microsecondsSinceEpoch: $0 * 1_000_000) }
        scheduled = (annotated ?? named)?.rfc3339 ?? metadata.name
    }
}

extension String {
    /// The key of a limit in the ConfigMap whose locks begin so.
    fileprivate func lock(in prefix: String) -> String? { hasPrefix(prefix) ? String(dropFirst(prefix.count)) : nil }
}
