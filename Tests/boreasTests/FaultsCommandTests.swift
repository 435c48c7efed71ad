import Experiments
import Faults
import Foundation
import Testing

@testable import boreas

struct FaultsCommandTests {
    @Test("the example on each page is a rule that a plan can have", arguments: Fault.Kind.allCases)
    func example(kind: Fault.Kind) throws {
        let text = FaultsCommand.text(of: kind)
        let example = try #require(text.components(separatedBy: "\nExample\n").last)
        let plan = """
            apiVersion: boreas.dev/v1alpha1
            kind: Plan
            spec:
              faults:
            \(example)
            """
        let reader = ExperimentReader(file: "plan.yaml", presets: []) { path in
            throw ExperimentError(file: path, position: nil, path: "", message: "no other file is needed")
        }
        let rules = try reader.plan(from: try YAMLDocument.node(parsing: plan, file: "plan.yaml")).plan.rules
        #expect(rules.map(\.fault.kind) == [kind])
    }

    @Test("lines end before the hundredth column, except where an example is longer", arguments: Fault.Kind.allCases)
    func width(kind: Fault.Kind) throws {
        let text = try #require(FaultsCommand.text(of: kind).components(separatedBy: "\nExample\n").first)
        #expect(text.split(separator: "\n").allSatisfy { $0.count <= 100 }, "\(text)")
        #expect(FaultsCommand.list.split(separator: "\n").allSatisfy { $0.count <= 100 })
    }

    @Test("what a rule cannot have is refused with the nearest kind")
    func slip() throws {
        let plan = """
            apiVersion: boreas.dev/v1alpha1
            kind: Plan
            spec:
              faults:
                - name: a
                  latencie: {fixed: 1s}
            """
        let reader = ExperimentReader(file: "plan.yaml", presets: []) { path in
            throw ExperimentError(file: path, position: nil, path: "", message: "no other file is needed")
        }
        let error = #expect(throws: ExperimentError.self) {
            try reader.plan(from: try YAMLDocument.node(parsing: plan, file: "plan.yaml"))
        }
        #expect(error?.message.contains("latencie is none; did you mean latency?") == true)
        #expect(error?.position?.line == 5)
    }
}
