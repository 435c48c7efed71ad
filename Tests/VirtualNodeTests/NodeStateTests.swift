import Determinism
import Kubernetes
import Testing
import VirtualNode

@Suite struct NodeStateTests {
    private func node(_ settings: NodeConfiguration = .test) -> NodeState {
        NodeState(settings: settings, epoch: epoch) { $0.metadata.labels["agent"] != nil }
    }

    private func requests(_ actions: [NodeState.Action]) -> [String] {
        actions.map { action in
            switch action {
            case .request(let pod, .bind): "bind \(pod.key.name)"
            case .request(let pod, .writeStatus(let status)), .request(let pod, .report(let status, _)):
                "\(status.phase ?? "") \(pod.key.name)"
            case .request(let pod, .finalize): "finalize \(pod.key.name)"
            case .startAgent(let pod, let run): "start \(pod.metadata.name) \(run)"
            case .stopAgent(let pod, let run): "stop \(pod.key.name) \(run)"
            }
        }
    }

    @Test("no more requests are on their way than the bound allows, and pods are served in their order")
    func bound() {
        var node = node(NodeConfiguration(name: "virtual", maxConcurrentRequests: 2))
        let pods = (0..<4).map { Pod.make("p\($0)", command: ["true"], uid: "u\($0)") }
        node.listed(pods, now: .zero)
        #expect(requests(node.takeActions(now: .zero)) == ["bind p0", "bind p1"])
        #expect(node.takeActions(now: .zero).isEmpty)
        node.answered(NodeState.PodIdentity(pods[0]), nil, now: .zero)
        #expect(requests(node.takeActions(now: .zero)) == ["bind p2"])
        node.answered(NodeState.PodIdentity(pods[1]), nil, now: .zero)
        #expect(requests(node.takeActions(now: .zero)) == ["bind p3"])
        node.answered(NodeState.PodIdentity(pods[2]), nil, now: .zero)
        #expect(requests(node.takeActions(now: .zero)) == ["Succeeded p0"])
    }

    @Test("a full node leaves pods pending until there is room")
    func capacity() {
        var node = node(NodeConfiguration(name: "virtual", podCapacity: 1))
        let pods = (0..<3).map { Pod.make("p\($0)", command: ["sleep", "5"], uid: "u\($0)") }
        node.listed(pods, now: .zero)
        #expect(requests(node.takeActions(now: .zero)) == ["bind p0"])
        node.answered(NodeState.PodIdentity(pods[0]), nil, now: .zero)
        #expect(requests(node.takeActions(now: .zero)) == ["Running p0"])
        node.answered(NodeState.PodIdentity(pods[0]), nil, now: .zero)
        // The first that waits is gone by the time there is room.
        node.deleted(pods[1], now: .seconds(1))
        #expect(node.takeActions(now: .seconds(1)).isEmpty)
        #expect(node.nextDeadline() == .seconds(5))
        node.advance(to: .seconds(5))
        #expect(requests(node.takeActions(now: .seconds(5))) == ["bind p2", "Succeeded p0"])
    }

    @Test("what a new list does not hold is gone")
    func relist() {
        var node = node()
        let agent = Pod.make("p0", command: ["x"], node: "virtual").with { $0.metadata.labels = ["agent": "yes"] }
        node.listed([agent, Pod.make("p1", command: ["sleep", "5"], node: "virtual")], now: .zero)
        #expect(requests(node.takeActions(now: .zero)) == ["start p0 1", "Running p0", "Running p1"])
        node.listed([Pod.make("p1", command: ["sleep", "5"], node: "virtual")], now: .seconds(1))
        #expect(requests(node.takeActions(now: .seconds(1))) == ["stop p0 1"])
        #expect(node.podCount == 1)
        // The answer that comes too late is nobody's.
        node.answered(NodeState.PodIdentity(agent), nil, now: .seconds(1))
        #expect(node.log(of: agent.metadata.key, container: "main", now: .seconds(1)) == nil)
    }

    @Test("a pod of the same name is another pod")
    func sameName() {
        var node = node()
        let first = Pod.make("p", command: ["sleep", "5"], node: "virtual")
        node.observed(first, now: .zero)
        #expect(requests(node.takeActions(now: .zero)) == ["Running p"])
        node.observed(.make("p", command: ["true"], node: "virtual", uid: "u2"), now: .seconds(1))
        // Neither the deletion nor the answer of the first touches the second.
        node.deleted(first, now: .seconds(1))
        node.answered(NodeState.PodIdentity(first), nil, now: .seconds(1))
        #expect(requests(node.takeActions(now: .seconds(1))) == ["Succeeded p"])
    }

    @Test("pods of other nodes are left alone")
    func otherNodes() {
        var node = node()
        node.observed(.make("p", command: ["true"]), now: .zero)
        node.observed(.make("p", command: ["true"], node: "real"), now: .zero)
        node.observed(.make("q", command: ["true"], node: "real"), now: .zero)
        #expect(node.podCount == 0)
        #expect(node.takeActions(now: .zero).isEmpty)
    }

