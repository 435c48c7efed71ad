import Kubernetes
import Testing
import VirtualNode

/// Commands in containers, and the signals that they send.
@Suite struct SignalTests {
    private func running(
        _ command: [String] = ["sleep", "100"], annotations: [String: String] = [:], restartPolicy: String = "Never"
    ) -> PodMachine {
        let pod = Pod.make(
            command: command, annotations: annotations, restartPolicy: restartPolicy, node: "virtual")
        var machine = PodMachine(pod)
        _ = machine.writeStatus(at: .zero)
        return machine
    }

    @Test(
        "every way in which Argo sends SIGTERM ends a container with 143",
        arguments: [
            ["argoexec", "kill", "15", "1"], ["/var/run/argo/argoexec", "kill", "15", "1"],
            ["/bin/sh", "-c", "kill -15 1"], ["sh", "-c", "kill -s TERM 1"], ["/bin/kill", "-TERM", "1"],
            ["sh", "-c", "kill 1"],
        ])
    func terminate(command: [String]) throws {
        var machine = running()
        let played = machine.exec(command, container: "main", at: .seconds(5))
        #expect(played?.exitCode == 0)
        let status = try machine.requireStatus(at: .seconds(5))
        #expect(status.phase == "Failed")
        #expect(status.state()["terminated", "exitCode"] == 143)
        #expect(status.state()["terminated", "finishedAt"] == "2026-11-21T10:00:05Z")
        #expect(machine.exec(command, container: "main", at: .seconds(6)) == nil)
    }

    @Test(
        "a container that ignores SIGTERM falls to SIGKILL alone",
        arguments: ["boreas.dev/ignores-sigterm", "boreas.dev/ignores-sigterm.main"])
    func obstinate(annotation: String) throws {
        var machine = running(annotations: [annotation: "true"])
        _ = machine.exec(["argoexec", "kill", "15", "1"], container: "main", at: .seconds(1))
        #expect(machine.writeStatus(at: .seconds(1)) == nil)
        _ = machine.exec(["argoexec", "kill", "9", "1"], container: "main", at: .seconds(2))
        #expect(try machine.requireStatus(at: .seconds(2)).state()["terminated", "exitCode"] == 137)
    }

    @Test("a container's own annotation comes before the pod's")
    func obstinateOthers() {
        var machine = running(
            annotations: ["boreas.dev/ignores-sigterm": "true", "boreas.dev/ignores-sigterm.main": "false"])
        _ = machine.exec(["kill", "1"], container: "main", at: .seconds(1))
        #expect(machine.isFinished)
    }

    @Test("a signal that ends nothing, and one for another process, leave the container alone")
    func harmless() throws {
        var machine = running()
        _ = machine.exec(["kill", "-0", "1"], container: "main", at: .seconds(1))
        _ = machine.exec(["sh", "-c", "kill -CONT 1"], container: "main", at: .seconds(1))
        let other = machine.exec(["kill", "-9", "7"], container: "main", at: .seconds(1))
        #expect(other?.exitCode == 1)
        #expect(machine.writeStatus(at: .seconds(1)) == nil)
    }

    @Test("a container that is to run again does so after a signal")
    func restarted() throws {
        var machine = running(restartPolicy: "OnFailure")
        _ = machine.exec(["kill", "-9", "1"], container: "main", at: .seconds(1))
        machine.advance(to: .seconds(1))
        let status = try machine.requireStatus(at: .seconds(1))
        #expect(status.phase == "Running")
        #expect(status.container()["restartCount"] == 1)
        #expect(status.container()["lastState", "terminated"]?.object?["exitCode"] == 137)
    }

    @Test("an init container obeys, too, and the pod fails with it")
    func initializer() throws {
        let pod = Pod.make(
            containers: [Pod.container("main", ["true"])], initContainers: [Pod.container("first", ["sleep", "9"])],
            node: "virtual")
        var machine = PodMachine(pod)
        #expect(machine.exec(["true"], container: "main", at: .seconds(1)) == nil)
        _ = machine.exec(["kill", "1"], container: "first", at: .seconds(1))
        let status = try machine.requireStatus(at: .seconds(1))
        #expect(status.phase == "Failed")
        #expect(status.state(0, of: "initContainerStatuses")["terminated", "exitCode"] == 143)
    }

    @Test("an agent is stopped by a signal")
    func agent() throws {
        var machine = PodMachine(Pod.make(node: "virtual"), isAgent: true)
        #expect(machine.takeAgentActions() == [.start(run: 1)])
        _ = machine.exec(["argoexec", "kill", "15", "1"], container: "main", at: .seconds(1))
        #expect(machine.takeAgentActions() == [.stop(run: 1)])
        #expect(try machine.requireStatus(at: .seconds(1)).state()["terminated", "exitCode"] == 143)
    }

    @Test("what a command prints and how it ends comes from its words; what is unknown ends with 127")
    func commands() throws {
        var machine = running()
        let scriptPlayed = machine.exec(["sh", "-c", "echo a; echo b >&2; exit 3"], container: "main", at: .zero)
        let script = try #require(scriptPlayed)
        #expect(script.exitCode == 3)
        #expect(script.output.map(\.text) == ["a\n", "b\n"])
        #expect(script.output.map(\.stream) == [.standardOutput, .standardError])
        for command in [["top"], ["sh", "-c", "top"]] {
            let unknownPlayed = machine.exec(command, container: "main", at: .zero)
            let unknown = try #require(unknownPlayed)
            #expect(unknown.exitCode == 127)
            #expect(unknown.output.map(\.stream) == [.standardError])
        }
    }

