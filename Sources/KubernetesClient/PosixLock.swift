import Glibc

/// A value that one thread at a time may touch.
///
/// Over `pthread_mutex_t` and not `Synchronization.Mutex`, because ThreadSanitizer does not see the latter's fast path
/// and reports every access that it guards.
package final class PosixLock<State>: @unchecked Sendable {
    // SAFETY: `state` is reached only in `withLock`, between locking and unlocking the mutex, which stays at one
    // address from init to deinit.
    private let mutex: UnsafeMutablePointer<pthread_mutex_t>
    private var state: State

    package init(_ state: sending State) {
        self.state = state
        mutex = .allocate(capacity: 1)
        let code = pthread_mutex_init(mutex, nil)
        precondition(code == 0, "a mutex can be made (is errno \(code))")
    }

    deinit {
        pthread_mutex_destroy(mutex)
        mutex.deallocate()
    }

    /// Runs `body` alone with the value; `body` must not call out.
    package func withLock<Result, Failure: Error>(
        _ body: (inout State) throws(Failure) -> sending Result
    ) throws(Failure) -> sending Result {
        pthread_mutex_lock(mutex)
        defer { pthread_mutex_unlock(mutex) }
        return try body(&state)
    }
}
