import Foundation
import Kubernetes
import Subprocess
import Testing

/// `boreas proxy`, with the control that it prints the address of.
@Suite(.timeLimit(.minutes(2)))
struct ProxyCommandTests {
    /// The control of a running proxy.
    private struct Control {
        let url: String
        let token: String

        func ask(_ method: String, _ path: String, body: String? = nil) async throws -> (code: String, text: String) {
            let result = try await Subprocess.run(
                .name("curl"),
                arguments: Arguments(
                    ["-s", "-X", method, "-H", "Authorization: Bearer \(token)", "-w", "\n%{http_code}", url + path]
                        + (body.map { ["--data-binary", $0] } ?? [])),
                output: .string(limit: 1 << 20))
            let lines = result.standardOutput.split(separator: "\n", omittingEmptySubsequences: false)
            return (String(lines.last ?? ""), lines.dropLast().joined(separator: "\n"))
        }

        /// - Returns: The words of a refusal.
        func refusal(_ method: String, _ path: String, body: String) async throws -> String {
            let (code, text) = try await ask(method, path, body: body)
            #expect(code == "422")
            return try #require(try JSONValue(parsing: Array(text.utf8)).object?["message"]?.string)
        }
    }

    /// Runs a proxy before a server that nobody need reach, and interrupts it when `body` is done.
    private func with(
        plan: String, in boreas: Executable, _ body: @escaping (Control) async throws -> Void
    ) async throws {
        let port = try LocalPort(listens: false)
        try boreas.write(Texts.kubeconfig(port: port.number), to: "kubeconfig")
        try boreas.write(plan, to: "plan.yaml")
        let result = try await Subprocess.run(
            .name("sh"),
            arguments: Arguments(
                ["-c", Executable.script, boreas.folder.path, Executable.path()] + [
                    "proxy", "plan.yaml", "--context", "dev", "--kubeconfig", "kubeconfig", "--kubeconfig-out", "out",
                ]), input: .none, output: .discarded, error: .sequence
        ) { execution in
            var text = ""
            var isDone = false
            for try await line in execution.standardError.strings() {
                text += line
                guard !isDone, let match = text.firstMatch(of: /control at (\S+), token (\w+)/) else { continue }
                isDone = true
                let control = Control(url: String(match.1), token: String(match.2))
                #expect(text.contains("page at \(control.url)/?token=\(control.token)"))
                try await body(control)
                try execution.send(signal: .interrupt)
            }
            #expect(isDone, "\(text)")
        }
        #expect(result.terminationStatus == .exited(130))
    }

    private static let plan = """
        apiVersion: boreas.dev/v1alpha1
        kind: Plan
        spec:
          faults:
            - name: slow
              match: {resource: pods}
              latency: {fixed: 2s}

        """

    @Test("rules are given as YAML and shown as they stand in a plan")
    func rules() async throws {
        try await Executable.withFolder { boreas in
            try await with(plan: Self.plan, in: boreas) { control in
                let rule = "name: lost\nmatch:\n  verb: [create]\n  resource: jobs\nreset: {at: afterCommit}\n"
                #expect(try await control.ask("POST", "/v1/rules", body: rule).code == "201")
                let text = try await control.ask("GET", "/v1/plan").text
                // What the control shows is a plan file, which it takes back.
                #expect(text.contains(#""latency":{"fixed":"2s"}"#))
                #expect(text.contains(#"{"match":{"resource":"jobs","verb":["create"]},"name":"lost""#))
                try boreas.write(text, to: "shown.yaml")
                #expect(try await control.ask("PUT", "/v1/plan", body: text).code == "200")
                #expect(try await control.ask("GET", "/v1/plan").text == text)
                let kubeconfig = try String(contentsOf: boreas.folder.appending(path: "out"), encoding: .utf8)
                #expect(kubeconfig.contains(control.token))
                #expect(!kubeconfig.contains(control.url))
            }
        }
    }

    @Test("a rule is refused with the words, the place and the mend that a plan file would get")
    func refusals() async throws {
        try await Executable.withFolder { boreas in
            try await with(plan: Self.plan, in: boreas) { control in
                let before = try await control.ask("GET", "/v1/plan").text
                let span = try await control.refusal(
                    "POST", "/v1/rules", body: "name: a\nlatency:\n  fixed: soon\n")
                #expect(span.hasPrefix("body:3:10: latency.fixed: "))
                let plural = try await control.refusal(
                    "POST", "/v1/rules", body: "name: a\nmatch: {resource: pod}\nblackHole: {}\n")
                #expect(plural.hasPrefix("body:1:1: match.resource: "))
                #expect(plural.contains("pods"))
                let unknown = try await control.refusal("POST", "/v1/rules", body: "name: a\nlatencyy: {fixed: 1s}\n")
                #expect(unknown.contains("latencyy"))
                let noYAML = try await control.refusal("POST", "/v1/rules", body: "{")
                #expect(noYAML.hasPrefix("body:"))
                let beyond = try await control.refusal(
                    "POST", "/v1/rules", body: "name: a\nduring: storm\ncapacity: {factor: 0.5}\n")
                #expect(beyond.contains("the simulated world alone can"))
                let seed = try await control.refusal(
                    "PUT", "/v1/plan", body: Self.plan.replacing("spec:", with: "spec:\n  seed: 99"))
                #expect(seed.contains("spec.seed: "))
                #expect(try await control.ask("GET", "/v1/plan").text == before)
            }
        }
    }

    @Test("faults as JSON and a kubeconfig do not share stdout")
    func jsonNeedsFile() async throws {
        try await Executable.withFolder { boreas in
            let outcome = try await boreas("proxy", "--context", "dev", "-o", "json")
            #expect(outcome.code == 64)
            #expect(outcome.errors.contains("--kubeconfig-out"))
        }
    }
}
