import Kubernetes
import Testing
import VirtualNode

@Suite struct PodMachineTests {
    @Test("a pending pod is bound, runs, and ends with its exit code")
    func life() throws {
        var machine = PodMachine(.make(command: ["sh", "-c", "sleep 2; exit 3"]))
        #expect(machine.takeRequest(at: .zero) == .bind)
        #expect(machine.takeRequest(at: .zero) == nil)
        machine.answered(nil, now: .seconds(1))

        let running = try machine.requireStatus(at: .seconds(1))
        #expect(running.phase == "Running")
        #expect(running["startTime"] == "2026-11-21T10:00:01Z")
        #expect(running.state()["running", "startedAt"] == "2026-11-21T10:00:01Z")
        #expect(running.condition("Ready")?["status"] == "True")
        #expect(machine.takeRequest(at: .seconds(2)) == nil)
        #expect(machine.nextDeadline == .seconds(3))

        machine.advance(to: .seconds(3))
        let ended = try machine.requireStatus(at: .seconds(3))
        #expect(ended.phase == "Failed")
        #expect(ended.state()["terminated", "exitCode"] == 3)
        #expect(ended.state()["terminated", "reason"] == "Error")
        #expect(ended.state()["terminated", "finishedAt"] == "2026-11-21T10:00:03Z")
        #expect(ended.condition("Ready")?["status"] == "False")
        #expect(machine.isFinished)
        #expect(machine.nextDeadline == nil)
        #expect(machine.takeRequest(at: .seconds(4)) == nil)
    }

    @Test("a workflow's daemon has an address, and runs though nobody knows its program")
    func daemon() throws {
        var machine = PodMachine(
            .make(command: ["nginx"], annotations: ["boreas.dev/daemon": "true"], node: "virtual"))
        let status = try machine.requireStatus(at: .zero)
        #expect(status.phase == "Running")
        #expect(status["podIP"]?.string?.hasPrefix("198.1") == true)
        #expect(machine.nextDeadline == nil)
    }

    @Test("a pod that a scheduler has bound to the node is run without binding it")
    func scheduled() throws {
        var machine = PodMachine(.make(command: ["true"], node: "virtual"))
        let status = try machine.requireStatus(at: .zero)
        #expect(status.phase == "Succeeded")
        #expect(status.state()["terminated", "reason"] == "Completed")
        #expect(status.condition("Ready")?["reason"] == "PodCompleted")
    }

    @Test(
        "a binding that another was quicker with is not tried again, and the node takes the pod where it won after all")
    func lostBinding() {
        var machine = PodMachine(.make(command: ["true"]))
        #expect(machine.takeRequest(at: .zero) == .bind)
        machine.answered(APIError(.conflict(.pods, name: "p")), now: .zero)
        #expect(machine.takeRequest(at: .seconds(60)) == nil)
        machine.observe(.make(command: ["true"], node: "virtual"), now: .seconds(60))
        #expect(machine.writeStatus(at: .seconds(60))?.phase == "Succeeded")
    }

    @Test("only pods that the configuration names are bound")
    func bindingRule() {
        let other = Pod.make(command: ["true"]).with { $0.json["spec", "schedulerName"] = "default-scheduler" }
        let own = other.with { $0.json["spec", "schedulerName"] = "boreas" }
        let settings = NodeConfiguration(name: "virtual", binding: .scheduler("boreas"))
        var machine = PodMachine(other, settings: settings)
        #expect(machine.takeRequest(at: .zero) == nil)
        machine = PodMachine(own, settings: settings)
        #expect(machine.takeRequest(at: .zero) == .bind)
        machine = PodMachine(own, settings: NodeConfiguration(name: "virtual", binding: .nothing))
        #expect(machine.takeRequest(at: .zero) == nil)
    }

    @Test("init containers run one after the other, and then the main ones")
    func initContainers() throws {
        let pod = Pod.make(
            containers: [Pod.container("main", ["sleep", "4"])],
            initContainers: [Pod.container("a", ["sleep", "1"]), Pod.container("b", ["sleep", "2"])], node: "virtual")
        var machine = PodMachine(pod)
        let written = machine.run(until: .seconds(60))
        #expect(written.map(\.time) == [.zero, .seconds(1), .seconds(3), .seconds(7)])
        #expect(written.map(\.status.phase) == ["Pending", "Pending", "Running", "Succeeded"])
        let second = written[1].status
        #expect(second.state(0, of: "initContainerStatuses")["terminated", "exitCode"] == 0)
        #expect(second.state(1, of: "initContainerStatuses")["running"] != nil)
        #expect(second.state()["waiting", "reason"] == "PodInitializing")
        #expect(second.condition("Initialized")?["status"] == "False")
        #expect(written[2].status.condition("Initialized")?["lastTransitionTime"] == "2026-11-21T10:00:03Z")
    }

