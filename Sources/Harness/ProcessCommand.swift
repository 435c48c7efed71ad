import Experiments

/// A subject's program, with the trial's own in its arguments and its environment.
struct ProcessCommand: Hashable, Sendable {
    /// A path, or a name to be looked up in PATH.
    var program: String
    var arguments: [String]
    /// Besides the environment of this process.
    var environment: [String: String]
    var workingDirectory: String

    /// - Parameter inherited: The environment of this process.
    init(_ subject: ProcessSubject, kubeconfig: String, namespace: String, inherited: [String: String]) {
        func filled(_ text: String) -> String {
            text.replacing("$(KUBECONFIG)", with: kubeconfig).replacing("$(NAMESPACE)", with: namespace)
        }
        workingDirectory = subject.workingDirectory
        let program = filled(subject.command[0])
        let isRelative = program.contains("/") && !program.hasPrefix("/")
        self.program = isRelative ? "\(subject.workingDirectory)/\(program)" : program
        arguments = subject.command.dropFirst().map(filled)
        environment = ["KUBECONFIG": kubeconfig, "NAMESPACE": namespace]
        // A pipe makes Python keep back what it prints, and a killed process never prints it.
        if inherited["PYTHONUNBUFFERED"] == nil { environment["PYTHONUNBUFFERED"] = "1" }
        // The fault path is on this machine; a proxy of the company's is no way to it.
        let proxies = ["HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"].flatMap { [$0, $0.lowercased()] }
        if proxies.contains(where: { inherited[$0]?.isEmpty == false }) {
            for name in ["NO_PROXY", "no_proxy"] {
                let others = inherited[name].map { [$0] } ?? []
                environment[name] = (others + ["127.0.0.1", "localhost"]).joined(separator: ",")
            }
        }
        for (name, value) in subject.environment { environment[name] = filled(value) }
    }
}

/// How a process ended.
enum ProcessEnd: Hashable, Sendable {
    case exit(Int)
    case signal(Int)

    /// `exit 1`, `signal 9`.
    var text: String {
        switch self {
        case .exit(let code): "exit \(code)"
        case .signal(let number): "signal \(number)"
        }
    }
}
