import FaultProxy
import Faults
import Foundation
import Kubernetes
import Testing

/// What the Python client of the Kubernetes project makes of faults.
@Suite(.timeLimit(.minutes(2)))
struct PythonClientFaultTests {
    private static func isUsable() async -> Bool {
        let probe = try? await Program.run(Program.python, "-c", "import kubernetes")
        return probe?.status == 0
    }

    @Test(
        "an exec without an exit status, a truncated list and a forged answer are failures, then all is well",
        .enabled("no Python with the package kubernetes: set BOREAS_PYTHON") { await isUsable() })
    func failures() async throws {
        let once = Timing(first: 1)
        let rules = [
            Rule(
                name: "exit", match: RequestMatch(verb: [.connect], resource: "pods/exec"), when: once,
                fault: .dropExecStatus(.init())),
            Rule(
                name: "short", match: RequestMatch(verb: [.list], resource: "secrets"), when: once,
                fault: .truncate(Fault.Truncation(afterBytes: 5))),
            Rule(
                name: "late", match: RequestMatch(verb: [.list], resource: "pods"), when: once,
                fault: .status(Fault.ForgedStatus(code: 429, delay: .milliseconds(50)))),
        ]
        try await ProxySetup.with(rules: rules) { setup in
            try await withFile(setup.proxy.kubeconfig()) { kubeconfig in
                let result = try await Program.python(Self.script, kubeconfig)
                #expect(
                    result.output == """
                        exec hello no status
                        exec hello Success
                        list IncompleteRead
                        list 200
                        pods 429 Too many requests, please try again later.
                        pods 200

                        """, "\(result)")
            }
            #expect(setup.injections.map(\.rule) == ["exit", "short", "late"])
        }
    }

    private static let script = """
        import sys, yaml
        from kubernetes import client, config
        from kubernetes.stream import stream, ws_client

        config.load_kube_config(sys.argv[1])
        core = client.CoreV1Api()
        for _ in range(2):
            ws = stream(core.connect_get_namespaced_pod_exec, "p", "t", command=["true"], stdout=True, stderr=True,
                        _preload_content=False)
            ws.run_forever(timeout=10)
            status = ws.read_channel(ws_client.ERROR_CHANNEL)
            print("exec", ws.read_stdout().strip(), yaml.safe_load(status)["status"] if status else "no status")
        for name, read in [("list", core.list_namespaced_secret), ("pods", core.list_namespaced_pod)]:
            for _ in range(2):
                try:
                    answer = read("t", _preload_content=False)
                    answer.data
                    print(name, answer.status)
                except client.ApiException as error:
                    body = error.body
                    print(name, error.status, (body.decode() if isinstance(body, bytes) else body).strip())
                except Exception as error:
                    print(name, type(error.args[1]).__name__ if len(error.args) > 1 else repr(error))
        """
}
