extension ClusterStore {
    /// What differs between one server and another.
    package struct Configuration: Hashable, Sendable {
        /// Makes UIDs, generated names and the spread of service times.
        package var seed: UInt64
        /// Events kept for each resource; a watch or an exact list from before them is answered with 410.
        package var watchHistoryLimit: Int
        /// Whether custom resources of Argo Workflows are defined from the start.
        package var installsArgo: Bool
        /// Whether the quota controller of a kube-controller-manager runs. Without it a quota enforces nothing.
        package var runsQuotaController: Bool
        /// Whether dependents of deleted owners are deleted, and terminating namespaces emptied.
        package var runsGarbageCollector: Bool
        /// Whether a pod that names a ServiceAccount which is not there is refused.
        package var requiresServiceAccount: Bool
        package var serviceTimes: ServiceTimes
        package var quotaTimings: QuotaTimings

        package init(
            seed: UInt64 = 0, watchHistoryLimit: Int = 1_000, installsArgo: Bool = true,
            runsQuotaController: Bool = true, runsGarbageCollector: Bool = true,
            requiresServiceAccount: Bool = true, serviceTimes: ServiceTimes = .none,
            quotaTimings: QuotaTimings = QuotaTimings()
        ) {
            self.seed = seed
            self.watchHistoryLimit = watchHistoryLimit
            self.installsArgo = installsArgo
            self.runsQuotaController = runsQuotaController
            self.runsGarbageCollector = runsGarbageCollector
            self.requiresServiceAccount = requiresServiceAccount
            self.serviceTimes = serviceTimes
            self.quotaTimings = quotaTimings
        }
    }

    /// The work that requests cost, each in seconds of the server's processor, which all of them share.
    package struct ServiceTimes: Hashable, Sendable {
        package var read: Duration
        package var write: Duration
        /// Of telling the quota admission's informer of a changed quota.
        package var informerDelivery: Duration

        package init(read: Duration, write: Duration, informerDelivery: Duration) {
            self.read = read
            self.write = write
            self.informerDelivery = informerDelivery
        }

        /// Everything at once: for tests of what is decided, not of when.
        package static let none = ServiceTimes(read: .zero, write: .zero, informerDelivery: .zero)

        /// As measured on a kube-apiserver 1.36 on two cores with its etcd beside it.
        package static let measured = ServiceTimes(
            read: .microseconds(400), write: .microseconds(2_400), informerDelivery: .microseconds(500))
    }

    /// The fixed times of quota admission and of the quota controller.
    package struct QuotaTimings: Hashable, Sendable {
        /// How long a request waits for its namespace's quotas to be evaluated.
        package var waiterTimeout: Duration
        /// From a quota's change, or a pod's end, to the controller's recomputation.
        package var controllerDelay: Duration
        package var controllerResync: Duration

        package init(
            waiterTimeout: Duration = .seconds(10), controllerDelay: Duration = .milliseconds(15),
            controllerResync: Duration = .seconds(300)
        ) {
            self.waiterTimeout = waiterTimeout
            self.controllerDelay = controllerDelay
            self.controllerResync = controllerResync
        }
    }
}
