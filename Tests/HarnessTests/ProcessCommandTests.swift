import Experiments
import Testing

@testable import Harness

struct ProcessCommandTests {
    private func command(
        _ words: [String], environment: [String: String] = [:], inherited: [String: String] = [:]
    ) -> ProcessCommand {
        ProcessCommand(
            ProcessSubject(command: words, environment: environment, workingDirectory: "/srv"),
            kubeconfig: "/tmp/k", namespace: "ns", inherited: inherited)
    }

    @Test("the trial's own stands in the arguments and the environment")
    func placeholders() {
        let command = command(
            ["manager", "--kubeconfig=$(KUBECONFIG)", "$(date)"], environment: ["WATCH": "$(NAMESPACE)/x"])
        #expect(command.program == "manager")
        #expect(command.arguments == ["--kubeconfig=/tmp/k", "$(date)"])
        #expect(command.environment["WATCH"] == "ns/x")
        #expect(command.environment["KUBECONFIG"] == "/tmp/k")
        #expect(command.environment["NAMESPACE"] == "ns")
    }

    @Test(
        "a program with a slash is looked for from the working directory",
        arguments: [("./bin/manager", "/srv/./bin/manager"), ("/bin/sh", "/bin/sh"), ("sh", "sh")])
    func program(given: String, path: String) { #expect(command([given]).program == path) }

    @Test("a company's proxy is not on the way, and what Python prints is not held back")
    func inherited() {
        #expect(command(["a"]).environment["NO_PROXY"] == nil)
        let proxied = command(["a"], inherited: ["https_proxy": "http://p:1", "no_proxy": "x"]).environment
        #expect(proxied["NO_PROXY"] == "127.0.0.1,localhost")
        #expect(proxied["no_proxy"] == "x,127.0.0.1,localhost")
        #expect(command(["a"]).environment["PYTHONUNBUFFERED"] == "1")
        #expect(command(["a"], inherited: ["PYTHONUNBUFFERED": ""]).environment["PYTHONUNBUFFERED"] == nil)
    }
}
