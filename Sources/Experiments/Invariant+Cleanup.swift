import Determinism
import Faults
import Resilience

extension History {
    /// How long each pod waited for its clean-up, in the order of time, and since when.
    var cleanupAges: [(pod: String, since: Duration, age: Duration)] {
        observations(.podCleaned).compactMap { cleaned in
            guard let milliseconds = Int64(cleaned.detail) else { return nil }
            let age = Duration.milliseconds(milliseconds)
            return (cleaned.subject, cleaned.at - age, age)
        }
    }

    /// The age of the oldest item, by the pods themselves and by what the subject said of its queue.
    var oldestCleanup: Duration? {
        let sampled = observations(.cleanupSampled).compactMap { Int64($0.detail) }.map { Duration.milliseconds($0) }
        return (cleanupAges.map(\.age) + sampled).max()
    }
}

extension Policy {
    /// What the policy's own waits can add up to between the end of a pod and its clean-up in fair weather: changes
    /// gather twice, the deletion is delayed, and one exec uses its whole time.
    var cleanupBound: Duration {
        batching * 2 + cleanup.deleteDelay + (exec.timeout ?? .seconds(30)) + .seconds(10)
    }
}

extension Invariant {
    func lateCleanups(_ history: History) -> [Violation] {
        guard let bound = history.policy?.cleanupBound else { return [] }
        let fair = history.entered(.converge) ?? .zero
        return history.cleanupAges.compactMap { pod, since, age in
            let fairAge = since + age - max(since, fair)
            guard fairAge > bound else { return nil }
            return Violation(
                self, pod, at: since + age,
                evidence:
                    "waited \(fairAge.textInMilliseconds) for its clean-up in fair weather, and the policy's waits explain "
                    + bound.text)
        }
    }

    func uncleanedPods(_ history: History) -> [Violation] {
        history.observations(.podUncleaned).map { pod in
            Violation(
                self, pod.subject, at: pod.at,
                evidence: "the pod of the workflow \(pod.detail) was never cleaned up: \(pod.message) was due")
        }
    }

    func newerPodsDeleted(_ history: History) -> [Violation] {
        history.observations(.newerPodDeleted).map { pod in
            Violation(
                self, pod.subject, at: pod.at,
                evidence: "with the UID \(pod.message) it was deleted in the place of an earlier one, while the "
                    + "workflow \(pod.detail) needed it")
        }
    }
}
