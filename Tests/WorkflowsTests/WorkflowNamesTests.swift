import Testing
import Workflows

struct WorkflowNamesTests {
    @Test(
        "FNV-1a gives the published values",
        arguments: [
            ("", UInt32(0x811C_9DC5)), ("a", 0xE40C_292C), ("foobar", 0xBF9C_F968),
        ])
    func fnv(text: String, hash: UInt32) {
        #expect(WorkflowNames.fnv32a(text) == hash)
    }

    @Test("an agent pod is called as Argo calls it")
    func agent() {
        #expect(WorkflowNames.agentPodName(workflow: "http-x7k2p") == "http-x7k2p-1340600742-agent")
    }

    @Test("the root's node and pod are called as the workflow, and others by a hash of the node's name")
    func nodes() {
        #expect(WorkflowNames.nodeID(workflow: "w", nodeName: "w") == "w")
        #expect(WorkflowNames.podName(workflow: "w", nodeName: "w", template: "t") == "w")
        let hash = WorkflowNames.fnv32a("w[0].a")
        #expect(WorkflowNames.nodeID(workflow: "w", nodeName: "w[0].a") == "w-\(hash)")
        #expect(WorkflowNames.podName(workflow: "w", nodeName: "w[0].a", template: "t") == "w-t-\(hash)")
    }

    @Test("a long name is cut so that the pod's fits 253 characters, hash and all")
    func long() {
        let name = WorkflowNames.podName(
            workflow: String(repeating: "w", count: 240), nodeName: "n", template: String(repeating: "t", count: 63))
        #expect(name.count <= 253)
        #expect(name.hasSuffix("-\(WorkflowNames.fnv32a("n"))"))
    }

    @Test("without an instance id, only what no instance owns is selected")
    func selector() {
        #expect(WorkflowNames.selector(instanceID: "x") == "workflows.argoproj.io/controller-instanceid=x")
        #expect(WorkflowNames.selector(instanceID: nil) == "!workflows.argoproj.io/controller-instanceid")
    }
}
