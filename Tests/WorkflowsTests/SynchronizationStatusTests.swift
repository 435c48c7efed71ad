import Kubernetes
import Testing

@testable import Workflows

@Suite("The locks in a workflow's status") struct SynchronizationStatusTests {
    let semaphore = LockName(.configMap, namespace: "ns", name: "cm", key: "a")
    let mutex = LockName(.mutex, namespace: "ns", name: "m")
    let workflow = LockHolder(workflow: ObjectKey(namespace: "ns", name: "wf"), uid: "u1")
    let node = LockHolder(workflow: ObjectKey(namespace: "ns", name: "wf"), uid: "u1", nodeID: "wf-12")
    let stranger = LockHolder(workflow: ObjectKey(namespace: "ns", name: "other"), uid: "u2")

    @Test("Holders and waiters stand there as Argo writes them")
    func written() throws {
        var status = SynchronizationStatus()
        status.waiting([semaphore, mutex]) { _ in [stranger] }
        #expect(
            try JSONValue.object(status.json)
                == JSONValue(
                    parsing: """
                        {"semaphore": {"waiting": [{"semaphore": "ns/ConfigMap/cm/a", "holders": ["ns/other"]}]},
                         "mutex": {"waiting": [{"mutex": "ns/Mutex/m", "holder": "ns/other"}]}}
                        """.utf8))
        status.holding(node, [semaphore, mutex])
        status.holding(workflow, [semaphore])
        status.holding(node, [semaphore])
        #expect(
            try JSONValue.object(status.json)
                == JSONValue(
                    parsing: """
                        {"semaphore": {"holding": [{"semaphore": "ns/ConfigMap/cm/a", "holders": ["ns/wf/wf-12", "ns/wf"]}]},
                         "mutex": {"holding": [{"mutex": "ns/Mutex/m", "holder": "ns/wf/wf-12"}]}}
                        """.utf8))
        status.released(node)
        #expect(status.heldKeys.map(\.holder) == ["ns/wf"])
        status.released(workflow)
        #expect(status.isEmpty)
    }

    @Test("A mutex that nobody holds is not waited for in the status, and what is no longer wanted goes away")
    func waiting() {
        var status = SynchronizationStatus()
        status.waiting([semaphore, mutex]) { _ in [] }
        #expect(status.waitingKeys == ["ns/ConfigMap/cm/a"])
        status.released(node, noLongerWaitingFor: [semaphore])
        #expect(status.isEmpty)
    }

    @Test("A workflow without a status keeps none when it holds nothing")
    func noStatus() {
        var object = Workflow(name: "wf", namespace: "ns")
        object.synchronization = SynchronizationStatus()
        #expect(object.json["status"] == nil)
        var status = SynchronizationStatus()
        status.holding(workflow, [mutex])
        object.synchronization = status
        #expect(object.synchronization == status)
        object.synchronization = SynchronizationStatus()
        #expect(object.json["status", "synchronization"] == nil)
    }

    @Test("All holders of a workflow come back, with version 2 of their keys")
    func version2() {
        var object = Workflow(name: "wf", namespace: "ns")
        object.metadata.uid = "u1"
        var status = SynchronizationStatus()
        status.holding(workflow, [semaphore])
        status.holding(node, [semaphore, mutex])
        object.synchronization = status
        let holders = SynchronizationStatus.holders(in: object)
        #expect(holders.map(\.holder) == [workflow, node])
        #expect(holders.map(\.locks) == [[semaphore], [semaphore, mutex]])
    }

    struct Version1: Sendable, CustomTestStringConvertible {
        var spec: String
        var key: String
        var nodeID: String?

        var testDescription: String { "\(key) in \(spec)" }
    }

    static let level = #""synchronization": {"mutex": {"name": "m"}}"#

    @Test(
        "The spec tells whose a key of version 1 is",
        arguments: [
            Version1(spec: "{\(level)}", key: "wf", nodeID: nil),
            Version1(spec: "{\(level)}", key: "anything", nodeID: nil),
            Version1(spec: #"{"templates": [{"name": "t", \#(level)}]}"#, key: "wf-12", nodeID: "wf-12"),
            // The root node is called as its workflow.
            Version1(spec: #"{"templates": [{"name": "t", \#(level)}]}"#, key: "wf", nodeID: "wf"),
            Version1(spec: #"{\#(level), "templates": [{"name": "t", \#(level)}]}"#, key: "wf-12", nodeID: nil),
            Version1(spec: "{}", key: "wf", nodeID: nil),
            Version1(spec: "{}", key: "wf-12", nodeID: "wf-12"),
        ])
    func version1(_ row: Version1) throws {
        var object = Workflow(name: "wf", namespace: "ns")
        object.metadata.uid = "u1"
        object.json["spec"] = try JSONValue(parsing: row.spec.utf8)
        object.json["status"] = try JSONValue(
            parsing: #"{"synchronization": {"mutex": {"holding": [{"mutex": "ns/Mutex/m", "holder": "\#(row.key)"}]}}}"#
                .utf8
        )
        let holders = SynchronizationStatus.holders(in: object)
        try #require(holders.count == 1)
        #expect(holders[0].holder.nodeID == row.nodeID)
        #expect(holders[0].locks == [mutex])
    }

    @Test(
        "A lock's key is read back as it is printed, and nothing else is",
        arguments: [
            ("ns/ConfigMap/cm/a", true), ("ns/Mutex/m", true), ("ns/Database/m", false), ("ns/ConfigMap/cm", false),
            ("ns/Mutex/m/n", false), ("/Mutex/m", false), ("ns/Mutex/", false), ("m", false),
            ("ns/ConfigMap/cm/", false),
        ])
    func key(_ text: String, _ isKey: Bool) {
        #expect(LockName(text)?.description == (isKey ? text : nil))
    }

    @Test("A node says which lock it waits for")
    func node_() {
        var node = WorkflowNode(json: [:])
        node.waitingLock = "ns/Mutex/m"
        #expect(node.json == ["synchronizationStatus": ["waiting": "ns/Mutex/m"]])
        node.waitingLock = nil
        #expect(node.json.isEmpty)
    }
}
