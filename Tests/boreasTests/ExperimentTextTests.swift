import Experiments
import Faults
import Foundation
import Kubernetes
import Resilience
import Testing

@testable import boreas

struct ExperimentTextTests {
    /// All experiment files of the repository.
    private static let files: [String] = {
        let folder = Executable.package.appending(path: "experiments")
        let paths = (try? FileManager.default.subpathsOfDirectory(atPath: folder.path)) ?? []
        return paths.filter { $0.hasSuffix(".yaml") && !$0.contains("workflows/") && !$0.contains("manifests/") }
            .sorted()
            .map { folder.appending(path: $0).path }
    }()

    private func readBack(_ text: String) throws -> Experiment {
        let reader = ExperimentReader(file: "e.yaml", presets: Policy.presets) { path in
            throw ExperimentError(file: path, position: nil, path: "", message: "no other file is needed")
        }
        return try reader.experiment(from: try YAMLDocument.node(parsing: text, file: "e.yaml"))
    }

    @Test("each experiment of the repository is read back as it was written, variation by variation", arguments: files)
    func roundTrip(file: String) throws {
        let experiment = try ExperimentFile.experiment(at: file)
        // Studies of clients are not cut down, and so never written.
        if experiment.isOfClients { return }
        for variation in experiment.variations {
            let only = experiment.narrowed(to: variation)
            let text = try ExperimentText(only).text(comment: ["Written by a test.", "", "# twice"])
            #expect(try readBack(text) == only, "\(text)")
            #expect(text.hasPrefix("# Written by a test.\n#\n# # twice\napiVersion: boreas.dev/v1alpha1\n"))
        }
        #expect(!Self.files.isEmpty)
    }

    private static let base = Experiment(
        name: "e", description: "", seed: 1 << 52, trials: 1,
        variations: [
            Experiment.Variation(
                policies: [.boreas],
                workload: [
                    Experiment.Load(manifest: #"{"kind":"Workflow"}"#, count: 1, every: .zero)
                ],
                phases: Experiment.Phases(calm: .zero, storm: .milliseconds(1_500), converge: .seconds(20)),
                plan: Plan())
        ])

    private func written(_ change: (inout Experiment) -> Void) throws -> String {
        var experiment = Self.base
        change(&experiment)
        let text = try ExperimentText(experiment).text()
        #expect(try readBack(text) == experiment, "\(text)")
        return text
    }

    @Test("a small experiment reads as one that is written by hand")
    func shape() throws {
        let text = try written { experiment in
            experiment.firstTrial = 17
            experiment.isSwarm = true
            experiment.expectations = [Experiment.Expectation(policy: "boreas", verdict: .fail)]
            experiment.variations[0].replicas = 2
            experiment.variations[0].workload = [
                Experiment.Load(
                    manifest: #"{"kind":"Workflow","metadata":{"name":"w"}}"#, count: 1, every: .zero,
                    after: .milliseconds(250))
            ]
            experiment.variations[0].plan.rules = [
                Rule(
                    name: "cut-1", during: .storm,
                    match: RequestMatch(verb: [.create], resource: "pods", name: "w-pod"),
                    when: Timing(first: 2, after: 1), fault: .reset(Fault.Reset(at: .afterCommit))),
                Rule(name: "hole", fault: .blackHole(.init())),
            ]
        }
        #expect(
            text == """
                apiVersion: boreas.dev/v1alpha1
                kind: Experiment
                metadata: {name: e}
                spec:
                  seed: 4503599627370496
                  trials: 1
                  firstTrial: 17
                  swarm: true
                  subject: {core: {replicas: 2}}
                  policies: [boreas]
                  workload:
                    - {workflow: {after: 250ms, inline: {kind: Workflow, metadata: {name: w}}}}
                  phases: {calm: 0s, storm: 1.5s, converge: 20s}
                  faults:
                    - name: cut-1
                      during: storm
                      match: {verb: [create], resource: pods, name: w-pod}
                      when: {after: 1, first: 2}
                      reset: {at: afterCommit}
                    - {name: hole, blackHole: {}}
                  expect: {boreas: fail}

                """)
    }

    @Test("a policy of one's own is written as what it changes of a preset")
    func policies() throws {
        let text = try written { experiment in
            var leaky = Policy.boreas
            leaky.name = "leaky"
            leaky.description = "boreas, changed"
            leaky.locks.abandonsFailedRelease = true
            leaky.budget = nil
            leaky.paths[.permit]?.retriesInPlace = false
            experiment.variations[0].policies = [.argo412, leaky]
        }
        #expect(
            text.contains("name: leaky\n      extends: boreas\n      budget: null\n")
                || text.contains("{name: leaky, extends: boreas, budget: null, "), "\(text)")
        #expect(text.contains("locks: {abandonsFailedRelease: true}"), "\(text)")
    }

    @Test(
        "texts of all kinds come back as they were",
        arguments: [
            "", " ", "a", "no", "~", "null", "1", "1.0", "0x1f", "- a", "a: b", "# a", "'a'", "\"a\"", "a\\b", "*a",
            "&a",
            "%a", "{{workflow.name}}", "a\n", "a\nb", "a\n\nb\n", "a\n\n", "\na", " a\nb", "a\n b\n", "a\n  \nb", "\ta",
            "a\tb", "ä", "\u{85}", "a\u{2028}b", "\u{7F}", "🌬", "a\r\nb", "a  b", "$(responder)",
            String(repeating: "word ", count: 60) + "end", String(repeating: "word  ", count: 60),
            String(repeating: "x", count: 300), String(repeating: "# word ", count: 40) + "end",
            "echo 1\n\techo 2\nif true; then\n  echo \(String(repeating: "3", count: 120))\nfi\n",
        ])
    func texts(text: String) throws {
        let manifest: JSONObject = ["kind": "Workflow", "metadata": ["annotations": ["a": .string(text)]]]
        let long: JSONObject = [
            "kind": "Workflow", "spec": ["list": [.string(text)], "pad": .string(String(repeating: "p", count: 100))],
            "\(text)k": .string(text),
        ]
        _ = try written { experiment in
            experiment.description = text
            experiment.variations[0].workload = [manifest, long].map {
                Experiment.Load(manifest: JSONValue.object($0).text, count: 2, every: .seconds(1))
            }
        }
    }

    @Test("objects, changes, numbers and nothing at all come back as they were")
    func parts() throws {
        _ = try written { experiment in
            experiment.variations[0].objects = [
                #"{"apiVersion":"v1","data":{"workers":"2"},"kind":"ConfigMap","metadata":{"name":"limits"}}"#,
                #"{"apiVersion":"argoproj.io/v1alpha1","kind":"CronWorkflow","metadata":{"name":"tick"}}"#,
            ]
            experiment.variations[0].workload = [
                Experiment.Load(
                    manifest:
                        #"{"kind":"Workflow","spec":{"a":1.5,"b":-3,"c":1e-05,"d":null,"e":[],"f":{},"g":[[1,[2]]]}}"#,
                    count: 3, every: .microseconds(1))
            ]
            experiment.variations[0].changes = [
                Experiment.Change(
                    at: .seconds(2), resource: "configmaps", name: "limits", patch: #"{"data":{"workers":null}}"#),
                Experiment.Change(at: .seconds(2), resource: "pods", name: "w-pod", patch: nil),
            ]
        }
    }
}
