extension Fault {
    /// A ResourceQuota moves while the server's own admission wants to write it, so that admission loses its
    /// compare-and-swap and answers 409. A real race on a real object: the harness does it, beside the fault path.
    package struct QuotaChurn: FaultParameters {
        package enum Means: String, Hashable, Sendable, Codable, CaseIterable {
            /// Concurrent writers.
            case writers
            /// A validating webhook on the quota's status that moves the quota at the exact moment.
            case webhook
        }

        /// The ResourceQuota's name in the trial's namespace.
        package var quota: String
        /// Concurrent closed-loop writers: the knob that holds across machines (writes a second do not). None with a webhook.
        package var writers: Int
        /// Nil is ``Means/writers``.
        package var means: Means?
        /// With a webhook: how many of admission's four attempts lose; nil is all four, which is a 409.
        package var attempts: Int?

        package init(quota: String, writers: Int) {
            self.quota = quota
            self.writers = writers
        }

        /// A webhook makes the first `attempts` of admission's four attempts lose.
        package init(quota: String, webhookAttempts attempts: Int?) {
            self.quota = quota
            writers = 0
            means = .webhook
            self.attempts = attempts
        }

        private enum CodingKeys: String, CodingKey {
            case quota, writers
            case means = "by"
            case attempts
        }

        package init(from decoder: any Decoder) throws {
            let container = try decoder.container(keyedBy: CodingKeys.self)
            quota = try container.decode(String.self, forKey: .quota)
            let means = try container.decodeIfPresent(Means.self, forKey: .means)
            writers =
                try container.decodeIfPresent(Int.self, forKey: .writers)
                ?? (means == .webhook ? 0 : Self.writersDefault)
            self.means = means
            attempts = try container.decodeIfPresent(Int.self, forKey: .attempts)
        }

        package func encode(to encoder: any Encoder) throws {
            var container = encoder.container(keyedBy: CodingKeys.self)
            try container.encode(quota, forKey: .quota)
            if means != .webhook { try container.encode(writers, forKey: .writers) }
            try container.encodeIfPresent(means, forKey: .means)
            try container.encodeIfPresent(attempts, forKey: .attempts)
        }

        /// Admission tries four times (kube-apiserver 1.36).
        package static let attemptsMax = 4
        private static let writersDefault = 4

        package static let kind = Kind.quotaConflict
        package var fault: Fault { .quotaConflict(self) }

        package func reportProblems(_ report: ProblemReport) {
            if quota.isEmpty { report("quotaConflict.quota", "name the ResourceQuota to rewrite") }
            if means == .webhook {
                if writers != 0 { report("quotaConflict.writers", "a webhook has no writers; leave writers out") }
                if let attempts, !(0...Self.attemptsMax).contains(attempts) {
                    report(
                        "quotaConflict.attempts", "\(attempts) is out of bounds; admission tries 4 times: write 0 to 4")
                }
            } else {
                if writers < 1 { report("quotaConflict.writers", "\(writers) is too few; write 1 or more") }
                if attempts != nil {
                    report("quotaConflict.attempts", "only a webhook can count attempts; write by: webhook")
                }
            }
        }

        package static let page = FaultPage(
            .conformant, "creates meet a real 409 because their ResourceQuota keeps changing",
            effect: """
                By writers: so many closed-loop writers patch an annotation of the quota, so that the server's admission, \
                which compares and swaps the quota's status, loses four times in a row now and then (8 writers: about 90 % \
                of creates). By webhook: a validating webhook on the quota's status moves it at the exact moment, each \
                time, for so many of the four attempts. The words are the server's own: Operation cannot be fulfilled on \
                resourcequotas "compute": the object has been modified.
                """,
            parameters: [
                .init("quota", "a name", "the ResourceQuota in the trial's namespace"),
                .init("writers", "1 or more; 4", "concurrent writers; their number holds across machines"),
                .init("by", "writers or webhook; writers", "how the race is lost"),
                .init("attempts", "0 to 4; 4", "with a webhook: how many of admission's attempts lose"),
            ],
            healthy: "The create is tried again after a short wait and succeeds.",
            broken: "The conflict counts as permanent and ends the work (argo-workflows#13654).",
            disturbs: "All creates that the quota counts; the webhook adds some 10 ms to each quota write.",
            example: "during: storm\nquotaConflict: {quota: compute, by: webhook}")
    }

    /// The quota is used up: creates meet a real 403.
    package struct QuotaExhaustion: FaultParameters {
        /// The ResourceQuota's name in the trial's namespace.
        package var quota: String

        package init(quota: String) { self.quota = quota }

        package static let kind = Kind.quotaExhaustion
        package var fault: Fault { .quotaExhaustion(self) }

        package func reportProblems(_ report: ProblemReport) {
            if quota.isEmpty { report("quotaExhaustion.quota", "name the ResourceQuota to use up") }
        }

        package static let page = FaultPage(
            .conformant, "a ResourceQuota is really used up for a while",
            effect:
                "The quota's limits are set to what is used, and restored after the phase; creates meet 403 exceeded quota.",
            parameters: [.init("quota", "a name", "the ResourceQuota in the trial's namespace")],
            healthy: "The work waits and is tried again until there is room.",
            broken: "The work fails for good, or is tried again without a pause.",
            disturbs: "All creates that the quota counts.",
            example: "during: storm\nquotaExhaustion: {quota: compute}")
    }
}
