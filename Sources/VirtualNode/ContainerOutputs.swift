import Kubernetes

/// What a workflow asks of a pod's main container, as Argo's executor reports it: by annotations of the pod.
package struct ContainerOutputs: Hashable, Sendable {
    /// Argo's annotation of the pods of workflows.
    package static let nodeAnnotation = "workflows.argoproj.io/node-id"
    /// `true` on the pods of daemons, whose servers run until the workflow has no more need of them.
    static let daemonAnnotation = "boreas.dev/daemon"
    /// Where the report is written.
    package static let reportAnnotation = "workflows.argoproj.io/outputs"
    /// `result` reports what the container prints.
    package static let captureAnnotation = "boreas.dev/capture"
    /// A JSON object of parameters' names and the files that hold their values.
    package static let parametersAnnotation = "boreas.dev/output-parameters"
    /// A JSON object of parameters' names and what they are where their file is missing.
    package static let defaultsAnnotation = "boreas.dev/output-defaults"

    /// Argo's bound, which is that of annotations.
    static let resultBytesMax = 256 << 10

    var capturesResult: Bool
    var paths: [String: String]
    var defaults: [String: String]

    struct Malformed: Error, Hashable {
        var message: String
    }

    /// - Returns: Nil for a pod of no workflow.
    init?(_ annotations: [String: String]) throws(Malformed) {
        guard annotations[Self.nodeAnnotation] != nil else { return nil }
        switch annotations[Self.captureAnnotation] {
        case nil, "": capturesResult = false
        case "result": capturesResult = true
        case let other?:
            throw Malformed(
                message: "boreas: annotation \(Self.captureAnnotation): \"\(other)\" is unknown; write result")
        }
        paths = try Self.strings(annotations, Self.parametersAnnotation)
        defaults = try Self.strings(annotations, Self.defaultsAnnotation)
    }

    private static func strings(_ annotations: [String: String], _ key: String) throws(Malformed) -> [String: String] {
        guard let text = annotations[key], !text.isEmpty else { return [:] }
        let members = (try? JSONValue(parsing: Array(text.utf8)))?.object
        guard let members, members.allSatisfy({ $0.value.string != nil }) else {
            throw Malformed(message: "boreas: annotation \(key) is not a JSON object of strings")
        }
        return members.stringMembers
    }

    /// Why the container fails although its command did not: the first file that is missing.
    func problem(files: [String: String]) -> String? {
        for (name, path) in paths.sorted(by: { $0.key < $1.key }) where files[path] == nil && defaults[name] == nil {
            return
                "open /var/run/argo/outputs/parameters\(path.hasPrefix("/") ? "" : "/")\(path): no such file or directory"
        }
        return nil
    }

    func report(exitCode: Int, output: String, files: [String: String]) -> JSONObject {
        var report: JSONObject = ["exitCode": .string(String(exitCode))]
        if capturesResult {
            let bytes = Array(output.utf8.prefix(Self.resultBytesMax))
            let text = bytes.last == UInt8(ascii: "\n") ? bytes.dropLast() : bytes[...]
            report["result"] = .string(String(decoding: text, as: UTF8.self))
        }
        let parameters = paths.sorted { $0.key < $1.key }.compactMap { name, path -> JSONValue? in
            guard let value = files[path] ?? defaults[name] else { return nil }
            let trimmed = value.hasSuffix("\n") ? String(value.dropLast()) : value
            return ["name": .string(name), "value": .string(trimmed)]
        }
        if !parameters.isEmpty { report["parameters"] = .array(parameters) }
        return report
    }
}

extension ContainerPlan {
    /// Takes up what a workflow asks of the container.
    mutating func report(_ annotations: [String: String]) {
        do throws(ContainerOutputs.Malformed) {
            guard let outputs = try ContainerOutputs(annotations) else { return }
            self.outputs = outputs
            if exitCode == 0, refusal == nil, let problem = outputs.problem(files: files) {
                exitCode = 1
                refusal = problem
            }
        } catch {
            duration = .zero
            exitCode = Self.startErrorCode
            refusal = error.message
        }
    }
}