    // MARK: Deletion

    @Test("what ignores SIGTERM lives until the grace period of its pod's deletion is over")
    func grace() throws {
        var machine = running(annotations: ["boreas.dev/ignores-sigterm": "true"])
        let pod = Pod.make(
            command: ["sleep", "100"], annotations: ["boreas.dev/ignores-sigterm": "true"], node: "virtual")
        machine.observe(pod.deleted(after: 30), now: .seconds(10))
        #expect(machine.takeRequest(at: .seconds(10)) == nil)
        #expect(machine.nextDeadline == .seconds(40))
        machine.advance(to: .seconds(39))
        #expect(!machine.isFinished)
        machine.advance(to: .seconds(40))
        #expect(try machine.requireStatus(at: .seconds(40)).state()["terminated", "exitCode"] == 137)
        #expect(machine.takeRequest(at: .seconds(40)) == .finalize)
    }

    @Test("a second deletion with less grace is heeded, and an end of one's own comes first")
    func shorterGrace() throws {
        let annotations = ["boreas.dev/ignores-sigterm": "true"]
        let pod = Pod.make(command: ["sleep", "20"], annotations: annotations, node: "virtual")
        var machine = PodMachine(pod)
        machine.observe(pod.deleted(after: 30), now: .seconds(10))
        var other = machine
        machine.observe(pod.deleted(after: 2), now: .seconds(11))
        #expect(machine.nextDeadline == .seconds(13))
        machine.advance(to: .seconds(13))
        #expect(try machine.requireStatus(at: .seconds(13)).state()["terminated", "exitCode"] == 137)
        other.advance(to: .seconds(20))
        #expect(try other.requireStatus(at: .seconds(20)).state()["terminated", "exitCode"] == 0)
    }
}

/// What the node reports of a workflow's pods.
@Suite struct ContainerOutputsTests {
    private func report(
        _ script: String, _ annotations: [String: String], isOfWorkflow: Bool = true
    ) throws -> (status: JSONObject, outputs: JSONObject?) {
        var annotations = annotations
        if isOfWorkflow { annotations["workflows.argoproj.io/node-id"] = "n" }
        var machine = PodMachine(
            .make(command: ["sh", "-c", script], annotations: annotations, node: "virtual"))
        switch machine.takeRequest(at: .zero) {
        case .report(let status, let outputs): return (status, outputs)
        case .writeStatus(let status): return (status, nil)
        case .bind, .finalize, nil:
            Issue.record("no status")
            return ([:], nil)
        }
    }

    @Test("the result and the exit code come with the end")
    func result() throws {
        let (status, outputs) = try report("echo hello; echo oops >&2; exit 3", ["boreas.dev/capture": "result"])
        #expect(status.phase == "Failed")
        #expect(outputs == ["result": "hello", "exitCode": "3"])
        #expect(try report("echo a", [:]).outputs == ["exitCode": "0"])
        #expect(try report("echo a", [:], isOfWorkflow: false).outputs == nil)
        let given = try report("echo a", ["boreas.dev/capture": "result", "boreas.dev/output": "b\nc"])
        #expect(given.outputs?["result"] == "b\nc")
    }

    @Test("a result is cut at 256 KiB")
    func bound() throws {
        let text = String(repeating: "x", count: 300_000)
        let outputs = try report("true", ["boreas.dev/capture": "result", "boreas.dev/output": text]).outputs
        #expect(outputs?["result"]?.string?.utf8.count == 262_144)
    }

    @Test("parameters are what the script has written, or their defaults")
    func parameters() throws {
        let annotations = [
            "boreas.dev/output-parameters": #"{"b": "/tmp/b", "a": "/tmp/a"}"#,
            "boreas.dev/output-defaults": #"{"b": "fallback"}"#,
        ]
        let (status, outputs) = try report("echo one > /tmp/a", annotations)
        #expect(status.phase == "Succeeded")
        #expect(
            outputs?["parameters"] == [["name": "a", "value": "one"], ["name": "b", "value": "fallback"]])
    }

    @Test("a file that is missing fails the container in Argo's words")
    func missing() throws {
        let (status, _) = try report("echo one", ["boreas.dev/output-parameters": #"{"a": "/tmp/a"}"#])
        #expect(status.phase == "Failed")
        #expect(
            status.state()["terminated", "message"]
                == "open /var/run/argo/outputs/parameters/tmp/a: no such file or directory")
    }

    @Test(
        "a malformed annotation starts nothing and names itself",
        arguments: [
            ("boreas.dev/capture", "everything"), ("boreas.dev/output-parameters", "[]"),
            ("boreas.dev/output-defaults", #"{"a": 1}"#),
        ])
    func malformed(name: String, value: String) throws {
        let (status, _) = try report("true", [name: value])
        #expect(status.state()["terminated", "exitCode"] == 128)
        #expect(status.state()["terminated", "message"]?.string?.contains(name) == true)
    }
}
