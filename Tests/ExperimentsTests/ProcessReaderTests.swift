import Experiments
import Faults
import Kubernetes
import Resilience
import Testing

struct ProcessReaderTests {
    private static let website =
        #"{"apiVersion": "example.com/v1", "kind": "Website", "metadata": {"name": "web"}, "spec": {"size": 2}}"#
    private static let definition =
        #"{"apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition", "metadata": {"name": "websites.example.com"}}"#

    private static let json = """
        {"apiVersion": "boreas.dev/v1alpha1", "kind": "Experiment", "metadata": {"name": "sites"},
         "spec": {
           "subject": {"process": {
             "command": ["./manager", "--kubeconfig", "$(KUBECONFIG)"], "environment": {"SPACE": "$(NAMESPACE)"},
             "ready": {"log": "started"}, "readyWithin": "10s", "stopGrace": "1s", "memoryGrowthMax": "200Mi"}},
           "workload": [
             {"manifest": {"inline": \(definition)}},
             {"object": {"inline": \(website), "count": 3, "every": "250ms", "after": "500ms"}},
             {"change": {"at": "2s", "of": "websites.example.com/web-0001", "patch": {"spec": {"size": 3}}}},
             {"change": {"at": "3s", "of": "configmaps/made", "delete": true}}],
           "phases": {"calm": "1s", "storm": "2s", "converge": "5s"},
           "faults": [{"name": "cut", "match": {"resource": "pods"}, "when": {"first": 1}, "reset": {"at": "afterCommit"}}],
           "gate": ["violations == 0", "amplification <= 2"], "expect": {"own": "pass"}}}
        """

    private func node(_ text: String? = nil, _ replacement: String = "") throws -> DocumentNode {
        guard let text else { return try Fixtures.node(Self.json) }
        try #require(Self.json.contains(text), "\(text)")
        return try Fixtures.node(
            Self.json.split(separator: text, maxSplits: 1, omittingEmptySubsequences: false)
                .joined(separator: replacement))
    }

