// The parts of a policy that are about what a workflow controller does besides retrying.

extension Policy {
    /// How permits of semaphores and mutexes are kept, and their limits read.
    package struct Locks: Hashable, Sendable {
        /// Where it is written who holds a permit.
        package enum Store: String, Hashable, Sendable, Codable, CaseIterable {
            /// In the status of the workflow that holds it, as in Argo.
            case workflowStatus = "workflow-status"
            /// In Lease objects, one a permit, renewed while it is held.
            case leases
            /// In a SQLite database, one row a permit, renewed while it is held.
            case sqlite
        }

        /// What becomes of recorded holders when a controller starts.
        package enum Restart: String, Hashable, Sendable, Codable, CaseIterable {
            /// Each is taken over, also beyond a limit that was lowered meanwhile, and however long its limit can't be
            /// read.
            case adopt
            /// As ``adopt``; but where a limit can't be read the lock refuses everybody until the next start
            /// (Argo since v3.7.15, "poisoned").
            case poison
            /// The first holder of each semaphore is forgotten (https://github.com/argoproj/argo-workflows/issues/11098),
            /// and so are all whose limit can't be read.
            case forgetFirst = "forget-first"
        }

        package var store: Store
        /// How long a permit in a lease or a database outlives its last renewal; workflow-status has no use for it.
        package var permitDuration: Duration
        /// How long a limit that was read is taken for current; zero reads it each time.
        package var limitCache: Duration
        /// Whether a permit is recorded before the work that it guards begins, and given back only after the end of
        /// that work is recorded. Without it, a controller that dies in between lets one holder too many in.
        package var isWriteAhead: Bool
        /// Whether every lock operation waits for the one before it, the reads of ConfigMaps included (Argo).
        package var isSerial: Bool
        package var restart: Restart
        /// How long after a permit was given back the next in line is woken (Argo's `SEMAPHORE_NOTIFY_DELAY`, 1 s).
        package var notifyDelay: Duration
        /// Which spellings of `synchronization` are understood.
        package var forms: SynchronizationForms
        /// Whether a permit is forgotten whose release failed, so that it stays taken in a store of its own. A bug that
        /// was planted: what a hunt for bugs has to find.
        package var abandonsFailedRelease: Bool

        package init(
            store: Store = .workflowStatus, permitDuration: Duration = .seconds(15), limitCache: Duration = .zero,
            isWriteAhead: Bool = true, isSerial: Bool = false, restart: Restart = .adopt,
            notifyDelay: Duration = .zero, forms: SynchronizationForms = .all, abandonsFailedRelease: Bool = false
        ) {
            self.store = store
            self.permitDuration = permitDuration
            self.limitCache = limitCache
            self.isWriteAhead = isWriteAhead
            self.isSerial = isSerial
            self.restart = restart
            self.notifyDelay = notifyDelay
            self.forms = forms
            self.abandonsFailedRelease = abandonsFailedRelease
        }
    }

    /// What becomes of the runs of CronWorkflows.
    package struct Cron: Hashable, Sendable, Codable {
        /// Whether a create that finds its own run there already, from an earlier try whose answer was lost, counts as
        /// done and is written into the status (https://github.com/argoproj/argo-workflows/issues/14719).
        package var repairsAlreadyExists: Bool
        /// Whether a create that failed counts among `status.failed` (Argo since v3.6), and so towards a stopStrategy.
        package var countsFailedSubmissions: Bool

        package init(repairsAlreadyExists: Bool = true, countsFailedSubmissions: Bool = false) {
            self.repairsAlreadyExists = repairsAlreadyExists
            self.countsFailedSubmissions = countsFailedSubmissions
        }
    }

    /// What becomes of the agent's tasks.
    package struct Agent: Hashable, Sendable, Codable {
        /// When the agent pod failed or was evicted with tasks unfinished: `requeue` makes another one.
        package var onPodLoss: Disposition
        /// Whether finished tasks are taken out of the task set before the workflow's status that has their results is
        /// written (Argo since v3.5): where that write fails, the results are lost.
        package var prunesTasksFirst: Bool

        package init(onPodLoss: Disposition = .requeue, prunesTasksFirst: Bool = false) {
            self.onPodLoss = onPodLoss
            self.prunesTasksFirst = prunesTasksFirst
        }
    }

    /// How containers are signalled.
    package struct Exec: Hashable, Sendable, Codable {
        /// Bounds one exec, from the connection to the command's end; nil leaves it unbounded, as Argo did before v3.6.
        package var timeout: Duration?
        /// Whether the containers of a pod are signalled side by side, or one after the other (Argo).
        package var isParallel: Bool
        /// Whether a pod with a grace period of zero is killed at once. Argo takes zero for none at all, and never kills.
        package var killsWithoutGrace: Bool

        package init(
            timeout: Duration? = .seconds(30), isParallel: Bool = true, killsWithoutGrace: Bool = true
        ) {
            self.timeout = timeout
            self.isParallel = isParallel
            self.killsWithoutGrace = killsWithoutGrace
        }
    }

