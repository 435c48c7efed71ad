extension CronExpressions {
    /// The expressions of ``Expression``.
    package static let standard = CronExpressions { text, environment, times, now in
        try Expression(text).evaluate(environment, times: times, now: now)
    }
}
