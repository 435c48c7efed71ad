import Kubernetes

extension PodMachine {
    /// Whether the containers of the annotated pod run on after SIGTERM: `true`. With a dot and a container's name it
    /// speaks of that one alone, and comes first.
    package static let ignoresTerminationAnnotation = "boreas.dev/ignores-sigterm"

    /// What a workflow is to be told with the next status, once its container has ended.
    var outputs: JSONObject? { containers.lazy.compactMap(\.outputs).first }

    /// Runs a command in a container, and lets its signals take effect at once.
    ///
    /// - Returns: What the command does; nil where the container does not run.
    package mutating func exec(_ command: [String], container: String, at now: Duration) -> ContainerPlan? {
        advance(to: now)
        guard let index = containers.firstIndex(where: { $0.name == container }), containers[index].isRunning else {
            return nil
        }
        let plan = ContainerPlan(
            executing: command, environment: containers[index].environment, files: containers[index].files,
            startedAt: epoch + now)
        for number in plan.signals { signal(number, to: index, at: now) }
        return plan
    }

    /// Signals whose default is not to end the process (signal(7)), and the one that is none.
    private static let harmless: Set<Int> = [0, 17, 18, 19, 20, 21, 22, 23, 28]

    private mutating func signal(_ number: Int, to index: Int, at now: Duration) {
        guard containers[index].isRunning, !Self.harmless.contains(number),
            !(number == 15 && containers[index].ignoresTermination)
        else { return }
        signalled(index, exitCode: 128 + number, at: now)
    }
}
