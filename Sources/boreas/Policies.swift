import ArgumentParser
import Experiments
import Kubernetes
import Resilience

struct Policies: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Lists the policies that experiments may name, or prints one.")

    @Argument(help: "Print this policy with all its parts, as JSON.")
    var name: String?

    func run() throws {
        guard let name else {
            let width = Policy.presets.map(\.name.count).max() ?? 0
            for policy in Policy.presets {
                let padding = String(repeating: " ", count: width - policy.name.count)
                Terminal.result("\(policy.name)\(padding)  \(policy.description)")
            }
            return
        }
        guard let policy = Policy.presets.first(where: { $0.name == name }) else {
            let mend = Spelling.mend(name, among: Policy.presets.map(\.name))
            throw CommandFailure(code: .usage, message: "there is no policy \(name)\(mend)")
        }
        Terminal.result(try DocumentEncoder().encode(policy).text)
    }
}
