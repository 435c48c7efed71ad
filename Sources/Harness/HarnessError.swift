import FaultProxy
import Wire

/// Why a run could not be carried out, apart from what it found.
package struct HarnessError: Error, Hashable, CustomStringConvertible {
    package enum Code: String, Hashable, Sendable {
        /// The cluster does not answer, or not as an API server does.
        case unreachable
        /// Something that a trial stands on did not come about in time.
        case notReady
        /// A rule for somebody's cluster forbids it.
        case guarded
        /// A local resource is not to be had: a port, a file.
        case unavailable
    }

    package var code: Code
    package var message: String

    package init(_ code: Code, _ message: String) {
        self.code = code
        self.message = message
    }

    package var description: String { message }
}

/// Runs `body`, and words what its listener or proxy could not do as the harness's own error.
func translatingErrors<Result>(_ body: () async throws -> Result) async throws -> Result {
    do {
        return try await body()
    } catch let error as WireError {
        throw HarnessError(.unavailable, error.message)
    } catch let error as ProxyError {
        throw HarnessError(.unavailable, error.message)
    }
}
