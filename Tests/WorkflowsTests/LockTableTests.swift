import Determinism
import Kubernetes
import Testing

@testable import Workflows

@Suite("The line before locks") struct LockTableTests {
    static let start = Timestamp(microsecondsSinceEpoch: 1_750_000_000_000_000)

    static func semaphore(_ key: String) -> LockName { LockName(.configMap, namespace: "ns", name: "cm", key: key) }

    static func holder(_ workflow: String, _ node: String? = nil) -> LockHolder {
        LockHolder(workflow: ObjectKey(namespace: "ns", name: workflow), uid: "uid-\(workflow)", nodeID: node)
    }

    static func request(
        _ workflow: String, node: String? = nil, _ locks: [LockName], priority: Int = 0, age: Int64 = 0
    ) -> LockRequest {
        LockRequest(
            holder: holder(workflow, node), locks: locks, priority: priority,
            created: Timestamp(microsecondsSinceEpoch: start.microsecondsSinceEpoch - age))
    }

    static func key(_ workflow: String) -> ObjectKey { ObjectKey(namespace: "ns", name: workflow) }

    let a = semaphore("a")
    let b = semaphore("b")

    private func table(_ limits: [(LockName, Int)]) -> LockTable {
        var table = LockTable()
        for (lock, limit) in limits { _ = table.limitKnown(limit, of: lock) }
        return table
    }

