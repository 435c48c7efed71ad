extension ClusterStore {
    /// The controllers that a cluster runs beside its API server, and that this server can have built in.
    package enum BuiltInController: Hashable, Sendable, CaseIterable {
        /// Fills and corrects the status of quotas. Without it a quota enforces nothing.
        case quota
        /// Deletes the dependents of deleted owners.
        case garbageCollector
        /// Empties and removes namespaces that are being deleted.
        case namespace
        /// Creates the ServiceAccount `default` in new namespaces.
        case serviceAccount
    }

    /// What differs between one server and another.
    package struct Configuration: Hashable, Sendable {
        /// Makes UIDs, generated names and the spread of service times.
        package var seed: UInt64
        /// Events kept for each resource; a watch or an exact list from before them is answered with 410.
        package var watchHistoryLimit: Int
        /// Whether custom resources of Argo Workflows are defined from the start.
        package var installsArgo: Bool
        package var controllers: Set<BuiltInController>
        /// Whether pods get a ServiceAccount and its token's volume, and are refused where it is not there.
        package var admitsServiceAccounts: Bool
        /// From the creation of a CustomResourceDefinition until its resource is served.
        package var definitionDelay: Duration
        package var serviceTimes: ServiceTimes
        package var quotaTimings: QuotaTimings

        package init(
            seed: UInt64 = 0, watchHistoryLimit: Int = 1_000, installsArgo: Bool = true,
            controllers: Set<BuiltInController> = Set(BuiltInController.allCases),
            admitsServiceAccounts: Bool = true, definitionDelay: Duration = .milliseconds(100),
            serviceTimes: ServiceTimes = .none, quotaTimings: QuotaTimings = QuotaTimings()
        ) {
            self.seed = seed
            self.watchHistoryLimit = watchHistoryLimit
            self.installsArgo = installsArgo
            self.controllers = controllers
            self.admitsServiceAccounts = admitsServiceAccounts
            self.definitionDelay = definitionDelay
            self.serviceTimes = serviceTimes
            self.quotaTimings = quotaTimings
        }
    }

    /// The time of the server's processor, which all work in progress shares, that each thing takes on the mean.
    ///
    /// Single times vary exponentially around it.
    package struct ServiceTimes: Hashable, Sendable {
        package var read: Duration
        /// Of a write, until it reaches the storage: decoding, admission, encoding.
        package var write: Duration
        /// Of one round of the storage's optimistic read, change and compare-and-swap; a write that lost begins another.
        package var storage: Duration
        /// Of taking a changed quota into the quota admission's informer.
        package var informerDelivery: Duration
        /// From a quota's change until its informer begins to take it in; no processor time, and always as long.
        package var informerLatency: Duration

        package init(
            read: Duration, write: Duration, storage: Duration, informerDelivery: Duration, informerLatency: Duration
        ) {
            self.read = read
            self.write = write
            self.storage = storage
            self.informerDelivery = informerDelivery
            self.informerLatency = informerLatency
        }

        /// Everything at once: for tests of what is decided, not of when.
        package static let none = ServiceTimes(
            read: .zero, write: .zero, storage: .zero, informerDelivery: .zero, informerLatency: .zero)

        /// Fitted to a kube-apiserver 1.36 on two cores with its etcd, measured with closed-loop writers of one quota and
        /// clients that take 0.6 ms between an answer and their next request. With 1, 2, 4, 8 writers it gives about
        /// 275, 312, 299, 256 writes a second, and creations of 9, 15, 31, 55 ms; the reference gave 297, 292 to 461, 251
        /// to 421, 176 to 454, and 10, 16, 27, 47 ms. The shares of refused creations are held by a test.
        package static let measured = ServiceTimes(
            read: .microseconds(400), write: .microseconds(500), storage: .microseconds(800),
            informerDelivery: .microseconds(400), informerLatency: .microseconds(300))
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
