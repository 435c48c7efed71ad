import ArgumentParser
import Experiments
import Kubernetes
import Resilience

struct Policies: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Lists the policies that experiments may name, or prints one with all its parts.",
        discussion: """
            What is printed of one policy can be pasted into an experiment, under spec.policies, and changed there: \
            YAML as an item of the list, with -o json as an object. It bears a name of its own, because presets keep \
            theirs.
            """)

    @Argument(help: "Print this policy with all its parts.")
    var name: String?

    @OptionGroup
    var output: OutputOptions

    func run() throws {
        guard let name else { return Terminal.result(list) }
        let document = try Self.document(of: Self.preset(named: name))
        Terminal.result(output.format == .json ? JSONValue.object(document).text : Self.yaml(document))
    }

    /// - Throws: ``CommandFailure`` with the nearest name that there is.
    static func preset(named name: String) throws -> Policy {
        guard let policy = Policy.presets.first(where: { $0.name == name }) else {
            let mend = Spelling.mend(name, among: Policy.presets.map(\.name))
            throw CommandFailure(code: .usage, message: "there is no policy \(name)\(mend)")
        }
        return policy
    }

    private var list: String {
        guard output.format == .text else {
            let policies = Policy.presets.map { policy -> JSONValue in
                .object(["name": .string(policy.name), "description": .string(policy.description)])
            }
            return JSONValue.array(policies).text
        }
        let width = Policy.presets.map(\.name.count).max() ?? 0
        let lines = Policy.presets.map { policy in
            let padding = String(repeating: " ", count: width - policy.name.count)
            return "\(policy.name)\(padding)  \(policy.description)"
        }
        return lines.joined(separator: "\n")
    }

    /// The policy as a document of its own: `my-boreas`.
    static func document(of policy: Policy) throws -> JSONObject {
        var copy = policy
        copy.name = "my-\(policy.name)"
        return try DocumentEncoder().encode(copy).object ?? JSONObject()
    }

    /// An item of a list, with the name at its head.
    static func yaml(_ document: JSONObject) -> String {
        var rest = document
        var lines: [String] = []
        for key in ["name", "description"] {
            guard let value = rest[key] else { continue }
            rest[key] = nil
            lines += YAMLText.block(["\(key)": value])
        }
        lines += YAMLText.block(rest)
        return lines.enumerated().map { ($0.offset == 0 ? "- " : "  ") + $0.element }.joined(separator: "\n")
    }
}
