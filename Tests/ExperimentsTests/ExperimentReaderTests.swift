import Experiments
import Faults
import Kubernetes
import Resilience
import Testing

struct ExperimentReaderTests {
    @Test("the experiment of the design page reads as it says")
    func wholeExperiment() throws {
        let experiment = try Fixtures.reader().experiment(from: try Fixtures.node(Fixtures.experimentJSON))
        #expect(experiment.name == "churn")
        #expect(experiment.seed == 42)
        #expect(experiment.trials == 3)
        #expect(experiment.policyNames == ["base", "other"])
        let variation = try #require(experiment.variations.first)
        #expect(experiment.variations.count == 1 && variation.name.isEmpty)
        #expect(variation.phases == Fixtures.phases)
        #expect(variation.workload.map(\.count) == [4])
        #expect(variation.workload.map(\.every) == [.milliseconds(250)])
        #expect(variation.workload[0].manifest.contains("$(responder)/$(outage)"))
        let rule = try #require(variation.plan.rules.first)
        #expect(rule.fault == .reset(Fault.Reset(at: .afterCommit)))
        #expect(rule.when.span == .milliseconds(310))
        #expect(rule.during == .storm)
        #expect(experiment.gate.map(\.limit) == [0.99, 0.1])
    }

    @Test("each value that varies makes a cell, its place in the file filled in")
    func vary() throws {
        let node = try Fixtures.changed(#""310ms""#, #""$(outage)""#)
            .overlaid(by: Fixtures.node(#"{"spec": {"vary": {"outage": ["50ms", "1s"], "coin": [0.25, 0.5]}}}"#))
            .overlaid(
                by: Fixtures.node(
                    #"{"spec": {"faults": [{"name": "cut", "match": {}, "when": {"for": "$(outage)", "probability": "$(coin)"}, "blackHole": {}}]}}"#
                ))
        let experiment = try Fixtures.reader().experiment(from: node)
        #expect(
            experiment.variations.map(\.name) == [
                "coin=0.25,outage=50ms", "coin=0.25,outage=1s", "coin=0.5,outage=50ms", "coin=0.5,outage=1s",
            ])
        #expect(experiment.variations.map { $0.plan.rules[0].when.probability } == [0.25, 0.25, 0.5, 0.5])
        #expect(experiment.variations[3].plan.rules[0].when.span == .seconds(1))
        #expect(experiment.variations[3].workload[0].manifest.contains("$(responder)/1s"))
    }

    @Test("an inline policy is its base with the named parts changed")
    func extends() throws {
        let node = try Fixtures.changed(
            #"["base", "other"]"#,
            #"["other", {"name": "ours", "extends": "base", "call": {"maxAttempts": 8, "backoff": {"cap": "2s"}}}]"#)
        let policies = try #require(try Fixtures.reader().experiment(from: node).variations.first).policies
        var expected = try Fixtures.policy("ours")
        expected.call.maxAttempts = 8
        expected.call.backoff.cap = .seconds(2)
        expected.description = "base, changed"
        #expect(policies[1] == expected)
    }

    @Test("a chosen policy stands in for the file's, preset or inline")
    func chosenPolicies() throws {
        let node = try Fixtures.changed(
            #""base", "#, #"{"name": "ours", "extends": "base"}, "#)
        let experiment = try Fixtures.reader(policies: ["third", "other", "ours"]).experiment(from: node)
        #expect(experiment.policyNames == ["third", "other", "ours"])
    }

    static let refusals: [(String, String, String)] = [
        (#""trials": 3"#, #""trails": 3"#, "unknown key trails; did you mean trials?"),
        (#""250ms""#, "250", "spec.workload[0].workflow.every: 250 has no unit; write 250ms or 250s"),
        (#""250ms""#, #""250 furlongs""#, "250 furlongs is not a duration"),
        (#""250ms""#, #""-1s""#, "-1s is negative"),
        (#""250ms""#, #""250ms", "after": "1h""#, "spec.workload[0].workflow.after: the trial is over by then"),
        (#""trials": 3"#, #""trials": 3, "firstTrial": 0"#, "spec.firstTrial: 0 is no trial; they are counted from 1"),
        (
            #""during": "storm""#, #""during": "strom""#,
            "spec.faults[0].during: unknown value strom; did you mean storm?"
        ),
        (#"["create"]"#, #""create""#, "a list such as [create] is wanted here"),
        (#"["create"]"#, #"["craete"]"#, "spec.faults[0].match.verb[0]: unknown value craete; did you mean create?"),
        (
            #""reset": {"at": "afterCommit"}"#, #""blackHole": {"at": "afterCommit"}"#,
            "unknown key at; nothing goes here"
        ),
        (#""reset": {"at"#, #""resett": {"at"#, "the rule names no known fault"),
        (#""base", "#, #""bsae", "#, "no policy is named bsae; did you mean base?"),
        (#""base", "#, #""base", "base", "#, "base stands here twice"),
        (#""base", "#, #"{"name": "ours", "extends": "bass"}, "#, "no policy is named bass; did you mean base?"),
        (#""base", "#, #"{"name": "base", "extends": "other"}, "#, "base is the name of a preset"),
        (
            #""base", "#, #"{"name": "baseline", "extends": "other"}, "#,
            "baseline stands for a stored run in gates; choose another name"
        ),
        (
            #""base", "#, #"{"name": "ours", "extends": "base", "call": {"maxAttemps": 3}}, "#,
            "spec.policies[0].call: unknown key maxAttemps; did you mean maxAttempts?"
        ),
        (
            #""base", "#, #"{"name": "ours", "extends": "base", "paths": {"podCraete": {"retriesInPlace": true}}}, "#,
            "unknown key podCraete; did you mean podCreate?"
        ),
        ("wf.yaml", "none.yaml", "none.yaml: there is no such file"),
        ("success_rate", "sucess_rate", "unknown metric sucess_rate; did you mean success_rate?"),
        ("vs other", "vs othr", "the experiment has no policy othr; did you mean other?"),
        (
            #"{"core": {}}"#, #"{"core": {}, "process": {"command": ["x"]}}"#,
            "spec.subject.process: a subject is one of core, clients and process; choose one"
        ),
        (#""policies": ["base", "other"],"#, "", "spec: policies is missing"),
        (#""policies""#, #""polcies""#, "unknown key polcies; did you mean policies?"),
        (
            #"[{"workflow""#, #"[{"object": {"file": "wf.yaml"}}, {"workflow""#,
            "spec.workload[0].object: objects of any kind arrive for a process"
        ),
        (#""310ms""#, #""$(outage)""#, "nothing defines $(outage); name its values under spec.vary"),
        (#""seed": 42"#, #""seed": 42, "vary": {"speed": [1, 2]}"#, "nothing refers to $(speed)"),
        (#""seed": 42"#, #""seed": 9007199254740992"#, "at most 53 bits"),
        (#""seed": 42"#, #""seed": -1"#, "spec.seed: -1 is not a whole number from 0"),
        (#""kind": "Experiment""#, #""kind": "Plan""#, "kind must be Experiment"),
        ("v1alpha1", "v2", "apiVersion must be boreas.dev/v1alpha1"),
        (#""converge": "5s""#, #""converge": "0s""#, "converge must be longer than 0s"),
        (#""trials": 3"#, #""trials": 0"#, "0 trials"),
        (#""name": "churn""#, #""name": "Churn It""#, "is no name"),
        (#""phases""#, #""fases""#, "phases is missing"),
        (#""description": "a test""#, #""description": 5"#, "put it in quotes"),
    ]

    @Test("what can only go wrong later is refused, with its place and the mend", arguments: refusals)
    func refused(text: String, replacement: String, words: String) throws {
        let node = try Fixtures.changed(text, replacement)
        let error = try #require(throws: ExperimentError.self) {
            try Fixtures.reader().experiment(from: node)
        }
        #expect(error.description.contains(words), "\(error)")
    }

    @Test("a trial of a longer run can be done by itself, a load can come late, and a swarm draws its plans")
    func partsOfRuns() throws {
        let whole = try Fixtures.reader().experiment(from: try Fixtures.node(Fixtures.experimentJSON))
        #expect(whole.firstTrial == 1 && !whole.isSwarm && whole.variations[0].workload[0].after == .zero)
        let node = try Fixtures.changed(#""trials": 3"#, #""trials": 1, "firstTrial": 3, "swarm": true"#)
        let part = try Fixtures.reader().experiment(from: node)
        #expect(part.isSwarm)
        #expect(part.trialSpecs().map(\.seed) == whole.trialSpecs().suffix(2).map(\.seed))
        #expect(part.trialSpecs().map(\.index) == [3, 3] && part.trialSpecs().map(\.number) == [1, 2])
        let late = try Fixtures.changed(#""every": "250ms""#, #""every": "250ms", "after": "2s""#)
        #expect(try Fixtures.reader().experiment(from: late).variations[0].workload[0].after == .seconds(2))
    }

    @Test("two rules of one name are refused, because verdicts tell them apart by it")
    func duplicateRules() throws {
        let rule = #"{"name": "cut", "blackHole": {}}"#
        let node = try Fixtures.node(Fixtures.experimentJSON)
            .overlaid(by: Fixtures.node(#"{"spec": {"faults": [\#(rule), \#(rule)]}}"#))
        let error = try #require(throws: ExperimentError.self) { try Fixtures.reader().experiment(from: node) }
        #expect(error.path == "spec.faults[1].name")
        #expect(error.description.contains("are both named \"cut\"; rename one"))
    }

    @Test("a plan file gives the proxy its rules and its seed")
    func planFile() throws {
        let node = try Fixtures.node(
            """
            {"apiVersion": "boreas.dev/v1alpha1", "kind": "Plan",
             "spec": {"seed": 7, "faults": [{"name": "slow", "latency": {"fixed": "20ms"}}]}}
            """)
        let (plan, seed) = try Fixtures.reader().plan(from: node)
        #expect(seed == 7)
        #expect(plan.rules == [Rule(name: "slow", fault: .latency(Fault.Latency(fixed: .milliseconds(20))))])
        #expect(throws: ExperimentError.self) {
            try Fixtures.reader().plan(from: try Fixtures.node(Fixtures.experimentJSON))
        }
    }

    @Test("an experiment is the same after the archive's round trip")
    func archiveRoundTrip() throws {
        let experiment = try Fixtures.reader().experiment(from: try Fixtures.node(Fixtures.experimentJSON))
        let document = try experiment.document()
        let restored = try Experiment(document: document)
        #expect(restored == experiment)
        #expect(try restored.document() == document)
    }
}

struct TrialSpecTests {
    static func experiment() throws -> Experiment {
        try Fixtures.reader().experiment(from: try Fixtures.node(Fixtures.experimentJSON))
    }

    @Test("trials are numbered, index by index, and every cell has the same seeds")
    func expansion() throws {
        let specs = try Self.experiment().trialSpecs()
        #expect(specs.map(\.number) == Array(1...6))
        #expect(specs.map(\.policy.name) == ["base", "other", "base", "other", "base", "other"])
        #expect(specs.map(\.index) == [1, 1, 2, 2, 3, 3])
        let seeds = Dictionary(grouping: specs, by: \.policy.name).mapValues { $0.map(\.seed) }
        #expect(seeds["base"] == seeds["other"])
        #expect(Set(specs.map(\.seed)).count == 3)
        #expect(specs.allSatisfy { $0.seed < 1 << 53 })
    }

    @Test("one policy by itself meets the weather that it meets among others")
    func restriction() throws {
        let experiment = try Self.experiment()
        let alone = experiment.trialSpecs(policies: ["other"], trials: 2)
        #expect(alone.map(\.policy.name) == ["other", "other"])
        #expect(alone.map(\.seed) == experiment.trialSpecs().filter { $0.policy.name == "other" }.prefix(2).map(\.seed))
        #expect(experiment.trialSpecs(seed: 43)[0].seed != alone[0].seed)
    }
}
