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
            theirs. The comments at its end tell what its tries in place come to while each attempt fails by chance.
            """)

    @Argument(help: "Print this policy with all its parts.")
    var name: String?

    @OptionGroup
    var output: OutputOptions

    func run() throws {
        guard let name else { return Terminal.result(list) }
        let policy = try Self.preset(named: name)
        let document = try Self.document(of: policy)
        let outlook = Self.outlook(of: policy).map { "  # \($0)" }
        Terminal.result(
            output.format == .json
                ? JSONValue.object(document).text : ([Self.yaml(document)] + outlook).joined(separator: "\n"))
    }

    /// What calls come to whose attempts fail by chance, for each number of attempts that the policy makes in place.
    static func outlook(of policy: Policy) -> [String] {
        let counts = Set(CallPath.allCases.compactMap { policy.inPlace(at: $0) }.map { RetryRule($0).attemptsMax })
        guard counts.contains(where: { $0 > 1 }) else { return ["No call is tried again in place."] }
        return counts.filter { $0 > 1 }.sorted().flatMap { count in
            ["A call of up to \(count) attempts, if each fails independently with"]
                + [10, 50].map { percent in
                    let outlook = CallOutlook(attemptsMax: count, failure: Double(percent) / 100)
                    let failures = 100 * (1 - outlook.success)
                    let share = failures >= 0.0005 ? thousandths(failures) : "less than 0.001"
                    return "  \(percent) %: makes \(thousandths(outlook.attempts)) attempts on average, and fails in "
                        + "\(share) % of cases"
                }
        }
    }

    private static func thousandths(_ value: Double) -> String {
        let (whole, rest) = Int64((value * 1_000).rounded()).quotientAndRemainder(dividingBy: 1_000)
        var fraction = String(rest + 1_000).dropFirst()
        while fraction.last == "0" { fraction.removeLast() }
        return fraction.isEmpty ? "\(whole)" : "\(whole).\(fraction)"
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
        return Policy.presets.map { "\(TextColumns.padded($0.name, width + 2))\($0.description)" }
            .joined(separator: "\n")
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
