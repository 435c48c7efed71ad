import Kubernetes
import Resilience

extension CronController {
    /// Creates the run of a tick, or finds that it was created before.
    ///
    /// - Throws: ``CallFailed``, `CancellationError`.
    func submit(_ run: CronReconciler.Run, for cron: ObjectKey) async throws -> CronReconciler.Outcome {
        if let template = run.template {
            let request = APIRequest.get(WorkflowTemplate.resource, template)
            _ = try await runner.perform(.cronTemplateRead, request.identity, for: cron) { try await $0.send(request) }
        }
        metrics?.cronTriggered(cron)
        let request = APIRequest.create(run.workflow)
        let adopts = settings.repairsAlreadyExists
        let submitted = try await runner.perform(.cronCreate, request.identity) { call -> Workflow? in
            let rounds = 3
            var round = 1
            while true {
                do {
                    return Workflow(json: try await call.send(request, handling: [.alreadyExists]))
                } catch let taken as APIError {
                    guard adopts else { return nil }
                    do {
                        let get = APIRequest.get(Workflow.resource, run.workflow.metadata.key)
                        let existing = Workflow(json: try await call.send(get, handling: [.notFound]))
                        guard Self.isRun(existing, run) else { throw taken }
                        return existing
                    } catch let error as APIError where error.code == .notFound && round < rounds {
                        // Gone again; it was a namesake's leftover perhaps.
                        round += 1
                    }
                }
            }
        }
        guard let submitted else { return .taken }
        workflows.observed(submitted)
        return .submitted(submitted)
    }

    /// Whether a workflow is what an earlier try made for the tick, and not something else of that name.
    private static func isRun(_ existing: Workflow, _ run: CronReconciler.Run) -> Bool {
        let tick = existing.metadata[annotation: CronNames.scheduledTimeAnnotation].flatMap(Timestamp.init(rfc3339:))
        let owners = run.workflow.metadata.ownerReferences.map(\.uid)
        return tick == run.tick && existing.metadata.ownerReferences.contains { owners.contains($0.uid) }
    }

    /// Terminates a run.
    func stop(_ key: ObjectKey) async throws {
        // What is over, or about to be, is left alone, as by Argo's `TerminateWorkflow`.
        if let known = workflows[key], known.phase.isTerminal || known.spec["shutdown"] != nil { return }
        let request = APIRequest.patch(Workflow.resource, key, ["spec": ["shutdown": "Terminate"]])
        try await runner.perform(.workflowShutdown, request.identity) { call in
            do {
                _ = try await call.send(request, handling: [.notFound])
            } catch let error as APIError where error.code == .notFound {
                return
            }
        }
    }

    /// Writes the difference that status, labels and annotations make.
    ///
    /// - Returns: The CronWorkflow as the server has it now; nil where it is gone.
    func write(_ cron: CronWorkflow, replacing stored: CronWorkflow) async throws -> CronWorkflow? {
        let patch = Self.patch(from: stored, to: cron)
        guard !patch.isEmpty else { return cron }
        let request = APIRequest.patch(CronWorkflow.resource, cron.metadata.key, patch)
        let written = try await runner.perform(.cronStatus, request.identity) { call -> CronWorkflow? in
            do {
                return CronWorkflow(json: try await call.send(request, handling: [.notFound]))
            } catch let error as APIError where error.code == .notFound {
                return nil
            }
        }
        // Argo's store learns of a write by its event, which leads to another look; in between it is out of date.
        if let written, settings.repairsAlreadyExists { crons.observed(written) }
        return written
    }

    private static func patch(from old: CronWorkflow, to new: CronWorkflow) -> JSONObject {
        var patch = JSONObject()
        for path in [["status"], ["metadata", "annotations"], ["metadata", "labels"]] {
            let difference = difference(
                from: old.json.value(at: path)?.object ?? [:], to: new.json.value(at: path)?.object ?? [:])
            if !difference.isEmpty { patch.set(.object(difference), at: path) }
        }
        return patch
    }

    /// The JSON merge patch (RFC 7386) that changes the members that differ.
    private static func difference(from old: JSONObject, to new: JSONObject) -> JSONObject {
        var patch = JSONObject()
        for (key, value) in new where old[key] != value { patch[key] = value }
        for key in old.keys where new[key] == nil { patch[key] = .null }
        return patch
    }
}
