import Experiments
import Faults
import Foundation
import Kubernetes
import Recording
import Resilience
import Testing

@testable import boreas

struct PlanCommandTests {
    // MARK: A process

    private static let process = Experiment(
        name: "sites", description: "Sites, and what they need.", seed: 3, trials: 2,
        variations: [
            Experiment.Variation(
                policies: [.ofProcess], workload: [],
                phases: Experiment.Phases(calm: .seconds(1), storm: .seconds(2), converge: .seconds(30)),
                plan: Plan(rules: [Rule(name: "cut", fault: .reset(Fault.Reset(at: .beforeRequest)))]),
                changes: [
                    Experiment.Change(
                        at: .seconds(2), resource: "websites.example.com", name: "web", patch: #"{"spec":{"size":2}}"#),
                    Experiment.Change(at: .seconds(3), resource: "websites.example.com", name: "web", patch: nil),
                ],
                process: ProcessSubject(
                    command: ["./manager", "--kubeconfig", "$(KUBECONFIG)", "# no comment"],
                    environment: ["NAMESPACE": "$(NAMESPACE)", "EMPTY": ""], workingDirectory: "/opt/manager",
                    ready: .log("started: ok"), readyWithin: .seconds(9), stopGrace: .zero,
                    memoryGrowthMax: 200 << 20),
                setup: [
                    #"{"apiVersion":"apiextensions.k8s.io/v1","kind":"CustomResourceDefinition","metadata":{"name":"websites.example.com"},"spec":{}}"#
                ],
                arrivals: [
                    Experiment.ObjectLoad(
                        manifest:
                            #"{"apiVersion":"example.com/v1","kind":"Website","metadata":{"name":"web"},"spec":{"size":1}}"#,
                        after: .milliseconds(500)),
                    Experiment.ObjectLoad(
                        manifest: #"{"apiVersion":"v1","kind":"ConfigMap","metadata":{"generateName":"c-"}}"#, count: 2,
                        every: .seconds(1)),
                ])
        ], gate: [try? GateExpression(parsing: "violations == 0")].compactMap(\.self),
        expectations: [Experiment.Expectation(policy: "own", verdict: .fail)])

    private static func run(_ experiment: Experiment) -> RunRecord {
        RunRecord(
            identifier: "r1", experiment: experiment, world: "embedded", serverVersion: "v1.33.0",
            boreasVersion: "0.1.0", seed: 9, trialsPlanned: 4, startedEpochMicroseconds: 0)
    }

    private static func trial(_ spec: TrialSpec) -> TrialRecord {
        func request(
            _ verb: Verb, _ group: String, _ resource: String, _ name: String, at: Int, isChange: Bool? = nil
        ) -> ProxiedExchange {
            ProxiedExchange(
                method: "", uri: "/",
                identity: RequestIdentity(
                    verb: verb, group: group, resource: resource, namespace: "n", name: name),
                started: .milliseconds(at), duration: .milliseconds(1), httpStatus: 200, upstreamStatus: 200,
                userAgent: "manager", isChange: isChange)
        }
        let evidence = TrialEvidence(
            observations: [
                .entered(.calm, at: .zero),
                Observation(.objectCreated, "websites.example.com/web", detail: "u", at: .milliseconds(500)),
                Observation(.objectDeleted, "websites.example.com/web", detail: "u", at: .seconds(3)),
                .entered(.converge, at: .seconds(3)),
            ],
            proxied: [
                request(.watch, "example.com", "websites", "", at: 100),
                request(.create, "", "configmaps", "web", at: 600, isChange: true),
                request(.update, "", "configmaps", "web", at: 700, isChange: false),
            ], ended: .seconds(5))
        return TrialRecord(spec, evidence: evidence, startedEpochMicroseconds: 0)
    }

    private func readBack(_ text: String) throws -> Experiment {
        let reader = ExperimentReader(file: "e.yaml", presets: Policy.presets) { path in
            throw ExperimentError(file: path, position: nil, path: "", message: "no other file is needed")
        }
        return try reader.experiment(from: try YAMLDocument.node(parsing: text, file: "e.yaml"))
    }

    private static let names = [
        "kill-after-create-configmaps-web-1", "kill-before-answer-create-configmaps-web-1",
        "lost-reply-create-configmaps-web-1", "unobserved-websites-web", "stale-websites-web",
        "unobserved-websites-web-spec.size", "stale-websites-web-spec.size",
    ]

    @Test("a sweep is the run's experiment with plans in it, in YAML and in JSON, and needs no other file")
    func sweep() throws {
        let run = Self.run(Self.process)
        let specs = run.experiment.trialSpecs(seed: run.seed).filter(\.isReference)
        let sweep = Sweep(run, Sweep.Calm(variation: specs[0].variation, trials: specs.map(Self.trial)))
        #expect(sweep.proposals.proposals.map(\.name) == Self.names)
        #expect(sweep.origin == "r1/1 and r1/2")
        #expect(sweep.prunedText == "; left out: 1 that changed nothing")
        let yaml = try sweep.yaml(comment: "sweep.yaml")
        let read = try readBack(yaml)
        #expect(try readBack(try sweep.json()) == read)
        var expected = Self.process
        expected.seed = 9
        expected.expectations = []
        expected.variations = sweep.proposals.proposals.map { proposal in
            var variation = Self.process.variations[0]
            variation.name = "plan=\(proposal.name)"
            variation.plan.rules = [proposal.rule]
            return variation
        }
        #expect(read == expected, "\(yaml)")
        #expect(
            yaml.hasPrefix(
                """
                # Proposed from the calm trials r1/1 and r1/2 of sites.
                # Left out: 1 that changed nothing.
                #
                #   boreas run sweep.yaml
                apiVersion: boreas.dev/v1alpha1
                """), "\(yaml)")
        #expect(
            yaml.contains(
                "    # create configmaps web is done, and its answer is lost: the next try finds it there, which is no"),
            "\(yaml)")
        // What comes out of a sweep can be swept again: its references are those of the run.
        #expect(read.references == run.experiment.references)
    }

    @Test("the proposals of an archived run are a file that is valid, and stderr tells what was left out")
    func command() async throws {
        try await Executable.withFolder { boreas in
            let archive = try RunArchive.open(at: boreas.folder.appending(path: "a.sqlite").path)
            let run = Self.run(Self.process)
            try await archive.begin(run)
            for spec in run.experiment.trialSpecs(seed: run.seed) where spec.isReference {
                try await archive.record(Self.trial(spec), in: run.identifier)
            }
            try archive.close()
            let plan = try await boreas("plan", "r1", "--db", "a.sqlite")
            #expect(plan.code == 0, "\(plan)")
            #expect(
                plan.errors.contains("boreas: 7 plans proposed from r1/1 and r1/2; left out: 1 that changed nothing"),
                "\(plan)")
            #expect(try readBack(plan.output).variations.map(\.name) == Self.names.map { "plan=\($0)" })
            let written = try await boreas("plan", "--db", "a.sqlite", "-o", "json", "--out", "new/sweep.yaml")
            #expect(written.code == 0 && written.output.isEmpty, "\(written)")
            let valid = try await boreas("validate", "new/sweep.yaml")
            #expect(valid.output.contains("valid; 7 cells of 2 trials, and 2 calm trials for reference"), "\(valid)")
            let dry = try await boreas("run", "--dry-run", "new/sweep.yaml")
            #expect(dry.code == 0 && dry.output.contains("plan=stale-websites-web: fault stale-websites-web"), "\(dry)")
            let simulated = try await boreas("run", "--dry-run", "new/sweep.yaml", "--world", "simulated")
            #expect(simulated.code == 64 && simulated.errors.contains("sites is of a process"), "\(simulated)")
            let other = try await boreas("plan", "r1", "--db", "a.sqlite", "--variation", "clam")
            #expect(other.code == 64 && other.errors.contains("did you mean calm?"), "\(other)")
        }
    }

    // MARK: Boreas's own controller

    @Test("the calm trials of the built-in controller are swept in the simulated world, from the file that comes out")
    func core() async throws {
        let template = "{name: main, container: {image: a, command: [b]}}"
        let calm = """
            apiVersion: boreas.dev/v1alpha1
            kind: Experiment
            metadata: {name: calm}
            spec:
              trials: 2
              policies: [boreas]
              workload:
                - workflow:
                    inline:
                      apiVersion: argoproj.io/v1alpha1
                      kind: Workflow
                      metadata: {name: w}
                      spec: {entrypoint: main, templates: [\(template)]}
              phases: {calm: 1s, storm: 1s, converge: 60s}
            """
        try await Executable.withFolder { boreas in
            try boreas.write(calm, to: "calm.yaml")
            let first = try await boreas("run", "calm.yaml", "--world", "simulated", "--db", "a.sqlite")
            #expect(first.code == 0, "\(first)")
            let plan = try await boreas("plan", "--db", "a.sqlite")
            #expect(plan.code == 0, "\(plan)")
            try boreas.write(plan.output, to: "sweep.yaml")
            let plans = try readBack(plan.output).variations.map(\.name)
            #expect(plans.first == "plan=calm" && plans.contains("plan=lost-reply-create-pods-w-1"), "\(plan)")
            let second = try await boreas(
                "run", "sweep.yaml", "--world", "simulated", "--db", "a.sqlite", "--trials", "1", "-o", "json")
            #expect(second.code == 0, "\(second)")
            #expect(try second.json()["trials"]?.array?.count == plans.count)
        }
    }

    @Test("a run without calm trials is nothing to propose from")
    func noCalm() async throws {
        try await Executable.withFolder { boreas in
            let archive = try RunArchive.open(at: boreas.folder.appending(path: "a.sqlite").path)
            try await archive.begin(Self.run(Self.process))
            try archive.close()
            let plan = try await boreas("plan", "--db", "a.sqlite")
            #expect(plan.code == 64)
            #expect(plan.errors.contains("run r1 has no calm trials"), "\(plan)")
            let trial = try await boreas("plan", "r1/1", "--db", "a.sqlite")
            #expect(trial.code == 64 && trial.errors.contains("r1/1 is no run"), "\(trial)")
        }
    }
}
