/// A predicate over a history that must hold whatever the weather.
package enum Invariant: String, Hashable, Sendable, Codable, CaseIterable {
    /// What passes by itself must not end a workflow.
    case noWorkflowFailedByTransientCause
    /// Liveness: within the converge bound, whatever was submitted has ended.
    case everythingFinishedWithinConverge
    /// A finished workflow leaves no agent pod behind, and no pod that its podGC is to take away.
    case noPodLeaked
    /// A finished workflow leaves no open task set behind.
    case noTaskSetLeaked
    /// What can't be mended by trying again is not tried again within its call.
    case permanentErrorsNotRetried
    /// At no instant do more holders work under a semaphore than its limit allows, nor more than one under a mutex.
    case permitsWithinLimit
    /// No work begins whose spec asks for a lock and which has none.
    case noWorkWithoutLock
    /// Whoever has ended holds no permit.
    case noPermitLeaked
    /// A CronWorkflow makes at most one workflow for each scheduled time.
    case oneRunPerTick
    /// A CronWorkflow makes a workflow for each scheduled time that its spec does not let it skip.
    case noTickMissed
    /// A call that was answered has a result in its workflow.
    case noHTTPResultLost
    /// A call whose result is recorded is not made again.
    case noHTTPCallRepeated
    /// Once the weather is fair, no pod waits longer for its clean-up than the policy's own waits explain.
    case cleanupAgeBounded
    /// No call takes more attempts, nor longer, than its policy grants.
    case callBoundsHonoured
    /// A deletion that was meant for a pod does not hit another one that came by its name.
    case noNewerPodDeleted
    /// When nothing is left to do, nothing is written.
    case noWriteStormAfterConvergence
    /// Once a server that was slow is whole again, at least half of what its clients want comes about.
    case goodputRecovers

    /// What there is in the end is what there is without faults, but for what differs between calm trials too.
    case endStateAsInCalm
    /// Each object is created and deleted as often as without faults: what was lost or done by halves is not done again.
    case createsAndDeletesAsInCalm
    /// An owner does not have two of what it has one of without faults, and nothing is there twice.
    case noDuplicateCreate
    /// Once nothing is left to do, the subject writes no more than it does without faults.
    case quietAfterConvergence
    /// The process ends when it is told to, or killed, and not otherwise.
    case processStaysUp
    /// The process's memory grows by no more than the experiment allows it.
    case memoryBounded

    /// What can be broken where a controller of Boreas's own is the subject.
    static let ofControllers: [Invariant] = allCases.filter { !ofForeign.contains($0) }

    /// What is asked of any program, whatever it does.
    private static let ofForeign: [Invariant] = [
        .processStaysUp, .endStateAsInCalm, .createsAndDeletesAsInCalm, .noDuplicateCreate, .quietAfterConvergence,
        .memoryBounded,
    ]

    /// What can be broken where a program of somebody's own is the subject.
    static let ofProcesses: [Invariant] = [.everythingFinishedWithinConverge] + ofForeign

    /// What can be broken in the calm trials that the others of a program are judged against.
    static let ofReferences: [Invariant] = [.processStaysUp, .everythingFinishedWithinConverge]

    /// What can be broken where clients are the subject, and no controller.
    static let ofClients: [Invariant] = [
        .everythingFinishedWithinConverge, .permanentErrorsNotRetried, .goodputRecovers,
    ]

    /// What can be broken in the trials of a subject.
    static func asked(of subject: Metric.Subject) -> [Invariant] {
        switch subject {
        case .core: ofControllers
        case .process: ofProcesses
        case .clients: ofClients
        }
    }

    package func violations(in history: History) -> [Violation] {
        switch self {
        case .noWorkflowFailedByTransientCause: transientFailures(history)
        case .everythingFinishedWithinConverge: lateWorkflows(history) + lateOperations(history) + unsettled(history)
        case .noPodLeaked: leaks(.podRemained, "agent pod", history) + uncleanedPods(history)
        case .noTaskSetLeaked: leaks(.taskSetRemained, "task set", history)
        case .permanentErrorsNotRetried: retriedPermanentErrors(history)
        case .permitsWithinLimit: excessPermits(history)
        case .noWorkWithoutLock: unguardedWork(history)
        case .noPermitLeaked: leakedPermits(history)
        case .oneRunPerTick: duplicateRuns(history)
        case .noTickMissed: missedTicks(history)
        case .noHTTPResultLost: lostResults(history)
        case .noHTTPCallRepeated: repeatedCalls(history)
        case .cleanupAgeBounded: lateCleanups(history)
        case .callBoundsHonoured: brokenCallBounds(history)
        case .noNewerPodDeleted: newerPodsDeleted(history)
        case .noWriteStormAfterConvergence: writeStorms(history)
        case .goodputRecovers: persistentCollapse(history)
        case .endStateAsInCalm: endStateDifferences(history)
        case .createsAndDeletesAsInCalm: turnoverDifferences(history)
        case .noDuplicateCreate: duplicates(history)
        case .quietAfterConvergence: unquietWrites(history)
        case .processStaysUp: unprovokedExits(history)
        case .memoryBounded: memoryGrowth(history)
        }
    }
}
