import Determinism
package import Kubernetes

/// What one virtual container will do, decided before it starts: how long it runs, what it prints, how it ends.
package struct ContainerPlan: Hashable, Sendable {
    /// Something printed, counted from the container's start.
    package struct Output: Hashable, Sendable {
        package enum Stream: Hashable, Sendable { case standardOutput, standardError }

        package var offset: Duration
        package var text: String
        package var stream = Stream.standardOutput
    }

    /// Nil runs until it is stopped.
    package var duration: Duration?
    package var exitCode: Int
    package var output: [Output] = []
    /// Why the container could not be played as written; stands in its status and in its log.
    package var refusal: String?
    /// What it has written at its end, by path.
    package var files: [String: String] = [:]
    /// The signals that it sends to its container's first process.
    package var signals: [Int] = []
    /// What a workflow wants to know of it at its end; nil for containers that no workflow asks about.
    package var outputs: ContainerOutputs?

    package init(duration: Duration?, exitCode: Int) {
        self.duration = duration
        self.exitCode = exitCode
    }

    /// Prints at the end of what has been planned so far.
    mutating func print(_ text: String, stream: Output.Stream = .standardOutput) {
        output.append(Output(offset: duration ?? .zero, text: text, stream: stream))
    }

    /// What has been printed to one stream when a time has passed since the start.
    func text(of stream: Output.Stream, after elapsed: Duration) -> String {
        output.filter { $0.stream == stream && $0.offset <= elapsed }.map(\.text).joined()
    }

    /// How long the containers of the annotated pod run: `200ms`, `1m30s`.
    package static let durationAnnotation = "boreas.dev/duration"
    /// The code that the containers of the annotated pod end with: `0` to `255`.
    package static let exitCodeAnnotation = "boreas.dev/exit-code"
    /// What the containers of the annotated pod print, in place of what their commands would.
    package static let outputAnnotation = "boreas.dev/output"

    /// A shell's code for a command that is not found.
    static let notFoundCode = 127
    /// What kubelets report for a container that could not be started (reason `StartError`).
    static let startErrorCode = 128

    /// Decides by the pod's annotations, else by a recognised command.
    ///
    /// An annotation overrides what the command says. A command that is not known here is a program of its image's:
    /// it counts as done at once, or where a server is wanted as one, and the log says that it was not run. A container
    /// without a command does the same, and says nothing.
    ///
    /// - Parameters:
    ///   - annotations: The pod's; empty for init containers, which they do not speak of.
    ///   - isServer: Whether what is not known runs until it is stopped: the container would be started again even after
    ///     success, or is a workflow's daemon.
    ///   - epoch: Civil time at the start, as the container would read it.
    ///   - seed: What the container's random numbers follow from.
    package init(
        _ container: Container, annotations: [String: String], isServer: Bool,
        startedAt epoch: Timestamp = Timestamp(microsecondsSinceEpoch: 0), seed: UInt64 = 0
    ) {
        let override: Override
        do {
            override = try Override(annotations)
        } catch {
            self.init(refusal: error.message, exitCode: Self.startErrorCode)
            return
        }
        let command = Self.command(of: container)
        if let script = ShellScript(command: command, environment: container.environment) {
            self = script.plan(startedAt: epoch, seed: seed)
        } else if let script = PythonScript(command: command, environment: container.environment) {
            self = script.plan(startedAt: epoch, seed: seed)
        } else if override.isEmpty, !command.isEmpty {
            self.init(unplayed: command)
            if isServer { duration = nil }
        } else {
            self.init(duration: isServer && override.isEmpty ? nil : .zero, exitCode: 0)
        }
        if let duration = override.duration { self.duration = duration }
        if let exitCode = override.exitCode { self.exitCode = exitCode }
        // What would be printed after the end is not.
        if let duration { output.removeAll { $0.offset > duration } }
        guard let text = annotations[Self.outputAnnotation] else { return }
        output = []
        print(text)
    }

    /// Stands for a command that is not known here, or not well enough: done at once, without a word but this.
    ///
    /// The word goes to the standard error, so that no workflow takes it for the command's result.
    init(unplayed command: [String]) {
        self.init(duration: .zero, exitCode: 0)
        let words = command.joined(separator: " ").prefix(200)
        print(
            "boreas: the virtual node does not run \"\(words)\"; annotate the pod with \(Self.durationAnnotation) "
                + "(such as 2s) to say how long it takes\n",
            stream: .standardError)
    }

    /// A container's command and arguments, those that its image is known to begin with included.
    private static func command(of container: Container) -> [String] {
        let image = container.image?.split(separator: ":").first.map(String.init) ?? ""
        let isArgosay = container.command.isEmpty && ShellInterpreter.baseName(image) == "argosay"
        return (isArgosay ? ["argosay"] : container.command) + container.args
    }

    /// What a command that runs in a container does.
    ///
    /// - Parameter files: Those of the container.
    init(
        executing command: [String], environment: [String: String], files: [String: String], startedAt epoch: Timestamp
    ) {
        if let script = ShellScript(command: command, environment: environment) {
            self = script.plan(startedAt: epoch, files: files, refusesUnknown: true)
        } else {
            self.init(duration: .zero, exitCode: Self.notFoundCode)
            let words = command.joined(separator: " ").prefix(200)
            print("boreas: the virtual node does not know the command \"\(words)\"\n", stream: .standardError)
        }
    }

    private init(refusal: String, exitCode: Int) {
        self.init(duration: .zero, exitCode: exitCode)
        self.refusal = refusal
        print(refusal + "\n")
    }
}

extension Container {
    /// The variables that are given outright; those of fields, secrets and config maps are not there.
    var environment: [String: String] {
        let pairs = (json["env"]?.array ?? []).compactMap(\.object).compactMap { variable in
            variable["name"]?.string.map { ($0, variable["value"]?.string ?? "") }
        }
        return Dictionary(pairs, uniquingKeysWith: { _, last in last })
    }
}

/// What a pod's annotations say about its containers.
private struct Override {
    struct Malformed: Error {
        var message: String
    }

    var duration: Duration?
    var exitCode: Int?

    var isEmpty: Bool { duration == nil && exitCode == nil }

    init(_ annotations: [String: String]) throws(Malformed) {
        if let text = annotations[ContainerPlan.durationAnnotation] {
            guard let value = Duration(text: text), value >= .zero else {
                throw Malformed(
                    message: "boreas: annotation \(ContainerPlan.durationAnnotation): \"\(text)\" is not a duration "
                        + "such as 200ms or 1m30s")
            }
            duration = value
        }
        if let text = annotations[ContainerPlan.exitCodeAnnotation] {
            guard let value = Int(text), (0...255).contains(value) else {
                throw Malformed(
                    message: "boreas: annotation \(ContainerPlan.exitCodeAnnotation): \"\(text)\" is not a number "
                        + "from 0 to 255")
            }
            exitCode = value
        }
    }
}
