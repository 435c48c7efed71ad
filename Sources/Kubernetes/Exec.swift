/// One command in a container that runs: `pods/exec`, without standard input and without a terminal.
/// https://kubernetes.io/docs/reference/kubernetes-api/workload-resources/pod-v1/
package struct ExecRequest: Hashable, Sendable {
    package var pod: ObjectKey
    package var container: String
    /// The program and its arguments; no shell is between.
    package var command: [String]
    package var trace: RequestTrace?
    /// How long the exec may take, from connecting to the command's end. Nil leaves it unbounded.
    package var timeout: Duration?

    package init(
        pod: ObjectKey, container: String, command: [String], trace: RequestTrace? = nil, timeout: Duration? = nil
    ) {
        self.pod = pod
        self.container = container
        self.command = command
        self.trace = trace
        self.timeout = timeout
    }

    /// The path and query that ask for this exec.
    package var uri: String {
        let path = APIResource.pods.path(namespace: pod.namespace, name: pod.name, subresource: "exec")
        let words = command.map { "command=\(APIRequest.percentEncoded($0))" }
        let options = ["container=\(APIRequest.percentEncoded(container))", "stdout=true", "stderr=true"]
        return "\(path)?\((words + options).joined(separator: "&"))"
    }

    package var identity: RequestIdentity {
        RequestIdentity(
            verb: .connect, group: "", resource: "pods", subresource: "exec", namespace: pod.namespace, name: pod.name)
    }
}

/// What a command came to.
package struct ExecResult: Hashable, Sendable {
    package var exitCode: Int
    package var standardOutput: [UInt8]
    package var standardError: [UInt8]

    package init(exitCode: Int, standardOutput: [UInt8] = [], standardError: [UInt8] = []) {
        self.exitCode = exitCode
        self.standardOutput = standardOutput
        self.standardError = standardError
    }
}
