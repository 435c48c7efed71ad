import Determinism
import Kubernetes
import Synchronization
import Testing

@testable import Harness

/// The harness's requests across a restart.
struct PatientAPITests {
    /// Answers as scripted, and remembers what it was asked.
    private final class Script: KubernetesAPI {
        private let answers: Mutex<[Result<JSONObject, APIError>]>
        private let requests = Mutex<[Verb]>([])

        init(_ answers: [Result<JSONObject, APIError>]) { self.answers = Mutex(answers) }

        var verbs: [Verb] { requests.withLock { $0 } }

        func send(_ request: APIRequest) async throws -> JSONObject {
            requests.withLock { $0.append(request.verb) }
            return try answers.withLock { $0.isEmpty ? .success([:]) : $0.removeFirst() }.get()
        }

        func withWatch<Result: Sendable>(
            _ request: APIRequest, _ body: (WatchStream) async throws -> Result
        ) async throws -> Result { throw CancellationError() }

        func exec(_ request: ExecRequest) async throws -> ExecResult { throw CancellationError() }
    }

    private static let refused = APIError(code: .unreachable, message: "connection refused")
    private static let lost = APIError(code: .unreachable, message: "reset", mayHaveBeenApplied: true)
    private static let initializing = APIError(
        Status(code: 429, reason: Status.Reason.tooManyRequests, message: "storage is (re)initializing"))

    private func send(
        _ request: APIRequest, _ script: Script, patience: Duration = .seconds(10)
    ) async throws -> JSONObject {
        try await PatientAPI(api: script, clock: .real(), patience: patience).send(request)
    }

    private var creation: APIRequest {
        var map = ConfigMap(json: ["data": ["k": "v"]])
        map.metadata.name = "a"
        map.metadata.namespace = "t"
        return .create(map)
    }

    @Test("what a restart refuses is sent again")
    func again() async throws {
        let script = Script([.failure(Self.refused), .failure(Self.initializing), .success(["data": ["k": "v"]])])
        #expect(try await send(creation, script) == ["data": ["k": "v"]])
        #expect(script.verbs == [.create, .create, .create])
    }

    @Test("a creation that was done before the answer was lost is not an error, and one that was not is")
    func ambiguousCreation() async throws {
        let exists = APIError(.alreadyExists(.configMaps, name: "a"))
        let done = Script([.failure(Self.lost), .failure(exists), .success(["data": ["k": "v"]])])
        #expect(try await send(creation, done) == ["data": ["k": "v"]])
        #expect(done.verbs == [.create, .create, .get])
        let foreign = Script([.failure(Self.refused), .failure(exists)])
        await #expect(throws: exists) { _ = try await send(creation, foreign) }
    }

    @Test("a deletion that was done before the answer was lost is done")
    func ambiguousDeletion() async throws {
        let missing = APIError(.notFound(.configMaps, name: "a"))
        let script = Script([.failure(Self.lost), .failure(missing)])
        let deletion = APIRequest.delete(.configMaps, ObjectKey(namespace: "t", name: "a"))
        #expect(try await send(deletion, script)["status"] == "Success")
    }

    @Test("other refusals are handed on at once, and patience ends")
    func others() async throws {
        let conflict = APIError(.conflict(.configMaps, name: "a"))
        let script = Script([.failure(conflict)])
        await #expect(throws: conflict) { _ = try await send(creation, script) }
        #expect(script.verbs.count == 1)
        let gone = Script(Array(repeating: .failure(Self.refused), count: 1000))
        await #expect(throws: Self.refused) { _ = try await send(creation, gone, patience: .milliseconds(100)) }
    }
}
