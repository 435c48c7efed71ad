import ArgumentParser

@main
struct Boreas: AsyncParsableCommand {
    static let version = "0.1.0"

    static let configuration = CommandConfiguration(
        commandName: "boreas",
        abstract: "Flies a Kubernetes controller through bad weather, and says whether it is fit to ship.",
        version: version,
        groupedSubcommands: [
            CommandGroup(name: "Experiments", subcommands: [Demo.self, Run.self, Validate.self, Policies.self]),
            CommandGroup(name: "Results", subcommands: [List.self, Show.self, Compare.self, Gate.self]),
            CommandGroup(name: "Parts", subcommands: [Serve.self, Proxy.self, AgentCommand.self]),
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
            // What ArgumentParser says of the command line, help included; its own code for usage is 64.
            if exitCode(for: failure) == .validationFailure || isParserMessage(failure) { exit(withError: failure) }
            let translated = CommandFailure(translating: failure)
            Terminal.error("boreas: \(translated.message)")
            exit(withError: translated.code)
        }
    }

    /// Help and version requests end as errors of exit code 0.
    private static func isParserMessage(_ error: any Error) -> Bool { exitCode(for: error) == .success }
}
