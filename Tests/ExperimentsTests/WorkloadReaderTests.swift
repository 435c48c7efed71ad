import Experiments
import Faults
import Kubernetes
import Testing

struct WorkloadReaderTests {
    private static let limits =
        #"{"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "limits"}, "data": {"workers": "2"}}"#
    private static let cron =
        #"{"apiVersion": "argoproj.io/v1alpha1", "kind": "CronWorkflow", "metadata": {"name": "tick"}, "spec": {}}"#

    private func experiment(
        _ workload: String, expect: String? = nil, policies: [String]? = nil, vary: String? = nil
    ) throws -> Experiment {
        var spec = #""workload": [\#(workload)]"#
        if let expect { spec += #", "expect": \#(expect)"# }
        if let vary { spec += #", "vary": \#(vary)"# }
        let node = try Fixtures.node(Fixtures.experimentJSON)
            .overlaid(by: try Fixtures.node(#"{"spec": {"gate": [], \#(spec)}}"#))
        let files = [
            "wf.yaml": try Fixtures.node(#"{"kind": "Workflow", "metadata": {"generateName": "w-"}}"#),
            "both.yaml": DocumentNode(
                .sequence([
                    try Fixtures.node(Self.limits),
                    try Fixtures.node(#"{"kind": "Workflow", "metadata": {"name": "w"}}"#),
                ])),
        ]
        let reader = ExperimentReader(
            file: "e.yaml",
            presets: [try Fixtures.policy(), try Fixtures.policy("other"), try Fixtures.policy("third")],
            policies: policies
        ) { try #require(files[$0]) }
        return try reader.experiment(from: node)
    }

    private func refusal(_ workload: String, expect: String? = nil, vary: String? = nil) throws -> String {
        try #require(throws: ExperimentError.self) { try experiment(workload, expect: expect, vary: vary) }.description
    }

    @Test("objects, CronWorkflows, workflows and changes stand side by side")
    func parts() throws {
        let variation = try experiment(
            """
            {"manifest": {"inline": \(Self.limits)}}, {"cronWorkflow": {"inline": \(Self.cron), "count": 2}},
            {"workflow": {"file": "wf.yaml", "count": 2}},
            {"change": {"at": "3s", "of": "configmaps/limits", "patch": {"data": {"workers": "1"}}}},
            {"change": {"at": "4s", "of": "workflows.argoproj.io/w-1-0002", "delete": true}}
            """
        ).variations[0]
        #expect(variation.objects.count == 3)
        #expect(variation.objects[1].contains(#""name":"tick-0001""#))
        #expect(variation.loads == ["w-1-0001", "w-1-0002"])
        #expect(
            variation.changes == [
                .init(at: .seconds(3), resource: "configmaps", name: "limits", patch: #"{"data":{"workers":"1"}}"#),
                .init(at: .seconds(4), resource: "workflows", name: "w-1-0002", patch: nil),
            ])
    }

    @Test("arrivals at random are said by name, and need a mean time between two")
    func arrivals() throws {
        func load(_ rest: String) -> String { #"{"workflow": {"file": "wf.yaml", "count": 3\#(rest)}}"# }
        let random = try experiment(load(#", "every": "1s", "arrivals": "poisson""#)).variations[0].workload[0]
        #expect(random.arrivals == .poisson && random.every == .seconds(1))
        #expect(try experiment(load(#", "every": "1s""#)).variations[0].workload[0].arrivals == .regular)
        #expect(
            try refusal(load(#", "every": "1s", "arrivals": "poison""#)).contains(
                "spec.workload[0].workflow.arrivals: arrivals are regular or poisson, and not poison"))
        #expect(
            try refusal(load(#", "arrivals": "poisson""#)).contains(
                "spec.workload[0].workflow.arrivals: arrivals at random need every"))
    }

    @Test("of a file of several documents, the workflows arrive and the others are there before")
    func documents() throws {
        let variation = try experiment(#"{"workflow": {"file": "both.yaml"}}"#).variations[0]
        #expect(variation.objects.count == 1)
        #expect(variation.loads == ["w"])
    }

    @Test("an experiment with all of it is the same after the archive's round trip, and one without any as it was")
    func roundTrip() throws {
        let workload = """
            {"manifest": {"inline": \(Self.limits)}}, {"workflow": {"file": "wf.yaml"}},
            {"change": {"at": "3s", "of": "configmaps/limits", "delete": true}}
            """
        let full = try experiment(workload, expect: #"{"base": "fail", "other": "pass"}"#)
        #expect(try Experiment(document: try full.document()) == full)
        let plain = try experiment(#"{"workflow": {"file": "wf.yaml"}}"#).document()
        for key in ["expectations", "objects", "changes", "replicas"] { #expect(!plain.contains(key)) }
        #expect(try Experiment(document: plain).expectations.isEmpty)
    }

    @Test("colours are expected of policies, or of each variation; what is said of those not chosen is left out")
    func expectations() throws {
        let workload = #"{"workflow": {"inline": {"kind": "Workflow", "metadata": {"name": "$(n)"}}}}"#
        let vary = #"{"n": ["a", "b"]}"#
        let expect = #"{"base": {"n=a": "fail", "n=b": "pass"}, "other": "inconclusive"}"#
        let all = try experiment(workload, expect: expect, vary: vary).expectations
        #expect(
            all == [
                .init(policy: "base", variation: "n=a", verdict: .fail),
                .init(policy: "base", variation: "n=b", verdict: .pass),
                .init(policy: "other", verdict: .inconclusive),
            ])
        let narrowed = try experiment(workload, expect: expect, policies: ["other", "third"], vary: vary)
        #expect(narrowed.expectations == [.init(policy: "other", verdict: .inconclusive)])
    }

    @Test(
        "an expectation of nobody, or of nothing, is refused",
        arguments: [
            (#"{"bsae": "pass"}"#, "spec.expect: the experiment has no policy bsae; did you mean base?"),
            (#"{"third": "pass"}"#, "the experiment has no policy third"),
            (#"{"base": "green"}"#, "spec.expect.base: unknown value green"),
            (#"{"base": {"n=c": "pass"}}"#, "spec.expect.base: nothing varies as n=c"),
            (#"["base"]"#, "policies with their verdicts are wanted here"),
            ("{}", "policies with their verdicts are wanted here"),
        ])
    func badExpectations(expect: String, words: String) throws {
        let workload = #"{"workflow": {"inline": {"kind": "Workflow", "metadata": {"name": "$(n)"}}}}"#
        let message = try refusal(workload, expect: expect, vary: #"{"n": ["a", "b"]}"#)
        #expect(message.contains(words), "\(message)")
    }

    @Test(
        "what a workload can't have is refused, with its place",
        arguments: [
            (#"{"manifest": {"inline": \#(limits)}}"#, "the workload is empty"),
            (
                #"{"workflow": {"file": "wf.yaml"}, "manifest": {"inline": \#(limits)}}"#,
                "spec.workload[0]: name one of"
            ),
            (#"{}"#, "spec.workload[0]: name one of workflow, cronWorkflow, manifest and change"),
            (#"{"workflow": {"inline": \#(limits)}}"#, "the manifest's kind must be Workflow, and is ConfigMap"),
            (
                #"{"cronWorkflow": {"inline": \#(limits)}}"#,
                "the manifest's kind must be CronWorkflow, and is ConfigMap"
            ),
            (
                #"{"manifest": {"inline": {"kind": "Workflow"}}}"#,
                "spec.workload[0].manifest: a Workflow arrives in time; write it under workflow"
            ),
            (
                #"{"manifest": {"inline": {"apiVersion": "v1", "kind": "ConfigMapp", "metadata": {"name": "x"}}}}"#,
                "the kind ConfigMapp are not for a workload; did you mean ConfigMap?"
            ),
            (
                #"{"manifest": {"inline": {"apiVersion": "v2", "kind": "ConfigMap", "metadata": {"name": "x"}}}}"#,
                "the apiVersion of a ConfigMap is v1"
            ),
            (#"{"manifest": {"inline": {"apiVersion": "v1", "kind": "ConfigMap"}}}"#, "has no metadata.name"),
            (
                #"{"workflow": {"file": "wf.yaml"}}, {"change": {"at": "1s", "of": "configmaps/limits", "patch": {}}}"#,
                "spec.workload[1].change.of: the workload has no configmaps/limits"
            ),
            (
                #"{"workflow": {"file": "wf.yaml"}}, {"change": {"at": "1s", "of": "workflows/w-1-001", "patch": {}}}"#,
                "the workload has no workflows/w-1-001; did you mean workflows/w-1-0001?"
            ),
            (
                #"{"workflow": {"file": "wf.yaml"}}, {"change": {"at": "1s", "of": "configmap/x", "patch": {}}}"#,
                "configmap is no resource of a workload; did you mean configmaps?"
            ),
            (
                #"{"workflow": {"file": "wf.yaml"}}, {"change": {"at": "1h", "of": "workflows/w-1-0001", "patch": {}}}"#,
                "spec.workload[1].change.at: the trial is over by then"
            ),
            (
                #"{"workflow": {"file": "wf.yaml"}}, {"change": {"at": "1s", "of": "workflows/w-1-0001"}}"#,
                "give the change by one of patch and delete: true"
            ),
            (
                #"{"manifest": {"inline": [\#(limits), \#(limits)]}}, {"workflow": {"file": "wf.yaml"}}"#,
                "the workload has configmaps/limits twice"
            ),
            (#"{"workflow": {"file": "wf.yaml"}, "chnage": {}}"#, "unknown key chnage; did you mean change?"),
        ])
    func refused(workload: String, words: String) throws {
        let message = try refusal(workload)
        #expect(message.contains(words), "\(message)")
    }

    @Test("one to three controllers can run side by side")
    func replicas() throws {
        for count in [0, 4] {
            let node = try Fixtures.changed(#""core": {}"#, #""core": {"replicas": \#(count)}"#)
            let error = try #require(throws: ExperimentError.self) { try Fixtures.reader().experiment(from: node) }
            #expect(error.path == "spec.subject.core.replicas")
        }
        for count in 1...3 {
            let node = try Fixtures.changed(#""core": {}"#, #""core": {"replicas": \#(count)}"#)
            #expect(try Fixtures.reader().experiment(from: node).variations[0].replicas == count)
        }
    }

    @Test("a crash is written as any other fault")
    func crash() throws {
        let node = try Fixtures.changed(
            #""reset": {"at": "afterCommit"}"#,
            #""crash": {"afterWrites": 3, "at": "beforeAnswer", "downtime": "500ms"}"#
        ).overlaid(by: try Fixtures.node("{}"))
        let error = try #require(throws: ExperimentError.self) { try Fixtures.reader().experiment(from: node) }
        #expect(error.description.contains("spec.faults[0].when: crash counts writes by itself"))
        let rule = #"{"name": "kill", "crash": {"afterWrites": 3, "at": "beforeAnswer", "downtime": "500ms"}}"#
        let experiment = try Fixtures.reader().experiment(
            from: try Fixtures.node(Fixtures.experimentJSON).overlaid(
                by: try Fixtures.node(#"{"spec": {"faults": [\#(rule)]}}"#)))
        #expect(
            experiment.variations[0].plan.rules == [
                Rule(
                    name: "kill",
                    fault: .crash(Fault.Crash(afterWrites: 3, at: .beforeAnswer, downtime: .milliseconds(500))))
            ])
        #expect(try Experiment(document: try experiment.document()) == experiment)
    }
}

extension Experiment.Variation {
    /// The names of all workflows.
    fileprivate var loads: [String] { workload.enumerated().flatMap { $1.workflowNames(load: $0 + 1) } }
}