    /// A model of the server answers, fails and deletes at random; whatever it does, the rules of a kubelet hold, and
    /// when it is well again every pod comes to its end.
    @Test("pods end well under random failures and deletions", arguments: 0..<30)
    func randomWalk(seed: Int) throws {
        var random = SplitMix64(seed: UInt64(seed))
        var node = node(NodeConfiguration(name: "virtual", podCapacity: 6, maxConcurrentRequests: 3))
        var server: [ObjectKey: Pod] = [:]
        var unanswered: [(NodeState.PodIdentity, PodMachine.Request)] = []
        var now = Duration.zero
        var serial = 0

        for step in 0..<600 {
            let isCalm = step >= 300
            switch Int.random(in: 0..<10, using: &random) {
            case 0,
                1 where !isCalm:
                serial += 1
                let pod = Pod.make(
                    "p\(serial % 12)", command: ["sh", "-c", "sleep 1; exit \(serial % 3)"],
                    restartPolicy: ["Never", "OnFailure"][serial % 2], uid: "u\(serial)")
                if server[pod.metadata.key] != nil { break }
                server[pod.metadata.key] = pod
                node.observed(pod, now: now)
            case 2 where !isCalm || step < 320:
                guard let key = server.keys.sorted().randomElement(using: &random), let pod = server[key] else { break }
                if pod.nodeName == nil {
                    server[key] = nil
                    node.deleted(pod, now: now)
                } else {
                    server[key] = pod.deleted()
                    node.observed(pod.deleted(), now: now)
                }
            case 3:
                // A relist tells what watch events that never came would have.
                node.listed(server.keys.sorted().compactMap { server[$0] }, now: now)
            default:
                now += .milliseconds(Int.random(in: 0..<700, using: &random)) * (isCalm ? 10 : 1)
                node.advance(to: now)
            }
            for case .request(let pod, let request) in node.takeActions(now: now) {
                #expect(!unanswered.contains { $0.0 == pod }, "one request at a time for a pod")
                unanswered.append((pod, request))
            }
            #expect(unanswered.count <= 3)
            guard !unanswered.isEmpty, isCalm || Bool.random(using: &random) else { continue }
            let index = Int.random(in: 0..<unanswered.count, using: &random)
            let (identity, request) = unanswered.remove(at: index)
            let fails = !isCalm && Int.random(in: 0..<3, using: &random) == 0
            let error =
                fails
                ? APIError(code: .serverFailure, message: "no") : try Self.apply(request, of: identity, to: &server)
            node.answered(identity, error, now: now)
        }
        for pod in server.values where pod.json["spec", "restartPolicy"] == "Never" {
            #expect(pod.phase.isTerminal, "pod \(pod.metadata.name) is \(pod.phase)")
        }
        #expect(!server.values.contains { $0.metadata.deletionTimestamp != nil })
    }

    private static func apply(
        _ request: PodMachine.Request, of identity: NodeState.PodIdentity, to server: inout [ObjectKey: Pod]
    ) throws -> APIError? {
        guard var pod = server[identity.key], pod.metadata.uid == identity.uid else {
            return APIError(.notFound(.pods, name: identity.key.name))
        }
        switch request {
        case .bind:
            if pod.nodeName != nil { return APIError(.conflict(.pods, name: identity.key.name)) }
            pod.nodeName = "virtual"
        case .writeStatus(let status), .report(let status, _):
            #expect(!pod.phase.isTerminal, "a pod that has ended stays as it is")
            pod.json["status"] = .object(status)
        case .finalize:
            #expect(pod.phase.isTerminal, "the end is told before the pod goes")
            #expect(pod.metadata.deletionTimestamp != nil, "only what is deleted is finalized")
            server[identity.key] = nil
            return nil
        }
        server[identity.key] = pod
        return nil
    }
}

@Suite struct TimerHeapTests {
    @Test("timers come due in the order of their times, and a new time replaces the old one", arguments: 0..<10)
    func order(seed: Int) {
        var random = SplitMix64(seed: UInt64(seed))
        var heap = TimerHeap<Int>()
        var model: [Int: Duration] = [:]
        var now = Duration.zero
        for _ in 0..<500 {
            let key = Int.random(in: 0..<20, using: &random)
            if Bool.random(using: &random) {
                let deadline: Duration? =
                    Bool.random(using: &random) ? now + .milliseconds(Int.random(in: 0..<100, using: &random)) : nil
                heap.set(deadline, for: key)
                model[key] = deadline
            } else {
                now += .milliseconds(Int.random(in: 0..<20, using: &random))
                let expected = model.filter { $0.value <= now }.sorted { ($0.value, $0.key) < ($1.value, $1.key) }
                #expect(heap.due(at: now) == expected.map(\.key))
                for key in expected.map(\.key) { model[key] = nil }
            }
            #expect(heap.next() == model.values.min())
        }
    }
}

@Suite struct WatchResumptionTests {
    @Test("an expired watch lists again, and others go on from where they were")
    func resume() {
        var resumption = WatchResumption(settings: .test)
        #expect(resumption.step == .list)
        resumption.listed(resourceVersion: "10")
        resumption.received(resourceVersion: "12")
        #expect(resumption.ended() == .zero)
        #expect(resumption.step == .watch(from: "12"))
        _ = resumption.failed(APIError(code: .unreachable, message: ""))
        #expect(resumption.step == .watch(from: "12"))
        _ = resumption.failed(APIError(code: .expired, message: ""))
        #expect(resumption.step == .list)
    }

    @Test("a server that lists and at once refuses to watch is not asked without end")
    func backoff() {
        var resumption = WatchResumption(settings: .test)
        var waits: [Duration] = []
        for _ in 0..<9 {
            resumption.listed(resourceVersion: "10")
            waits.append(resumption.failed(APIError(code: .expired, message: "")))
        }
        #expect(waits.first == .milliseconds(50))
        #expect(waits.last == .seconds(5))
        resumption.listed(resourceVersion: "10")
        #expect(resumption.ended() == .seconds(5))
        resumption.received(resourceVersion: "11")
        #expect(resumption.failed(APIError(code: .unreachable, message: "")) == .milliseconds(50))
    }
}