    @Test("A lock is granted up to its limit, and then waited for in Argo's words")
    func limit() {
        var table = table([(a, 2)])
        #expect(table.requested(Self.request("one", [a])).answer == .granted)
        #expect(table.requested(Self.request("two", [a])).answer == .granted)
        #expect(
            table.requested(Self.request("three", [a])).answer
                == .waiting(on: a, message: "Waiting for ns/ConfigMap/cm/a lock. Lock status: 0/2"))
        // Asking again changes nothing.
        #expect(table.requested(Self.request("one", [a])).answer == .granted)
        #expect(table.released(Self.holder("one")) == [Self.key("three")])
        #expect(table.requested(Self.request("three", [a])).answer == .granted)
        #expect(table.holders(of: a) == [Self.holder("three"), Self.holder("two")])
    }

    @Test("Without a limit nobody is served; with the limit 0 everybody waits")
    func noLimit() {
        var table = LockTable()
        #expect(
            table.requested(Self.request("one", [a])).answer
                == .waiting(on: a, message: "Failed to get semaphore limit for ns/ConfigMap/cm/a"))
        #expect(table.limitKnown(0, of: a) == [])
        #expect(
            table.requested(Self.request("one", [a])).answer
                == .waiting(on: a, message: "Waiting for ns/ConfigMap/cm/a lock. Lock status: 0/0"))
        #expect(table.limitKnown(1, of: a) == [Self.key("one")])
    }

    @Test("The higher priority goes first, then the older workflow, then the name")
    func order() {
        var table = table([(a, 0)])
        for request in [
            Self.request("young", [a]), Self.request("old-b", [a], age: 5), Self.request("old-a", [a], age: 5),
            Self.request("urgent", [a], priority: 7),
        ] { _ = table.requested(request) }
        #expect(table.waiters(for: a).map(\.holder.workflow.name) == ["urgent", "old-a", "old-b", "young"])
        #expect(table.limitKnown(2, of: a) == [Self.key("urgent"), Self.key("old-a")])
        // Who is not first is not served, though there is room, and who is first is called.
        let decision = table.requested(Self.request("young", [a]))
        #expect(
            decision.answer == .waiting(on: a, message: "Waiting for ns/ConfigMap/cm/a lock. Lock status: 2/2"))
        #expect(decision.wake == [Self.key("urgent")])
        #expect(table.requested(Self.request("urgent", [a], priority: 7)).wake == [Self.key("old-a")])
    }

    @Test("All locks of a request are taken or none, and nobody overtakes who waits for the other one")
    func allOrNone() {
        var table = table([(a, 1), (b, 1)])
        _ = table.requested(Self.request("holder", [b]))
        #expect(
            table.requested(Self.request("both", [a, b], age: 9)).answer
                == .waiting(on: b, message: "Waiting for ns/ConfigMap/cm/b lock. Lock status: 0/1"))
        #expect(table.holders(of: a) == [])
        #expect(
            table.requested(Self.request("small", [a])).answer
                == .waiting(on: a, message: "Waiting for ns/ConfigMap/cm/a lock. Lock status: 1/1"))
        #expect(table.released(Self.holder("holder")) == [Self.key("both")])
        #expect(table.requested(Self.request("both", [a, b], age: 9)).answer == .granted)
        #expect(table.released(Self.holder("both")) == [Self.key("small")])
    }

    @Test("The nodes of the first workflow in line are served side by side")
    func sameWorkflow() {
        var table = table([(a, 1), (b, 0)])
        _ = table.requested(Self.request("flow", node: "n1", [a, b], age: 9))
        #expect(table.requested(Self.request("flow", node: "n2", [a], age: 9)).answer == .granted)
        _ = table.requested(Self.request("flow", node: "n3", [a], age: 9))
        #expect(table.released(Self.holder("flow", "n2")) == [Self.key("flow")])
    }

    @Test("A lowered limit takes nothing away, and nobody is served until there is room")
    func lowered() {
        var table = table([(a, 3)])
        for name in ["one", "two", "three"] { _ = table.requested(Self.request(name, [a])) }
        _ = table.limitKnown(1, of: a)
        #expect(
            table.requested(Self.request("four", [a])).answer
                == .waiting(on: a, message: "Waiting for ns/ConfigMap/cm/a lock. Lock status: -2/1"))
        #expect(table.released(Self.holder("one")) == [])
        #expect(table.released(Self.holder("two")) == [])
        #expect(table.released(Self.holder("three")) == [Self.key("four")])
    }

    @Test("Who held a lock before holds it still, also beyond the limit")
    func reestablished() {
        var table = LockTable()
        table.reestablished(Self.holder("one"), [a])
        table.reestablished(Self.holder("two"), [a])
        _ = table.limitKnown(1, of: a)
        #expect(table.holders(of: a).count == 2)
        #expect(table.requested(Self.request("one", [a])).answer == .granted)
        _ = table.requested(Self.request("three", [a]))
        #expect(table.released(Self.holder("one")) == [])
        #expect(table.released(Self.holder("two")) == [Self.key("three")])
    }

    @Test("A workflow that is gone leaves everything, and its namesake keeps what it has")
    func gone() {
        var table = table([(a, 1), (b, 1)])
        _ = table.requested(Self.request("flow", node: "n1", [a]))
        _ = table.requested(Self.request("flow", node: "n2", [a]))
        _ = table.requested(Self.request("other", [a]))
        let namesake = LockHolder(workflow: Self.key("flow"), uid: "another", nodeID: "n1")
        _ = table.requested(LockRequest(holder: namesake, locks: [b], priority: 0, created: Self.start))
        let gone = table.workflowGone(Self.key("flow"), uid: "uid-flow")
        #expect(gone.held.map(\.holder) == [Self.holder("flow", "n1")])
        #expect(gone.wake == [Self.key("other")])
        #expect(table.holders == [namesake])
    }

    @Test("A poisoned lock refuses everybody, in Argo's words")
    func poisoned() {
        var table = table([(a, 5)])
        table.poisoned(a, because: "no limit")
        #expect(
            table.requested(Self.request("one", [a])).answer
                == .waiting(
                    on: a,
                    message: "lock ns/ConfigMap/cm/a is in a poisoned state: no limit; manual intervention required"))
    }

    @Test("What could not be recorded is taken back, and whoever came first meanwhile is called")
    func withdrawn() {
        var table = table([(a, 1), (b, 1)])
        let both = Self.request("both", [a, b])
        let decision = table.requested(both)
        #expect(decision.taken == [a, b])
        _ = table.requested(Self.request("urgent", [a], priority: 1))
        #expect(table.withdrawn(both, taken: decision.taken) == [Self.key("urgent")])
        #expect(table.holders == [])
        #expect(table.isWaiting(both.holder))
    }

    @Test("A random walk never breaks a limit, splits a request, overtakes or forgets anybody", arguments: 0..<40)
    func randomWalk(_ seed: UInt64) {
        var walk = LockWalk(seed: seed)
        for _ in 0..<600 { walk.step() }
        walk.drain()
        // A walk in which little is granted tries little.
        #expect(walk.grants > 40, "seed \(seed)")
    }
}

