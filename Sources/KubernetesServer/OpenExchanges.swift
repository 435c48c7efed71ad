import NIOConcurrencyHelpers
import NIOCore

/// The requests that a server is answering: it bounds how many there are, and lets a stopping server wait for them.
final class OpenExchanges: Sendable {
    /// What a request counts as.
    enum Kind: Hashable {
        case read, write
        /// Watches, logs and the like, which no limit bounds.
        case longRunning
    }

    private struct State {
        var reads = 0
        var writes = 0
        var longRunning = 0
        /// What ends the long-running ones.
        var endings: [UInt64: @Sendable () -> Void] = [:]
        var lastNumber: UInt64 = 0
        var isEnding = false
        var idle: EventLoopPromise<Void>?

        var count: Int { reads + writes + longRunning }

        var isIdle: Bool { count == 0 }
    }

    private let state = NIOLockedValueBox(State())
    private let readsMax: Int
    private let writesMax: Int

    init(readsMax: Int, writesMax: Int) {
        self.readsMax = readsMax
        self.writesMax = writesMax
    }

    var count: Int { state.withLockedValue(\.count) }

    /// Counts a request in; nil where there are too many already.
    ///
    /// - Parameter end: Ends a long-running request; called from any thread, at once where the server is stopping.
    func open(_ kind: Kind, end: (@Sendable () -> Void)? = nil) -> UInt64? {
        let (number, isEnding): (UInt64?, Bool) = state.withLockedValue { state in
            switch kind {
            case .read where state.reads >= readsMax, .write where state.writes >= writesMax: return (nil, false)
            case .read: state.reads += 1
            case .write: state.writes += 1
            case .longRunning: state.longRunning += 1
            }
            state.lastNumber += 1
            state.endings[state.lastNumber] = end
            return (state.lastNumber, state.isEnding)
        }
        if isEnding { end?() }
        return number
    }

    /// Counts a request out.
    func close(_ number: UInt64, _ kind: Kind) {
        let idle: EventLoopPromise<Void>? = state.withLockedValue { state in
            switch kind {
            case .read: state.reads -= 1
            case .write: state.writes -= 1
            case .longRunning: state.longRunning -= 1
            }
            state.endings[number] = nil
            guard state.isIdle else { return nil }
            defer { state.idle = nil }
            return state.idle
        }
        idle?.succeed()
    }

    /// Ends the long-running requests and waits for all others, but not longer than `grace`.
    func finish(within grace: Duration, on eventLoop: any EventLoop) async {
        let promise = eventLoop.makePromise(of: Void.self)
        let (endings, isIdle): ([@Sendable () -> Void], Bool) = state.withLockedValue { state in
            state.isEnding = true
            let isIdle = state.isIdle
            if !isIdle { state.idle = promise }
            return (state.endings.sorted { $0.key < $1.key }.map(\.value), isIdle)
        }
        if isIdle { promise.succeed() }
        for end in endings { end() }
        let deadline = eventLoop.scheduleTask(in: TimeAmount(grace)) {
            let late = self.state.withLockedValue { state in
                defer { state.idle = nil }
                return state.idle
            }
            late?.succeed()
        }
        // The promise is never failed.
        try? await promise.futureResult.get()
        deadline.cancel()
    }
}
