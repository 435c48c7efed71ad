/// What clients came to that were tried by themselves: counted, and not listed, because there are too many operations.
package struct CallEvidence: Hashable, Sendable {
    package var operations: Int
    package var succeeded: Int
    /// Operations that were still going on at the end, of a load that ends by itself; nil for one that does not.
    package var unfinished: Int?
    package var attempts: Int
    /// Nil where no storm came before it.
    package var aftermath: Aftermath?
    /// The numbers that this study alone gives.
    package var samples: [Sample]
    /// Over every event in its order.
    package var digest: UInt64

    /// The end of a trial in which the server was slow for a time, and has long been whole again.
    package struct Aftermath: Hashable, Sendable {
        /// How long the trial's end is looked at.
        package var window: Duration
        /// Operations that succeeded in it.
        package var succeeded: Int
        /// How many would have, had all gone well.
        package var wanted: Double
        /// Between the end of the storm and the end of the trial.
        package var clear: Duration

        package init(window: Duration, succeeded: Int, wanted: Double, clear: Duration) {
            self.window = window
            self.succeeded = succeeded
            self.wanted = wanted
            self.clear = clear
        }
    }

    package init(
        operations: Int, succeeded: Int, unfinished: Int? = nil, attempts: Int, aftermath: Aftermath? = nil,
        samples: [Sample] = [], digest: UInt64 = 0
    ) {
        self.operations = operations
        self.succeeded = succeeded
        self.unfinished = unfinished
        self.attempts = attempts
        self.aftermath = aftermath
        self.samples = samples
        self.digest = digest
    }

    /// All numbers: the counts too, since the requests that they count are not in the record one by one.
    var allSamples: [Sample] {
        [
            Sample(.operations, subject: "", value: Double(operations)),
            Sample(.operationsSucceeded, subject: "", value: Double(succeeded)),
            Sample(.attempts, subject: "", value: Double(attempts)),
        ] + samples
    }
}