/// Legal events in a random order, and a plain model of what they may lead to.
private struct LockWalk {
    private static let names = ["a", "b", "c", "d"].map(LockTableTests.semaphore)
    private let seed: UInt64
    private var random: SplitMix64
    private var table = LockTable()
    private var limits: [LockName: Int] = [:]
    private var held: [LockHolder: [LockName]] = [:]
    private var line: [LockHolder: LockRequest] = [:]
    /// Workflows that were called and have not asked again.
    private var called: Set<ObjectKey> = []
    private(set) var grants = 0

    init(seed: UInt64) {
        self.seed = seed
        random = SplitMix64(seed: seed)
    }

    private mutating func draw(_ bound: Int) -> Int { Int(random.next() % UInt64(bound)) }

    mutating func step() {
        switch draw(20) {
        case 0..<9: ask(newRequest())
        case 9..<13:
            let holders = (Array(held.keys) + Array(line.keys)).sorted()
            if !holders.isEmpty { release(holders[draw(holders.count)]) }
        case 13..<15: setLimit(Self.names[draw(4)], draw(4))
        case 15:
            let holders = (Array(held.keys) + Array(line.keys)).sorted()
            if !holders.isEmpty { forget(holders[draw(holders.count)]) }
        default: answerCall()
        }
        checkNobodyIsForgotten()
    }

    private mutating func newRequest() -> LockRequest {
        let workflow = draw(8)
        let count = draw(4) == 0 ? 2 + draw(2) : 1
        var locks: [LockName] = []
        for _ in 0..<count {
            let name = Self.names[draw(4)]
            if !locks.contains(name) { locks.append(name) }
        }
        let holder = LockTableTests.holder("w\(workflow)", "n\(draw(4))")
        // Whoever holds something asks for the same again.
        return LockTableTests.request(
            "w\(workflow)", node: holder.nodeID, held[holder] ?? locks, priority: workflow % 3, age: Int64(workflow % 4)
        )
    }

    private mutating func ask(_ request: LockRequest) {
        let holder = request.holder
        let before = held[holder]
        line[holder] = nil
        let decision = table.requested(request)
        called.formUnion(decision.wake)
        guard decision.answer == .granted else {
            #expect(before == nil, "seed \(seed): a holder was sent to wait")
            #expect(!mayBeServed(request), "seed \(seed): \(holder) could have been served")
            line[holder] = request
            return
        }
        if before == nil {
            #expect(mayBeServed(request), "seed \(seed): \(holder) was served out of turn")
            held[holder] = request.locks
            grants += 1
            for lock in request.locks {
                #expect(count(lock) <= limits[lock] ?? 0, "seed \(seed): too many hold \(lock)")
            }
            if draw(10) == 0 {
                held[holder] = nil
                line[holder] = request
                called.formUnion(table.withdrawn(request, taken: decision.taken))
                // Its own keeper asks again by itself.
                called.insert(holder.workflow)
            }
        }
        #expect(table.locks(heldBy: holder).sorted() == (held[holder] ?? []).sorted(), "seed \(seed): not all or none")
    }

    private func count(_ lock: LockName) -> Int { held.values.count { $0.contains(lock) } }

    /// Whether there is room at all its locks, and no other workflow stands before it.
    private func mayBeServed(_ request: LockRequest) -> Bool {
        request.locks.allSatisfy { lock in
            guard count(lock) < limits[lock] ?? 0 else { return false }
            let first = line.values.filter { $0.locks.contains(lock) && $0.holder != request.holder }
                .min { Self.rank($0) < Self.rank($1) }
            guard let first, first.holder.workflow != request.holder.workflow else { return true }
            return Self.rank(request) < Self.rank(first)
        }
    }

