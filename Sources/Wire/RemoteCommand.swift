package import Kubernetes

/// The words of `pods/exec` on the wire, the same for WebSocket and SPDY.
/// https://kubernetes.io/docs/reference/using-api/api-concepts/#streaming (and `k8s.io/apimachinery`, remotecommand)
package enum RemoteCommand {
    /// What a WebSocket message is for: its first byte.
    package enum Channel: UInt8, Hashable, Sendable {
        case standardInput = 0
        case standardOutput = 1
        case standardError = 2
        /// The Status with which the command ends.
        case status = 3
        case resize = 4
        /// v5: the channel named by the next byte is at its end.
        case close = 255
    }

    /// What both sides agree on, as a WebSocket subprotocol or in the header `X-Stream-Protocol-Version`.
    package enum Version: String, Hashable, Sendable, CaseIterable {
        case v5 = "v5.channel.k8s.io"
        case v4 = "v4.channel.k8s.io"

        /// The first offer that is known here.
        package static func chosen(from offers: some Sequence<String>) -> Version? {
            for offer in offers { if let version = Version(rawValue: offer) { return version } }
            return nil
        }
    }

    /// The header by which SPDY clients offer versions, and servers choose one.
    package static let versionHeader = "X-Stream-Protocol-Version"

    private static let nonZeroExit = "NonZeroExitCode"

    /// The Status that ends a command which ran.
    package static func status(exitCode: Int) -> JSONObject {
        guard exitCode != 0 else { return ["metadata": [:], "status": "Success"] }
        return [
            "metadata": [:], "status": "Failure", "reason": .string(nonZeroExit),
            "message": .string("command terminated with non-zero exit code: exit status \(exitCode)"),
            "details": ["causes": [["reason": "ExitCode", "message": .string(String(exitCode))]]],
        ]
    }

    /// The exit code that a Status tells of; nil where it says that the command could not run.
    package static func exitCode(in status: JSONObject) -> Int? {
        if status["status"]?.string == "Success" { return 0 }
        guard status["reason"]?.string == nonZeroExit else { return nil }
        let causes = (status["details", "causes"]?.array ?? []).compactMap(\.object)
        return causes.first { $0["reason"]?.string == "ExitCode" }?["message"]?.string.flatMap { Int($0) }
    }
}
