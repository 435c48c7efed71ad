import Kubernetes
import Resilience
import Workflows

/// CronWorkflows to try things on.
enum CronFixtures {
    /// A full minute.
    static let start = Timestamp(microsecondsSinceEpoch: 1_750_000_020_000_000)

    static func time(_ seconds: Int) -> Timestamp { start + .seconds(seconds) }

    static func cron(_ name: String = "nightly", _ spec: JSONObject = [:], annotations: [String: String] = [:])
        -> CronWorkflow
    {
        var cron = CronWorkflow(name: name, namespace: WorkflowFixtures.namespace)
        cron.metadata.uid = "uid-of-\(name)"
        cron.metadata.resourceVersion = "7"
        cron.metadata.creationTimestamp = start
        cron.metadata.labels = [WorkflowNames.instanceLabel: WorkflowFixtures.instanceID]
        cron.metadata.annotations = annotations
        var members: JSONObject = [
            "schedules": ["* * * * *"], "workflowSpec": .object(WorkflowFixtures.containerSpec),
        ]
        for (key, value) in spec { members[key] = value.isNull ? nil : value }
        cron.json["spec"] = .object(members)
        return cron
    }

    /// The run of a tick.
    static func workflow(
        of cron: CronWorkflow, at tick: Timestamp, _ phase: Workflow.Phase = .running, finished: Timestamp? = nil
    ) -> Workflow {
        var workflow = Workflow(
            name: CronNames.workflowName(cron: cron.metadata.name, tick: tick), namespace: cron.metadata.namespace)
        workflow.metadata.uid = "uid-of-\(workflow.metadata.name)"
        workflow.metadata.labels = [CronNames.cronLabel: cron.metadata.name]
        workflow.metadata.annotations = [CronNames.scheduledTimeAnnotation: tick.rfc3339]
        workflow.metadata.ownerReferences = [OwnerReference(to: cron)]
        workflow.phase = phase
        workflow.finishedAt = finished
        return workflow
    }

    /// Understands a few expressions, word for word.
    static let expressions = CronExpressions { text, environment, times, now in
        switch text.filter({ $0 != " " }) {
        case "true": return true
        case "false": return false
        case "7": return 7
        case "cronworkflow.failed>=1": return .bool((environment["cronworkflow", "failed"]?.integer ?? 0) >= 1)
        case "cronworkflow.succeeded>=1": return .bool((environment["cronworkflow", "succeeded"]?.integer ?? 0) >= 1)
        case "cronworkflow.lastScheduledTime==nil||(now()-cronworkflow.lastScheduledTime).Seconds()>90":
            return .bool(times["cronworkflow.lastScheduledTime"].map { now - $0 > .seconds(90) } ?? true)
        case "nightly==nightly": return true
        default: throw CronExpressions.Failure(description: "cannot read \(text)")
        }
    }

    static func settings(_ policy: Policy = .boreas) -> CronReconciler.Settings {
        CronReconciler.Settings(policy: policy, expressions: expressions)
    }
}
