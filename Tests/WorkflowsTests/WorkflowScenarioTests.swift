import Kubernetes
import Resilience
import Testing
import Workflows

/// Whole workflows, from their first look to their last.
struct WorkflowScenarioTests {
    private static let echo = #"{"name": "echo", "container": {"image": "busybox", "command": ["true"]}}"#

    /// A spec with the echo template and others.
    private static func spec(_ templates: String, _ members: String = "") -> String {
        #"{"entrypoint": "main", \#(members) "templates": [\#(echo), \#(templates)]}"#
    }

    private func isFailing(_ names: Set<String>, _ code: Int64 = 1) -> (Pod) -> WorkflowPlay.End {
        { pod in WorkflowPlay.End(exitCode: names.contains(where: { pod.workflowNode.contains($0) }) ? code : 0) }
    }

    // MARK: Steps and dags

    @Test("a script gets its source as its last argument, and its result where it is used")
    func script() throws {
        var play = try WorkflowPlay(
            Self.spec(
                #"""
                {"name": "main", "steps": [[{"name": "gen", "template": "gen"}],
                  [{"name": "use", "template": "use", "arguments": {"parameters": [
                    {"name": "m", "value": "{{steps.gen.outputs.result}}"}]}}]]},
                {"name": "gen", "script": {"image": "python", "command": ["python"], "source": "print(1)"}},
                {"name": "use", "inputs": {"parameters": [{"name": "m"}]},
                  "container": {"image": "x", "args": ["{{inputs.parameters.m}} {{pod.name}} {{workflow.name}}"]}}
                """#))
        var seen: [String: Pod] = [:]
        play.end = { pod in
            WorkflowPlay.End(result: "42")
        }
        play.look()
        let first = try #require(play.pods.values.first)
        #expect(play.args(of: first) == ["-c", "print(1)"])
        #expect(first.metadata.annotations["boreas.dev/capture"] == "result")
        #expect(play.run().phase == .succeeded)
        for pod in play.pods.values { seen[pod.workflowNode] = pod }
        let use = try #require(seen["wf[1].use"])
        #expect(play.args(of: use) == ["42 \(use.metadata.name) wf"])
        #expect(use.metadata.annotations["boreas.dev/capture"] == nil)
        #expect(play.node("[0].gen")?.children == [play.node("[1]")?.id ?? ""])
        #expect(play.node("")?.outboundNodes == [play.node("[1].use")?.id ?? ""])
    }

    @Test("a dag runs each task after those that it waits for, and a failure omits what comes after")
    func dag() throws {
        var play = try WorkflowPlay(
            Self.spec(
                #"""
                {"name": "main", "dag": {"tasks": [
                  {"name": "a", "template": "echo"},
                  {"name": "b", "template": "echo", "dependencies": ["a"]},
                  {"name": "c", "template": "echo", "depends": "a"},
                  {"name": "d", "template": "echo", "depends": "b && c"},
                  {"name": "e", "template": "echo", "depends": "b.Failed"}]}}
                """#))
        play.end = isFailing([".b"])
        #expect(play.run().phase == .failed)
        #expect(
            play.summary == [
                "wf DAG Failed", "wf.a Pod Succeeded", "wf.b Pod Failed", "wf.c Pod Succeeded", "wf.d Skipped Omitted",
                "wf.e Pod Succeeded",
            ])
        #expect(play.node(".d")?.message == "omitted: depends condition not met")
        #expect(
            Set(play.node(".a")?.children ?? []) == Set([play.node(".b")?.id, play.node(".c")?.id].compactMap(\.self)))
    }

    @Test("a dag's target leaves out what it doesn't need")
    func target() throws {
        var play = try WorkflowPlay(
            Self.spec(
                #"""
                {"name": "main", "dag": {"target": "b", "tasks": [
                  {"name": "a", "template": "echo"}, {"name": "b", "template": "echo", "depends": "a"},
                  {"name": "c", "template": "echo", "depends": "a"}]}}
                """#))
        #expect(play.run().phase == .succeeded)
        #expect(play.summary == ["wf DAG Succeeded", "wf.a Pod Succeeded", "wf.b Pod Succeeded"])
    }

    @Test("a failed step ends its group and its steps, unless the workflow continues on it")
    func continueOn() throws {
        let text = Self.spec(
            #"""
            {"name": "main", "steps": [[{"name": "a", "template": "echo", "continueOn": {"failed": true}}],
              [{"name": "b", "template": "echo"}], [{"name": "c", "template": "echo"}]]}
            """#)
        var play = try WorkflowPlay(text)
        play.end = isFailing(["a", "b"])
        #expect(play.run().phase == .failed)
        let failed = try #require(play.node("[1].b"))
        #expect(play.workflow.message == "child '\(failed.id)' failed")
        #expect(play.node("[0]")?.phase == .succeeded)
        #expect(play.node("[2]") == nil)
    }

    // MARK: Loops and conditions

    @Test("loops make one node an item, named by it, and give their outputs as lists")
    func loops() throws {
        var play = try WorkflowPlay(
            Self.spec(
                #"""
                {"name": "main", "steps": [
                  [{"name": "s", "template": "say", "withItems": ["x", {"m": 1}],
                    "arguments": {"parameters": [{"name": "m", "value": "{{item}}"}]}}],
                  [{"name": "t", "template": "say", "withParam": "{{steps.s.outputs.parameters.p}}",
                    "arguments": {"parameters": [{"name": "m", "value": "{{item}}"}]}},
                   {"name": "u", "template": "say", "withSequence": {"start": "1", "count": "2"},
                    "arguments": {"parameters": [{"name": "m", "value": "{{item}}"}]}},
                   {"name": "v", "template": "echo", "withParam": "[]"}]]},
                {"name": "say", "inputs": {"parameters": [{"name": "m"}]},
                  "container": {"image": "x", "args": ["{{inputs.parameters.m}}"]},
                  "outputs": {"parameters": [{"name": "p", "valueFrom": {"path": "/tmp/p"}}]}}
                """#))
        play.end = { pod in
            WorkflowPlay.End(parameters: ["p": pod.workflowNode.contains("0:x") ? "one" : "two"])
        }
        #expect(play.run().phase == .succeeded)
        for name in ["[0].s(0:x)", "[0].s(1:m:1)", "[1].t(0:one)", "[1].t(1:two)", "[1].u(0:1)", "[1].u(1:2)"] {
            #expect(play.node(name)?.phase == .succeeded, "\(name) in \(play.summary)")
        }
        #expect(play.node("[1].v")?.phase == .skipped)
        #expect(play.node("[1].v")?.message == "Skipped, empty params")
    }

    @Test("a dag's loop is a task group, and `when` skips by its condition")
    func taskGroup() throws {
        var play = try WorkflowPlay(
            Self.spec(
                #"""
                {"name": "main", "dag": {"tasks": [
                  {"name": "a", "template": "echo", "withItems": ["x", "y"], "when": "{{item}} == x"},
                  {"name": "b", "template": "echo", "depends": "a", "when": "1 == 2"},
                  {"name": "c", "template": "echo", "depends": "b"}]}}
                """#))
        #expect(play.run().phase == .succeeded)
        #expect(
            play.summary == [
                "wf DAG Succeeded", "wf.a TaskGroup Succeeded", "wf.a(0:x) Pod Succeeded", "wf.a(1:y) Skipped Skipped",
                "wf.b Skipped Skipped", "wf.c Pod Succeeded",
            ])
        #expect(play.node(".a(1:y)")?.message == "when 'y == x' evaluated false")
        #expect(play.node(".b")?.message == "when '1 == 2' evaluated false")
    }

    // MARK: Retries

    @Test("a Retry node has a child a try, ends with its last one, and tells why")
    func retries() throws {
        let text = Self.spec(
            #"""
            {"name": "main", "retryStrategy": {"limit": "2"},
              "container": {"image": "x", "args": ["{{retries}} {{lastRetry.exitCode}}"]}}
            """#)
        var play = try WorkflowPlay(text)
        var ends: [Int64] = [1, 1, 0]
        play.end = { _ in WorkflowPlay.End(exitCode: 1) }
        #expect(play.run().phase == .failed)
        #expect(play.workflow.message == "No more retries left")
        #expect(play.summary == ["wf Retry Failed", "wf(0) Pod Failed", "wf(1) Pod Failed", "wf(2) Pod Failed"])
        #expect(play.node("")?.children == (0...2).map { WorkflowNames.nodeID(workflow: "wf", nodeName: "wf(\($0))") })
        let last = try #require(play.pods.values.first { $0.workflowNode == "wf(2)" })
        #expect(play.args(of: last) == ["2 1"])
        ends.removeFirst()
        play = try WorkflowPlay(text)
        play.end = { pod in WorkflowPlay.End(exitCode: pod.workflowNode == "wf(0)" ? 1 : 0) }
        #expect(play.run().phase == .succeeded)
        #expect(play.summary == ["wf Retry Succeeded", "wf(0) Pod Failed", "wf(1) Pod Succeeded"])
    }

    private static let strategies: [(String, String, Int)] = [
        (#"{"limit": 5, "retryPolicy": "OnError"}"#, "Error (exit code 3)", 1),
        (#"{"limit": 5, "retryPolicy": "OnTransientError"}"#, "Error (exit code 3)", 1),
        (#"{"limit": 5, "retryPolicy": "Always"}"#, "No more retries left", 6),
        (
            #"{"limit": 5, "expression": "asInt(lastRetry.exitCode) < 3"}"#,
            "retryStrategy.expression evaluated to false", 1
        ),
        (
            #"{"backoff": {"duration": "2s", "factor": 2, "maxDuration": "30s"}}"#,
            "Backoff would exceed max duration limit", 4
        ),
    ]

    @Test("who is tried again, and how often, is the strategy's to say", arguments: strategies)
    func strategy(json: String, message: String, tries: Int) throws {
        var play = try WorkflowPlay(
            Self.spec(#"{"name": "main", "retryStrategy": \#(json), "container": {"image": "x"}}"#))
        play.end = { _ in WorkflowPlay.End(exitCode: 3) }
        #expect(play.run().phase == .failed)
        #expect(play.workflow.message == message)
        #expect(play.createdPods.count == tries)
    }

    @Test("between two tries the node says that it backs off, and asks to be looked at when that is over")
    func backoff() throws {
        var play = try WorkflowPlay(
            Self.spec(
                #"""
                {"name": "main", "retryStrategy": {"limit": 3, "backoff": {"duration": "1m", "factor": 2, "cap": "90s"}},
                  "container": {"image": "x"}}
                """#))
        play.end = { _ in WorkflowPlay.End(exitCode: 1) }
        var waits: [String] = []
        for _ in 0..<100 where !play.workflow.phase.isTerminal {
            play.run(rounds: 1)
            if let message = play.node("")?.message, waits.last != message { waits.append(message) }
        }
        #expect(
            waits == [
                "Backoff for 1 minutes 0 seconds", "Backoff for 1 minutes 30 seconds", "No more retries left",
            ])
    }

    // MARK: Outputs

    @Test("outputs go up through steps and dags, by parameter, by expression, and under a global name")
    func outputs() throws {
        var play = try WorkflowPlay(
            Self.spec(
                #"""
                {"name": "main", "steps": [[{"name": "d", "template": "inner"}],
                  [{"name": "last", "template": "use", "arguments": {"parameters": [
                    {"name": "m", "value": "{{steps.d.outputs.parameters.up}}-{{workflow.outputs.parameters.all}}"}]}}]]},
                {"name": "inner", "dag": {"tasks": [{"name": "a", "template": "make"},
                    {"name": "b", "template": "make", "depends": "a", "when": "false"}]},
                  "outputs": {"parameters": [
                    {"name": "up", "valueFrom": {"parameter": "{{tasks.a.outputs.parameters.p}}"}},
                    {"name": "which", "globalName": "which",
                      "valueFrom": {"expression": "tasks.a.status == 'Succeeded' ? tasks.a.outputs.parameters.p : 'no'"}}
                  ]}},
                {"name": "make", "container": {"image": "x"}, "outputs": {"parameters": [
                  {"name": "p", "globalName": "all", "valueFrom": {"path": "/p", "default": "fallback"}}]}},
                {"name": "use", "inputs": {"parameters": [{"name": "m"}]},
                  "container": {"image": "x", "args": ["{{inputs.parameters.m}}"]}}
                """#))
        #expect(play.run().phase == .succeeded)
        let last = try #require(play.pods.values.first { $0.workflowNode == "wf[1].last" })
        #expect(play.args(of: last) == ["fallback-fallback"])
        #expect(
            play.workflow.json["status", "outputs", "parameters"] == [
                ["name": "all", "value": "fallback"], ["name": "which", "value": "fallback"],
            ])
    }

    @Test("a parameter whose file is not there ends its node in Error")
    func missingOutput() throws {
        var play = try WorkflowPlay(
            Self.spec(
                #"""
                {"name": "main", "container": {"image": "x"},
                  "outputs": {"parameters": [{"name": "p", "valueFrom": {"path": "/p"}}]}}
                """#))
        #expect(play.run().phase == .error)
        #expect(play.workflow.message == "failed to read the output parameter \"p\": /p: no such file or directory")
    }

    // MARK: Suspensions, deadlines, shutdowns

    @Test("a suspension ends when its time is over, or when its node is marked as succeeded")
    func suspend() throws {
        let main =
            #"{"name": "main", "steps": [[{"name": "s", "template": "s"}], [{"name": "e", "template": "echo"}]]}"#
        var play = try WorkflowPlay(
            Self.spec(main + #", {"name": "s", "suspend": {"duration": "1h"}}"#))
        #expect(play.run().phase == .succeeded)
        #expect(play.now - WorkflowFixtures.start >= .seconds(3600))
        play = try WorkflowPlay(
            Self.spec(
                main
                    + #"""
                    , {"name": "s", "suspend": {}, "outputs": {"parameters": [
                      {"name": "m", "valueFrom": {"supplied": {}, "default": "d"}}]}}
                    """#))
        play.run()
        var node = try #require(play.node("[0].s"))
        #expect(node.phase == .running && node.kind == .suspend)
        node.json["phase"] = "Succeeded"
        play.workflow.setNode(node)
        #expect(play.run().phase == .succeeded)
        #expect(play.node("[0].s")?.json["outputs", "parameters"] == [["name": "m", "value": "d"]])
    }

    @Test("a suspended workflow starts nothing until it is resumed")
    func suspendedWorkflow() throws {
        var play = try WorkflowPlay(Self.spec(#"{"name": "main", "container": {"image": "x"}}"#, #""suspend": true,"#))
        #expect(play.run().phase == .running)
        #expect(play.createdPods.isEmpty)
        play.workflow.json["spec", "suspend"] = nil
        #expect(play.run().phase == .succeeded)
    }

    @Test("a workflow past its deadline ends what runs, and its exit handler runs still")
    func deadline() throws {
        var play = try WorkflowPlay(
            Self.spec(
                #"{"name": "main", "container": {"image": "x"}}"#, #""activeDeadlineSeconds": 60, "onExit": "echo","#))
        play.end = { pod in WorkflowPlay.End(isEndless: pod.workflowNode == "wf") }
        #expect(play.run().phase == .failed)
        #expect(play.workflow.message == "Step exceeded its deadline")
        #expect(play.node(".onExit")?.phase == .succeeded)
        let terminations = play.effects.filter { $0.key == "cleanUp/trial/wf/terminateContainers" }
        #expect(terminations.count == 1)
    }

    private static let shutdowns: [(String, Bool)] = [("Stop", true), ("Terminate", false)]

    @Test("stop spares exit handlers, terminate doesn't", arguments: shutdowns)
    func shutdown(strategy: String, runsExitHandler: Bool) throws {
        var play = try WorkflowPlay(
            Self.spec(
                #"""
                {"name": "main", "dag": {"tasks": [{"name": "a", "template": "echo"},
                  {"name": "w", "template": "wait"}, {"name": "b", "template": "echo", "depends": "a"}]}},
                {"name": "wait", "suspend": {}}
                """#, #""onExit": "echo","#))
        play.end = { pod in WorkflowPlay.End(isEndless: pod.workflowNode == "wf.a") }
        play.interventions = [{ $0.workflow.json["spec", "shutdown"] = .string(strategy) }]
        #expect(play.run().phase == .failed)
        #expect(play.workflow.message == "Stopped with strategy '\(strategy)'")
        #expect(play.node(".a")?.message == "workflow shutdown with strategy:  \(strategy)")
        #expect(play.node(".w")?.message == "Stopped with strategy '\(strategy)'")
        #expect(!play.createdPods.contains { $0 == "wf-echo-\(WorkflowNames.fnv32a("wf.b"))" })
        #expect((play.node(".onExit")?.phase == .succeeded) == runsExitHandler)
    }

    @Test("a template's timeout bounds its pod, and the wait for it")
    func timeout() throws {
        var play = try WorkflowPlay(
            Self.spec(#"{"name": "main", "container": {"image": "x"}, "timeout": "30s", "activeDeadlineSeconds": 50}"#))
        play.look()
        #expect(play.pods["wf"]?.json["spec", "activeDeadlineSeconds"] == 30)
        play.now = play.now + .seconds(30)
        play.look()
        #expect(play.workflow.phase == .failed && play.workflow.message == "timeout")
        #expect(play.pods.isEmpty)
    }

    // MARK: Hooks

    @Test("hooks run when their expression holds, and exit hooks at the end")
    func hooks() throws {
        var play = try WorkflowPlay(
            Self.spec(
                #"""
                {"name": "main", "steps": [[{"name": "a", "template": "echo", "hooks": {
                  "running": {"expression": "steps.a.status == 'Running'", "template": "echo"},
                  "never": {"expression": "steps.a.status == 'Failed'", "template": "echo"},
                  "exit": {"template": "say", "arguments": {"parameters": [
                    {"name": "m", "value": "{{steps.a.status}}"}]}}}}]]},
                {"name": "say", "inputs": {"parameters": [{"name": "m"}]},
                  "container": {"image": "x", "args": ["{{inputs.parameters.m}}"]}}
                """#,
                #"""
                "hooks": {"run": {"expression": "workflow.status == 'Running'", "template": "echo"},
                  "exit": {"template": "say", "arguments": {"parameters": [
                    {"name": "m", "value": "{{workflow.status}}"}]}}},
                """#))
        #expect(play.run().phase == .succeeded)
        #expect(
            play.summary == [
                "wf Steps Succeeded", "wf.hooks.run Pod Succeeded", "wf.onExit Pod Succeeded",
                "wf[0] StepGroup Succeeded",
                "wf[0].a Pod Succeeded", "wf[0].a.hooks.running Pod Succeeded", "wf[0].a.onExit Pod Succeeded",
            ])
        let exits = play.pods.values.filter { $0.workflowNode.hasSuffix("onExit") }
        #expect(exits.map { play.args(of: $0) } == [["Succeeded"], ["Succeeded"]])
        #expect(exits.allSatisfy { $0.metadata.labels["workflows.argoproj.io/on-exit"] == "true" })
        #expect(play.node("[0].a.onExit")?.isHooked == true)
    }

    @Test("an exit handler that fails fails a workflow that had succeeded")
    func failingExitHandler() throws {
        var play = try WorkflowPlay(
            Self.spec(#"{"name": "main", "container": {"image": "x"}}"#, #""onExit": "echo","#))
        play.end = isFailing(["onExit"])
        #expect(play.run().phase == .failed)
        #expect(play.workflow.message == "Error (exit code 1)")
    }

    // MARK: Parallelism

    private static let limits: [(String, String)] = [
        (#""parallelism": 2,"#, ""), ("", #""parallelism": 2,"#),
    ]

    @Test("no more pods are at work than the workflow, or the template, lets there be", arguments: limits)
    func parallelism(spec: String, template: String) throws {
        for body in [
            #""steps": [[{"name": "a", "template": "echo", "withSequence": {"count": "7"}}]]"#,
            #""dag": {"tasks": [{"name": "a", "template": "echo", "withSequence": {"count": "7"}}]}"#,
        ] {
            var play = try WorkflowPlay(Self.spec(#"{"name": "main", \#(template) \#(body)}"#, spec))
            #expect(play.run().phase == .succeeded)
            #expect(play.mostPods == 2)
            #expect(play.createdPods.count == 7)
        }
    }

    // MARK: Templates

    @Test("what a WorkflowTemplate said at first is what counts, here and in what it calls")
    func templateReferences() throws {
        var play = try WorkflowPlay(
            #"""
            {"entrypoint": "main", "templates": [{"name": "main", "steps": [
              [{"name": "a", "templateRef": {"name": "lib", "template": "outer"}}],
              [{"name": "b", "templateRef": {"name": "lib", "template": "outer"}}]]}]}
            """#)
        var library = WorkflowTemplate(name: "lib", namespace: WorkflowFixtures.namespace)
        library.json["spec"] = try JSONValue(
            parsing: Array(
                #"""
                {"templates": [{"name": "outer", "steps": [[{"name": "in", "template": "inner"}]]},
                  {"name": "inner", "container": {"image": "first"}}]}
                """#.utf8))
        play.templates = ["lib": library]
        play.look()
        play.templates = [:]
        #expect(play.run().phase == .succeeded)
        #expect(play.pods.values.allSatisfy { $0.containers.first?.image == "first" })
        #expect(
            play.workflow.json["status", "storedTemplates"]?.object?.keys
                == ["namespaced/lib/inner", "namespaced/lib/outer"])
        #expect(play.node("[0].a[0].in")?.json["templateScope"] == "namespaced/lib")
    }

    @Test("a workflow may be all reference, with arguments of its own")
    func workflowTemplateReference() throws {
        var play = try WorkflowPlay(
            #"""
            {"workflowTemplateRef": {"name": "lib"}, "arguments": {"parameters": [{"name": "m", "value": "mine"}]}}
            """#)
        #expect(play.run().phase == .error)
        #expect(
            play.workflow.message == "spec.workflowTemplateRef: workflowtemplates.argoproj.io \"lib\" not found")
        var library = WorkflowTemplate(name: "lib", namespace: WorkflowFixtures.namespace)
        library.json["spec"] = try JSONValue(
            parsing: Array(
                #"""
                {"entrypoint": "main", "arguments": {"parameters": [{"name": "m", "value": "theirs"},
                  {"name": "n", "value": "kept"}]}, "templates": [{"name": "main",
                  "container": {"image": "x", "args": ["{{workflow.parameters.m}} {{workflow.parameters.n}}"]}}]}
                """#.utf8))
        play = WorkflowPlay(spec: play.workflow.spec)
        play.templates = ["lib": library]
        #expect(play.run().phase == .succeeded)
        #expect(play.pods["wf"].map { play.args(of: $0) } == ["mine kept"])
    }

    @Test("inline templates, template defaults, and templates that call themselves")
    func otherTemplates() throws {
        var play = try WorkflowPlay(
            Self.spec(
                #"""
                {"name": "main", "dag": {"tasks": [
                  {"name": "i", "inline": {"container": {"image": "x", "args": ["{{workflow.name}}"]}}},
                  {"name": "r", "template": "down", "depends": "i",
                    "arguments": {"parameters": [{"name": "n", "value": "2"}]}}]}},
                {"name": "down", "inputs": {"parameters": [{"name": "n"}]}, "steps": [[
                  {"name": "more", "template": "down", "when": "{{inputs.parameters.n}} > 0", "arguments":
                    {"parameters": [{"name": "n", "value": "{{=asInt(inputs.parameters.n) - 1}}"}]}}]]}
                """#, #""templateDefaults": {"container": {"imagePullPolicy": "Never"}, "timeout": "1m"},"#))
        #expect(play.run().phase == .succeeded)
        #expect(play.node(".r[0].more[0].more[0].more")?.phase == .skipped)
        let pod = try #require(play.pods.values.first)
        #expect(pod.containers.first?.json["imagePullPolicy"] == "Never")
        #expect(pod.json["spec", "activeDeadlineSeconds"] == 60)
        #expect(pod.metadata.name == "wf-\(WorkflowNames.fnv32a("wf.i"))")
    }

    @Test("an endless recursion ends in Error")
    func recursion() throws {
        var play = try WorkflowPlay(
            Self.spec(#"{"name": "main", "steps": [[{"name": "a", "template": "main"}]]}"#))
        play.run(rounds: 300)
        #expect(play.workflow.phase == .failed || play.workflow.phase == .error)
        #expect(play.workflow.nodes.contains { $0.message?.hasPrefix("Maximum recursion depth exceeded") == true })
    }

    // MARK: Daemons

    @Test("a daemon runs beside what follows it, tells its address, and ends with its template")
    func daemons() throws {
        for body in [
            #""steps": [[{"name": "d", "template": "d"}], [{"name": "c", "template": "use", "arguments": {"parameters": [{"name": "ip", "value": "{{steps.d.ip}}"}]}}]]"#,
            #""dag": {"tasks": [{"name": "d", "template": "d"}, {"name": "c", "template": "use", "depends": "d", "arguments": {"parameters": [{"name": "ip", "value": "{{tasks.d.ip}}"}]}}]}"#,
        ] {
            var play = try WorkflowPlay(
                Self.spec(
                    #"""
                    {"name": "main", \#(body)}, {"name": "d", "daemon": true, "container": {"image": "x"}},
                    {"name": "use", "inputs": {"parameters": [{"name": "ip"}]},
                      "container": {"image": "x", "args": ["{{inputs.parameters.ip}}"]}}
                    """#))
            play.end = { pod in WorkflowPlay.End(isEndless: pod.workflowNode.hasSuffix("d")) }
            #expect(play.run().phase == .succeeded)
            let client = try #require(play.pods.values.first { $0.workflowNode.hasSuffix(".c") })
            #expect(play.args(of: client) == ["10.0.0.1"])
            #expect(!play.pods.values.contains { !$0.phase.isTerminal })
            #expect(!play.workflow.nodes.contains { $0.phase != .succeeded })
            #expect(!play.workflow.nodes.contains { $0.isDaemoned })
        }
    }
}
