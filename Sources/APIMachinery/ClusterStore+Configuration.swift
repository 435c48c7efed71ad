import Determinism

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

    /// The time of the server's processor, which all requests share, that each thing takes on the mean.
    package struct ServiceTimes: Hashable, Sendable {
        package var read: Duration
        package var write: Duration
        /// Of telling the quota admission's informer of changed quotas.
        package var informerDelivery: Duration
        package var spread: Spread

        package init(read: Duration, write: Duration, informerDelivery: Duration, spread: Spread = Spread()) {
            self.read = read
            self.write = write
            self.informerDelivery = informerDelivery
            self.spread = spread
        }

        /// Everything at once: for tests of what is decided, not of when.
        package static let none = ServiceTimes(read: .zero, write: .zero, informerDelivery: .zero)

        /// As measured on a kube-apiserver 1.36 on two cores with its etcd beside it.
        package static let measured = ServiceTimes(
            read: .microseconds(400), write: .microseconds(2_400), informerDelivery: .microseconds(500))
    }

    /// How single service times vary around their mean: a sum of exponential parts (Erlang), the more regular the more
    /// parts.
    package struct Spread: Hashable, Sendable {
        package var parts: Int

        package init(parts: Int = 2) { self.parts = parts }

        /// A factor with mean 1.
        func draw(using generator: inout SplitMix64) -> Double {
            let sum = (0..<parts).reduce(0.0) { sum, _ in sum - Self.logarithm(1 - generator.uniform()) }
            return sum / Double(parts)
        }

        /// The natural logarithm of a number in (0, 1], by its series: the standard library has none, and a C library's
        /// last bit may differ from one machine to the next.
        private static func logarithm(_ value: Double) -> Double {
            // value = significand · 2^exponent; ln(significand) by 2·artanh((m−1)/(m+1)).
            let ratio = (value.significand - 1) / (value.significand + 1)
            var term = ratio
            var sum = 0.0
            for power in stride(from: 1.0, to: 33, by: 2) {
                sum += term / power
                term *= ratio * ratio
            }
            return 2 * sum + Double(value.exponent) * 0.693_147_180_559_945_3
        }
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