    @Test("a failed init container ends a pod that is never restarted")
    func failedInit() {
        let pod = Pod.make(
            containers: [Pod.container("main", ["sleep", "4"])], initContainers: [Pod.container("a", ["false"])],
            node: "virtual")
        var machine = PodMachine(pod)
        let written = machine.run(until: .seconds(60))
        #expect(written.map(\.status.phase) == ["Failed"])
        #expect(written[0].status.state()["waiting"] != nil)
        #expect(machine.isFinished)
    }

    @Test("a sidecar runs beside the main container and ends after it")
    func sidecar() throws {
        let pod = Pod.make(
            containers: [Pod.container("main", ["sleep", "4"])],
            initContainers: [Pod.container("side", [], restartPolicy: "Always"), Pod.container("a", ["sleep", "1"])],
            node: "virtual")
        var machine = PodMachine(pod)
        let written = machine.run(until: .seconds(60))
        #expect(written.map(\.status.phase) == ["Pending", "Running", "Succeeded"])
        #expect(written[1].status.state(0, of: "initContainerStatuses")["running"] != nil)
        let last = try #require(written.last?.status)
        #expect(last.state(0, of: "initContainerStatuses")["terminated", "exitCode"] == 0)
    }

    @Test("containers that failed are started again as a kubelet does: at once, then after 10 s, doubling")
    func crashBackoff() {
        let pod = Pod.make(command: ["sh", "-c", "sleep 1; exit 1"], restartPolicy: "OnFailure", node: "virtual")
        var machine = PodMachine(pod)
        var starts: [Duration] = []
        for (time, status) in machine.run(until: .seconds(800)) where status.state()["running"] != nil {
            starts.append(time)
            #expect(status.container()["restartCount"]?.integer == Int64(starts.count - 1))
            #expect(status.phase == "Running")
            let last = status.container()["lastState"]?.object?["terminated", "containerID"]?.string
            #expect(last == (starts.count == 1 ? nil : "boreas://u1/main/\(starts.count - 2)"))
        }
        let gaps = zip(starts.dropFirst(), starts).map { $0 - $1 - .seconds(1) }
        #expect(gaps == [.zero, .seconds(10), .seconds(20), .seconds(40), .seconds(80), .seconds(160), .seconds(300)])
    }

    @Test("between two runs the pod waits in CrashLoopBackOff, and its last end is told")
    func crashLoop() throws {
        let pod = Pod.make(command: ["false"], restartPolicy: "OnFailure", node: "virtual")
        var machine = PodMachine(pod)
        let statusWritten = machine.run(until: .seconds(5))
        let status = try #require(statusWritten.last?.status)
        #expect(status.state()["waiting", "reason"] == "CrashLoopBackOff")
        #expect(status.state()["waiting", "message"] == "back-off 10s restarting failed container=main pod=p")
        #expect(status.container()["lastState"]?.object?["terminated", "exitCode"] == 1)
        #expect(status.condition("ContainersReady")?["status"] == "False")
        #expect(!machine.isFinished)
    }

    @Test(
        "success ends a pod unless it is restarted always",
        arguments: [("Never", true), ("OnFailure", true), ("Always", false)])
    func restartOnSuccess(_ policy: String, ends: Bool) {
        var machine = PodMachine(.make(command: ["true"], restartPolicy: policy, node: "virtual"))
        _ = machine.run(until: .seconds(1))
        #expect(machine.isFinished == ends)
    }

