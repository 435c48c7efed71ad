import Synchronization

/// A value that is made when it is first asked for, and then stays; copies of what holds it share it.
final class Once<Value: Sendable>: Sendable {
    private let state = Mutex<Value?>(nil)

    /// - Parameter make: Must give the same, whoever asks.
    func value(_ make: () -> Value) -> Value {
        state.withLock { state in
            if let value = state { return value }
            let value = make()
            state = value
            return value
        }
    }
}
