/// Runs `cleanup` after `body`, however it ended: also where the task was cancelled, and to its end.
///
/// - Throws: What `body` threw; else what `cleanup` threw.
func withCleanup<Result: Sendable>(
    _ body: () async throws -> Result, cleanup: @escaping @Sendable () async throws -> Void
) async throws -> Result {
    let outcome: Swift.Result<Result, any Error>
    do {
        outcome = .success(try await body())
    } catch {
        outcome = .failure(error)
    }
    // An unstructured task does not inherit cancellation; it is awaited at once.
    let cleaned = await Task { try await cleanup() }.result
    let result = try outcome.get()
    try cleaned.get()
    return result
}
