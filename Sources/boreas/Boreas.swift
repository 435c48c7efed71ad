import ArgumentParser

@main
struct Boreas: AsyncParsableCommand {
    static let version = "0.1.0"

    static let configuration = CommandConfiguration(
        commandName: "boreas",
        abstract: "Flies a Kubernetes controller through bad weather, and says whether it is fit to ship.",
        version: version,
        groupedSubcommands: [
            CommandGroup(
                name: "Experiments",
                subcommands: [
                    Demo.self, Run.self, Soak.self, Validate.self, Policies.self, FaultsCommand.self,
                    MetricsCommand.self,
                ]),
            CommandGroup(
                name: "Results",
                subcommands: [
                    List.self, Show.self, Replay.self, PlanCommand.self, Compare.self, Gate.self, ReportCommand.self,
                ]),
            CommandGroup(
                name: "Parts", subcommands: [Serve.self, Proxy.self, ControllerCommand.self, AgentCommand.self]),
        ])

    static func main() async {
        do {
            var command = try parseAsRoot()
            if var asyncCommand = command as? any AsyncParsableCommand {
                try await asyncCommand.run()
            } else {
                try command.run()
            }
        } catch let code as ExitCode {
            exit(withError: code)
        } catch is CancellationError {
            exit(withError: ExitCode.interrupted)
        } catch let failure {
            // Help and version requests end as errors of exit code 0.
            if exitCode(for: failure) == .success { exit(withError: failure) }
            let isOfParser = exitCode(for: failure) == .validationFailure
            let translated =
                isOfParser
                ? CommandFailure(code: .usage, message: words(of: failure)) : CommandFailure(translating: failure)
            Terminal.error("boreas: \(translated.message)")
            exit(withError: translated.code)
        }
    }

    /// What ArgumentParser has against the command line, without the usage that it prints below, and where to read on.
    private static func words(of failure: any Error) -> String {
        let lines = fullMessage(for: failure).split(whereSeparator: \.isNewline)
        let message = lines.prefix { !$0.hasPrefix("Usage:") && !$0.hasPrefix("Help:") }
            .map { $0.trimmingPrefix("Error: ").drop(while: \.isWhitespace) }
            .joined(separator: " ")
        let help = lines.compactMap { $0.firstMatch(of: /See '(.+ --help)'/)?.1 }.last
        return "\(message.hasSuffix(".") ? message.dropLast() : message[...]); see \(help ?? "boreas --help")"
    }
}
