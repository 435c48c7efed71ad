import APIMachinery
import Kubernetes

/// Looks up where a node is: the bridge from an event loop to the store's asynchronous port.
struct NodeFinder: Sendable {
    var core: APIServerCore
    var node: String

    /// Begins to look. To cancel the task is to say that nobody waits for the answer any more.
    func start(_ deliver: @escaping @Sendable (Result<NodeAddress, APIError>) -> Void) -> Task<Void, Never> {
        Task { deliver(await find()) }
    }

    private func find() async -> Result<NodeAddress, APIError> {
        do {
            let object = try await InProcessAPI(core).send(.get(.nodes, ObjectKey(namespace: "", name: node)))
            if let address = NodeAddress(object) { return .success(address) }
            return .failure(APIError(.internalError("no preferred addresses found; known addresses: []")))
        } catch let error as APIError {
            return .failure(error)
        } catch {
            return .failure(APIError(.internalError("\(error)")))
        }
    }
}
