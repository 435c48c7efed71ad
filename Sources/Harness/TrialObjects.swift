import Determinism
import Experiments
import Kubernetes

/// The objects of a trial that are there before its workflows come, and what becomes of them while it goes on.
struct TrialObjects: Sendable {
    private let objects: [(resource: APIResource, json: JSONObject)]
    private let changes: [Experiment.Change]
    private let namespace: String

    init(_ variation: Experiment.Variation, _ stamp: WorkloadStamp) throws {
        namespace = stamp.namespace
        changes = variation.changes.enumerated()
            .sorted { ($0.element.at, $0.offset) < ($1.element.at, $1.offset) }.map(\.element)
        objects = try variation.objects.enumerated().map { index, manifest in
            let json = try stamp.object(manifest, what: "object \(index + 1) of the workload")
            let kind = json["kind"]?.string ?? ""
            guard let resource = Experiment.objectResources.first(where: { $0.kind == kind }) else {
                throw HarnessError(.unavailable, "object \(index + 1) of the workload is of the unknown kind \(kind)")
            }
            return (resource, json)
        }
    }

    /// Creates the objects, and waits until quotas among them are enforced.
    func create(on ground: Ground) async throws {
        for (resource, json) in objects {
            let request = APIRequest(
                .create, resource, namespace: namespace, body: .object(json), timeout: .seconds(10))
            _ = try await ground.api.send(request)
            if resource == .resourceQuotas {
                try await ground.quotaCounted(DynamicObject(json: json).metadata.name, in: namespace)
            }
        }
    }

    /// Makes the changes at their times.
    func change(on site: TrialSite, from start: Duration, _ collector: TrialCollector) async throws {
        for change in changes {
            try await site.clock.sleep(for: start + change.at - site.clock.now)
            guard let resource = Experiment.objectResources.first(where: { $0.name == change.resource }) else {
                continue
            }
            let key = ObjectKey(namespace: namespace, name: change.name)
            try await change.make(of: resource, key, on: site, collector)
        }
    }
}

extension Experiment.Change {
    /// Makes the change beside the fault path, and records that it was made, or could not be.
    func make(
        of resource: APIResource, _ key: ObjectKey, on site: TrialSite, _ collector: TrialCollector
    ) async throws {
        let what = "\(self.resource)/\(name)"
        do {
            if let patch {
                let body = try JSONValue(parsing: Array(patch.utf8)).object ?? JSONObject()
                _ = try await site.harness.send(.patch(resource, key, body, timeout: .seconds(10)))
            } else {
                _ = try await site.harness.send(.delete(resource, key, timeout: .seconds(10)))
            }
            collector.observe(
                Observation(
                    .note, "workload", message: "\(what) \(patch.map { "patched with \($0)" } ?? "deleted")",
                    at: site.clock.now))
        } catch let error as APIError {
            // Without its change the trial is not the one that was asked for.
            collector.observe(
                Observation(
                    .oracleFailed, what, message: "the change could not be made: \(error)", at: site.clock.now))
        }
    }
}