    private static func rank(_ request: LockRequest) -> (Int, Timestamp, LockHolder) {
        (-request.priority, request.created, request.holder)
    }

    private mutating func release(_ holder: LockHolder) {
        held[holder] = nil
        line[holder] = nil
        called.formUnion(table.released(holder))
    }

    private mutating func forget(_ holder: LockHolder) {
        held = held.filter { $0.key.workflow != holder.workflow }
        line = line.filter { $0.key.workflow != holder.workflow }
        called.formUnion(table.workflowGone(holder.workflow, uid: holder.uid).wake)
    }

    private mutating func setLimit(_ lock: LockName, _ limit: Int) {
        limits[lock] = limit
        called.formUnion(table.limitKnown(limit, of: lock))
    }

    /// A workflow that was called asks for all that its nodes wait for.
    private mutating func answerCall() {
        let waiting = called.sorted()
        guard !waiting.isEmpty else { return }
        let workflow = waiting[draw(waiting.count)]
        called.remove(workflow)
        for request in line.values.filter({ $0.holder.workflow == workflow }).sorted(by: { $0.holder < $1.holder }) {
            ask(request)
        }
    }

    private func checkNobodyIsForgotten() {
        for request in line.values where mayBeServed(request) {
            #expect(called.contains(request.holder.workflow), "seed \(seed): nobody calls \(request.holder)")
        }
    }

    /// Nobody new comes and every holder gives back: all who wait are served, by calls alone.
    mutating func drain() {
        for lock in Self.names { setLimit(lock, 1 + draw(2)) }
        for _ in 0..<1_000 where !held.isEmpty || !line.isEmpty {
            while !called.isEmpty { answerCall() }
            guard let holder = held.keys.min() else { break }
            release(holder)
        }
        #expect(line.isEmpty, "seed \(seed): \(line.keys.sorted()) starve")
    }
}

extension LockTableTests {
    @Test("told in turn, each of many waiters is told once, and all of them are served", arguments: [1, 10])
    func wakesInTurn(limit: Int) {
        var table = LockTable(wakesInTurn: true)
        _ = table.limitKnown(limit, of: a)
        let requests = (1_000..<1_100).map { Self.request("w\($0)", [a]) }
        var asks = 0
        var holders: [LockRequest] = []
        func ask(_ request: LockRequest) -> [ObjectKey] {
            asks += 1
            let decision = table.requested(request)
            if decision.answer == .granted { holders.append(request) }
            return decision.wake
        }
        for request in requests { #expect(ask(request) == []) }
        #expect(holders.count == limit)
        asks = 0
        while !holders.isEmpty {
            // All give back before anybody who was told comes.
            let done = holders
            holders = []
            var told: [ObjectKey] = []
            for request in done { told += table.released(request.holder) }
            var queue = Array(Set(told))
            while let key = queue.popLast() {
                let request = requests.first { $0.holder.workflow == key }
                queue += request.map(ask) ?? []
            }
        }
        #expect(asks == requests.count - limit)
        #expect(table.waiters.isEmpty)
    }
}

extension LockTableTests {
    @Test("who is over leaves its place in every line, and its namesake keeps it")
    func leftLine() {
        var table = table([(a, 1), (b, 1)])
        #expect(table.requested(Self.request("holder", [a, b])).answer == .granted)
        _ = table.requested(Self.request("stopped", [a], age: 9))
        _ = table.requested(Self.request("stopped", node: "n", [b], age: 9))
        _ = table.requested(Self.request("next", [a, b]))
        _ = table.released(Self.holder("holder"))
        #expect(table.requested(Self.request("next", [a, b])).taken == [])
        #expect(table.leftLine(Self.key("stopped"), uid: "another") == [])
        #expect(table.leftLine(Self.key("stopped"), uid: "uid-stopped") == [Self.key("next")])
        #expect(table.waiters == [Self.holder("next")])
        #expect(table.requested(Self.request("next", [a, b])).answer == .granted)
    }
}