    @Test("a pod that outlives its deadline fails with DeadlineExceeded, also where the deadline comes later")
    func deadline() throws {
        let pod = Pod.make(command: ["sleep", "60"], restartPolicy: "OnFailure", node: "virtual")
        let bounded = pod.with { $0.json["spec", "activeDeadlineSeconds"] = 5 }
        var machine = PodMachine(bounded)
        let written = machine.run(until: .seconds(100))
        #expect(written.map(\.time) == [.zero, .seconds(5)])
        #expect(written.last?.status.phase == "Failed")
        #expect(written.last?.status["reason"] == "DeadlineExceeded")

        machine = PodMachine(pod)
        #expect(machine.writeStatus(at: .zero)?.phase == "Running")
        machine.observe(bounded, now: .seconds(30))
        #expect(machine.writeStatus(at: .seconds(30))?["reason"] == "DeadlineExceeded")
    }

    @Test("a deleted pod is stopped, told of, and only then deleted for good")
    func deletion() throws {
        let pod = Pod.make(command: ["sleep", "60"], node: "virtual")
        var machine = PodMachine(pod)
        #expect(machine.writeStatus(at: .zero)?.phase == "Running")
        machine.observe(pod.deleted(), now: .seconds(2))
        guard case .writeStatus(let status) = machine.takeRequest(at: .seconds(2)) else {
            Issue.record("the end is told first")
            return
        }
        #expect(status.phase == "Failed")
        #expect(status.state()["terminated", "exitCode"] == 143)
        #expect(machine.takeRequest(at: .seconds(2)) == nil)
        machine.answered(nil, now: .seconds(2))
        #expect(machine.takeRequest(at: .seconds(2)) == .finalize)
        machine.answered(nil, now: .seconds(2))
        // A finalizer may keep it there.
        machine.observe(pod.deleted(after: 0), now: .seconds(3))
        #expect(machine.takeRequest(at: .seconds(3)) == nil)
        #expect(machine.nextDeadline == nil)
    }

    @Test("a pod that somebody else has ended is stopped, and its status left as it is")
    func endedElsewhere() {
        let pod = Pod.make(command: ["sleep", "60"], node: "virtual")
        var machine = PodMachine(pod)
        #expect(machine.writeStatus(at: .zero)?.phase == "Running")
        let evicted = pod.with { $0.phase = .failed }
        machine.observe(evicted, now: .seconds(1))
        #expect(machine.isFinished)
        #expect(machine.takeRequest(at: .seconds(1)) == nil)
        machine.observe(evicted.deleted(), now: .seconds(2))
        #expect(machine.takeRequest(at: .seconds(2)) == .finalize)
    }

    @Test("a node that comes up again counts the containers it finds running as killed")
    func takenOver() throws {
        let running: JSONValue = [["name": "main", "restartCount": 1, "state": ["running": [:]]]]
        let pod = Pod.make(command: ["sleep", "60"], node: "virtual").with {
            $0.json["status"] = ["phase": "Running", "containerStatuses": running]
        }
        var machine = PodMachine(pod)
        let status = try machine.requireStatus(at: .zero)
        #expect(status.phase == "Failed")
        #expect(status.state()["terminated", "exitCode"] == 137)

        machine = PodMachine(pod.with { $0.json["spec", "restartPolicy"] = "OnFailure" })
        let restartedWritten = machine.run(until: .seconds(11))
        let restarted = try #require(restartedWritten.last?.status)
        #expect(restarted.phase == "Running")
        #expect(restarted.container()["restartCount"] == 2)
    }

    @Test("a failed request is sent again with growing waits, and not before the server's Retry-After")
    func retries() {
        var machine = PodMachine(.make(command: ["sleep", "60"], node: "virtual"))
        var now = Duration.zero
        var waits: [Duration] = []
        for _ in 0..<9 {
            guard case .writeStatus = machine.takeRequest(at: now) else {
                Issue.record("the status is still to be written at \(now)")
                return
            }
            machine.answered(APIError(code: .serverFailure, message: "etcdserver: leader changed"), now: now)
            let next = machine.nextDeadline ?? .zero
            #expect(machine.takeRequest(at: next - .microseconds(1)) == nil)
            waits.append(next - now)
            now = next
        }
        #expect(waits == [50, 100, 200, 400, 800, 1600, 3200, 5000, 5000].map { .milliseconds($0) })
        _ = machine.takeRequest(at: now)
        machine.answered(APIError(code: .throttled, message: "", retryAfter: .seconds(7)), now: now)
        #expect(machine.nextDeadline == now + .seconds(7))
    }

