#if canImport(Darwin)
    import Darwin
#elseif canImport(Musl)
    import Musl
#else
    import Glibc
#endif

/// How many files and sockets this process may have open at once (getrlimit(2), RLIMIT_NOFILE).
package enum OpenFileLimit {
    /// Raises the limit as far as any process may by itself, as Go's runtime does.
    ///
    /// - Returns: The limit that holds from now on.
    @discardableResult
    package static func raise() -> Int {
        var limit = rlimit()
        guard getrlimit(resource, &limit) == 0 else { return 0 }
        var raised = limit
        #if canImport(Darwin)
            raised.rlim_cur = min(limit.rlim_max, rlim_t(OPEN_MAX))
        #else
            raised.rlim_cur = limit.rlim_max
        #endif
        // Where it fails the old limit holds.
        guard raised.rlim_cur > limit.rlim_cur, setrlimit(resource, &raised) == 0 else {
            return Int(clamping: limit.rlim_cur)
        }
        return Int(clamping: raised.rlim_cur)
    }

    #if canImport(Darwin) || canImport(Musl)
        private static let resource = RLIMIT_NOFILE
    #else
        private static let resource = __rlimit_resource_t(RLIMIT_NOFILE.rawValue)
    #endif
}
