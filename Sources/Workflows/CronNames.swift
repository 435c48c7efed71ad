package import Kubernetes

/// The names, labels and annotations that Argo gives to CronWorkflows and their runs.
package enum CronNames {
    /// On a run: the name of its CronWorkflow.
    package static let cronLabel = "workflows.argoproj.io/cron-workflow"
    /// On a run: the tick that it was made for.
    package static let scheduledTimeAnnotation = "workflows.argoproj.io/scheduled-time"
    /// On a CronWorkflow that its stopStrategy has stopped.
    package static let completedLabel = "cronworkflows.argoproj.io/completed"
    /// On a CronWorkflow: the schedules of its last tick.
    package static let lastUsedScheduleAnnotation = "cronworkflows.argoproj.io/last-used-schedule"
    /// On a CronWorkflow whose schedules may begin with a field of seconds; not Argo's.
    package static let secondsAnnotation = "boreas.dev/schedule-seconds"
    /// Labels of a CronWorkflow that its runs have too.
    static let inheritedLabels = [
        "workflows.argoproj.io/creator", "workflows.argoproj.io/creator-email",
        "workflows.argoproj.io/creator-preferred-username", WorkflowNames.instanceLabel,
    ]
    /// So that the name of a run, with the seconds of its tick, fits a label.
    static let longestName = 52

    /// `<cron>-<unix seconds>`: one name for each tick, so that no two runs of it can be.
    package static func workflowName(cron: String, tick: Timestamp) -> String {
        "\(cron)-\(CronMoment.quotient(tick.microsecondsSinceEpoch, 1_000_000))"
    }

    /// The tick that a run was made for; nil for what was made otherwise, by hand say.
    package static func tick(of workflow: Workflow, cron: String) -> Timestamp? {
        let metadata = workflow.metadata
        guard let tick = metadata[annotation: scheduledTimeAnnotation].flatMap(Timestamp.init(rfc3339:)),
            metadata.name == workflowName(cron: cron, tick: tick)
        else { return nil }
        return tick
    }
}
