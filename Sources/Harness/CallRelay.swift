import Synchronization

/// Tells the trial that goes on of the calls that reach the responder, which outlives it.
final class CallRelay: Sendable {
    private let listener = Mutex<(@Sendable (_ method: String, _ path: String) -> Void)?>(nil)

    func called(_ method: String, _ path: String) {
        let current = listener.withLock { $0 }
        current?(method, path)
    }

    /// Hears the calls while `body` runs; trials of one world follow each other.
    func with<Result>(
        _ onCall: @escaping @Sendable (_ method: String, _ path: String) -> Void, _ body: () async throws -> Result
    ) async throws -> Result {
        listener.withLock { $0 = onCall }
        defer { listener.withLock { $0 = nil } }
        return try await body()
    }
}
