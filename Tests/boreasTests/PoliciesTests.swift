import Experiments
import Kubernetes
import Resilience
import Testing

@testable import boreas

struct PoliciesTests {
    @Test("what is printed of a preset is read back as the same policy under another name", arguments: Policy.presets)
    func yaml(policy: Policy) throws {
        let text = Policies.yaml(try Policies.document(of: policy))
        let root = try YAMLDocument.node(parsing: text, file: "p.yaml")
        let item = try #require(root.elements?.first)
        var expected = policy
        expected.name = "my-\(policy.name)"
        #expect(try DocumentDecoder(file: "p.yaml").decode(Policy.self, from: item) == expected)
        #expect(text.hasPrefix("- name: my-\(policy.name)\n  description: "))
    }

    @Test("it can be pasted into an experiment, and changed there")
    func pasted() throws {
        let text = Policies.yaml(try Policies.document(of: .boreas))
        let policies = text.split(separator: "\n").map { "    " + $0 }.joined(separator: "\n")
        let experiment = """
            apiVersion: boreas.dev/v1alpha1
            kind: Experiment
            metadata: {name: pasted}
            spec:
              trials: 1
              subject: {core: {}}
              policies:
            \(policies)
                - {name: slow, extends: my-boreas, call: {maxAttempts: 2}, budget: {share: {share: 0.1}}}
                - {name: free, extends: my-boreas, budget: null}
              workload:
                - workflow: {inline: {kind: Workflow}, count: 1}
              phases: {calm: 1s, storm: 1s, converge: 1s}
              faults: []
              gate: [success_rate >= 1%]
            """
        let root = try YAMLDocument.node(parsing: experiment, file: "e.yaml")
        let reader = ExperimentReader(file: "e.yaml", presets: Policy.presets) { _ in DocumentNode(.null) }
        let read = try reader.experiment(from: root)
        let listed = try #require(read.trialSpecs().map(\.policy) as [Policy]?)
        #expect(listed.map(\.name) == ["my-boreas", "slow", "free"])
        #expect(listed[0].paths == Policy.boreas.paths)
        #expect(listed[1].call.maxAttempts == 2)
        #expect(listed[1].budget == .share(RetryBudget.Share(share: 0.1)))
        #expect(listed[2].budget == nil)
    }

    @Test("texts that mean something to YAML are quoted")
    func quotes() {
        let object: JSONObject = [
            "a": "true", "b": "1.5", "c": "250ms", "d": "x: y", "e": "", "f": "a-b", "g": .array([1, "0"]),
        ]
        #expect(
            YAMLText.block(object) == [
                #"a: "true""#, #"b: "1.5""#, "c: 250ms", #"d: "x: y""#, #"e: """#, "f: a-b", #"g: [1, "0"]"#,
            ])
    }
}
