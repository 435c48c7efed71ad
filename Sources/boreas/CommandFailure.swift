import ArgumentParser
import Experiments
import Harness
import Kubernetes
import KubernetesClient
import Recording

/// A command that ends without a result: one line for stderr, with place and mend, and the exit code.
struct CommandFailure: Error {
    var code: ExitCode
    var message: String

    init(code: ExitCode, message: String) {
        self.code = code
        self.message = message
    }

    /// The failure of any part, with the exit code that its kind has.
    init(translating error: any Error) {
        switch error {
        case let failure as CommandFailure: self = failure
        case let error as ExperimentError:
            // The reader also checks the policies that the command line chooses.
            self.init(code: error.file == "--policy" ? .usage : .invalidExperiment, message: "\(error)")
        case let error as KubeconfigError: self.init(code: .usage, message: "\(error)")
        case let error as ArchiveError:
            self.init(code: error.code == .failed ? .internalError : .usage, message: "\(error)")
        case let error as HarnessError: self.init(code: Self.code(error.code), message: "\(error)")
        case let error as APIError: self.init(code: .clusterUnreachable, message: "the API server: \(error)")
        default: self.init(code: .internalError, message: "internal error: \(error)")
        }
    }

    private static func code(_ code: HarnessError.Code) -> ExitCode {
        switch code {
        case .unreachable, .notReady: .clusterUnreachable
        case .guarded: .guarded
        case .unavailable: .usage
        }
    }
}
