import Kubernetes
import Testing
import Workflows

struct AgentLedgerTests {
    private var ledger = AgentLedger()

    private static func taskSet(_ tasks: [String], results: JSONObject = [:]) -> WorkflowTaskSet {
        var taskSet = WorkflowTaskSet(name: "w", namespace: "n")
        taskSet.tasks = JSONObject(uniqueKeysWithValues: tasks.map { ($0, ["http": ["url": .string($0)]]) })
        taskSet.results = results
        return taskSet
    }

    private static let result: JSONObject = ["phase": "Succeeded"]
    private static let written: JSONObject = ["a": .object(result)]

    @Test("a task is taken on once, and not at all where its result is there")
    mutating func takesOn() {
        let taskSet = Self.taskSet(["a", "b", "c"], results: ["b": .object(Self.result)])
        #expect(ledger.changed(taskSet) == .init(started: ["a", "c"]))
        #expect(ledger.changed(taskSet) == .init())
        #expect(ledger.template(of: "a") == ["http": ["url": "a"]])
        #expect(ledger.template(of: "b") == nil)
    }

    @Test("a result stays pending until it is written, and a newer one of the same task longer")
    mutating func pending() {
        _ = ledger.changed(Self.taskSet(["a", "b"]))
        ledger.finished("a", Self.result)
        #expect(ledger.pending == Self.written)
        ledger.settled(["a": ["phase": "Failed"]])
        #expect(ledger.pending == Self.written)
        ledger.settled(Self.written)
        #expect(ledger.pending.isEmpty)
        #expect(ledger.template(of: "a") == nil)
    }

    @Test("a result that is seen in the task set is written all the same, until its write is known to be done")
    mutating func seen() {
        _ = ledger.changed(Self.taskSet(["a"]))
        ledger.finished("a", Self.result)
        #expect(ledger.changed(Self.taskSet(["a"], results: Self.written)) == .init())
        #expect(ledger.pending == Self.written)
    }

    @Test("a result that the task set lost is handed in again, and the call is not made again")
    mutating func lost() {
        _ = ledger.changed(Self.taskSet(["a"]))
        ledger.finished("a", Self.result)
        ledger.settled(Self.written)
        #expect(ledger.changed(Self.taskSet([])) == .init())
        #expect(ledger.changed(Self.taskSet(["a"])) == .init(started: [], hasLostResults: true))
        #expect(ledger.pending == Self.written)
    }

    @Test("Argo's agent refuses a task that it has considered (H10)")
    mutating func considered() {
        ledger = AgentLedger(refusesConsidered: true)
        _ = ledger.changed(Self.taskSet(["a"]))
        ledger.finished("a", Self.result)
        ledger.settled(Self.written)
        #expect(ledger.changed(Self.taskSet(["a"])) == .init())
        #expect(ledger.pending.isEmpty)
    }

    @Test("a result that was given up stays lost, whoever asks", arguments: [false, true])
    mutating func givenUp(refusesConsidered: Bool) {
        ledger = AgentLedger(refusesConsidered: refusesConsidered)
        _ = ledger.changed(Self.taskSet(["a"]))
        ledger.finished("a", Self.result)
        ledger.gaveUp(Self.written)
        #expect(ledger.pending.isEmpty)
        #expect(ledger.changed(Self.taskSet(["a"])) == .init())
    }
}
