package import Kubernetes

/// A signal to the main process of a container, by a command that runs in it.
package enum ContainerSignal: Int, Hashable, Sendable {
    case kill = 9
    case terminate = 15

    /// A pod whose annotation does not say how it is to be signalled.
    package struct BadAnnotation: Error, Hashable, Sendable, CustomStringConvertible {
        package var annotation: String
        package var value: String

        package var description: String {
            "metadata.annotations[\(annotation)]: \(value) is no JSON array of strings, such as [\"kill\", \"-%d\", \"1\"]"
        }
    }

    /// What overrides the command of one container: a JSON array in which `%d` stands for the signal's number.
    package static func annotation(for container: String) -> String {
        "workflows.argoproj.io/kill-cmd-\(container)"
    }

    /// The command that Argo would run (workflow/signal/signal.go).
    package func command(for container: String, in pod: Pod) throws(BadAnnotation) -> [String] {
        let words = try Self.override(for: container, in: pod) ?? Self.pattern(for: container, in: pod)
        return words.map { word in
            word.split(separator: "%d", omittingEmptySubsequences: false).joined(separator: String(rawValue))
        }
    }

    private static func override(for container: String, in pod: Pod) throws(BadAnnotation) -> [String]? {
        let name = annotation(for: container)
        guard let value = pod.metadata[annotation: name] else { return nil }
        let elements = (try? JSONValue(parsing: Array(value.utf8)))?.array ?? []
        let words = elements.compactMap(\.string)
        guard !words.isEmpty, words.count == elements.count else {
            throw BadAnnotation(annotation: name, value: value)
        }
        return words
    }

    private static func pattern(for container: String, in pod: Pod) -> [String] {
        // The containers that Argo adds have its executor on their path.
        if ["init", "supervisor", "wait"].contains(container) { return ["argoexec", "kill", "%d", "1"] }
        let mounts = pod.containers.first { $0.name == container }?.json["volumeMounts"]?.array ?? []
        let paths = mounts.compactMap { $0.object?["mountPath"]?.string }
        for (path, executor) in executors where paths.contains(path) { return [executor, "kill", "%d", "1"] }
        return ["/bin/sh", "-c", "kill -%d 1"]
    }

    /// Where the executor is found, by the volume that brings it.
    private static let executors = [
        ("/argo-bin", "/argo-bin/bin/argoexec"), ("/var/run/argo", "/var/run/argo/argoexec"),
    ]
}