    @Test("a pod that the server does not have is left alone")
    func gone() {
        var machine = PodMachine(.make(command: ["sleep", "1"], node: "virtual"))
        _ = machine.takeRequest(at: .zero)
        machine.answered(APIError(.notFound(.pods, name: "p")), now: .zero)
        machine.advance(to: .seconds(5))
        #expect(machine.takeRequest(at: .seconds(5)) == nil)
        #expect(machine.nextDeadline == nil)
    }

    @Test("a log holds what was printed so far, of the last run")
    func log() throws {
        var machine = PodMachine(
            .make(command: ["sh", "-c", "echo a; sleep 1; echo b; sleep 1; exit 1"], restartPolicy: "OnFailure"))
        #expect(machine.log(of: "main", at: .zero) == nil)
        _ = machine.takeRequest(at: .zero)
        machine.answered(nil, now: .zero)
        func log(_ now: Duration) -> String? {
            machine.log(of: "main", at: now).map { String(decoding: $0.bytes, as: UTF8.self) }
        }
        #expect(log(.milliseconds(500)) == "a\n")
        #expect(log(.milliseconds(1_500)) == "a\nb\n")
        machine.advance(to: .seconds(2))
        #expect(log(.milliseconds(2_500)) == "a\n")
        #expect(machine.log(of: "other", at: .seconds(3)) == nil)
    }

    @Test("a log keeps its last 64 KiB")
    func logBound() {
        let line = String(repeating: "x", count: 1_000)
        let script = Array(repeating: "echo \(line)", count: 100).joined(separator: "; ") + "; echo end"
        let machine = PodMachine(.make(command: ["sh", "-c", script], node: "virtual"))
        let log = machine.log(of: "main", at: .zero)?.bytes ?? []
        #expect(log.count == 65_536)
        #expect(String(decoding: log.suffix(4), as: UTF8.self) == "end\n")
    }
}

@Suite struct AgentMachineTests {
    private let pod = Pod.make(
        containers: [Pod.container("main", ["boreas", "agent", "main"])],
        initContainers: [Pod.container("init", ["boreas", "agent", "init"])], restartPolicy: "OnFailure",
        node: "virtual")

    @Test("an agent starts once its init containers are through, and its code ends the pod")
    func agent() throws {
        var machine = PodMachine(pod, isAgent: true)
        #expect(machine.takeAgentActions() == [.start(run: 1)])
        #expect(machine.writeStatus(at: .zero)?.phase == "Running")
        machine.advance(to: .seconds(3_600))
        #expect(machine.takeRequest(at: .seconds(3_600)) == nil)
        machine.agentFinished(run: 1, exitCode: 0, now: .seconds(3_600))
        #expect(machine.writeStatus(at: .seconds(3_600))?.phase == "Succeeded")
        #expect(machine.takeAgentActions() == [])
    }

    @Test("an agent that fails is started again, and a late word of the earlier run changes nothing")
    func restart() {
        var machine = PodMachine(pod, isAgent: true)
        _ = machine.takeAgentActions()
        machine.agentFinished(run: 1, exitCode: 1, now: .seconds(1))
        #expect(machine.takeAgentActions() == [.start(run: 2)])
        machine.agentFinished(run: 1, exitCode: 0, now: .seconds(2))
        #expect(!machine.isFinished)
        machine.agentFinished(run: 2, exitCode: 1, now: .seconds(2))
        #expect(machine.takeAgentActions() == [])
        machine.advance(to: .seconds(12))
        #expect(machine.takeAgentActions() == [.start(run: 3)])
    }

    @Test("the deletion of its pod stops an agent")
    func deletion() {
        var machine = PodMachine(pod, isAgent: true)
        _ = machine.takeAgentActions()
        machine.observe(pod.deleted(), now: .seconds(1))
        #expect(machine.takeAgentActions() == [.stop(run: 1)])
        machine.agentFinished(run: 1, exitCode: 0, now: .seconds(1))
        #expect(machine.writeStatus(at: .seconds(1))?.phase == "Failed")
        #expect(machine.takeRequest(at: .seconds(1)) == .finalize)
    }

    @Test("the sudden end of its pod stops an agent")
    func removal() {
        var machine = PodMachine(pod, isAgent: true)
        _ = machine.takeAgentActions()
        machine.removed(now: .seconds(1))
        #expect(machine.takeAgentActions() == [.stop(run: 1)])
        #expect(machine.takeRequest(at: .seconds(1)) == nil)
    }
}
