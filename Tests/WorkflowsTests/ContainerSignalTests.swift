import Kubernetes
import Testing
import Workflows

struct ContainerSignalTests {
    private static func pod(mounting path: String? = nil, annotation: String? = nil) -> Pod {
        var pod = Pod(name: "p", namespace: "n")
        var main: JSONObject = ["name": "main"]
        if let path { main["volumeMounts"] = [["name": "v", "mountPath": .string(path)]] }
        pod.containers = [Container(json: main), Container(json: ["name": "wait"])]
        if let annotation { pod.metadata.annotations["workflows.argoproj.io/kill-cmd-main"] = annotation }
        return pod
    }

    private static let commands: [(ContainerSignal, String, Pod, [String])] = [
        (.terminate, "main", pod(), ["/bin/sh", "-c", "kill -15 1"]),
        (.kill, "main", pod(), ["/bin/sh", "-c", "kill -9 1"]),
        (.terminate, "wait", pod(), ["argoexec", "kill", "15", "1"]),
        (.kill, "init", pod(), ["argoexec", "kill", "9", "1"]),
        (.kill, "main", pod(mounting: "/var/run/argo"), ["/var/run/argo/argoexec", "kill", "9", "1"]),
        (.kill, "main", pod(mounting: "/argo-bin"), ["/argo-bin/bin/argoexec", "kill", "9", "1"]),
        (.kill, "main", pod(mounting: "/data"), ["/bin/sh", "-c", "kill -9 1"]),
        (.kill, "other", pod(mounting: "/var/run/argo"), ["/bin/sh", "-c", "kill -9 1"]),
        (
            .terminate, "main",
            pod(mounting: "/var/run/argo", annotation: #"["sh", "-c", "kill -%d $(pidof x) # %d"]"#),
            ["sh", "-c", "kill -15 $(pidof x) # 15"]
        ),
        (.terminate, "main", pod(annotation: #"["pilot-agent", "quit"]"#), ["pilot-agent", "quit"]),
    ]

    @Test("the command is Argo's", arguments: commands)
    func command(signal: ContainerSignal, container: String, pod: Pod, command: [String]) throws {
        #expect(try signal.command(for: container, in: pod) == command)
    }

    @Test("an annotation that is no list of words is refused by name", arguments: ["kill -9 1", "[]", "[1]", "{}", ""])
    func badAnnotation(value: String) throws {
        let error = #expect(throws: ContainerSignal.BadAnnotation.self) {
            try ContainerSignal.kill.command(for: "main", in: Self.pod(annotation: value))
        }
        let words = try #require(error?.description)
        #expect(words.hasPrefix("metadata.annotations[workflows.argoproj.io/kill-cmd-main]: "))
    }
}
