import Determinism
import Faults
import Kubernetes
import Synchronization

/// Rewrites a ResourceQuota from several closed-loop writers, so that the server's own admission keeps losing its
/// compare-and-swap on the quota's status and refuses creates with 409.
///
/// Each writer patches a value of its own onto an annotation, and the next as soon as it has its answer: only a
/// changed object moves the resourceVersion, and the quota controller ignores metadata, so that no accounting is
/// harmed. The number of writers holds across machines; writes a second do not.
final class QuotaChurner: ClusterCause {
    let rule: Rule
    private let api: any KubernetesAPI
    private let quota: ObjectKey
    private let writers: Int
    private let clock: TrialClock
    private let writes = Mutex(0)

    /// The annotation that is rewritten.
    static let annotation = "boreas.dev/churn"

    init(rule: Rule, api: any KubernetesAPI, quota: ObjectKey, writers: Int, clock: TrialClock) {
        precondition(writers > 0, "a churner has writers (has \(writers))")
        self.rule = rule
        self.api = api
        self.quota = quota
        self.writers = writers
        self.clock = clock
    }

    /// How many rewrites the server has acknowledged.
    var writeCount: Int { writes.withLock { $0 } }

    /// Its hits are told by the server's own words, and recorded by whoever hears them.
    func act() async {
        await withDiscardingTaskGroup { group in
            for writer in 0..<writers { group.addTask { await self.write(as: writer) } }
        }
    }

    private func write(as writer: Int) async {
        var round = 0
        while !Task.isCancelled {
            round += 1
            let patch: JSONObject = [
                "metadata": ["annotations": .object([Self.annotation: .string("\(writer)-\(round)")])]
            ]
            do {
                _ = try await api.patch(ResourceQuota.self, quota, patch, timeout: .seconds(10))
                writes.withLock { $0 += 1 }
            } catch {
                // The storm goes on whatever one write met; the pause keeps a dead server from being hammered.
                try? await clock.sleep(for: .milliseconds(20))
            }
        }
    }
}
