/// When those who went through a storm are well again: the one definition of it, for controllers, processes and clients.
///
/// They have recovered at the first of five seconds on end after the storm that are as good as is wanted. Counted are the
/// operations by the second in which they *began*, with what became of them in the end: completions set against the usual
/// rate are noisy, and call a storm over that is not.
package enum Recovery {
    /// What a second tells of them.
    package enum Second: Hashable, Sendable {
        case good, bad
        /// Nothing was begun in it. It does not break a row, and begins none: that nobody asked is no proof of health, and
        /// a long backoff no recovery.
        case silent

        /// - Parameters:
        ///   - succeeded: How many of those begun in the second succeeded, whenever that was.
        package init(begun: Int, succeeded: Int) {
            self = begun == 0 ? .silent : succeeded * 100 >= begun * 99 ? .good : .bad
        }
    }

    /// The first of five seconds on end that are not bad, the first of them good; nil where there are none.
    package static func first(of seconds: Range<Int>, _ tell: (Int) -> Second) -> Int? {
        var row = 0
        for second in seconds {
            switch tell(second) {
            case .good: row += 1
            case .silent: row += row > 0 ? 1 : 0
            case .bad: row = 0
            }
            if row == length { return second - length + 1 }
        }
        return nil
    }

    /// Seconds on end.
    package static let length = 5

    /// How many seconds at the end of so many are not looked at: operations begun in them may not have ended.
    package static func margin(of seconds: Int) -> Int { min(45, seconds / 4) }
}

/// How much those who went through a storm call in step after it.
package enum HerdIndex {
    /// For how long after the storm they are looked at.
    package static let window = Duration.seconds(60)

    /// Requests in the busiest tenth of a second, of those in the mean one; nil where there are no requests.
    package static func index(ofTenths tenths: some Collection<Int>) -> Double? {
        let total = tenths.reduce(0, +)
        guard total > 0, let peak = tenths.max() else { return nil }
        return Double(peak) * Double(tenths.count) / Double(total)
    }
}
