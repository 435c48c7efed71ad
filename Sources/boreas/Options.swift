import ArgumentParser

/// Which archive to read or write.
struct ArchiveOptions: ParsableArguments {
    @Option(name: .customLong("db"), help: ArgumentHelp("The archive of runs.", valueName: "file"))
    var database = ArchiveOptions.databaseDefault

    static let databaseDefault = "results/boreas.sqlite"
}

/// Which cluster to use.
struct ClusterOptions: ParsableArguments {
    @Option(help: ArgumentHelp("The kubeconfig; else KUBECONFIG, else ~/.kube/config.", valueName: "file"))
    var kubeconfig: String?

    @Option(help: ArgumentHelp("The context; a cluster is never chosen by default.", valueName: "name"))
    var context: String?
}

/// Where to listen, and whom to tell.
struct ListenerOptions: ParsableArguments {
    @Option(help: "The port on 127.0.0.1; 0 takes a free one.")
    var port = 0

    @Option(help: ArgumentHelp("Where to write the kubeconfig; else it goes to stdout.", valueName: "file"))
    var kubeconfigOut: String?

    func validate() throws {
        guard (0...65_535).contains(port) else { throw ValidationError("--port is 0 to 65535 (is \(port))") }
    }
}

/// How to print the result.
struct OutputOptions: ParsableArguments {
    enum Format: String, ExpressibleByArgument, CaseIterable {
        case text, json
    }

    @Option(name: .customShort("o"), help: "The result's format.")
    var format = Format.text
}

extension ExitCode {
    /// A gate or a trial failed.
    static let failed = ExitCode(1)
    /// Nothing could be shown either way.
    static let inconclusive = ExitCode(2)
    /// A rule that protects somebody's cluster stopped the run.
    static let guarded = ExitCode(3)
    static let usage = ExitCode(64)
    static let invalidExperiment = ExitCode(65)
    static let clusterUnreachable = ExitCode(69)
    static let internalError = ExitCode(70)
    static let interrupted = ExitCode(130)
}
