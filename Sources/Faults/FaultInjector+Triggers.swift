package import Kubernetes

extension FaultInjector {
    /// Whether objects of the resource are what ``saw(_:of:)`` is to be told.
    package func awaits(objectsOf identity: RequestIdentity) -> Bool {
        !triggerResources.isEmpty && triggerResources.contains { ResourcePattern($0).matches(identity) }
    }
}