    /// How pods are cleaned up after their work.
    package struct Cleanup: Hashable, Sendable, Codable {
        /// How long a pod whose clean-up failed stays away from the queue.
        package var backoff: Backoff
        /// Whether the failures of an item are forgotten at once, so that its backoff never grows
        /// (https://github.com/argoproj/argo-workflows/pull/8061).
        package var forgetsFailures: Bool
        /// Bounds how many items come into line; nil does not.
        package var rateLimit: RateLimit?
        /// How long after its end a pod is deleted at the soonest, unless the workflow says otherwise.
        package var deleteDelay: Duration

        package init(
            backoff: Backoff = Backoff(.equalJitter, base: .milliseconds(500), cap: .seconds(30)),
            forgetsFailures: Bool = false, rateLimit: RateLimit? = nil, deleteDelay: Duration = .seconds(5)
        ) {
            self.backoff = backoff
            self.forgetsFailures = forgetsFailures
            self.rateLimit = rateLimit
            self.deleteDelay = deleteDelay
        }
    }

    /// Items of each work queue that are worked on at a time; the defaults are Argo's.
    package struct Workers: Hashable, Sendable, Codable {
        package var workflow: Int
        package var timeToLive: Int
        package var podCleanup: Int
        package var cron: Int

        package init(workflow: Int = 32, timeToLive: Int = 4, podCleanup: Int = 4, cron: Int = 8) {
            self.workflow = workflow
            self.timeToLive = timeToLive
            self.podCleanup = podCleanup
            self.cron = cron
        }
    }

    /// https://pkg.go.dev/k8s.io/client-go/tools/leaderelection#LeaderElectionConfig
    package struct LeaderElection: Hashable, Sendable, Codable {
        /// How long the others leave a lease alone that its holder does not renew.
        package var leaseDuration: Duration
        /// How long a holder that can't renew goes on before it stops leading.
        package var renewDeadline: Duration
        package var retryPeriod: Duration

        /// - Parameters: Argo's defaults.
        package init(
            leaseDuration: Duration = .seconds(15), renewDeadline: Duration = .seconds(10),
            retryPeriod: Duration = .seconds(5)
        ) {
            self.leaseDuration = leaseDuration
            self.renewDeadline = renewDeadline
            self.retryPeriod = retryPeriod
        }
    }
}

/// The planted bug is left out where there is none, so that policies without it are the text that they were.
extension Policy.Locks: Codable {
    private enum CodingKeys: String, CodingKey {
        case store, permitDuration, limitCache, isWriteAhead, isSerial, restart, notifyDelay, forms
        case abandonsFailedRelease
    }

    package init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: CodingKeys.self)
        self.init(
            store: try container.decode(Store.self, forKey: .store),
            permitDuration: try container.decode(Duration.self, forKey: .permitDuration),
            limitCache: try container.decode(Duration.self, forKey: .limitCache),
            isWriteAhead: try container.decode(Bool.self, forKey: .isWriteAhead),
            isSerial: try container.decode(Bool.self, forKey: .isSerial),
            restart: try container.decode(Restart.self, forKey: .restart),
            notifyDelay: try container.decode(Duration.self, forKey: .notifyDelay),
            forms: try container.decode(SynchronizationForms.self, forKey: .forms),
            abandonsFailedRelease: try container.decodeIfPresent(Bool.self, forKey: .abandonsFailedRelease) ?? false)
    }

    package func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: CodingKeys.self)
        try container.encode(store, forKey: .store)
        try container.encode(permitDuration, forKey: .permitDuration)
        try container.encode(limitCache, forKey: .limitCache)
        try container.encode(isWriteAhead, forKey: .isWriteAhead)
        try container.encode(isSerial, forKey: .isSerial)
        try container.encode(restart, forKey: .restart)
        try container.encode(notifyDelay, forKey: .notifyDelay)
        try container.encode(forms, forKey: .forms)
        if abandonsFailedRelease { try container.encode(abandonsFailedRelease, forKey: .abandonsFailedRelease) }
    }
}

/// The spellings of `synchronization` that a controller understands, and what it does with the others.
package struct SynchronizationForms: Hashable, Sendable, Codable {
    package enum Form: String, Hashable, Sendable, Codable, CaseIterable {
        case semaphore, semaphores, mutex, mutexes
    }

    package enum Unreadable: String, Hashable, Sendable, Codable, CaseIterable {
        /// The workflow fails, with the field, the release, and the form to use.
        case refuse
        /// The workflow fails with Argo's "cannot get LockName for a Sync of Unknown type".
        case unknownType = "unknown-type"
        /// The field is dropped in decoding, and the workflow runs without the lock.
        case ignore
    }

    /// Whose rules these are: named in the refusal.
    package var release: String
    package var readable: [Form]
    package var unreadable: Unreadable
    /// Where a semaphore and a mutex stand together, only the semaphore is taken
    /// (https://github.com/argoproj/argo-workflows/issues/13182).
    package var takesOneLock: Bool

    package init(release: String, readable: [Form], unreadable: Unreadable, takesOneLock: Bool = false) {
        self.release = release
        self.readable = readable
        self.unreadable = unreadable
        self.takesOneLock = takesOneLock
    }

    /// Argo up to v3.5.
    package static let v3_5 = SynchronizationForms(
        release: "v3.5", readable: [.semaphore, .mutex], unreadable: .unknownType, takesOneLock: true)
    /// Argo v3.6 and v3.7.
    package static let v3_6 = SynchronizationForms(
        release: "v3.6", readable: Form.allCases, unreadable: .unknownType)
    /// Argo v4 (https://github.com/argoproj/argo-workflows/pull/14189).
    package static let v4 = SynchronizationForms(
        release: "v4", readable: [.semaphores, .mutexes], unreadable: .ignore)
    /// Every form there has been.
    package static let all = SynchronizationForms(release: "boreas", readable: Form.allCases, unreadable: .refuse)
}
