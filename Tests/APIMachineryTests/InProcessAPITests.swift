import APIMachinery
import Determinism
import Kubernetes
import Testing

@Suite(.timeLimit(.minutes(1))) struct InProcessAPITests {
    private func withAPI<Result: Sendable>(
        _ configuration: ClusterStore.Configuration = .init(), watchBufferLimit: Int = 1_000,
        _ body: (InProcessAPI) async throws -> Result
    ) async throws -> Result {
        let clock = TrialClock(ContinuousClock(), startEpochMicroseconds: 1_800_000_000_000_000)
        let core = APIServerCore(configuration: configuration, clock: clock)
        return try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await core.run() }
            defer { group.cancelAll() }
            let api = InProcessAPI(core, watchBufferLimit: watchBufferLimit)
            return try await body(api)
        }
    }

    @Test func `objects go in and come back`() async throws {
        try await withAPI { api in
            var map = ConfigMap(name: "a", namespace: "default")
            map.data = ["k": "v"]
            let created = try await api.create(map)
            let read = try await api.get(ConfigMap.self, created.metadata.key)
            #expect(read.data == ["k": "v"])
            let error = await #expect(throws: APIError.self) { try await api.create(map) }
            #expect(error?.code == .alreadyExists)
        }
    }

    @Test func `work that takes time is answered when it is done`() async throws {
        try await withAPI(.init(serviceTimes: .measured)) { api in
            for number in 0..<5 {
                _ = try await api.create(ConfigMap(name: "a\(number)", namespace: "default"))
            }
            let list = try await api.list(ConfigMap.self, namespace: "default")
            #expect(list.items.count == 5)
        }
    }

    @Test func `writers at the same time all get through`() async throws {
        try await withAPI(.init(serviceTimes: .measured)) { api in
            let created = try await api.create(ConfigMap(name: "a", namespace: "default"))
            try await withThrowingTaskGroup(of: Void.self) { group in
                for number in 0..<8 {
                    group.addTask {
                        _ = try await api.patch(
                            ConfigMap.self, created.metadata.key, ["data": ["k\(number)": "v"]])
                    }
                }
                try await group.waitForAll()
            }
            #expect(try await api.get(ConfigMap.self, created.metadata.key).data.count == 8)
        }
    }

    @Test func `a watch tells of changes, and ends at its time`() async throws {
        try await withAPI { api in
            let options = RequestOptions(timeoutSeconds: 1)
            let request = APIRequest(.watch, .configMaps, namespace: "default", options: options)
            let types = try await api.withWatch(request) { stream in
                _ = try await api.create(ConfigMap(name: "a", namespace: "default"))
                _ = try await api.delete(ConfigMap.self, ObjectKey(namespace: "default", name: "a"))
                var types: [String] = []
                for try await event in stream { types.append(event.type) }
                return types
            }
            #expect(types == ["ADDED", "DELETED"])
        }
    }

    @Test func `a reader that falls behind is cut off after what was kept for it`() async throws {
        try await withAPI(watchBufferLimit: 3) { api in
            let request = APIRequest(.watch, .configMaps, namespace: "default")
            let count = try await api.withWatch(request) { stream in
                let iterator = stream.makeAsyncIterator()
                _ = try await api.create(ConfigMap(name: "first", namespace: "default"))
                _ = try await iterator.next()
                for number in 0..<10 { _ = try await api.create(ConfigMap(name: "a\(number)", namespace: "default")) }
                var count = 0
                while try await iterator.next() != nil { count += 1 }
                return count
            }
            #expect(count == 3)
        }
    }

    @Test func `a watch that is refused throws`() async throws {
        try await withAPI { api in
            let unknown = APIResource(group: "x.io", name: "things", kind: "Thing")
            let error = await #expect(throws: APIError.self) {
                try await api.withWatch(APIRequest(.watch, unknown)) { _ in }
            }
            #expect(error?.code == .notFound)
        }
    }

    @Test func `an answer that does not come in time is a timeout`() async throws {
        let times = ClusterStore.ServiceTimes(
            read: .seconds(10_000), write: .zero, storage: .zero, informerDelivery: .zero, informerLatency: .zero)
        try await withAPI(.init(serviceTimes: times)) { api in
            let error = await #expect(throws: APIError.self) {
                try await api.get(
                    ConfigMap.self, ObjectKey(namespace: "default", name: "a"), timeout: .milliseconds(20))
            }
            #expect(error?.code == .unreachable)
            #expect(error?.transport?.kind == .timeout)
            #expect(error?.mayHaveBeenApplied == false)
        }
    }

    @Test func `a cancelled caller is cancelled`() async throws {
        let times = ClusterStore.ServiceTimes(
            read: .seconds(10_000), write: .zero, storage: .zero, informerDelivery: .zero, informerLatency: .zero)
        try await withAPI(.init(serviceTimes: times)) { api in
            await withThrowingTaskGroup(of: Void.self) { group in
                group.addTask { _ = try await api.list(ConfigMap.self, namespace: nil) }
                group.cancelAll()
                await #expect(throws: CancellationError.self) { try await group.next() }
            }
        }
    }
}
