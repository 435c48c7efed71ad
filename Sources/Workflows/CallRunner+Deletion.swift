import Kubernetes
import Resilience

extension CallRunner {
    /// Deletes an object, or finds that it is gone.
    ///
    /// - Parameter uid: The object's own: another one that has its name by now is left alone.
    /// - Throws: ``CallFailed``, `CancellationError`.
    func delete(_ resource: APIResource, _ key: ObjectKey, uid: String?, _ path: CallPath) async throws {
        let options = RequestOptions(propagationPolicy: "Background", preconditionUID: uid)
        let request = APIRequest.delete(resource, key, options: options)
        try await perform(path, request.identity) { call in
            do {
                _ = try await call.send(request, handling: [.notFound, .conflict])
            } catch let error as APIError where error.code == .notFound || error.code == .conflict {
                return
            }
        }
    }
}
