import ArgumentParser
import Foundation
import Harness
import Logging

struct Serve: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Runs the embedded API server, for kubectl and any other client, until it is interrupted.",
        discussion: "Pods run on a virtual node, for as long as their command (sleep, echo, exit, …) says.")

    @OptionGroup var listener: ListenerOptions

    func run() async throws {
        let (port, out) = (listener.port, listener.kubeconfigOut)
        try await interruptible {
            try await LocalCluster.with(port: port, logger: Log.logger) { cluster in
                try Handout.deliver(cluster.kubeconfig, to: out)
                Terminal.error("boreas: serving on \(cluster.url); Ctrl-C ends it")
                try await Task.sleep(for: .seconds(3600 * 24 * 365))
            }
        }
    }
}

/// What a command makes for other programs to read.
enum Handout {
    /// Writes a kubeconfig, which holds a token, so that only its owner can read it; to stdout where no file is named.
    static func deliver(_ kubeconfig: String, to file: String?) throws {
        guard let file else {
            Terminal.result(kubeconfig)
            return
        }
        let isWritten = FileManager.default.createFile(
            atPath: file, contents: Data(kubeconfig.utf8), attributes: [.posixPermissions: 0o600])
        guard isWritten else {
            throw CommandFailure(
                code: .usage, message: "\(file): the kubeconfig cannot be written there; name another file")
        }
    }
}