    private func refusal(_ text: String, _ replacement: String, policies: [String]? = nil) throws -> String {
        try #require(throws: ExperimentError.self) {
            try Fixtures.reader(policies: policies).experiment(from: try node(text, replacement))
        }.description
    }

    @Test("a process is the subject, with objects of any kind before it, in time, and changed")
    func whole() throws {
        let experiment = try Fixtures.reader().experiment(from: try node())
        #expect(experiment.isOfProcess && !experiment.isOfClients)
        #expect(experiment.policyNames == ["own"])
        let variation = try #require(experiment.variations.first)
        #expect(
            variation.process
                == ProcessSubject(
                    command: ["./manager", "--kubeconfig", "$(KUBECONFIG)"], environment: ["SPACE": "$(NAMESPACE)"],
                    workingDirectory: "/experiments", ready: .log("started"), readyWithin: .seconds(10),
                    stopGrace: .seconds(1), memoryGrowthMax: 200 << 20))
        #expect(variation.setup.count == 1 && variation.setup[0].contains("websites.example.com"))
        #expect(variation.workload.isEmpty && variation.objects.isEmpty)
        let arrival = try #require(variation.arrivals.first)
        #expect(arrival.count == 3 && arrival.every == .milliseconds(250) && arrival.after == .milliseconds(500))
        #expect(arrival.names == ["web-0001", "web-0002", "web-0003"])
        #expect(arrival.manifests[2].contains(#""name":"web-0003""#))
        #expect(
            variation.changes == [
                .init(
                    at: .seconds(2), resource: "websites.example.com", name: "web-0001",
                    patch: #"{"spec":{"size":3}}"#),
                .init(at: .seconds(3), resource: "configmaps", name: "made", patch: nil),
            ])
        #expect(try Experiment(document: try experiment.document()) == experiment)
    }

    @Test("what is left out is as a small program needs it, and an experiment without a process is written as it was")
    func defaults() throws {
        let bare = #"{"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"generateName": "c-"}}"#
        let document = try node().overlaid(
            by: try Fixtures.node(
                #"{"spec": {"subject": {"process": null}, "workload": [{"object": {"inline": \#(bare)}}]}}"#)
        ).overlaid(by: try Fixtures.node(#"{"spec": {"subject": {"process": {"command": ["manager"]}}}}"#))
        let variation = try Fixtures.reader().experiment(from: document).variations[0]
        #expect(variation.process == ProcessSubject(command: ["manager"], workingDirectory: "/experiments"))
        #expect(variation.process?.ready == .watches(1))
        #expect(variation.process?.readyWithin == .seconds(30) && variation.process?.stopGrace == .seconds(5))
        #expect(variation.arrivals == [Experiment.ObjectLoad(manifest: try Fixtures.node(bare).json.text)])
        #expect(variation.arrivals[0].names == [""])
        let core = try Fixtures.reader().experiment(from: try Fixtures.node(Fixtures.experimentJSON)).document()
        for key in ["process", "setup", "arrivals"] { #expect(!core.contains(key)) }
    }

    @Test(
        "a folder is the file's own, one beside it, or anywhere",
        arguments: [
            (#""workingDirectory": ".", "#, "/experiments"), (#""workingDirectory": "./bin", "#, "/experiments/bin"),
            (#""workingDirectory": "../bin", "#, "/experiments/../bin"), (#""workingDirectory": "/opt", "#, "/opt"),
        ])
    func folders(text: String, folder: String) throws {
        let experiment = try Fixtures.reader().experiment(from: try node(#""ready": "#, #"\#(text)"ready": "#))
        #expect(experiment.variations[0].process?.workingDirectory == folder)
    }

    @Test("a file of several documents is several objects, filled in with what varies")
    func files() throws {
        let site = Self.website.replacing(#""web""#, with: #""$(name)""#)
        let documents = DocumentNode(.sequence([try Fixtures.node(site), try Fixtures.node(Self.definition)]))
        let reader = ExperimentReader(file: "e.yaml", presets: [], folder: "/e") { path in
            try #require(path == "sites.yaml")
            return documents
        }
        let document = try node().overlaid(
            by: try Fixtures.node(
                #"{"spec": {"vary": {"name": ["a", "b"]}, "workload": [{"object": {"file": "sites.yaml"}}]}}"#))
        let variations = try reader.experiment(from: document).variations
        #expect(variations.map(\.name) == ["name=a", "name=b"])
        #expect(variations.map { $0.arrivals.flatMap(\.names) } == ["a", "b"].map { [$0, "websites.example.com"] })
        #expect(variations.allSatisfy { $0.setup.isEmpty })
    }

    @Test("placeholders of the trial stay where they are while others vary")
    func placeholders() throws {
        let document = try node(#""command": ["./manager""#, #""command": ["$(tool)", "sh -c $(date)""#)
            .overlaid(by: try Fixtures.node(#"{"spec": {"vary": {"tool": ["a", "b"]}}}"#))
        let variations = try Fixtures.reader().experiment(from: document).variations
        #expect(variations.map(\.name) == ["tool=a", "tool=b"])
        for (variation, tool) in zip(variations, ["a", "b"]) {
            let command: [String] = [tool, "sh -c $(date)", "--kubeconfig", "$(KUBECONFIG)"]
            #expect(variation.process?.command == command)
        }
    }

    static let refusals: [(String, String, String)] = [
        (
            #""subject""#, #""policies": ["base"], "subject""#,
            "spec.policies: a process has ways of its own, which no policy of Boreas changes; leave policies out"
        ),
        (
            #"["./manager", "--kubeconfig", "$(KUBECONFIG)"]"#, "[]",
            "spec.subject.process.command: a program is missing"
        ),
        (
            "$(KUBECONFIG)", "$(KUBECONFG)",
            "spec.subject.process.command[2]: $(KUBECONFG) is nothing of the trial's; did you mean $(KUBECONFIG)?"
        ),
        (
            "$(NAMESPACE)", "$(NAMESPCE)",
            "spec.subject.process.environment.SPACE: $(NAMESPCE) is nothing of the trial's; did you mean $(NAMESPACE)?"
        ),
        (#""SPACE""#, #""A=B""#, #""A=B" is no name of a variable"#),
        (#""$(NAMESPACE)"}"#, #"8080}"#, "put it in quotes"),
        (#""log": "started""#, #""log": """#, "spec.subject.process.ready.log: the text is empty"),
        (
            #""log": "started""#, #""log": "a", "watches": 1"#,
            "spec.subject.process.ready: name one of watches, log and http"
        ),
        (#""log": "started""#, #""watches": 0"#, "spec.subject.process.ready.watches: 0 watches"),
        (#""log": "started""#, #""http": "localhost""#, "spec.subject.process.ready.http: localhost is no URL"),
        (#""log": "started""#, #""lgo": "a""#, "unknown key lgo; did you mean log?"),
        (
            #""readyWithin": "10s""#, #""readyWithin": "0s""#,
            "spec.subject.process.readyWithin: nothing is ready at once"
        ),
        (#""200Mi""#, #""200Mo""#, "spec.subject.process.memoryGrowthMax: 200Mo is no amount of memory; write 200Mi"),
        (#""command""#, #""comand""#, "command is missing; is comand meant to be it?"),
        (#"{"manifest": {"#, #"{"workflow": {"#, "spec.workload[0].workflow: workflow is nothing for a process"),
        (
            #"{"manifest": {"#, #"{"change": {"at": "1s", "of": "a/b", "delete": true}, "manifest": {"#,
            "spec.workload[0]: name one of manifest, object and change"
        ),
        (
            #""name": "websites.example.com""#, #""labels": {}"#,
            "spec.workload[0].manifest: the CustomResourceDefinition has no metadata.name"
        ),
        (#""kind": "Website", "#, "", "spec.workload[1].object: the manifest has no kind"),
        (#""apiVersion": "example.com/v1", "#, "", "spec.workload[1].object: the Website has no apiVersion"),
        (#""metadata": {"name": "web"}"#, #""metadata": {}"#, "neither metadata.name nor metadata.generateName"),
        (#""kind": "Website", "#, #""kind": "WebsiteList", "items": [], "#, "a WebsiteList is several objects"),
        (#""count": 3"#, #""count": 0"#, "spec.workload[1].object.count: 0 objects"),
        (
            #""count": 3"#, #""count": 300"#,
            "spec.workload[1].object.every: the trial is over before the last of them arrives"
        ),
        (#""after": "500ms""#, #""after": "9s""#, "spec.workload[1].object.after: the trial is over by then"),
        (
            #"{"change": {"at": "3s""#,
            #"{"object": {"inline": {"apiVersion": "example.com/v1beta1", "kind": "Website", "metadata": {"name": "web-0002"}}}}, {"change": {"at": "3s""#,
            "spec.workload[3].object: the workload has Website.example.com web-0002 twice"
        ),
        ("configmaps/made", "configmap/made", #""configmap" is no resource"#),
        ("websites.example.com/web-0001", "websites/web-0001", "write a custom resource with its group"),
        ("configmaps/made", "configmaps", "spec.workload[3].change.of: configmaps names no object"),
        (#""at": "3s""#, #""at": "9s""#, "spec.workload[3].change.at: the trial is over by then"),
        (
            "amplification <= 2", "success_rate >= 99%",
            "success_rate tells nothing of a process; use one of operation_success_rate, attempt_success_rate, recovery,"
        ),
        ("amplification <= 2", "goodput >= 1", "goodput tells nothing of a process"),
        ("amplification <= 2", "amplification vs own <= +10%", "a process has no policies to compare"),
        (#"{"own": "pass"}"#, #"{"base": "pass"}"#, "the experiment has no policy base"),
        (
            #""phases""#, #""vary": {"NAMESPACE": ["a"]}, "phases""#,
            "spec.vary.NAMESPACE: $(NAMESPACE) stands for the trial's own"
        ),
    ]

    @Test("what can only go wrong later is refused, with its place and the mend", arguments: refusals)
    func refused(text: String, replacement: String, words: String) throws {
        let message = try refusal(text, replacement)
        #expect(message.contains(words), "\(message)")
    }

    @Test("no policy can be chosen for a process, and none in no folder")
    func elsewhere() throws {
        #expect(try refusal("sites", "sites", policies: ["base"]).hasPrefix("--policy: base changes nothing"))
        let reader = ExperimentReader(file: "e.yaml", presets: []) { _ in DocumentNode(.null) }
        let error = try #require(throws: ExperimentError.self) { try reader.experiment(from: try node()) }
        #expect(error.description.contains("workingDirectory: the experiment stands in no folder"))
    }
}

struct PlanReaderTests {
    private static let kill = #"{"name": "kill", "during": "storm", "crash": {"afterWrites": 1}}"#
    private static let cut = #"{"name": "cut-2", "blackHole": {}}"#
    private static let plans =
        #"[{"name": "calm", "faults": []}, {"name": "kill-1", "faults": [\#(kill)]}, {"name": "both", "faults": [\#(cut), \#(kill)]}]"#

    private func experiment(_ plans: String, _ more: String = "") throws -> Experiment {
        try Fixtures.reader().experiment(
            from: try Fixtures.node(Fixtures.experimentJSON).overlaid(
                by: try Fixtures.node(#"{"spec": {"plans": \#(plans)\#(more)}}"#)))
    }

    @Test("each plan is a variation, its rules after the faults that all have")
    func variations() throws {
        let experiment = try experiment(Self.plans)
        #expect(experiment.variations.map(\.name) == ["plan=calm", "plan=kill-1", "plan=both"])
        #expect(
            experiment.variations.map { $0.plan.rules.map(\.name) } == [
                ["cut"], ["cut", "kill"], ["cut", "cut-2", "kill"],
            ])
        #expect(experiment.references.isEmpty)
        #expect(try Experiment(document: try experiment.document()) == experiment)
    }

    @Test("plans join what varies besides, and can be expected something of")
    func joined() throws {
        let experiment = try experiment(
            Self.plans,
            #", "vary": {"n": [1, 2]}, "expect": {"base": {"n=2,plan=both": "fail"}}, "workload": [{"workflow": {"file": "wf.yaml", "count": "$(n)"}}]"#
        )
        #expect(
            experiment.variations.map(\.name) == [
                "n=1,plan=calm", "n=1,plan=kill-1", "n=1,plan=both", "n=2,plan=calm", "n=2,plan=kill-1",
                "n=2,plan=both",
            ])
        #expect(experiment.expectations == [.init(policy: "base", variation: "n=2,plan=both", verdict: .fail)])
    }

    @Test(
        "a plan that can't be told from others, or can't act, is refused",
        arguments: [
            (
                #"[{"name": "a", "faults": []}, {"name": "a", "faults": []}]"#,
                "spec.plans[1].name: two plans are named a; rename one"
            ),
            (#"[{"name": "A b", "faults": []}]"#, #"spec.plans[0].name: "A b" is no name"#),
            (#"[{"faults": []}]"#, "spec.plans[0]: name is missing"),
            (#"[{"name": "a"}]"#, "spec.plans[0]: faults is missing"),
            (#"[]"#, "spec.plans: a list without a plan"),
            (#"[{"name": "a", "faults": [\#(cut), \#(cut)]}]"#, "spec.plans[0].faults[1].name: rules 2 and 3"),
            (#"[{"name": "a", "faults": [{"name": "cut", "blackHole": {}}]}]"#, "spec.plans[0].faults[0].name"),
            (#"[{"name": "a", "falts": []}]"#, "spec.plans[0]: faults is missing; is falts meant to be it?"),
        ])
    func refused(plans: String, words: String) throws {
        let error = try #require(throws: ExperimentError.self) { try experiment(plans) }
        #expect(error.description.contains(words), "\(error)")
    }

    @Test("a variable can't be called plan beside plans")
    func variable() throws {
        let error = try #require(throws: ExperimentError.self) {
            try experiment(
                Self.plans,
                #", "vary": {"plan": [1, 2]}, "workload": [{"workflow": {"file": "wf.yaml", "count": "$(plan)"}}]"#)
        }
        #expect(error.path == "spec.vary.plan")
    }
}

struct ReferenceTrialTests {
    private static func variation(_ name: String, image: String = "a", rules: [Rule] = []) -> Experiment.Variation {
        Experiment.Variation(
            name: name, policies: [.ofProcess], workload: [], phases: Fixtures.phases, plan: Plan(rules: rules),
            process: ProcessSubject(command: [image], workingDirectory: "/"))
    }

    @Test("two calm trials of each workload come before the others, which follow as ever")
    func order() throws {
        let hole = Rule(name: "hole", fault: .blackHole(Fault.BlackHole()))
        let experiment = Experiment(
            name: "e", description: "", seed: 3, trials: 2,
            variations: [
                Self.variation("image=a,plan=calm"), Self.variation("image=a,plan=hole", rules: [hole]),
                Self.variation("image=b,plan=hole", image: "b", rules: [hole]),
            ])
        let specs = experiment.trialSpecs()
        #expect(specs.map(\.number) == Array(1...10))
        #expect(specs.map(\.isReference) == [true, true, true, true, false, false, false, false, false, false])
        #expect(
            specs.prefix(4).map(\.key) == [
                TrialKey(policy: "own", variation: "calm,image=a", index: 1),
                TrialKey(policy: "own", variation: "calm,image=a", index: 2),
                TrialKey(policy: "own", variation: "calm,image=b", index: 1),
                TrialKey(policy: "own", variation: "calm,image=b", index: 2),
            ])
        #expect(specs.prefix(4).allSatisfy { $0.variation.plan.rules.isEmpty && $0.variation.process != nil })
        #expect(specs[0].seed == specs[4].seed && specs[1].seed == specs[7].seed)
        let twice: [Experiment.Variation] = [experiment.variations, experiment.variations].flatMap(\.self)
        #expect(specs.dropFirst(4).map(\.variation) == twice)
        #expect(experiment.variations[1].isOnceCalm(specs[0].variation))
        #expect(!experiment.variations[2].isOnceCalm(specs[0].variation))
    }

    @Test("one that has no names is measured against calm alone")
    func single() throws {
        let experiment = Experiment(name: "e", description: "", seed: 3, trials: 1, variations: [Self.variation("")])
        #expect(experiment.trialSpecs().map(\.variation.name) == ["calm", "calm", ""])
    }

    @Test("no other subject has reference trials")
    func others() throws {
        let experiment = try Fixtures.reader().experiment(from: try Fixtures.node(Fixtures.experimentJSON))
        #expect(experiment.trialSpecs().count == 6)
        #expect(experiment.trialSpecs().allSatisfy { !$0.isReference })
    }
}
